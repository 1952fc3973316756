use crate::{config::LimitsSection, graphql::Limits};

/// The limits as the schema takes them. Here and not in `config`, which knows nothing of the schema.
pub(super) fn limits(section: &LimitsSection) -> Limits {
    Limits {
        document_bytes: section.document_bytes,
        tokens: section.tokens,
        operations: section.operations,
        fragments: section.fragments,
        depth: section.depth,
        introspection_depth: section.introspection_depth,
        fields: section.fields,
        aliases: section.aliases,
        root_fields: section.root_fields,
        directives: section.directives,
        variable_values: section.variable_values,
        complexity: section.complexity,
        cost_per_minute: section.cost_per_minute,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_defaults_are_the_schemas() {
        assert_eq!(limits(&LimitsSection::default()), Limits::default());
    }
}
