use serde_json::Value;

use super::TestGateway;

/// The route of a search for people, as the simulator counts it.
pub(crate) const SEARCH: &str = "/admin/v2/orgs/{orgId}/directories/{directoryId}/users/search";

/// What Atlassian itself answers to a `GET` below `/admin/{version}/orgs/{orgId}/`, for comparison.
pub(crate) async fn told_by_atlassian(
    gateway: &TestGateway,
    organization: usize,
    version: &str,
    path: &str,
) -> Value {
    let connection = &gateway.atlassian.connections()[organization];
    let (api, id) = (gateway.atlassian.api_url(), &connection.organization_id);
    let url = format!("{api}/admin/{version}/orgs/{id}/{path}");
    let request = gateway.client.get(url).bearer_auth(&connection.organization_api_key);
    let request = request.build().expect("a request");
    let response = gateway.client.execute(request).await.expect("an answer");
    let text = response.text().await.expect("a whole answer");
    let body: Value = serde_json::from_str(&text).expect("JSON");
    assert!(body.get("errors").is_none(), "{path}: {body}");
    body
}
