use jiff::{Timestamp, tz::TimeZone};

use super::SeatHolder;
use crate::domain::{GrantingGroup, LastActivity, ReclaimReason};

/// Since when a seat has lain idle: since its last use, else since its holder came into the organization.
#[must_use]
pub fn idle_since(holder: &SeatHolder) -> Timestamp {
    match holder.last_active {
        LastActivity::At(at) => at,
        LastActivity::Never | LastActivity::Unknown => holder.added_at.unwrap_or(Timestamp::MIN),
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

/// The smallest change that frees the seat. Where no group grants it, the role is the person's own.
#[must_use]
pub fn freed_by(product: &str, groups: &[GrantingGroup]) -> String {
    match groups {
        [] => format!(
            "Revoke the role on {product} that was given to them directly; no group that can be read grants it."
        ),
        [one] => format!("Take them out of the group {}.", described(one, product)),
        many => {
            let each: Vec<String> = many.iter().map(|group| described(group, product)).collect();
            format!(
                "Take them out of all {} groups that grant it: {}.",
                many.len(),
                each.join("; ")
            )
        }
    }
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

    #[test]
    fn the_remedy_names_each_group_and_what_else_goes_with_it() {
        assert_eq!(
            freed_by("Jira", &[group("jira-users")]),
            "Take them out of the group \"jira-users\"."
        );
        let synced = GrantingGroup {
            is_synced: Some(true),
            other_products: vec!["Confluence".into()],
            ..group("all-employees")
        };
        let default = GrantingGroup { is_default: true, ..group("jira-users") };
        let text = freed_by("Jira", &[synced, default]);
        for part in ["all 2 groups", "identity provider", "takes Confluence", "a default group"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(freed_by("Jira", &[]).starts_with("Revoke the role on Jira"));
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
    }
}
