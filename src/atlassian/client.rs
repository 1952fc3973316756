use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, Url, header::HeaderValue};
use secrecy::ExposeSecret as _;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    error::{Error, ErrorKind, Result},
    limiter::{Family, Gate},
    rate::Budget,
    transport::{Answer, Call, Transport},
};
use crate::domain::{Credentials, OrganizationId};

/// Everything but the unreserved characters of RFC 3986; account ids hold `:`, and an id must not become two segments.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The directory id that stands for all directories the key may see.
pub(super) const ALL_DIRECTORIES: &str = "-";

/// One organization and its site, as its credentials show them. Clones are cheap and share everything.
#[derive(Debug, Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    transport: Transport,
    credentials: Arc<Credentials>,
    organization: Arc<Gate>,
    site: Arc<Gate>,
    /// `None` where the key can stand in no header, so that no server would take it.
    bearer: Option<HeaderValue>,
    basic: Option<HeaderValue>,
}

/// Atlassian took a change; what it says beside the status is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// The HTTP status, a 2xx.
    pub status: u16,
}

/// What a call is sent with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Credential {
    /// The organization key, for the Organization and User management APIs.
    Bearer,
    /// E-mail and API token, for the site.
    Basic,
    /// Nothing: what everybody may read.
    Nothing,
}

impl Client {
    /// A client that speaks for the credentials; nothing is called yet.
    #[must_use]
    pub fn new(transport: &Transport, credentials: Arc<Credentials>) -> Self {
        let bearer = format!("Bearer {}", credentials.organization_api_key.expose_secret());
        let login =
            format!("{}:{}", credentials.admin_email, credentials.api_token.expose_secret());
        let basic = format!("Basic {}", BASE64_STANDARD.encode(login));
        Self {
            shared: Arc::new(Shared {
                organization: transport.organization_gate(&credentials.organization_id),
                site: transport.site_gate(&credentials.admin_url),
                transport: transport.clone(),
                credentials,
                bearer: secret_header(&bearer),
                basic: secret_header(&basic),
            }),
        }
    }

    /// The organization's general rate limit as it was last told; `None` before the first answer that tells it.
    #[must_use]
    pub fn budget(&self) -> Option<Budget> {
        self.shared.organization.budget(Family::Organization)
    }

    /// The organization that the client speaks for.
    #[must_use]
    pub fn organization_id(&self) -> &OrganizationId {
        &self.shared.credentials.organization_id
    }

    /// The site that the API token is for.
    #[must_use]
    pub fn site(&self) -> &Url {
        &self.shared.credentials.admin_url
    }

    pub(super) fn credentials(&self) -> &Credentials {
        &self.shared.credentials
    }

    /// `/admin/{version}/orgs/{orgId}/…` of the Organization API.
    pub(super) fn organization_url(
        &self,
        operation: &'static str,
        version: &str,
        path: &[&str],
    ) -> Result<Url> {
        let base = &self.shared.transport.settings().api_url;
        let organization = self.shared.credentials.organization_id.as_str();
        let path = [&["admin", version, "orgs", organization], path].concat();
        address(operation, base, &path)
    }

    /// `/users/{accountId}/…` of the User management API.
    pub(super) fn management_url(&self, operation: &'static str, path: &[&str]) -> Result<Url> {
        let base = &self.shared.transport.settings().api_url;
        address(operation, base, &[&["users"], path].concat())
    }

    /// A path of the site.
    pub(super) fn site_url(&self, operation: &'static str, path: &[&str]) -> Result<Url> {
        address(operation, &self.shared.credentials.admin_url, path)
    }

    /// Reads with GET from the Organization or User management API.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        family: Family,
        url: Url,
    ) -> Result<T> {
        let call = self.call(operation, family, url, Credential::Bearer)?;
        Ok(self.send(&call).await?.value)
    }

    /// Reads with POST, as the searches do.
    pub(super) async fn search<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        url: Url,
        body: &impl Serialize,
    ) -> Result<T> {
        let call = self.call(operation, Family::Organization, url, Credential::Bearer)?;
        Ok(self.send(&call.with_body(body)).await?.value)
    }

    /// A GET that is not sent yet.
    pub(super) fn call(
        &self,
        operation: &'static str,
        family: Family,
        url: Url,
        credential: Credential,
    ) -> Result<Call> {
        let unusable = || Error::new(ErrorKind::Unauthorized, operation);
        let authorization = match credential {
            Credential::Bearer => Some(self.shared.bearer.clone().ok_or_else(unusable)?),
            Credential::Basic => Some(self.shared.basic.clone().ok_or_else(unusable)?),
            Credential::Nothing => None,
        };
        Ok(Call {
            operation,
            family,
            method: Method::GET,
            url,
            authorization,
            body: None,
            is_change: false,
        })
    }

    /// Asks for a change: any 2xx means that it was accepted, whatever the body says or lacks.
    pub(super) async fn change(&self, method: Method, call: Call) -> Result<Accepted> {
        let call = Call { method, is_change: true, ..call };
        self.send::<()>(&call).await.map(|answer| Accepted { status: answer.status })
    }

    pub(super) async fn send<T: DeserializeOwned>(&self, call: &Call) -> Result<Answer<T>> {
        let gate = match call.family {
            Family::Site => &self.shared.site,
            _ => &self.shared.organization,
        };
        self.shared.transport.send(gate, call).await
    }
}

impl Call {
    /// Makes it a POST.
    pub(super) fn with_body(mut self, body: &impl Serialize) -> Self {
        let body =
            serde_json::to_vec(body).expect("our own bodies have text keys and finite numbers");
        self.method = Method::POST;
        self.body = Some(body.into());
        self
    }
}

fn secret_header(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The address of a path below the base, each segment percent-encoded.
///
/// # Errors
/// `NotFound` for a segment that an address cannot hold: nothing can have such an id.
fn address(operation: &'static str, base: &Url, path: &[&str]) -> Result<Url> {
    let mut whole = base.path().trim_end_matches('/').to_owned();
    for segment in path {
        // A dot segment would lead to another path, and encoding does not help: `%2e` is a dot too.
        if matches!(*segment, "" | "." | "..") {
            return Err(Error::new(ErrorKind::NotFound, operation));
        }
        whole.push('/');
        whole.extend(utf8_percent_encode(segment, SEGMENT));
    }
    let mut url = base.clone();
    url.set_path(&whole);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stays_one_segment_whatever_it_holds() {
        let base = Url::parse("https://proxy.example/record/").expect("a URL");
        let url = address("user", &base, &["users", "557058:2b/7e?a#b%2F", "manage"]);
        assert_eq!(
            url.expect("an address").as_str(),
            "https://proxy.example/record/users/557058%3A2b%2F7e%3Fa%23b%252F/manage"
        );
    }

    #[test]
    fn an_id_that_would_leave_the_path_is_not_found() {
        let base = Url::parse("https://api.example").expect("a URL");
        for id in ["", ".", ".."] {
            let error = address("user", &base, &["users", id]).expect_err("no address");
            assert_eq!(error.kind, ErrorKind::NotFound);
        }
    }
}
