use std::{net::SocketAddr, path::Path};

use figment::{
    Figment,
    error::Kind,
    providers::{Format, Serialized, Toml},
};
use serde::{Deserialize, Serialize};

use super::{
    AtlassianSection, AuthSection, CacheSection, ChangesSection, FeedsSection, HttpSection,
    IntegrationSection, LicensesSection, LimitsSection, LogSection, PriceSection, Problems,
    QueriesSection, StoreSection, environment::Environment, integrations, prices, secret,
};
use crate::organizations::{self, LicenseSettings};

/// Everything that can be set. Has no `Debug`: it holds secrets and addresses.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The listener.
    pub http: HttpSection,
    /// Who may call.
    pub auth: AuthSection,
    /// The database file and its key.
    pub store: StoreSection,
    /// How Atlassian is spoken to.
    pub atlassian: AtlassianSection,
    /// How long answers may be used again.
    pub cache: CacheSection,
    /// Tables for BI tools.
    pub feeds: FeedsSection,
    /// Saved queries.
    pub queries: QueriesSection,
    /// The brakes on changes.
    pub changes: ChangesSection,
    /// How large a GraphQL document may be.
    pub limits: LimitsSection,
    /// What is written to standard error.
    pub log: LogSection,
    /// Seats that Atlassian does not tell, and the figures of each day.
    pub licenses: LicensesSection,
    /// What products cost.
    pub prices: Vec<PriceSection>,
    /// Organizations and sites that are connected by the file.
    pub integrations: Vec<IntegrationSection>,
}

/// Where settings come from; the last one wins.
#[derive(Default, Clone, Copy)]
pub struct Sources<'a> {
    /// The TOML file.
    pub file: Option<&'a Path>,
    /// The environment's variables, all of them.
    pub environment: &'a [(String, String)],
    /// The flag `--listen`.
    pub listen: Option<SocketAddr>,
}

impl Settings {
    /// Reads, layers and checks the settings, and reads the secrets that they refer to.
    ///
    /// # Errors
    /// Every problem with its key and a remedy: a file that cannot be read or is no TOML, unknown keys, values of
    /// the wrong type, missing values, impossible combinations.
    pub fn load(sources: Sources<'_>) -> Result<Self, Problems> {
        let mut figment = Figment::new();
        if let Some(path) = sources.file {
            if !path.is_file() {
                return Err(Problems::one(
                    path.display().to_string(),
                    "is not a file that can be read",
                    "give the settings' path with --config or HEADCOUNT_CONFIG",
                ));
            }
            figment = figment.merge(Toml::file_exact(path));
        }
        figment = figment.merge(Environment::of(sources.environment));
        if let Some(listen) = sources.listen {
            figment = figment.merge(Serialized::default("http.listen", listen));
        }
        let mut settings: Self = figment.extract().map_err(problems_of)?;
        let mut problems = Problems::default();
        secret::read_all(&mut settings, sources.environment, &mut problems);
        settings.refuse_nonsense(&mut problems);
        problems.unless_any(settings)
    }

    /// Keys of secrets that stand in the file itself, where backups and version control pick them up.
    #[must_use]
    pub fn secrets_in(file: &Path) -> Vec<String> {
        let Ok(text) = std::fs::read_to_string(file) else {
            return Vec::new();
        };
        let Ok(table) = text.parse::<toml::Table>() else {
            return Vec::new();
        };
        secret::keys_with_value(&table)
    }

    /// As the room `organizations` takes them.
    #[must_use]
    pub fn organizations(&self) -> organizations::Settings {
        organizations::Settings {
            changes: self.changes.settings(),
            licenses: LicenseSettings {
                prices: prices::price_list(&self.prices),
                ..self.licenses.settings()
            },
            ..self.cache.settings()
        }
    }

    fn refuse_nonsense(&self, problems: &mut Problems) {
        self.http.refuse_nonsense(problems);
        self.auth.refuse_nonsense(problems);
        self.store.refuse_nonsense(problems);
        self.atlassian.refuse_nonsense(problems);
        self.cache.refuse_nonsense(problems);
        self.feeds.refuse_nonsense(problems);
        self.queries.refuse_nonsense(problems);
        self.changes.refuse_nonsense(problems);
        self.limits.refuse_nonsense(problems);
        self.licenses.refuse_nonsense(problems);
        prices::refuse_nonsense(&self.prices, problems);
        integrations::refuse_nonsense(&self.integrations, problems);
        if self.cache.scan_wait >= self.http.query_timeout {
            problems.add(
                "cache.scan_wait",
                "is not below http.query_timeout, so that a query would end before it is told to come back",
                "lower it, or raise http.query_timeout",
            );
        }
    }
}

/// Says what the layering crate found, without the value: it might be a secret in the wrong place.
fn problems_of(error: figment::Error) -> Problems {
    let mut problems = Problems::default();
    for error in error {
        let mut key = error.path.join(".");
        let place = error
            .metadata
            .as_ref()
            .map(|metadata| match metadata.source.as_ref().and_then(|source| source.file_path()) {
                Some(path) => format!(" in {}", path.display()),
                None => format!(" in {}", metadata.name),
            })
            .unwrap_or_default();
        let (message, remedy) = match &error.kind {
            Kind::UnknownField(name, known) => {
                if !key.ends_with(name.as_str()) {
                    key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                }
                let remedy =
                    format!("correct or remove it; what is known here: {}", known.join(", "));
                (format!("is unknown{place}"), remedy)
            }
            Kind::UnknownVariant(_, known) => (
                format!("is not a word it can be{place}"),
                format!("use one of: {}", known.join(", ")),
            ),
            Kind::InvalidType(actual, expected) => (
                format!("is {} where {expected} is expected{place}", kind_of(actual)),
                "see docs/configuration.md for what it may be".to_owned(),
            ),
            Kind::Message(_) if key.is_empty() => (
                format!("cannot be read{place}"),
                "make it valid TOML: quote texts, and write each section once".to_owned(),
            ),
            _ => (
                format!("has a value that it cannot have{place}"),
                "see docs/configuration.md for what it may be, such as \"15s\" for a time"
                    .to_owned(),
            ),
        };
        if key.is_empty() {
            "the settings".clone_into(&mut key);
        }
        problems.add(key, message, remedy);
    }
    problems
}

fn kind_of(actual: &figment::error::Actual) -> &'static str {
    use figment::error::Actual;
    match actual {
        Actual::Bool(_) => "true or false",
        Actual::Unsigned(_) | Actual::Signed(_) | Actual::Float(_) => "a number",
        Actual::Str(_) | Actual::Char(_) => "a text",
        Actual::Seq => "a list",
        Actual::Map | Actual::Unit => "a section",
        _ => "something else",
    }
}
