use super::{problem::Problems, section::section};

section! {
    /// How large a GraphQL document may be. What is above is refused before it is looked at any further.
    LimitsSection {
        /// Longest document, in bytes.
        document_bytes: usize = 64 * 1024;
        /// Most tokens (names, numbers, strings, punctuation) of a document.
        tokens: usize = 10_000;
        /// Most operations of a document.
        operations: usize = 20;
        /// Most fragments of a document.
        fragments: usize = 100;
        /// Deepest nesting of fields, fragments expanded.
        depth: usize = 12;
        /// Deepest nesting below `__schema` and `__type`; the standard introspection query needs 13.
        introspection_depth: usize = 20;
        /// Most fields, fragments expanded.
        fields: usize = 1_000;
        /// Most fields with an alias, fragments expanded.
        aliases: usize = 100;
        /// Most fields at the root, fragments expanded.
        root_fields: usize = 20;
        /// Most directives, fragments expanded.
        directives: usize = 50;
        /// Most values in the variables.
        variable_values: usize = 10_000;
        /// Highest cost of a query: each field counts one, times the page sizes around it.
        complexity: usize = 50_000;
        /// Most fields that one caller (a token's subject) may select in a minute; refused with 429 above.
        cost_per_minute: u32 = 100_000;
    }
}

impl LimitsSection {
    pub(super) fn refuse_nonsense(&self, problems: &mut Problems) {
        for (key, value) in [
            ("limits.document_bytes", self.document_bytes),
            ("limits.tokens", self.tokens),
            ("limits.operations", self.operations),
            ("limits.depth", self.depth),
            ("limits.fields", self.fields),
            ("limits.root_fields", self.root_fields),
            ("limits.complexity", self.complexity),
            ("limits.cost_per_minute", self.cost_per_minute as usize),
        ] {
            problems.refuse_zero(key, value == 0);
        }
    }
}
