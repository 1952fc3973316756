/// Deepest nesting of brackets that the parser is given: it is recursive, and has a limit of its own just above.
pub(super) const NESTING: usize = 60;
/// How many operations' worth of fields a whole document may hold.
pub(super) const OPERATIONS_WORTH: usize = 20;
/// Most lists of introspection within each other, of which each multiplies the answer.
pub(super) const INTROSPECTION_LISTS: usize = 2;

/// How large a document may be. All sizes but the first two count fragments wherever they are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest document, in bytes.
    pub document_bytes: usize,
    /// Most tokens: names, numbers, strings and punctuation.
    pub tokens: usize,
    /// Most operations.
    pub operations: usize,
    /// Most fragments.
    pub fragments: usize,
    /// Deepest nesting of fields.
    pub depth: usize,
    /// Deepest nesting of fields below `__schema` and `__type`; the standard introspection query needs 13.
    pub introspection_depth: usize,
    /// Most fields of an operation.
    pub fields: usize,
    /// Most fields with an alias, of an operation.
    pub aliases: usize,
    /// Most fields at the root of an operation.
    pub root_fields: usize,
    /// Most directives of an operation.
    pub directives: usize,
    /// Most values in the variables, counting those in lists and objects.
    pub variable_values: usize,
    /// Highest cost of an operation; how it is computed is the schema's affair.
    pub complexity: usize,
    /// Fields that one caller may select in a minute, fragments expanded.
    pub cost_per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document_bytes: 64 * 1024,
            tokens: 10_000,
            operations: 20,
            fragments: 100,
            depth: 12,
            introspection_depth: 20,
            fields: 1_000,
            aliases: 100,
            root_fields: 20,
            directives: 50,
            variable_values: 10_000,
            complexity: 50_000,
            cost_per_minute: 100_000,
        }
    }
}
