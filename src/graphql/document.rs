//! Bounds on a GraphQL document, looked at before the library validates it.
//!
//! The library expands every fragment spread again wherever it stands, so that a document of a few hundred bytes can keep a
//! core busy for minutes. Here the expanded size is computed instead of walked: once a fragment, saturating. The
//! sizes of a refused document are therefore known within microseconds.

mod error;
mod lexer;
mod limits;
mod root;
mod size;

use async_graphql::{
    ServerError, Variables,
    parser::types::{ExecutableDocument, OperationType},
};

pub use self::{
    error::{DocumentError, Measure, code, tidied},
    limits::Limits,
    root::with_bare_root,
};
use self::{
    lexer::{Lexer, Token},
    size::Sizes,
};

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperationKind {
    /// Reads.
    Query,
    /// Changes something.
    Mutation,
    /// Is told of changes.
    Subscription,
}

impl OperationKind {
    /// The keyword, as documents and logs have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
            Self::Subscription => "subscription",
        }
    }
}

impl From<OperationType> for OperationKind {
    fn from(kind: OperationType) -> Self {
        match kind {
            OperationType::Query => Self::Query,
            OperationType::Mutation => Self::Mutation,
            OperationType::Subscription => Self::Subscription,
        }
    }
}

/// The operation that a request names, as far as a glance at the text tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// What it does.
    pub kind: OperationKind,
    /// Its name, if it has one.
    pub name: Option<String>,
}

/// Parses a document whose length, tokens and nesting are within the limits.
///
/// # Errors
/// Too long, too many tokens, nested too deep for the parser, or not GraphQL. The last one tells line and column and
/// does not repeat the text.
pub fn parse(source: &str, limits: &Limits) -> Result<ExecutableDocument, DocumentError> {
    DocumentError::unless_above(Measure::Bytes, source.len() as u64, limits.document_bytes)?;
    let (mut tokens, mut nesting, mut deepest) = (0_u64, 0_u64, 0_u64);
    for token in Lexer::new(source) {
        tokens += 1;
        match token {
            Token::Open(_) => nesting += 1,
            Token::Close => nesting = nesting.saturating_sub(1),
            Token::Name(_) | Token::Other => {}
        }
        deepest = deepest.max(nesting);
    }
    DocumentError::unless_above(Measure::Tokens, tokens, limits.tokens)?;
    DocumentError::unless_above(Measure::Nesting, deepest, limits::NESTING)?;
    async_graphql::parser::parse_query(source).map_err(|error| DocumentError::syntax(&error))
}

/// Holds a parsed document against the limits and finds the operation to run.
///
/// # Errors
/// Which measure is exceeded and by how much, a fragment that contains itself, or no operation of that name.
pub fn check(
    document: &ExecutableDocument,
    operation_name: Option<&str>,
    variables: &Variables,
    limits: &Limits,
) -> Result<OperationKind, DocumentError> {
    measure(document, variables, limits)?;
    chosen(document, operation_name)
}

/// Holds a parsed document against the limits. Every operation is measured, not only the one that runs: all of them are
/// validated.
///
/// # Errors
/// Which measure is exceeded and by how much, or a fragment that contains itself.
pub fn measure(
    document: &ExecutableDocument,
    variables: &Variables,
    limits: &Limits,
) -> Result<(), DocumentError> {
    let count = document.operations.iter().len() as u64;
    DocumentError::unless_above(Measure::Operations, count, limits.operations)?;
    let fragments = document.fragments.len() as u64;
    DocumentError::unless_above(Measure::Fragments, fragments, limits.fragments)?;
    let values = size::values(variables);
    DocumentError::unless_above(Measure::VariableValues, values, limits.variable_values)?;

    let mut sizes = Sizes::of(document);
    let mut total = 0_u64;
    for (_, operation) in document.operations.iter() {
        let size = sizes.operation(&operation.node)?;
        size.check(limits)?;
        total = total.saturating_add(size.fields);
    }
    for name in document.fragments.keys() {
        total = total.saturating_add(sizes.fragment(name)?.fields);
    }
    DocumentError::unless_above(
        Measure::DocumentFields,
        total,
        limits.fields * limits::OPERATIONS_WORTH,
    )
}

