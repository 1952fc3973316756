use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_graphql::{
    Pos, ServerError, Variables,
    parser::types::{ExecutableDocument, OperationType},
};

use super::{Broken, Error, SavedQuery, header::Header, types::Types};
use crate::{
    auth::PermissionSet,
    feeds::KEY,
    graphql::{self, Gateway},
};

/// The extension of a saved query's file.
const EXTENSION: &str = "graphql";
/// The longest name.
const LONGEST_NAME: usize = 100;

/// All saved queries, by name. Cheap to clone.
#[derive(Clone, Default)]
pub struct Queries(Arc<BTreeMap<String, SavedQuery>>);

impl Queries {
    /// Reads the queries of a folder and holds them against the gateway's schema and limits; there are none without a folder.
    /// Other files of the folder are left alone.
    ///
    /// # Errors
    /// The folder cannot be read, or files do not fit: each with its place.
    pub async fn open(folder: Option<&Path>, gateway: &Gateway) -> Result<Self, Error> {
        let Some(folder) = folder else { return Ok(Self::default()) };
        let types = Types::of(&graphql::sdl());
        let (mut queries, mut broken) = (BTreeMap::new(), Vec::new());
        for file in files(folder)? {
            match query(&file, gateway, &types).await {
                Ok(query) => {
                    queries.insert(query.name.clone(), query);
                }
                Err(of_file) => broken.extend(of_file),
            }
        }
        if broken.is_empty() { Ok(Self(Arc::new(queries))) } else { Err(Error::Broken(broken)) }
    }

    /// The names of the queries of a folder with what each runs with, without holding them against a schema.
    ///
    /// # Errors
    /// As [`Self::open`], but for what only a schema tells.
    pub fn named(folder: Option<&Path>) -> Result<Vec<(String, PermissionSet)>, Error> {
        let Some(folder) = folder else { return Ok(Vec::new()) };
        let (mut queries, mut broken) = (Vec::new(), Vec::new());
        for file in files(folder)? {
            match named(&file) {
                Ok((name, _, header)) => queries.push((name, header.permissions)),
                Err(of_file) => broken.push(of_file),
            }
        }
        if broken.is_empty() { Ok(queries) } else { Err(Error::Broken(broken)) }
    }

    /// The query of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&SavedQuery> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub fn all(&self) -> impl Iterator<Item = &SavedQuery> {
        self.0.values()
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |error: std::io::Error| Error::Folder {
        folder: folder.to_owned(),
        reason: error.kind().to_string(),
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == EXTENSION) && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

async fn query(file: &Path, gateway: &Gateway, types: &Types) -> Result<SavedQuery, Vec<Broken>> {
    let (name, source, header) = named(file).map_err(|broken| vec![broken])?;
    let document = gateway.document(&source).map_err(|error| vec![refused(file, &error)])?;
    if let Some(place) = key_variable(&document) {
        let reason = format!(
            "`${KEY}` cannot be asked for: in an address `{KEY}` is a feed token; give the variable another name"
        );
        return Err(vec![Broken::new(file, reason).at(place.line, place.column)]);
    }
    let query = only_query(file, &document, |operation| {
        SavedQuery::new(&name, source.clone(), header, (&document, operation), types)
    })?;
    let variables: Variables = query.samples();
    let errors = gateway.validate(&query.source, &document, variables).await;
    if errors.is_empty() {
        return Ok(query);
    }
    Err(errors.iter().map(|error| refused(file, error)).collect())
}

/// Where a variable stands that has the name of a feed token's parameter.
fn key_variable(document: &ExecutableDocument) -> Option<Pos> {
    let operations = document.operations.iter().map(|(_, operation)| &operation.node);
    let mut variables = operations.flat_map(|operation| &operation.variable_definitions);
    variables.find(|variable| variable.node.name.node == KEY).map(|variable| variable.pos)
}

/// The name, the text, and what the file says of itself.
fn named(file: &Path) -> Result<(String, String, Header), Broken> {
    let name = name(file)?;
    let source = fs::read_to_string(file)
        .map_err(|error| Broken::new(file, format!("cannot be read as text: {}", error.kind())))?;
    let header = Header::of(&source, file)?;
    Ok((name, source, header))
}

fn name(file: &Path) -> Result<String, Broken> {
    let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    let is_letter = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let is_name = name.starts_with(is_letter)
        && name.chars().all(|letter| is_letter(letter) || matches!(letter, '_' | '-'))
        && name.len() <= LONGEST_NAME;
    if is_name {
        return Ok(name.to_owned());
    }
    let reason = "is no name of a query: it has small letters, digits, `_` and `-`, and begins with a letter or a digit";
    Err(Broken::new(file, reason))
}

/// The one operation of the document, which has to be a query.
fn only_query(
    file: &Path,
    document: &ExecutableDocument,
    make: impl FnOnce(&async_graphql::parser::types::OperationDefinition) -> SavedQuery,
) -> Result<SavedQuery, Vec<Broken>> {
    let mut operations = document.operations.iter();
    let wrong = |place: async_graphql::Pos, reason: &str| {
        Err(vec![Broken::new(file, reason).at(place.line, place.column)])
    };
    let Some((_, operation)) = operations.next() else {
        return Err(vec![Broken::new(file, "holds no operation").at(1, 1)]);
    };
    if let Some((_, second)) = operations.next() {
        return wrong(second.pos, "holds more than one operation");
    }
    match operation.node.ty {
        OperationType::Query => Ok(make(&operation.node)),
        OperationType::Mutation => {
            wrong(operation.pos, "holds a mutation; only queries can be saved")
        }
        OperationType::Subscription => {
            wrong(operation.pos, "holds a subscription; only queries can be saved")
        }
    }
}

fn refused(file: &Path, error: &ServerError) -> Broken {
    let broken = Broken::new(file, error.message.clone());
    match error.locations.first() {
        Some(place) => broken.at(place.line, place.column),
        None => broken,
    }
}
