/// The route of a search for people, as the simulator counts it.
pub(crate) const SEARCH: &str = "/admin/v2/orgs/{orgId}/directories/{directoryId}/users/search";
