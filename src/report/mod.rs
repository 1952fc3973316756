//! The licence report to look at: what is paid, used and needed, how that went, and whose seat can be taken back.
//!
//! `read.rs` makes a [`Report`] (`model.rs`) of what [`crate::organizations`] counted; nothing is counted again here. `page.rs` and
//! `products.rs` write it as a page that needs no other file and no script, `trend.rs` draws its lines as SVG, `terminal.rs` writes
//! it as text. `words.rs` has how figures are written in all of them, `missing.rs` why one is not there, `notice.rs` the page that stands in for a report. Who may
//! read it is `http`'s.

mod error;
mod missing;
mod model;
mod notice;
mod page;
mod products;
mod read;
mod style;
mod terminal;
#[cfg(test)]
mod tests;
mod trend;
mod words;

pub use self::{
    error::{Error, Result},
    model::{
        Candidate, Choice, Day, Listed, PaidTwice, Person, Report, SeatPrice, Trend, Unavailable,
        Usage,
    },
    notice::{Notice, Progress},
    page::html,
    read::{Asked, Reports},
    style::CONTENT_SECURITY_POLICY,
    terminal::{Terminal, text},
};
