use std::collections::HashSet;

use reqwest::Url;

use super::error::{Error, ErrorKind, Result};
use crate::domain::Page;

/// More pages than any list of ours has: 200,000 people, a hundred a page.
const MAX_PAGES: usize = 2_000;

/// The cursor that `links.next` holds, bare or as a member of a whole address; `None` at the end of the list.
///
/// An address is never called: its cursor is sent to the path that was called, so that it can name no other.
///
/// # Errors
/// `ForeignHost` where the address is of another origin than the one just called; `InvalidResponse` where it has no
/// cursor.
pub(super) fn cursor(
    operation: &'static str,
    called: &Url,
    next: Option<&str>,
) -> Result<Option<String>> {
    let Some(next) = next.filter(|next| !next.is_empty()) else {
        return Ok(None);
    };
    if !next.contains("://") {
        return Ok(Some(next.to_owned()));
    }
    let unreadable = || Error::new(ErrorKind::InvalidResponse, operation).at("links.next");
    let address = Url::parse(next).map_err(|error| unreadable().with_cause(error))?;
    if address.origin() != called.origin() {
        return Err(Error::new(ErrorKind::ForeignHost, operation));
    }
    let cursor = address.query_pairs().find(|(name, _)| name == "cursor");
    cursor.map(|(_, cursor)| Some(cursor.into_owned())).ok_or_else(unreadable)
}

/// A page of the list, unless it leads back to itself.
///
/// # Errors
/// `RepeatedCursor` where the next page is the one that `sent` asked for.
pub(super) fn page<T>(
    operation: &'static str,
    items: Vec<T>,
    next: Option<String>,
    sent: Option<&str>,
) -> Result<Page<T>> {
    if next.is_some() && next.as_deref() == sent {
        return Err(Error::new(ErrorKind::RepeatedCursor, operation));
    }
    Ok(Page { items, next })
}

/// Every row of a list, page after page.
///
/// # Errors
/// What a page fails with; `RepeatedCursor` where a cursor comes back or the pages exceed a bound.
pub(super) async fn all<T, F, Fut>(operation: &'static str, mut ask: F) -> Result<Vec<T>>
where
    F: FnMut(Option<String>) -> Fut,
    Fut: Future<Output = Result<Page<T>>>,
{
    let mut seen = HashSet::new();
    let mut rows = Vec::new();
    let mut cursor = None;
    for _ in 0..MAX_PAGES {
        let page = ask(cursor).await?;
        rows.extend(page.items);
        match page.next {
            None => return Ok(rows),
            Some(next) if !seen.insert(next.clone()) => break,
            Some(next) => cursor = Some(next),
        }
    }
    Err(Error::new(ErrorKind::RepeatedCursor, operation))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(next: Option<&str>) -> Result<Option<String>> {
        let called = Url::parse("https://api.example/admin/v1/orgs/o/users").expect("a URL");
        cursor("users", &called, next)
    }

    #[test]
    fn a_cursor_comes_bare_or_in_an_address() {
        for (links_next, expected) in [
            (None, None),
            (Some(""), None),
            (Some("a/b+c="), Some("a/b+c=")),
            (Some("https://api.example/other?limit=1&cursor=a%2Fb%3D"), Some("a/b=")),
            (Some("https://api.example:443/x?cursor=c"), Some("c")),
        ] {
            assert_eq!(next(links_next).expect("a cursor").as_deref(), expected);
        }
    }

    #[test]
    fn an_address_elsewhere_is_refused() {
        for address in [
            "https://evil.example/admin/v1/orgs/o/users?cursor=c",
            "http://api.example/admin?cursor=c",
            "https://api.example:8443/?cursor=c",
            "https://api.example@evil.example/?cursor=c",
            "https://api.example.evil.example/?cursor=c",
        ] {
            let error = next(Some(address)).expect_err(address);
            assert_eq!(error.kind, ErrorKind::ForeignHost, "{address}");
        }
    }

    #[test]
    fn an_address_without_a_cursor_is_no_end() {
        for address in ["https://api.example/users", "https://"] {
            let error = next(Some(address)).expect_err(address);
            assert_eq!(error.kind, ErrorKind::InvalidResponse, "{address}");
        }
    }

    #[test]
    fn a_page_that_leads_to_itself_is_an_error() {
        let error = page("users", vec![1], Some("c".into()), Some("c")).expect_err("a circle");
        assert_eq!(error.kind, ErrorKind::RepeatedCursor);
        assert!(page("users", vec![1], Some("d".into()), Some("c")).is_ok());
        assert!(page("users", vec![1], None, None).is_ok());
    }

    #[tokio::test]
    async fn a_list_has_a_bound() {
        let mut asked = 0;
        let endless = all("users", |_| {
            asked += 1;
            let next = Some(asked.to_string());
            async move { Ok(Page { items: vec![()], next }) }
        });
        let error = endless.await.expect_err("there is a bound");
        assert_eq!(error.kind, ErrorKind::RepeatedCursor);
        assert_eq!(asked, MAX_PAGES);
    }
}
