//! The tables as an OData v4 service: what Excel, Power BI and Tableau open by their own dialogs.
//!
//! A subset, and an error in OData's form for what it has not. `query.rs` reads the query options, `lexer.rs` and `filter.rs` read
//! `$filter`, `evaluate.rs` holds it against rows, `page.rs` answers a query page by page, `session.rs` keeps what the next
//! page needs, and `metadata.rs` describes the tables in CSDL.

mod evaluate;
mod filter;
mod lexer;
mod metadata;
mod page;
mod query;
mod session;
#[cfg(test)]
mod tests;

pub(super) use self::session::Sessions;
pub use self::{
    metadata::{metadata, service_document},
    page::{Answer, Metadata, Page},
    query::Query,
};
