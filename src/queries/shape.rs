use async_graphql::{
    Name,
    indexmap::IndexMap,
    parser::types::{ExecutableDocument, OperationDefinition, Selection, SelectionSet, Type},
};

use super::{
    NotATable,
    types::{Types, is_list, named},
};

/// How the answer to a query is one flat list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// The key of the one field at the root.
    pub(super) root: String,
    pub(super) rows: Rows,
    pub(super) columns: Vec<Column>,
    /// Where a connection tells that there is more.
    pub(super) page: Option<PageKeys>,
}

/// Where the rows are below the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rows {
    /// The field is a list itself.
    List,
    /// A connection's `nodes`, by its key.
    Nodes(String),
    /// A connection's `edges` and the `node` of each, by their keys.
    Edges(String, String),
}

/// The keys of a page's end, and the variable that asks for the next page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PageKeys {
    pub(super) page_info: String,
    pub(super) has_next: String,
    pub(super) end_cursor: Option<String>,
    pub(super) after: Option<String>,
}

/// A column: its name, and the keys that lead to its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) path: Vec<String>,
    /// Written as text by the schema, but a number.
    pub(super) is_decimal: bool,
}

type Members<'a> = IndexMap<String, Member<'a>>;

struct Member<'a> {
    name: &'a Name,
    ty: Option<&'a Type>,
    /// The variable that its argument `after` is.
    after: Option<String>,
    inside: Members<'a>,
}

impl Shape {
    /// Tells the shape from what is selected.
    ///
    /// # Errors
    /// Why it is no flat list.
    pub(super) fn of(
        document: &ExecutableDocument,
        operation: &OperationDefinition,
        types: &Types,
    ) -> Result<Self, NotATable> {
        let mut selected = Members::new();
        let reading = Reading { document, types };
        reading.add(&mut selected, &Name::new("Query"), &operation.selection_set.node);
        selected.retain(|_, member| member.name != "__typename");
        let mut roots = selected.into_iter();
        let (Some((root, member)), None) = (roots.next(), roots.next()) else {
            return Err(NotATable("it has more than one field at its root".to_owned()));
        };
        if member.ty.is_some_and(is_list) {
            let columns = columns(&member.inside)?;
            return Ok(Self { root, rows: Rows::List, columns, page: None });
        }
        connection(root, &member)
    }
}

/// A connection, with what tells whether there is a further page.
fn connection(root: String, member: &Member<'_>) -> Result<Shape, NotATable> {
    let wrong = |what: String| Err(NotATable(format!("`{root}` {what}")));
    let (mut rows, mut page) = (None, None);
    for (key, part) in &member.inside {
        match part.name.as_str() {
            "nodes" | "edges" if rows.is_some() => {
                return wrong("selects its rows twice".to_owned());
            }
            "nodes" if part.ty.is_some_and(is_list) => {
                rows = Some((Rows::Nodes(key.clone()), columns(&part.inside)?));
            }
            "edges" if part.ty.is_some_and(is_list) => rows = Some(edges(&root, key, part)?),
            "pageInfo" => page = page_keys(key, part, member.after.clone()),
            "totalCount" | "__typename" => {}
            other => return wrong(format!("is no list, and `{other}` of it is not either")),
        }
    }
    let Some((rows, columns)) = rows else {
        return wrong(
            "is no list, and no connection of which `nodes` or `edges` are selected".to_owned(),
        );
    };
    if page.is_none() {
        return wrong(
            "does not tell whether there is more: select `pageInfo { hasNextPage endCursor }`"
                .to_owned(),
        );
    }
    Ok(Shape { root, rows, columns, page })
}

fn edges(root: &str, key: &str, edges: &Member<'_>) -> Result<(Rows, Vec<Column>), NotATable> {
    let mut node = None;
    for (key, part) in &edges.inside {
        match part.name.as_str() {
            "node" if node.is_none() => node = Some((key, part)),
            "cursor" | "__typename" => {}
            other => {
                return Err(NotATable(format!(
                    "`{root}.edges` selects `{other}` besides its node"
                )));
            }
        }
    }
    let Some((node_key, node)) = node else {
        return Err(NotATable(format!("`{root}.edges` does not select its node")));
    };
    Ok((Rows::Edges(key.to_owned(), node_key.clone()), columns(&node.inside)?))
}

fn page_keys(key: &str, info: &Member<'_>, after: Option<String>) -> Option<PageKeys> {
    let of = |name: &str| {
        info.inside.iter().find(|(_, part)| part.name == name).map(|(key, _)| key.clone())
    };
    let end_cursor = of("endCursor");
    Some(PageKeys {
        page_info: key.to_owned(),
        has_next: of("hasNextPage")?,
        after: after.filter(|_| end_cursor.is_some()),
        end_cursor,
    })
}

fn columns(members: &Members<'_>) -> Result<Vec<Column>, NotATable> {
    let mut columns = Vec::new();
    gather(members, &[], &mut columns)?;
    for (at, column) in columns.iter().enumerate() {
        if columns[..at].iter().any(|before| before.name == column.name) {
            let name = &column.name;
            return Err(NotATable(format!(
                "two columns would be called `{name}`; give one an alias"
            )));
        }
    }
    Ok(columns)
}

fn gather(
    members: &Members<'_>,
    path: &[String],
    columns: &mut Vec<Column>,
) -> Result<(), NotATable> {
    for (key, member) in members {
        let path: Vec<String> = path.iter().chain([key]).cloned().collect();
        if member.inside.is_empty() {
            let is_decimal = member.ty.is_some_and(|ty| !is_list(ty) && named(ty) == "Decimal");
            columns.push(Column { name: path.join("_"), path, is_decimal });
        } else if member.ty.is_some_and(is_list) {
            return Err(NotATable(format!("`{}` is a list of objects", path.join("."))));
        } else {
            gather(&member.inside, &path, columns)?;
        }
    }
    Ok(())
}

struct Reading<'a> {
    document: &'a ExecutableDocument,
    types: &'a Types,
}

impl<'a> Reading<'a> {
    /// Adds the fields of a selection on a type, fragments spread. What is selected twice is merged.
    fn add(&self, members: &mut Members<'a>, of: &Name, selection: &'a SelectionSet) {
        for one in &selection.items {
            match &one.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    let ty = self.types.field(of, &field.name.node);
                    let after = field.get_argument("after").map(|value| value.node.to_string());
                    let after = after.and_then(|value| value.strip_prefix('$').map(str::to_owned));
                    let fresh =
                        || Member { name: &field.name.node, ty, after, inside: Members::new() };
                    let key = field.response_key().node.to_string();
                    let member = members.entry(key).or_insert_with(fresh);
                    if let Some(ty) = ty {
                        self.add(&mut member.inside, named(ty), &field.selection_set.node);
                    }
                }
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let on = condition.map_or(of, |condition| &condition.node.on.node);
                    self.add(members, on, &fragment.node.selection_set.node);
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if let Some(fragment) = self.document.fragments.get(name) {
                        let on = &fragment.node.type_condition.node.on.node;
                        self.add(members, on, &fragment.node.selection_set.node);
                    }
                }
            }
        }
    }
}
