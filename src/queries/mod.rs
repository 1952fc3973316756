//! Saved queries: GraphQL documents in a folder, each with the permissions that it runs with.
//!
//! `folder.rs` reads them at the start and refuses what does not fit; `header.rs` reads what a file says of itself, `types.rs` what the
//! schema says of its variables and fields. `variables.rs` makes variables of a URL's parameters, `shape.rs` tells whether an answer
//! is one flat list, `table.rs` writes such an answer as CSV. Running them is `http`'s.

mod error;
mod folder;
mod header;
mod query;
mod shape;
mod table;
#[cfg(test)]
mod tests;
mod types;
mod variables;

pub use self::{
    error::{Broken, Error, NotATable, ParameterError},
    folder::Queries,
    query::{Described, SavedQuery},
    shape::Shape,
    table::{Page, Table},
};