/// The fields that the chosen operation selects, fragments expanded; of a document that [`check`] let pass.
#[must_use]
pub fn cost(document: &ExecutableDocument, operation_name: Option<&str>) -> u32 {
    let mut sizes = Sizes::of(document);
    let is_chosen = |name: Option<&async_graphql::Name>| {
        operation_name.is_none() || name.map(async_graphql::Name::as_str) == operation_name
    };
    let mut operations = document.operations.iter();
    let chosen = operations.find(|(name, _)| is_chosen(*name));
    let size = chosen.and_then(|(_, operation)| sizes.operation(&operation.node).ok());
    size.map_or(0, |size| u32::try_from(size.fields).unwrap_or(u32::MAX))
}

fn chosen(
    document: &ExecutableDocument,
    operation_name: Option<&str>,
) -> Result<OperationKind, DocumentError> {
    let mut operations = document.operations.iter();
    match operation_name {
        Some(wanted) => operations
            .find(|(name, _)| name.is_some_and(|name| name.as_str() == wanted))
            .map(|(_, operation)| operation.node.ty.into())
            .ok_or(DocumentError::NoSuchOperation),
        None => match (operations.next(), operations.next()) {
            (Some((_, operation)), None) => Ok(operation.node.ty.into()),
            _ => Err(DocumentError::OperationNameMissing),
        },
    }
}

/// What a request is about to do, told from its text in one pass, without parsing it: for the log, for time-outs and
/// to refuse a mutation over GET early. `None` where the text is no document or has no such operation.
#[must_use]
pub fn operation(source: &str, operation_name: Option<&str>) -> Option<Operation> {
    let mut found = None;
    let mut depth = 0_usize;
    let mut tokens = Lexer::new(source).peekable();
    while let Some(token) = tokens.next() {
        let kind = match token {
            Token::Open(b'{') if depth == 0 => {
                depth += 1;
                Some(OperationKind::Query)
            }
            Token::Open(_) => {
                depth += 1;
                None
            }
            Token::Close => {
                depth = depth.saturating_sub(1);
                None
            }
            Token::Name(keyword) if depth == 0 => {
                let kind = match keyword {
                    "query" => Some(OperationKind::Query),
                    "mutation" => Some(OperationKind::Mutation),
                    "subscription" => Some(OperationKind::Subscription),
                    _ => None,
                };
                let name = tokens.next_if(|token| matches!(token, Token::Name(_)));
                let name = name.and_then(|token| match token {
                    Token::Name(name) => Some(name.to_owned()),
                    _ => None,
                });
                // The definition's body is passed over here, so that its brace is not an operation of its own.
                skip_to_body(&mut tokens);
                depth += 1;
                if let Some(kind) = kind
                    && (operation_name.is_none() || operation_name == name.as_deref())
                {
                    return Some(Operation { kind, name });
                }
                None
            }
            Token::Name(_) | Token::Other => None,
        };
        if let Some(kind) = kind.filter(|_| operation_name.is_none()) {
            found = found.or(Some(Operation { kind, name: None }));
        }
    }
    found
}

/// Passes over variables and directives to the brace that opens a definition's selection.
fn skip_to_body<'a>(tokens: &mut impl Iterator<Item = Token<'a>>) {
    let mut depth = 0_usize;
    for token in tokens {
        match token {
            Token::Open(b'{') if depth == 0 => return,
            Token::Open(_) => depth += 1,
            Token::Close => depth = depth.saturating_sub(1),
            Token::Name(_) | Token::Other => {}
        }
    }
}

impl From<DocumentError> for ServerError {
    fn from(error: DocumentError) -> Self {
        let mut server = Self::new(error.to_string(), None);
        server.locations = error.positions();
        server.extensions.get_or_insert_default().set("code", error.code());
        server
    }
}

#[cfg(test)]
mod tests;
