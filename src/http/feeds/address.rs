use http::{header, request::Parts};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

/// What may stand in a query as it is; OData's own names among it, so that a next link can be read.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'$')
    .remove(b',')
    .remove(b':')
    .remove(b'(')
    .remove(b')');

/// The address of the OData service as the reader reaches it, with a slash at the end. A proxy that takes the TLS off says in
/// `X-Forwarded-Proto` and `X-Forwarded-Host` what was asked for; what a reader makes up there comes back to them alone.
pub(super) fn service(public_url: Option<&Url>, head: &Parts) -> String {
    if let Some(url) = public_url {
        return format!("{}/odata/v4/", url.as_str().trim_end_matches('/'));
    }
    let forwarded = |name: &str| first(head.headers.get(name)?.to_str().ok()?);
    let scheme = forwarded("x-forwarded-proto")
        .filter(|scheme| matches!(*scheme, "http" | "https"))
        .unwrap_or("http");
    let host = forwarded("x-forwarded-host")
        .or_else(|| head.headers.get(header::HOST)?.to_str().ok())
        .or_else(|| head.uri.authority().map(http::uri::Authority::as_str))
        .filter(|host| host.parse::<http::uri::Authority>().is_ok())
        .unwrap_or("localhost");
    format!("{scheme}://{host}/odata/v4/")
}

fn first(list: &str) -> Option<&str> {
    list.split(',').next().map(str::trim).filter(|first| !first.is_empty())
}

/// The address of a table's next page but for the token, which goes at its end.
pub(super) fn next<'a>(
    service: &str,
    table: &str,
    parameters: impl Iterator<Item = (&'a str, &'a str)>,
) -> String {
    let mut address = format!("{service}{table}?");
    for (name, value) in parameters {
        if matches!(name, "$skip" | "$skiptoken") {
            continue;
        }
        address.extend(utf8_percent_encode(name, QUERY));
        address.push('=');
        address.extend(utf8_percent_encode(value, QUERY));
        address.push('&');
    }
    address.push_str("$skiptoken=");
    address
}
