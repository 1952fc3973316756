use std::fmt;

use jiff::{Timestamp, civil, tz::TimeZone};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// One page as nearly every Atlassian list spells it.
#[derive(Debug, Deserialize)]
pub(super) struct WirePage<T> {
    /// Required, so that an answer without it is an error and never an empty list.
    pub(super) data: Vec<T>,
    pub(super) links: Option<WireLinks>,
}

/// One thing.
#[derive(Debug, Deserialize)]
pub(super) struct WireOne<T> {
    pub(super) data: T,
}

/// A number of things.
#[derive(Debug, Deserialize)]
pub(super) struct WireCount {
    pub(super) count: u64,
}

/// Where a list goes on: a cursor, or a whole address.
#[derive(Debug, Deserialize)]
pub(super) struct WireLinks {
    pub(super) next: Option<String>,
}

impl<T> WirePage<T> {
    pub(super) fn next(&self) -> Option<&str> {
        self.links.as_ref()?.next.as_deref()
    }
}

/// A point in time, or something in its place that is none.
///
/// The difference from a missing one matters: no time of last activity means "never used", an unreadable one does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WireTime {
    Known(Timestamp),
    Unreadable,
}

impl WireTime {
    /// The time, where there is a readable one; an unreadable one is counted under `field`.
    pub(super) fn known(field: &'static str, time: Option<Self>) -> Option<Timestamp> {
        match time {
            Some(Self::Known(at)) => Some(at),
            Some(Self::Unreadable) => {
                count_unknown(field);
                None
            }
            None => None,
        }
    }
}

impl<'de> Deserialize<'de> for WireTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WireTimeVisitor)
    }
}

struct WireTimeVisitor;

impl<'de> Visitor<'de> for WireTimeVisitor {
    type Value = WireTime;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a date or a date and time")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<WireTime, E> {
        Ok(timestamp(text).map_or(WireTime::Unreadable, WireTime::Known))
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<WireTime, E> {
        Ok(WireTime::Unreadable)
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<WireTime, E> {
        Ok(WireTime::Unreadable)
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<WireTime, E> {
        Ok(WireTime::Unreadable)
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<WireTime, E> {
        Ok(WireTime::Unreadable)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<WireTime, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(WireTime::Unreadable)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<WireTime, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(WireTime::Unreadable)
    }
}

/// RFC 3339 with any number of fraction digits or no seconds at all; without an offset, and a date alone, it is UTC.
pub(super) fn timestamp(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let local = text
        .parse::<civil::DateTime>()
        .ok()
        .or_else(|| text.parse::<civil::Date>().ok().map(|date| date.at(0, 0, 0, 0)))?;
    local.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// The value that upstream's word stands for; the unknown one for a word that is missing or not known, the latter counted.
pub(super) fn known_word<T: PartialEq>(
    field: &'static str,
    word: Option<&str>,
    from_word: fn(&str) -> T,
) -> T {
    // No upstream word is empty.
    let unknown = from_word("");
    let Some(word) = word else {
        return unknown;
    };
    let value = from_word(word);
    if value == unknown {
        count_unknown(field);
    }
    value
}

fn count_unknown(field: &'static str) {
    metrics::counter!("headcount_upstream_unknown_values_total", "field" => field).increment(1);
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;
    use crate::domain::UserStatus;

    #[test]
    fn times_come_in_every_precision() {
        for (text, expected) in [
            ("2026-03-02T07:55:41Z", "2026-03-02T07:55:41Z"),
            ("2026-03-02T07:55:41.8Z", "2026-03-02T07:55:41.8Z"),
            ("2026-03-02T07:55:41.870006151Z", "2026-03-02T07:55:41.870006151Z"),
            ("2026-03-02T07:55Z", "2026-03-02T07:55:00Z"),
            ("2026-03-02T08:55:41+01:00", "2026-03-02T07:55:41Z"),
            ("2026-03-02T08:55:41.000+0100", "2026-03-02T07:55:41Z"),
            ("2026-03-02T07:55:41", "2026-03-02T07:55:41Z"),
            ("2026-03-02", "2026-03-02T00:00:00Z"),
        ] {
            let time = timestamp(text).unwrap_or_else(|| panic!("{text} is a time"));
            assert_eq!(time.to_string(), expected, "{text}");
        }
        for text in ["", "yesterday", "2026-13-40", "1795132800000"] {
            assert_eq!(timestamp(text), None, "{text}");
        }
    }

    #[test]
    fn anything_else_in_place_of_a_time_is_unreadable() {
        for json in ["5", "-5", "1.5", "true", "[1,[2]]", r#"{"a":{"b":1}}"#, r#""x""#] {
            let time: Option<WireTime> = serde_json::from_str(json).expect("it does not fail");
            assert_eq!(time, Some(WireTime::Unreadable), "{json}");
        }
        let time: Option<WireTime> = serde_json::from_str("null").expect("it does not fail");
        assert_eq!(time, None);
    }

    #[test]
    fn new_words_are_counted_by_field() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            let status = |word| known_word("status", word, UserStatus::from_word);
            assert_eq!(status(Some("active")), UserStatus::Active);
            assert_eq!(status(None), UserStatus::Unknown);
            assert_eq!(status(Some("on_holiday")), UserStatus::Unknown);
            WireTime::known("addedToOrg", Some(WireTime::Unreadable));
        });
        let counted = handle.render();
        let name = "headcount_upstream_unknown_values_total";
        assert!(counted.contains(&format!("{name}{{field=\"status\"}} 1")), "{counted}");
        assert!(counted.contains(&format!("{name}{{field=\"addedToOrg\"}} 1")), "{counted}");
    }
}
