//! Every endpoint: method, path template as the `OpenAPI` documents write it, and who answers.

use super::{
    audit,
    call::{Answer, Call},
    error, groups_v2, groups_write, invite, jira, jira_groups, jira_users, lifecycle,
    limits::Budget,
    organization_v1, roles_v1, site, user_management, user_v2, users_v2, workspaces,
};

/// Decides credentials and the forms of refusals.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Family {
    V1,
    V2,
    Workspaces,
    UserManagement,
    /// A site, with credentials.
    Jira,
    /// A site, with or without credentials.
    Open,
}

#[derive(Clone, Copy)]
pub(super) struct Endpoint {
    pub(super) method: &'static str,
    pub(super) template: &'static str,
    pub(super) family: Family,
    pub(super) budget: Budget,
    pub(super) handle: fn(&Call<'_>) -> Answer,
}

type Handle = fn(&Call<'_>) -> Answer;

const fn v1(method: &'static str, template: &'static str, handle: Handle) -> Endpoint {
    Endpoint { method, template, family: Family::V1, budget: Budget::General, handle }
}

const fn v2(method: &'static str, template: &'static str, handle: Handle) -> Endpoint {
    Endpoint { family: Family::V2, ..v1(method, template, handle) }
}

/// An endpoint of the User management API.
const fn um(method: &'static str, template: &'static str, handle: Handle) -> Endpoint {
    Endpoint {
        family: Family::UserManagement,
        budget: Budget::UserManagement,
        ..v1(method, template, handle)
    }
}

const fn jira(method: &'static str, template: &'static str, handle: Handle) -> Endpoint {
    Endpoint { family: Family::Jira, budget: Budget::Jira, ..v1(method, template, handle) }
}

const fn open(method: &'static str, template: &'static str, handle: Handle) -> Endpoint {
    Endpoint { family: Family::Open, ..jira(method, template, handle) }
}

const fn within(budget: Budget, endpoint: Endpoint) -> Endpoint {
    Endpoint { budget, ..endpoint }
}

/// What answered until the summer of 2026 and does no more.
const fn gone(method: &'static str, template: &'static str) -> Endpoint {
    v1(method, template, no_endpoint)
}

fn no_endpoint(_: &Call<'_>) -> Answer {
    Err(error::list(404, "ADMIN-404-1", "Unknown resource", &"There is nothing here."))
}

fn wrong_method(_: &Call<'_>) -> Answer {
    Err(error::list(
        405,
        "ADMIN-405-1",
        "Method not supported",
        &"The resource does not take this method.",
    ))
}

fn no_page(_: &Call<'_>) -> Answer {
    Err(error::jira(404, "There is nothing here."))
}

/// Answers paths of the API listener that no endpoint has.
pub(super) static NO_ENDPOINT: Endpoint = within(Budget::None, v1("", "(unknown)", no_endpoint));
/// Answers methods of the API listener that an endpoint has not.
pub(super) static WRONG_METHOD: Endpoint =
    within(Budget::None, v1("", "(wrong method)", wrong_method));
/// Answers paths of a site that no endpoint has.
pub(super) static NO_PAGE: Endpoint = within(Budget::None, open("", "(unknown)", no_page));

/// The endpoints of the listener that stands for api.atlassian.com.
#[rustfmt::skip] // A table is read by its lines.
pub(super) static API: &[Endpoint] = &[
    v1("GET", "/admin/v1/orgs", organization_v1::organizations),
    v1("GET", "/admin/v1/orgs/{orgId}", organization_v1::organization),
    v1("GET", "/admin/v1/orgs/{orgId}/users", organization_v1::users),
    v1("GET", "/admin/v1/orgs/{orgId}/domains", organization_v1::domains),
    v1("GET", "/admin/v1/orgs/{orgId}/domains/{domainId}", organization_v1::domain),
    within(Budget::LastActiveDates, v1("GET", "/admin/v1/orgs/{orgId}/directory/users/{accountId}/last-active-dates", organization_v1::last_active_dates)),
    within(Budget::Events, v1("GET", "/admin/v1/orgs/{orgId}/events", audit::events)),
    within(Budget::Events, v1("GET", "/admin/v1/orgs/{orgId}/events/{eventId}", audit::event)),
    within(Budget::Events, v1("GET", "/admin/v1/orgs/{orgId}/event-actions", audit::actions)),
    within(Budget::EventsStream, v1("GET", "/admin/v1/orgs/{orgId}/events-stream", audit::stream)),
    v1("POST", "/admin/v1/orgs/{orgId}/users/{userId}/roles/assign", roles_v1::assign),
    v1("POST", "/admin/v1/orgs/{orgId}/users/{userId}/roles/revoke", roles_v1::revoke),
    v1("POST", "/admin/v1/orgs/{orgId}/users/{userId}/role-assignments/assign", roles_v1::assign_org_admin),
    v1("POST", "/admin/v1/orgs/{orgId}/users/{userId}/role-assignments/revoke", roles_v1::revoke_org_admin),
    gone("POST", "/admin/v1/orgs/{orgId}/users/search"),
    gone("POST", "/admin/v1/orgs/{orgId}/users/invite"),
    gone("POST", "/admin/v1/orgs/{orgId}/groups/search"),
    gone("DELETE", "/admin/v1/orgs/{orgId}/directory/users/{accountId}"),
    gone("POST", "/admin/v1/orgs/{orgId}/directory/users/{accountId}/suspend-access"),
    gone("POST", "/admin/v1/orgs/{orgId}/directory/users/{accountId}/restore-access"),
    gone("POST", "/admin/v1/orgs/{orgId}/directory/groups"),
    gone("DELETE", "/admin/v1/orgs/{orgId}/directory/groups/{groupId}"),
    gone("POST", "/admin/v1/orgs/{orgId}/directory/groups/{groupId}/memberships"),
    gone("DELETE", "/admin/v1/orgs/{orgId}/directory/groups/{groupId}/memberships/{accountId}"),

    v2("GET", "/admin/v2/orgs/{orgId}/directories", groups_v2::directories),
    v2("POST", "/admin/v2/orgs/{orgId}/directories/{directoryId}/users/search", users_v2::search),
    v2("GET", "/admin/v2/orgs/{orgId}/directories/{directoryId}/users", users_v2::list),
    v2("GET", "/admin/v2/orgs/{orgId}/directories/{directoryId}/users/count", users_v2::count),
    v2("GET", "/admin/v2/orgs/{orgId}/directories/{directoryId}/users/stats", users_v2::stats),
    v2("GET", "/admin/v2/orgs/{orgId}/directories/{directoryId}/users/{accountId}", user_v2::details),
    v2("DELETE", "/admin/v2/orgs/{orgId}/directories/{directoryId}/users/{accountId}", user_v2::remove),
    v2("POST", "/admin/v2/orgs/{orgId}/directories/{directoryId}/users/{accountId}/suspend", user_v2::suspend),
    v2("POST", "/admin/v2/orgs/{orgId}/directories/{directoryId}/users/{accountId}/restore", user_v2::restore),
    v2("GET", "/admin/v2/orgs/{orgId}/directories/{directoryId}/users/{accountId}/role-assignments", user_v2::role_assignments),
    v2("POST", "/admin/v2/orgs/{orgId}/users/invite", invite::invite),
    v2("POST", "/admin/v2/orgs/{orgId}/directories/{directoryId}/groups/search", groups_v2::search),
    v2("GET", "/admin/v2/orgs/{orgId}/directories/{directoryId}/groups", groups_v2::list),
    v2("POST", "/admin/v2/orgs/{orgId}/directories/{directoryId}/groups", groups_write::create),
    v2("GET", "/admin/v2/orgs/{orgId}/directories/{directoryId}/groups/count", groups_v2::count),
    v2("GET", "/admin/v2/orgs/{orgId}/directories/{directoryId}/groups/stats", groups_v2::stats),
    v2("GET", "/admin/v2/orgs/{orgId}/directories/{directoryId}/groups/{groupId}", groups_v2::details),
    v2("DELETE", "/admin/v2/orgs/{orgId}/directories/{directoryId}/groups/{groupId}", groups_write::delete),
    v2("GET", "/admin/v2/orgs/{orgId}/directories/{directoryId}/groups/{groupId}/role-assignments", groups_v2::role_assignments),
    v2("POST", "/admin/v2/orgs/{orgId}/directories/{directoryId}/groups/{groupId}/role-assignments/assign", groups_write::assign),
    v2("POST", "/admin/v2/orgs/{orgId}/directories/{directoryId}/groups/{groupId}/role-assignments/revoke", groups_write::revoke),
    v2("POST", "/admin/v2/orgs/{orgId}/directories/{directoryId}/groups/{groupId}/memberships", groups_write::add_member),
    v2("DELETE", "/admin/v2/orgs/{orgId}/directories/{directoryId}/groups/{groupId}/memberships/{accountId}", groups_write::remove_member),
    Endpoint { family: Family::Workspaces, ..v2("POST", "/admin/v2/orgs/{orgId}/workspaces", workspaces::list) },

    um("GET", "/users/{account_id}/manage", user_management::manage),
    um("GET", "/users/{account_id}/manage/profile", user_management::profile),
    um("PATCH", "/users/{account_id}/manage/profile", user_management::change_profile),
    um("PUT", "/users/{account_id}/manage/email", user_management::set_email),
    um("GET", "/users/{account_id}/manage/api-tokens", user_management::api_tokens),
    um("DELETE", "/users/{account_id}/manage/api-tokens/{tokenId}", user_management::delete_api_token),
    um("POST", "/users/{account_id}/manage/lifecycle/disable", lifecycle::disable),
    um("POST", "/users/{account_id}/manage/lifecycle/enable", lifecycle::enable),
    um("POST", "/users/{account_id}/manage/lifecycle/delete", lifecycle::delete),
    um("POST", "/users/{account_id}/manage/lifecycle/cancel-delete", lifecycle::cancel_delete),
];

/// The endpoints of the listeners that stand for sites.
#[rustfmt::skip] // A table is read by its lines.
pub(super) static SITE: &[Endpoint] = &[
    open("GET", "/_edge/tenant_info", site::tenant_info),
    jira("POST", "/gateway/api/graphql", site::graphql),
    open("GET", "/rest/api/3/serverInfo", jira::server_info),
    jira("GET", "/rest/api/3/myself", jira::myself),
    open("GET", "/rest/api/3/mypermissions", jira::my_permissions),
    jira("POST", "/rest/api/3/permissions/check", jira::check_permissions),
    jira("GET", "/rest/api/3/applicationrole", jira::application_roles),
    jira("GET", "/rest/api/3/applicationrole/{key}", jira::one_application_role),
    jira("GET", "/rest/api/3/instance/license", jira::license),
    jira("GET", "/rest/api/3/license/approximateLicenseCount", jira::license_count),
    jira("GET", "/rest/api/3/license/approximateLicenseCount/product/{applicationKey}", jira::product_license_count),
    jira("GET", "/rest/api/3/role", jira::project_roles),
    open("GET", "/rest/api/3/users/search", jira_users::search),
    open("GET", "/rest/api/3/users", jira_users::search),
    jira("GET", "/rest/api/3/user", jira_users::one),
    jira("DELETE", "/rest/api/3/user", jira_users::remove),
    jira("GET", "/rest/api/3/user/groups", jira_users::groups),
    jira("GET", "/rest/api/3/user/bulk", jira_users::bulk),
    jira("GET", "/rest/api/3/group/bulk", jira_groups::bulk),
    jira("GET", "/rest/api/3/group/member", jira_groups::members),
    jira("POST", "/rest/api/3/group/user", jira_groups::add_to_group),
    jira("DELETE", "/rest/api/3/group/user", jira_groups::remove_from_group),
];
