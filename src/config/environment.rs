use figment::{
    Error, Metadata, Profile, Provider,
    util::nest,
    value::{Dict, Map, Value},
};

/// What every variable starts with; a double underscore parts section and key.
pub(super) const PREFIX: &str = "HEADCOUNT__";

/// Keys whose value is text whatever it looks like: a secret of digits is not a number.
const TEXT: [&str; 9] = [
    "secret",
    "previous_secret",
    "public_key",
    "master_key",
    "issuer",
    "audience",
    "path",
    "level",
    "listen",
];

/// The settings among the environment's variables: `HEADCOUNT__HTTP__LISTEN` is `http.listen`.
pub(super) struct Environment(Vec<(String, String)>);

impl Environment {
    pub(super) fn of(variables: &[(String, String)]) -> Self {
        let ours = variables.iter().filter_map(|(name, value)| {
            let key = name.strip_prefix(PREFIX)?;
            Some((key.to_ascii_lowercase().replace("__", "."), value.clone()))
        });
        Self(ours.collect())
    }
}

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        Metadata::named("the environment").interpolater(|_: &Profile, keys: &[&str]| {
            format!("{PREFIX}{}", keys.join("__").to_ascii_uppercase())
        })
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let mut dict = Dict::new();
        for (key, text) in &self.0 {
            let last = key.rsplit('.').next().unwrap_or(key);
            let value = if TEXT.contains(&last) {
                Value::from(text.clone())
            } else {
                text.parse().unwrap_or_else(|never| match never {})
            };
            let nested = nest(key, value).into_dict().ok_or_else(|| {
                Error::from(format!("{PREFIX}{} names no setting", key.to_ascii_uppercase()))
            })?;
            merge(&mut dict, nested);
        }
        Ok(Map::from([(Profile::Default, dict)]))
    }
}

fn merge(into: &mut Dict, from: Dict) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Dict(_, old)), Value::Dict(_, new)) => merge(old, new),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}
