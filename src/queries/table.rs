use async_graphql::{Name, Value as Data, indexmap::IndexMap};

use super::{
    NotATable, Shape,
    shape::{Column, Rows},
};
use crate::feeds::{Value, format::csv_line};

/// An answer, or several pages of it, as CSV.
pub struct Table<'a> {
    shape: &'a Shape,
    text: Vec<u8>,
}

/// How an answer ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// There is nothing more.
    Last,
    /// The variable that asks for the next page, and its value.
    Next {
        /// The variable's name.
        variable: String,
        /// The cursor.
        cursor: String,
    },
    /// There is more, and the query has no variable to ask for it.
    Cut,
}

impl<'a> Table<'a> {
    /// The header alone.
    ///
    /// # Errors
    /// None that could be told from a fault of this program.
    pub fn new(shape: &'a Shape) -> Result<Self, NotATable> {
        let mut table = Self { shape, text: Vec::new() };
        let names: Vec<Value> =
            shape.columns.iter().map(|column| column.name.as_str().into()).collect();
        table.line(&names)?;
        Ok(table)
    }

    /// Adds the rows of an answer without errors, and says whether there are more.
    ///
    /// # Errors
    /// The list is null: it is not known, which is not the same as empty.
    pub fn add(&mut self, data: &Data) -> Result<Page, NotATable> {
        let root = &self.shape.root;
        let unknown = || NotATable(format!("`{root}` is null: it is not known"));
        let list = member(data, root).ok_or_else(unknown)?;
        let (rows, node) = match &self.shape.rows {
            Rows::List => (list, None),
            Rows::Nodes(nodes) => (member(list, nodes).ok_or_else(unknown)?, None),
            Rows::Edges(edges, node) => (member(list, edges).ok_or_else(unknown)?, Some(node)),
        };
        let Data::List(rows) = rows else { return Err(unknown()) };
        for row in rows {
            let row = node.map_or(Some(row), |node| member(row, node));
            let of = |column: &Column| row.map_or(Value::Null, |row| cell(row, column));
            let values: Vec<Value> = self.shape.columns.iter().map(of).collect();
            self.line(&values)?;
        }
        Ok(self.page(list))
    }

    /// The bytes.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.text
    }

    fn page(&self, list: &Data) -> Page {
        let Some(keys) = &self.shape.page else { return Page::Last };
        let info = member(list, &keys.page_info);
        let has_next = info.and_then(|info| member(info, &keys.has_next));
        if has_next != Some(&Data::Boolean(true)) {
            return Page::Last;
        }
        let cursor = keys.end_cursor.as_ref().and_then(|key| member(info?, key));
        match (&keys.after, cursor) {
            (Some(variable), Some(Data::String(cursor))) => {
                Page::Next { variable: variable.clone(), cursor: cursor.clone() }
            }
            _ => Page::Cut,
        }
    }

    fn line(&mut self, values: &[Value]) -> Result<(), NotATable> {
        csv_line(values, &mut self.text).map_err(|error| NotATable(error.to_string()))
    }
}

/// A member that is there and not null.
fn member<'a>(value: &'a Data, key: &str) -> Option<&'a Data> {
    let Data::Object(members): &Data = value else { return None };
    let members: &IndexMap<Name, Data> = members;
    members.get(key).filter(|member| **member != Data::Null)
}

fn cell(row: &Data, column: &Column) -> Value {
    let found = column.path.iter().try_fold(row, |value, key| member(value, key));
    match found {
        None => Value::Null,
        Some(Data::List(items)) => joined(items).as_str().into(),
        Some(Data::String(text)) if column.is_decimal => {
            text.parse().map_or_else(|_| text.as_str().into(), Value::Decimal)
        }
        Some(value) => scalar(value),
    }
}

fn scalar(value: &Data) -> Value {
    match value {
        Data::Null => Value::Null,
        Data::String(text) => text.as_str().into(),
        Data::Enum(word) => word.as_str().into(),
        Data::Boolean(is) => (*is).into(),
        Data::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.into(),
            (None, Some(number)) => Value::Float(number),
            (None, None) => number.to_string().as_str().into(),
        },
        other => other.to_string().as_str().into(),
    }
}

fn joined(items: &[Data]) -> String {
    let text = |item: &Data| match item {
        Data::String(text) => text.clone(),
        Data::Enum(word) => word.to_string(),
        other => other.to_string(),
    };
    let texts: Vec<String> = items.iter().filter(|item| **item != Data::Null).map(text).collect();
    texts.join("; ")
}
