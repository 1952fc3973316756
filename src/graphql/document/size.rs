use std::collections::HashMap;

use async_graphql::{
    Name, Positioned, Value, Variables,
    parser::types::{
        ExecutableDocument, FragmentDefinition, OperationDefinition, Selection, SelectionSet,
    },
};

use super::{DocumentError, Limits, Measure, limits};

/// What a selection amounts to with its fragments expanded. Sums saturate: a fragment bomb reaches any number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) fields: u64,
    aliases: u64,
    directives: u64,
    /// Fields at the selection's own level.
    width: u64,
    depth: u64,
    introspection_depth: u64,
    /// Lists of the introspection schema within each other.
    lists: u64,
    introspection_lists: u64,
}

impl Size {
    fn add(&mut self, other: Self) {
        self.fields = self.fields.saturating_add(other.fields);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.width = self.width.saturating_add(other.width);
        self.depth = self.depth.max(other.depth);
        self.introspection_depth = self.introspection_depth.max(other.introspection_depth);
        self.lists = self.lists.max(other.lists);
        self.introspection_lists = self.introspection_lists.max(other.introspection_lists);
    }

    /// The size of a field of this name with this size below it.
    fn within_field(self, name: &str) -> Self {
        let one_deeper = self.depth.saturating_add(1);
        let is_list = matches!(name, "fields" | "interfaces" | "possibleTypes" | "inputFields");
        let is_introspection = matches!(name, "__schema" | "__type");
        Self {
            fields: self.fields.saturating_add(1),
            width: 1,
            depth: if is_introspection { 1 } else { one_deeper },
            introspection_depth: if is_introspection {
                one_deeper
            } else {
                self.introspection_depth
            },
            lists: self.lists.saturating_add(u64::from(is_list)),
            introspection_lists: if is_introspection {
                self.lists
            } else {
                self.introspection_lists
            },
            ..self
        }
    }

    pub(super) fn check(self, limits: &Limits) -> Result<(), DocumentError> {
        for (measure, found, limit) in [
            (Measure::Depth, self.depth, limits.depth),
            (Measure::IntrospectionDepth, self.introspection_depth, limits.introspection_depth),
            (Measure::IntrospectionLists, self.introspection_lists, limits::INTROSPECTION_LISTS),
            (Measure::Fields, self.fields, limits.fields),
            (Measure::Aliases, self.aliases, limits.aliases),
            (Measure::RootFields, self.width, limits.root_fields),
            (Measure::Directives, self.directives, limits.directives),
        ] {
            DocumentError::unless_above(measure, found, limit)?;
        }
        Ok(())
    }
}

/// The sizes of a document's fragments, each computed once.
pub(super) struct Sizes<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// `None` while a fragment is being measured: to meet it then is to go in a circle.
    known: HashMap<&'a str, Option<Size>>,
    /// Selections that the walk is within. All walks over a document are recursive, the library's too.
    level: usize,
}

impl<'a> Sizes<'a> {
    pub(super) fn of(document: &'a ExecutableDocument) -> Self {
        Self { fragments: &document.fragments, known: HashMap::new(), level: 0 }
    }

    pub(super) fn operation(
        &mut self,
        operation: &'a OperationDefinition,
    ) -> Result<Size, DocumentError> {
        let mut size = self.selection(&operation.selection_set.node)?;
        let of_variables: usize = operation
            .variable_definitions
            .iter()
            .map(|variable| variable.node.directives.len())
            .sum();
        size.directives =
            size.directives.saturating_add((operation.directives.len() + of_variables) as u64);
        Ok(size)
    }

    pub(super) fn fragment(&mut self, name: &str) -> Result<Size, DocumentError> {
        // A fragment that is not there is for the validation to complain of.
        let Some((name, fragment)) = self.fragments.get_key_value(name) else {
            return Ok(Size::default());
        };
        match self.known.get(name.as_str()) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => return Err(DocumentError::cyclic(name)),
            None => {}
        }
        self.known.insert(name, None);
        let mut size = self.selection(&fragment.node.selection_set.node)?;
        size.directives = size.directives.saturating_add(fragment.node.directives.len() as u64);
        self.known.insert(name, Some(size));
        Ok(size)
    }

    fn selection(&mut self, selection: &'a SelectionSet) -> Result<Size, DocumentError> {
        self.level += 1;
        DocumentError::unless_above(Measure::Nesting, self.level as u64, limits::NESTING)?;
        let mut sum = Size::default();
        for item in &selection.items {
            let mut size = match &item.node {
                Selection::Field(field) => {
                    let below = self.selection(&field.node.selection_set.node)?;
                    let mut size = below.within_field(&field.node.name.node);
                    size.aliases =
                        size.aliases.saturating_add(u64::from(field.node.alias.is_some()));
                    size
                }
                Selection::FragmentSpread(spread) => {
                    self.fragment(&spread.node.fragment_name.node)?
                }
                Selection::InlineFragment(fragment) => {
                    self.selection(&fragment.node.selection_set.node)?
                }
            };
            size.directives = size.directives.saturating_add(item.node.directives().len() as u64);
            sum.add(size);
        }
        self.level -= 1;
        Ok(sum)
    }
}

/// How many values the variables hold, those in lists and objects included.
pub(super) fn values(variables: &Variables) -> u64 {
    fn of(value: &Value) -> u64 {
        match value {
            Value::List(items) => 1 + items.iter().map(of).sum::<u64>(),
            Value::Object(members) => 1 + members.values().map(of).sum::<u64>(),
            _ => 1,
        }
    }
    variables.values().map(of).sum()
}
