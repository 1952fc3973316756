use jiff::{Timestamp, tz::TimeZone};

use super::SeatHolder;
use crate::domain::{GrantingGroup, LastActivity, ReclaimReason};

/// Since when a seat has lain idle: since its last use, else since its holder came into the organization. Where neither is
/// told, it has not been idle for long.
#[must_use]
pub fn idle_since(holder: &SeatHolder) -> Timestamp {
    match holder.last_active {
        LastActivity::At(at) => at,
        LastActivity::Never | LastActivity::Unknown => holder.added_at.unwrap_or(Timestamp::MAX),
    }
}

/// Why the seat of somebody who can give it back is idle.
#[must_use]
pub fn reason(holder: &SeatHolder) -> ReclaimReason {
    match holder.last_active {
        LastActivity::At(_) => ReclaimReason::Inactive,
        LastActivity::Never | LastActivity::Unknown => ReclaimReason::NeverUsed,
    }
}

/// The reason in a sentence, such as `Has not used Confluence since 2026-03-02, 264 days ago.`
#[must_use]
pub fn sentence(holder: &SeatHolder, product: &str, now: Timestamp) -> String {
    let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    let days_ago = |at: Timestamp| now.duration_since(at).as_hours().max(0) / 24;
    match (holder.last_active, holder.added_at) {
        (LastActivity::At(at), _) => {
            format!("Has not used {product} since {}, {} days ago.", day(at), days_ago(at))
        }
        (_, Some(added)) => format!(
            "Has never used {product}, and has been in the organization since {}, for {} days.",
            day(added),
            days_ago(added)
        ),
        (_, None) => format!("Has never used {product}."),
    }
}

/// What may grant a seat beside the groups that are known to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beside {
    /// Whether a role that takes the seat was given to the person directly; `None` where nobody asked.
    pub is_direct: Option<bool>,
    /// Whether they are in a group whose roles could not be read.
    pub is_group_unread: bool,
}

/// The smallest change that frees the seat, and what it does not know of. Where no group grants it, the role is the
/// person's own.
#[must_use]
pub fn freed_by(product: &str, groups: &[GrantingGroup], beside: Beside) -> String {
    let also = match beside.is_direct {
        Some(true) => {
            format!(", and revoke the role on {product} that was also given to them directly")
        }
        _ => String::new(),
    };
    let change = match groups {
        [] if beside.is_direct == Some(false) => {
            format!(
                "Take them out of the group that grants {product}; it is none that can be read."
            )
        }
        [] => format!(
            "Revoke the role on {product} that was given to them directly; no group that can be read grants it."
        ),
        [one] => format!("Take them out of the group {}{also}.", described(one, product)),
        many => {
            let each: Vec<String> = many.iter().map(|group| described(group, product)).collect();
            format!(
                "Take them out of all {} groups that grant it: {}{also}.",
                many.len(),
                each.join("; ")
            )
        }
    };
    let mut unless = Vec::new();
    if !groups.is_empty() && beside.is_direct.is_none() {
        unless.push("a role was also given to them directly");
    }
    if beside.is_group_unread && (!groups.is_empty() || beside.is_direct != Some(false)) {
        unless.push("another group of theirs, whose roles could not be read, grants it too");
    }
    if unless.is_empty() {
        return change;
    }
    format!("{change} That frees the seat unless {}.", unless.join(", or "))
}

fn described(group: &GrantingGroup, product: &str) -> String {
    let mut facts = Vec::new();
    if group.is_synced == Some(true) {
        facts.push("in the identity provider, which keeps its members".to_owned());
    }
    if group.is_default {
        facts.push(format!(
            "a default group of {product}: whoever is given {product} again comes back into it"
        ));
    }
    if !group.other_products.is_empty() {
        facts.push(format!("which also takes {} from them", group.other_products.join(", ")));
    }
    if facts.is_empty() {
        format!("\"{}\"", group.name)
    } else {
        format!("\"{}\" ({})", group.name, facts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(name: &str) -> GrantingGroup {
        GrantingGroup {
            id: name.into(),
            name: name.into(),
            is_default: false,
            is_synced: Some(false),
            other_products: Vec::new(),
        }
    }

    const NOTHING: Beside = Beside { is_direct: Some(false), is_group_unread: false };

    #[test]
    fn the_remedy_names_each_group_and_what_else_goes_with_it() {
        assert_eq!(
            freed_by("Jira", &[group("jira-users")], NOTHING),
            "Take them out of the group \"jira-users\"."
        );
        let synced = GrantingGroup {
            is_synced: Some(true),
            other_products: vec!["Confluence".into()],
            ..group("all-employees")
        };
        let default = GrantingGroup { is_default: true, ..group("jira-users") };
        let text = freed_by("Jira", &[synced, default], NOTHING);
        for part in ["all 2 groups", "identity provider", "takes Confluence", "a default group"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!(
            freed_by("Jira", &[], Beside { is_direct: None, ..NOTHING }),
            "Revoke the role on Jira that was given to them directly; no group that can be read grants it."
        );
    }

    #[test]
    fn the_remedy_names_the_role_beside_the_group_or_says_that_nobody_asked() {
        let groups = [group("jira-users")];
        let told = |is_direct, is_group_unread| {
            freed_by("Jira", &groups, Beside { is_direct, is_group_unread })
        };
        let group = "Take them out of the group \"jira-users\"";
        assert_eq!(
            told(Some(true), false),
            format!("{group}, and revoke the role on Jira that was also given to them directly.")
        );
        let unasked = "That frees the seat unless a role was also given to them directly";
        let unread = "another group of theirs, whose roles could not be read, grants it too";
        assert_eq!(told(None, false), format!("{group}. {unasked}."));
        assert_eq!(told(None, true), format!("{group}. {unasked}, or {unread}."));
        assert_eq!(
            told(Some(false), true),
            format!("{group}. That frees the seat unless {unread}.")
        );
        let unknown = Beside { is_direct: Some(false), is_group_unread: true };
        assert_eq!(
            freed_by("Jira", &[], unknown),
            "Take them out of the group that grants Jira; it is none that can be read."
        );
    }

    #[test]
    fn the_reason_is_a_sentence_with_days() {
        let now: Timestamp = "2026-11-22T09:00:00Z".parse().unwrap();
        let mut holder = SeatHolder {
            last_active: LastActivity::At("2026-03-02T07:55:41Z".parse().unwrap()),
            added_at: Some("2021-04-12T08:30:11Z".parse().unwrap()),
            is_robot: false,
            is_protected: false,
        };
        assert_eq!(
            sentence(&holder, "Confluence", now),
            "Has not used Confluence since 2026-03-02, 265 days ago."
        );
        assert_eq!(reason(&holder), ReclaimReason::Inactive);
        holder.last_active = LastActivity::Never;
        assert_eq!(
            sentence(&holder, "Jira", now),
            "Has never used Jira, and has been in the organization since 2021-04-12, for 2050 days."
        );
        assert_eq!(reason(&holder), ReclaimReason::NeverUsed);
        assert_eq!(idle_since(&holder), holder.added_at.unwrap());
        holder.added_at = None;
        assert_eq!(idle_since(&holder), Timestamp::MAX, "behind everybody of whom it is told");
    }
}
