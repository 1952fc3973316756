use jiff::Timestamp;

use super::Action;
use crate::{domain::IntegrationId, store::AuditQuery};

/// Which entries. The members are joined by "and".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Asked for at this instant or later.
    pub from: Option<Timestamp>,
    /// Asked for before this instant.
    pub to: Option<Timestamp>,
    /// By this caller.
    pub caller: Option<String>,
    /// One of these; all where there is none.
    pub actions: Vec<Action>,
    /// Of these integrations. `None`: all, and entries of no integration too.
    pub integrations: Option<Vec<IntegrationId>>,
}

impl AuditFilter {
    pub(super) fn query(&self) -> AuditQuery {
        let actions = self.actions.iter().map(|action| action.word().to_owned());
        let ids = |ids: &Vec<IntegrationId>| ids.iter().map(IntegrationId::to_string).collect();
        AuditQuery {
            from: self.from.map(Timestamp::as_microsecond),
            to: self.to.map(Timestamp::as_microsecond),
            caller: self.caller.clone(),
            actions: (!self.actions.is_empty()).then(|| actions.collect()),
            integrations: self.integrations.as_ref().map(ids),
        }
    }
}
