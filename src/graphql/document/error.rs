use async_graphql::{Pos, ServerError, parser};

/// Stable words for what is wrong with a document (`extensions.code`).
pub mod code {
    /// The text is not GraphQL.
    pub const GRAPHQL_PARSE_FAILED: &str = "GRAPHQL_PARSE_FAILED";
    /// The document does not fit the schema, or names no operation to run.
    pub const GRAPHQL_VALIDATION_FAILED: &str = "GRAPHQL_VALIDATION_FAILED";
    /// The document is larger than one of the limits.
    pub const QUERY_TOO_COMPLEX: &str = "QUERY_TOO_COMPLEX";
}

/// Most errors of one answer to a document that does not fit.
const MOST_ERRORS: usize = 20;
/// Longest message of such an error, in bytes.
const LONGEST_MESSAGE: usize = 300;

/// What of a document is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
pub enum Measure {
    /// Length in bytes.
    #[strum(to_string = "bytes")]
    Bytes,
    /// Names, numbers, strings and punctuation.
    #[strum(to_string = "tokens")]
    Tokens,
    /// Brackets within each other, or selections of whatever kind.
    #[strum(to_string = "levels of nesting")]
    Nesting,
    /// Operations.
    #[strum(to_string = "operations")]
    Operations,
    /// Fragments.
    #[strum(to_string = "fragments")]
    Fragments,
    /// Values in the variables.
    #[strum(to_string = "values in its variables")]
    VariableValues,
    /// Nesting of fields.
    #[strum(to_string = "levels of fields")]
    Depth,
    /// Nesting of fields below `__schema` and `__type`.
    #[strum(to_string = "levels of introspection")]
    IntrospectionDepth,
    /// Lists of introspection within each other.
    #[strum(to_string = "introspection lists within each other")]
    IntrospectionLists,
    /// Fields of an operation.
    #[strum(to_string = "fields, fragments expanded")]
    Fields,
    /// Fields of all operations and fragments together.
    #[strum(to_string = "fields in all operations and fragments")]
    DocumentFields,
    /// Fields with an alias.
    #[strum(to_string = "aliases")]
    Aliases,
    /// Fields at the root.
    #[strum(to_string = "fields at the root")]
    RootFields,
    /// Directives.
    #[strum(to_string = "directives")]
    Directives,
}

/// Why a document is not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// One measure is above its limit.
    #[error("the document has {} {measure}; at most {limit} are allowed", Count(*.found))]
    TooLarge {
        /// What was measured.
        measure: Measure,
        /// How much there is; saturated at the largest number.
        found: u64,
        /// How much there may be.
        limit: u64,
    },
    /// The text is not GraphQL.
    #[error("{message}")]
    Syntax {
        /// What the parser expected; without the text.
        message: String,
        /// Where.
        positions: Vec<Pos>,
    },
    /// A fragment contains itself.
    #[error("the fragment `{fragment}` contains itself")]
    Cyclic {
        /// Its name, shortened.
        fragment: String,
    },
    /// There is no operation of the name given.
    #[error("the document has no operation of the name given in `operationName`")]
    NoSuchOperation,
    /// There are several operations and no name is given, or none at all.
    #[error("the document has several operations: say which one in `operationName`")]
    OperationNameMissing,
    /// A subscription to several things, or to something on a condition (specification, section 5.2.4.1).
    #[error(
        "a subscription selects one field at its root, none of introspection and without a directive"
    )]
    SubscriptionRoot,
}

/// Says "more than enough" rather than a number with twenty digits.
struct Count(u64);

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 > 1_000_000_000 { f.write_str("billions of") } else { self.0.fmt(f) }
    }
}

impl DocumentError {
    pub(super) fn unless_above(measure: Measure, found: u64, limit: usize) -> Result<(), Self> {
        let limit = limit as u64;
        if found > limit { Err(Self::TooLarge { measure, found, limit }) } else { Ok(()) }
    }

    pub(super) fn cyclic(fragment: &str) -> Self {
        Self::Cyclic { fragment: shortened(fragment, 40) }
    }

    /// The parser's message is a drawing of the line with the error; its last line says what was expected.
    pub(super) fn syntax(error: &parser::Error) -> Self {
        let text = error.to_string();
        let message = match error {
            parser::Error::Syntax { .. } => {
                let expected = text.lines().next_back().unwrap_or_default();
                let expected = expected.trim().trim_start_matches('=').trim();
                let expected =
                    if expected.starts_with("expected") || expected.starts_with("unexpected") {
                        expected
                    } else {
                        "unexpected text"
                    };
                format!("the document is not GraphQL: {}", shortened(expected, 160))
            }
            _ => format!("the document is not GraphQL: {}", shortened(&text, 160)),
        };
        Self::Syntax { message, positions: error.positions().collect() }
    }

    /// The stable word for it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => code::QUERY_TOO_COMPLEX,
            Self::Syntax { .. } => code::GRAPHQL_PARSE_FAILED,
            Self::Cyclic { .. }
            | Self::NoSuchOperation
            | Self::OperationNameMissing
            | Self::SubscriptionRoot => code::GRAPHQL_VALIDATION_FAILED,
        }
    }

    /// Whether a limit is the reason, not the document's form.
    #[must_use]
    pub fn is_limit(&self) -> bool {
        matches!(self, Self::TooLarge { .. })
    }

    pub(super) fn positions(&self) -> Vec<Pos> {
        match self {
            Self::Syntax { positions, .. } => positions.clone(),
            _ => Vec::new(),
        }
    }
}

/// The errors of a validation: the first twenty, with short messages. A document can have thousands.
#[must_use]
pub fn tidied(mut errors: Vec<ServerError>) -> Vec<ServerError> {
    errors.truncate(MOST_ERRORS);
    for error in &mut errors {
        if error.message.len() > LONGEST_MESSAGE {
            error.message = shortened(&error.message, LONGEST_MESSAGE);
        }
        error.locations.truncate(MOST_ERRORS);
    }
    errors
}

fn shortened(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(longest);
    format!("{}…", &text[..end])
}
