use std::collections::BTreeSet;

use url::{Host, Origin, Url};

use super::{Field, Invalid, InvalidReason};

/// The domains under which Atlassian hosts customers' sites, each site one name below: Cloud, its older second
/// domain, and Government Cloud (support.atlassian.com, "Get access to the Atlassian Government environment").
const SITE_DOMAINS: [&str; 3] = [".atlassian.net", ".jira.com", ".atlassian-us-gov-mod.net"];

/// Far above any address that an admin could paste out of a browser with good reason.
const LONGEST_ADDRESS: usize = 2048;

/// Decides which sites may be called with an admin's credentials: Atlassian's own hosts, and the origins that the
/// operator allows. Everything else is refused, or a caller could send the gateway into the operator's network.
#[derive(Debug, Clone, Default)]
pub struct HostPolicy {
    allowed: BTreeSet<String>,
}

/// An entry of the operator's allow-list that is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the allowed origin {origin:?} is not a scheme, host and optional port alone, such as \
     https://jira.example.com or http://127.0.0.1:9000"
)]
pub struct InvalidOrigin {
    /// The entry as it was given.
    pub origin: String,
}

impl HostPolicy {
    /// Takes the operator's own allow-list: exact origins, which may be a custom domain, have a port, or be http.
    ///
    /// # Errors
    /// An entry is not an http or https origin, or has more than an origin.
    pub fn new(allowed_origins: &[String]) -> Result<Self, InvalidOrigin> {
        let allowed = allowed_origins
            .iter()
            .map(|text| exact_origin(text).ok_or_else(|| InvalidOrigin { origin: text.clone() }))
            .collect::<Result<_, _>>()?;
        Ok(Self { allowed })
    }

    /// The site's base address out of what an admin pasted: path, query and fragment go, and `https` is put before
    /// a bare host. Only the origin is kept, with `/` as its path.
    pub(super) fn site(&self, pasted: &str) -> Result<Url, Invalid> {
        let pasted = pasted.trim_matches(|c: char| c.is_ascii_whitespace());
        check_characters(pasted)?;
        let with_scheme =
            if pasted.contains("://") { pasted.to_owned() } else { format!("https://{pasted}") };
        check_authority(&with_scheme)?;
        let url =
            Url::parse(&with_scheme).map_err(|_| malformed("the site's address is no URL"))?;
        let origin = url.origin();
        if !self.allowed.contains(&origin.ascii_serialization()) {
            check_atlassian_host(&url)?;
        }
        base(&origin).ok_or_else(|| not_allowed("it must begin with https://"))
    }
}

/// The URL parser would silently drop tabs and line breaks, take a backslash for a slash, and turn letters of other
/// scripts into an encoded name that looks the same on screen.
fn check_characters(text: &str) -> Result<(), Invalid> {
    let field = Field::AdminUrl;
    if text.is_empty() {
        let message = "the site's address is empty; give it as https://your-site.atlassian.net";
        return Err(Invalid::new(field, InvalidReason::Empty, message));
    }
    if text.len() > LONGEST_ADDRESS {
        let message = format!("the site's address is longer than {LONGEST_ADDRESS} characters");
        return Err(Invalid::new(field, InvalidReason::TooLong, message));
    }
    if !text.is_ascii() {
        return Err(malformed(
            "the site's address has letters outside ASCII, which can imitate another address; \
             copy it from the browser's address bar",
        ));
    }
    if text.bytes().any(|byte| byte.is_ascii_control() || byte == b' ' || byte == b'\\') {
        return Err(malformed(
            "the site's address has a space, a control character or a backslash in it",
        ));
    }
    Ok(())
}

/// What stands between `://` and the path, before the parser decodes or drops any of it.
fn check_authority(address: &str) -> Result<(), Invalid> {
    let after_scheme = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = after_scheme.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() {
        return Err(malformed("the site's address has no host"));
    }
    if authority.contains('@') {
        return Err(malformed(
            "the site's address must not hold a user name or a password; the e-mail address and \
             the token have fields of their own",
        ));
    }
    if authority.contains('%') {
        return Err(malformed("the site's host must not be percent-encoded"));
    }
    Ok(())
}

fn check_atlassian_host(url: &Url) -> Result<(), Invalid> {
    if url.scheme() != "https" {
        return Err(not_allowed("it must begin with https://"));
    }
    let host = match url.host() {
        Some(Host::Domain(host)) => host,
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => {
            return Err(not_allowed("it must name a site, not an IP address"));
        }
        None => return Err(malformed("the site's address has no host")),
    };
    if url.port().is_some() {
        return Err(not_allowed("Atlassian's sites have no port in their address"));
    }
    if host.ends_with('.') {
        return Err(not_allowed("the host must not end in a dot"));
    }
    if host.split('.').any(|label| label.starts_with("xn--")) {
        return Err(not_allowed("the host must not be an encoded international name"));
    }
    let site = SITE_DOMAINS.iter().find_map(|domain| host.strip_suffix(domain));
    match site {
        Some(site) if is_site_name(site) => Ok(()),
        _ => Err(not_allowed("it must be a host of Atlassian Cloud")),
    }
}

fn is_site_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&name.len())
        && name.bytes().all(fits)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

fn base(origin: &Origin) -> Option<Url> {
    matches!(origin, Origin::Tuple(..)).then(|| Url::parse(&origin.ascii_serialization()).ok())?
}

fn exact_origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let is_bare = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none();
    is_bare.then(|| url.origin().ascii_serialization())
}

fn malformed(message: &str) -> Invalid {
    Invalid::new(Field::AdminUrl, InvalidReason::Malformed, message)
}

fn not_allowed(rule: &str) -> Invalid {
    let message = format!(
        "the site's address is not allowed: {rule}; give it as https://your-site.atlassian.net, \
         or have the operator add its origin to the allowed origins"
    );
    Invalid::new(Field::AdminUrl, InvalidReason::HostNotAllowed, message)
}
