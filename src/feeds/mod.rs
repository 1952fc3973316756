//! Tables for BI tools: one definition each, served in every format.
//!
//! A file of `tables/` says what columns a table has, which permission it needs and what its rows are made from. Everything is
//! read before the first row is given (`open.rs`), so that a feed fails as a whole or not at all; rows are then made one
//! by one (`feed.rs`), so that memory does not grow with them. `format/` writes them, `odata/` answers queries over
//! them. `turns.rs` has readings take turns that go on when nobody waits; `repeated.rs` says which words of a request errors repeat.
//! `gauges.rs` tells the licence figures at hand to Prometheus. Routes and headers are `http`'s.

mod catalog;
mod column;
mod content;
mod error;
mod feed;
pub mod format;
mod gauges;
mod license_columns;
pub mod odata;
mod open;
mod products;
mod reader;
mod repeated;
mod roles;
mod selection;
mod settings;
mod table;
mod tables;
#[cfg(test)]
mod tests;
mod turns;
mod value;

pub use self::{
    catalog::{Described, KEY, describe, markdown},
    column::{Column, Kind},
    error::{Error, Result, Unavailable},
    feed::{Feed, Position, Walk},
    format::Format,
    open::Feeds,
    reader::{FeedReader, TableScope},
    repeated::repeated,
    selection::Selection,
    settings::FeedSettings,
    table::{Filter, Table},
    tables::{all, find},
    value::{Row, Value},
};
