use async_graphql::{
    Variables,
    parser::types::{ExecutableDocument, OperationDefinition},
};
use serde::Serialize;
use serde_json::Value;

use super::{
    NotATable, ParameterError, Shape,
    header::Header,
    types::Types,
    variables::{Variable, samples, variables},
};
use crate::auth::PermissionSet;

/// A query from the folder, held against the schema.
pub struct SavedQuery {
    /// Its name: the file's, without extension.
    pub name: String,
    /// What it runs with, no more and no less.
    pub permissions: PermissionSet,
    /// The document.
    pub source: String,
    /// The operation's own name.
    pub operation_name: Option<String>,
    /// How its answer is one flat list, or why it is not.
    pub shape: Result<Shape, NotATable>,
    description: String,
    variables: Vec<Variable>,
}

/// A query, as the list of queries tells of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Described {
    name: String,
    description: String,
    permissions: Vec<&'static str>,
    variables: Vec<DescribedVariable>,
    formats: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why_no_csv: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DescribedVariable {
    name: String,
    #[serde(rename = "type")]
    ty: String,
    required: bool,
}

impl SavedQuery {
    pub(super) fn new(
        name: &str,
        source: String,
        header: Header,
        (document, operation): (&ExecutableDocument, &OperationDefinition),
        types: &Types,
    ) -> Self {
        let definitions = &operation.variable_definitions;
        Self {
            name: name.to_owned(),
            permissions: header.permissions,
            description: header.description,
            operation_name: document
                .operations
                .iter()
                .next()
                .and_then(|(name, _)| name.map(ToString::to_string)),
            shape: Shape::of(document, operation, types),
            variables: definitions.iter().map(|one| Variable::of(&one.node, types)).collect(),
            source,
        }
    }

    /// The variables that a URL's parameters make.
    ///
    /// # Errors
    /// A parameter is unknown, missing, given twice or not of its type; it is named.
    pub fn variables(&self, parameters: &[(String, String)]) -> Result<Variables, ParameterError> {
        let values = variables(&self.variables, parameters)?;
        Ok(Variables::from_json(Value::Object(values)))
    }

    /// What is needed of variables to hold the query against the schema.
    pub(super) fn samples(&self) -> Variables {
        Variables::from_json(Value::Object(samples(&self.variables)))
    }

    /// What the list of queries tells of it.
    #[must_use]
    pub fn describe(&self) -> Described {
        let variable = |variable: &Variable| DescribedVariable {
            name: variable.name.clone(),
            ty: variable.ty.to_string(),
            required: variable.is_required,
        };
        Described {
            name: self.name.clone(),
            description: self.description.clone(),
            permissions: self.permissions.iter().map(crate::auth::Permission::word).collect(),
            variables: self.variables.iter().map(variable).collect(),
            formats: if self.shape.is_ok() { vec!["json", "csv"] } else { vec!["json"] },
            why_no_csv: self.shape.as_ref().err().map(|why| why.0.clone()),
        }
    }
}
