use std::borrow::Cow;

use super::{filter, filter::Expression};
use crate::feeds::{Error, Result, Selection, Table, repeated, selection::flag};

/// What an OData request asks of a table.
#[derive(Debug, Clone)]
pub struct Query {
    /// Which rows at all, by the parameters that every format has.
    pub selection: Selection,
    /// The token of a next link.
    pub token: Option<String>,
    pub(super) filter: Option<Expression>,
    pub(super) order: Vec<Order>,
    /// The places of the columns that are wanted.
    pub(super) columns: Vec<usize>,
    pub(super) top: Option<u64>,
    pub(super) skip: u64,
    pub(super) with_count: bool,
    /// The names in `$select`, as the context address repeats them.
    pub(super) selected: Option<String>,
    /// What names this query in a token: everything but the token and the place where it began.
    pub(super) text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) place: usize,
    pub(super) is_descending: bool,
}

/// Columns of one `$orderby`.
const MOST_ORDERS: usize = 8;
/// OData's query options that this program has not.
const NOT_IMPLEMENTED: [&str; 8] = [
    "$expand",
    "$search",
    "$apply",
    "$compute",
    "$levels",
    "$index",
    "$deltatoken",
    "$schemaversion",
];

impl Query {
    /// Reads the query options of a table.
    ///
    /// # Errors
    /// One that is malformed, unknown or given twice; one that OData has and this program has not.
    pub fn parse<'a>(
        table: &Table,
        parameters: impl IntoIterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
    ) -> Result<Self> {
        let mut query = Self {
            selection: Selection::default(),
            token: None,
            filter: None,
            order: Vec::new(),
            columns: (0..table.columns().count()).collect(),
            top: None,
            skip: 0,
            with_count: false,
            selected: None,
            text: String::new(),
        };
        let mut own = Vec::new();
        let mut seen: Vec<String> = Vec::new();
        let mut text = Vec::new();
        for (name, value) in parameters {
            if name.starts_with('@') {
                return Err(Error::NotImplemented("parameter aliases are not offered".to_owned()));
            }
            if !name.starts_with('$') {
                own.push((name, value));
                continue;
            }
            if seen.iter().any(|known| *known == name) {
                return Err(Error::BadParameter(format!("`{name}` is given twice")));
            }
            query.take(table, &name, value.trim())?;
            if !matches!(name.as_ref(), "$skiptoken" | "$skip" | "$format") {
                text.push(format!("{name}={value}"));
            }
            seen.push(name.into_owned());
        }
        query.selection = Selection::parse(table, own)?;
        text.sort();
        query.text = format!("{} {text:?} {:?}", table.name, query.selection);
        Ok(query)
    }

    fn take(&mut self, table: &Table, name: &str, value: &str) -> Result<()> {
        match name {
            "$filter" => self.filter = Some(filter::parse(table, value)?),
            "$orderby" => self.order = orders(table, value)?,
            "$select" => self.select(table, value)?,
            "$top" => self.top = Some(number(name, value)?),
            "$skip" => self.skip = number(name, value)?,
            "$count" => self.with_count = flag(name, value)?,
            "$skiptoken" => self.token = Some(value.to_owned()),
            // Read before, since errors have a form too.
            "$format" => {}
            known if NOT_IMPLEMENTED.contains(&known) => {
                return Err(Error::NotImplemented(format!("`{known}` is not offered")));
            }
            _ => return Err(Error::BadParameter("there is no such query option".to_owned())),
        }
        Ok(())
    }

    fn select(&mut self, table: &Table, value: &str) -> Result<()> {
        let names: Vec<&str> = value.split(',').map(str::trim).collect();
        if names.contains(&"*") {
            return Ok(());
        }
        let mut places = names
            .iter()
            .map(|name| place(table, "$select", name))
            .collect::<Result<Vec<usize>>>()?;
        places.sort_unstable();
        places.dedup();
        let selected: Vec<&str> = table
            .columns()
            .enumerate()
            .filter(|(place, _)| places.contains(place))
            .map(|(_, column)| column.name)
            .collect();
        self.selected = Some(selected.join(","));
        self.columns = places;
        Ok(())
    }
}

fn orders(table: &Table, value: &str) -> Result<Vec<Order>> {
    let mut orders = Vec::new();
    for each in value.split(',') {
        let mut words = each.split_ascii_whitespace();
        let (name, direction) = (words.next().unwrap_or_default(), words.next());
        let is_descending = match (direction, words.next()) {
            (None | Some("asc"), None) => false,
            (Some("desc"), None) => true,
            _ => {
                let message = "`$orderby` takes columns, each with `asc` or `desc`";
                return Err(Error::BadParameter(message.to_owned()));
            }
        };
        if name.contains('(') {
            return Err(Error::NotImplemented("`$orderby` takes columns only".to_owned()));
        }
        orders.push(Order { place: place(table, "$orderby", name)?, is_descending });
    }
    if orders.len() > MOST_ORDERS {
        return Err(Error::BadParameter(format!("`$orderby` takes at most {MOST_ORDERS} columns")));
    }
    Ok(orders)
}

fn place(table: &Table, option: &str, name: &str) -> Result<usize> {
    table.place(name).ok_or_else(|| {
        let shown = repeated(name);
        Error::BadParameter(format!("`{option}`: the table {} has no column `{shown}`", table.name))
    })
}

fn number(name: &str, value: &str) -> Result<u64> {
    value.parse().map_err(|_| {
        Error::BadParameter(format!("`{name}` has to be a whole number that is not negative"))
    })
}
