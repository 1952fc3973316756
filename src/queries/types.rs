use std::collections::HashMap;

use async_graphql::{
    Name,
    parser::{
        parse_schema,
        types::{BaseType, Type, TypeKind, TypeSystemDefinition},
    },
};

/// What the schema says of types, as far as saved queries ask.
pub(super) struct Types {
    fields: HashMap<(Name, Name), Type>,
    enums: HashMap<Name, Vec<String>>,
    inputs: Vec<Name>,
}

impl Types {
    /// The types of the schema that this SDL describes.
    pub(super) fn of(sdl: &str) -> Self {
        let document = parse_schema(sdl).expect("the schema's own text is a schema");
        let mut types = Self { fields: HashMap::new(), enums: HashMap::new(), inputs: Vec::new() };
        for definition in document.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let of = definition.node.name.node;
            let fields = match definition.node.kind {
                TypeKind::Object(object) => object.fields,
                TypeKind::Interface(interface) => interface.fields,
                TypeKind::Enum(words) => {
                    let words = words.values.into_iter().map(|word| word.node.value.node);
                    types.enums.insert(of, words.map(|word| word.to_string()).collect());
                    continue;
                }
                TypeKind::InputObject(_) => {
                    types.inputs.push(of);
                    continue;
                }
                TypeKind::Scalar | TypeKind::Union(_) => continue,
            };
            for field in fields {
                types.fields.insert((of.clone(), field.node.name.node), field.node.ty.node);
            }
        }
        types
    }

    /// The type of a field; `None` for those of introspection.
    pub(super) fn field(&self, of: &Name, name: &Name) -> Option<&Type> {
        self.fields.get(&(of.clone(), name.clone()))
    }

    /// The words of an enum.
    pub(super) fn words(&self, name: &Name) -> Option<&[String]> {
        self.enums.get(name).map(Vec::as_slice)
    }

    /// Whether it is an input object.
    pub(super) fn is_input(&self, name: &Name) -> bool {
        self.inputs.contains(name)
    }
}

/// The innermost type's name.
pub(super) fn named(ty: &Type) -> &Name {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => named(inner),
    }
}

/// Whether it is a list.
pub(super) fn is_list(ty: &Type) -> bool {
    matches!(ty.base, BaseType::List(_))
}
