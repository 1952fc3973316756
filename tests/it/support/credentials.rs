use headcount::demo::Connection;
use serde_json::{Value, json};

/// What somebody types into the form, as an `IntegrationCredentialsInput`.
pub(crate) fn credentials(connection: &Connection) -> Value {
    json!({
        "adminEmail": connection.admin_email,
        "apiToken": connection.api_token,
        "adminUrl": connection.admin_url,
        "organizationId": connection.organization_id,
        "organizationApiKey": connection.organization_api_key,
    })
}

/// The same as a section of the configuration file.
pub(crate) fn toml(id: &str, connection: &Connection) -> String {
    format!(
        "[[integrations]]\nid = {id:?}\nlabel = {:?}\nadmin_email = {:?}\napi_token = {:?}\n\
         admin_url = {:?}\norganization_id = {:?}\norganization_api_key = {:?}\n",
        connection.label,
        connection.admin_email,
        connection.api_token,
        connection.admin_url,
        connection.organization_id,
        connection.organization_api_key,
    )
}
