use std::sync::OnceLock;

use reqwest::{Client, ClientBuilder, Url, redirect};
use url::Host;

use super::{
    error::{Error, ErrorKind, Result},
    settings::TransportSettings,
};

/// How many redirects one call follows, all of them on its own origin.
const MAX_REDIRECTS: usize = 5;

/// The pools of connections, each made when it is first needed.
#[derive(Debug, Default)]
pub(super) struct Connections {
    /// By way of the system's proxy, where there is one.
    outward: OnceLock<Client>,
    /// Without it, because it could not reach this machine's own addresses.
    loopback: OnceLock<Client>,
}

impl Connections {
    /// The pool for an address.
    ///
    /// # Errors
    /// `Connection` where the TLS of this machine cannot be set up.
    pub(super) fn client(
        &self,
        url: &Url,
        settings: &TransportSettings,
        operation: &'static str,
    ) -> Result<&Client> {
        let is_loopback = is_loopback(url);
        let pool = if is_loopback { &self.loopback } else { &self.outward };
        if let Some(client) = pool.get() {
            return Ok(client);
        }
        let builder = builder(settings);
        let builder = if is_loopback { builder.no_proxy() } else { builder };
        let client = builder
            .build()
            .map_err(|error| Error::new(ErrorKind::Connection, operation).with_cause(error))?;
        Ok(pool.get_or_init(|| client))
    }
}

fn builder(settings: &TransportSettings) -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("headcount/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(settings.connect_timeout)
        .read_timeout(settings.read_timeout)
        .redirect(redirect::Policy::custom(same_origin))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// A redirect is followed on the origin that was called and nowhere else: it would take the credentials along.
fn same_origin(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let is_same =
        attempt.previous().last().is_some_and(|from| from.origin() == attempt.url().origin());
    if !is_same {
        attempt.error("a redirect to another origin")
    } else if attempt.previous().len() > MAX_REDIRECTS {
        attempt.error("too many redirects")
    } else {
        attempt.follow()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machines_own_addresses_are_known() {
        let is_own = |url: &str| is_loopback(&url.parse().expect("a URL"));
        for url in
            ["http://127.0.0.1:8080", "http://127.9.9.9", "http://[::1]:1", "http://localhost"]
        {
            assert!(is_own(url), "{url}");
        }
        for url in ["https://api.atlassian.com", "http://10.0.0.1", "https://localhost.example"] {
            assert!(!is_own(url), "{url}");
        }
    }
}
