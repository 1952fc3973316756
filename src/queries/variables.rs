use async_graphql::{
    Name,
    parser::types::{BaseType, Type, VariableDefinition},
};
use serde_json::{Map, Number, Value};

use super::{ParameterError, types::Types};
use crate::feeds::repeated;

/// A variable of a saved query.
#[derive(Debug, Clone)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) ty: Type,
    pub(super) is_required: bool,
    kind: Kind,
}

/// What the innermost values of a variable are.
#[derive(Debug, Clone)]
enum Kind {
    Int,
    Float,
    Boolean,
    /// One of these words.
    Enum(Vec<String>),
    /// An input object, as JSON.
    Input,
    /// `String`, `ID`, and the schema's own scalars, which are texts.
    Text,
}

impl Variable {
    pub(super) fn of(definition: &VariableDefinition, types: &Types) -> Self {
        let ty = definition.var_type.node.clone();
        let name = super::types::named(&ty);
        let kind = match name.as_str() {
            "Int" => Kind::Int,
            "Float" => Kind::Float,
            "Boolean" => Kind::Boolean,
            _ if types.is_input(name) => Kind::Input,
            _ => types.words(name).map_or(Kind::Text, |words| Kind::Enum(words.to_vec())),
        };
        Self {
            name: definition.name.node.to_string(),
            is_required: !ty.nullable && definition.default_value.is_none(),
            ty,
            kind,
        }
    }

    /// Whether it is a number that decides how much a query costs.
    pub(super) fn is_int(&self) -> bool {
        matches!((&self.kind, &self.ty.base), (Kind::Int, BaseType::Named(_)))
    }

    fn value(&self, given: &[&str]) -> Result<Value, ParameterError> {
        let name = &self.name;
        match (&self.ty.base, given) {
            (BaseType::List(items), given) => {
                let one = |text: &&str| self.one(text, &items.base);
                Ok(Value::Array(given.iter().map(one).collect::<Result<_, _>>()?))
            }
            (base, [text]) => self.one(text, base),
            (BaseType::Named(_), _) => Err(ParameterError(format!("`{name}` is given twice"))),
        }
    }

    fn one(&self, text: &str, base: &BaseType) -> Result<Value, ParameterError> {
        let wrong = |what: &str| ParameterError(format!("`{}` has to be {what}", self.name));
        if let BaseType::List(_) = base {
            let list = serde_json::from_str(text).ok().filter(Value::is_array);
            return list.ok_or_else(|| wrong("a list within a list, as JSON"));
        }
        match &self.kind {
            Kind::Int => {
                let number = text.parse::<i32>().map_err(|_| wrong("a whole number"))?;
                Ok(number.into())
            }
            Kind::Float => {
                let number = text.parse().ok().and_then(Number::from_f64);
                number.map(Value::Number).ok_or_else(|| wrong("a number"))
            }
            Kind::Boolean => text.parse().map(Value::Bool).map_err(|_| wrong("`true` or `false`")),
            Kind::Enum(words) if words.iter().any(|word| word == text) => Ok(text.into()),
            Kind::Enum(words) => Err(wrong(&format!("one of {}", words.join(", ")))),
            Kind::Input => {
                let object = serde_json::from_str(text).ok().filter(Value::is_object);
                object.ok_or_else(|| wrong("an object, as JSON"))
            }
            Kind::Text => Ok(text.into()),
        }
    }
}

/// The variables that a URL's parameters make.
///
/// # Errors
/// A parameter is unknown, missing, given twice or not of its type; it is named.
pub(super) fn variables(
    known: &[Variable],
    parameters: &[(String, String)],
) -> Result<Map<String, Value>, ParameterError> {
    for (name, _) in parameters {
        if !known.iter().any(|variable| variable.name == *name) {
            return Err(unknown(known, name));
        }
    }
    let mut variables = Map::new();
    for variable in known {
        let given = parameters.iter().filter(|(name, _)| *name == variable.name);
        let given: Vec<&str> = given.map(|(_, value)| value.as_str()).collect();
        if !given.is_empty() {
            variables.insert(variable.name.clone(), variable.value(&given)?);
        } else if variable.is_required {
            let (name, ty) = (&variable.name, &variable.ty);
            return Err(ParameterError(format!("`{name}` is missing; it is of the type {ty}")));
        }
    }
    Ok(variables)
}

fn unknown(known: &[Variable], name: &str) -> ParameterError {
    let shown = repeated(name);
    let known: Vec<&str> = known.iter().map(|variable| variable.name.as_str()).collect();
    let has = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    ParameterError(format!("the query has no variable `{shown}`; it has {has}"))
}

/// Values with which a document can be held against the schema before anybody gave any: what costs is multiplied by numbers.
pub(super) fn samples(known: &[Variable]) -> Map<String, Value> {
    let needed = known.iter().filter(|variable| variable.is_required && variable.is_int());
    needed.map(|variable| (Name::new(&variable.name).to_string(), 1.into())).collect()
}
