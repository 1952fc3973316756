use maud::html;

use super::{page::whole, words::count};

/// A page that stands in for a report: an error, or how far the first reading is.
#[derive(Debug, Clone, Default)]
pub struct Notice {
    /// The heading.
    pub title: String,
    /// What happened and what helps, in a sentence.
    pub message: String,
    /// The word for it (`docs/errors.md`).
    pub code: String,
    /// By which the log knows the request.
    pub request_id: String,
    /// What is being read, and what cannot be.
    pub organizations: Vec<Progress>,
    /// After how many seconds the page looks again by itself.
    pub refresh: Option<u64>,
}

/// How it stands with one organization.
#[derive(Debug, Clone)]
pub struct Progress {
    /// The integration's id.
    pub integration: String,
    /// People read so far, and about how many there are; `None` where it is not being read.
    pub people: Option<(u64, u64)>,
    /// What its reading says.
    pub message: String,
}

impl Notice {
    /// As a page.
    #[must_use]
    pub fn html(&self) -> String {
        let body = html! {
            header.top { h1 { (self.title) } }
            main {
                section {
                    p { (self.message) }
                    @for one in &self.organizations { (progress(one)) }
                    @if let Some(seconds) = self.refresh {
                        p { "This page looks again by itself every " (seconds) " seconds." }
                    } @else {
                        p { a href="/report" { "Open the report without parameters" } }
                    }
                    p.about { "Code " code { (self.code) } ", request " code { (self.request_id) } }
                }
            }
        };
        whole(&self.title, self.refresh, &body).into_string()
    }
}

fn progress(one: &Progress) -> maud::Markup {
    html! {
        @match one.people {
            Some((read, expected)) => {
                p { strong { (one.integration) } ": " (count(read)) " of about " (count(expected)) " people read" }
                progress value=(read) max=(expected.max(1)) aria-label=(format!("{} read", one.integration)) {}
            }
            None => { p { strong { (one.integration) } ": " (one.message) } }
        }
    }
}
