//! The audit log: v1 `events`, ten calls a minute, and `events-stream`. Both need a Guard or Enterprise plan.

use reqwest::Url;
use serde::Deserialize;

use super::{
    client::Client,
    error::{Error, ErrorKind, Result},
    limiter::Family,
    paging,
    wire::{WireLinks, WireOne, WireTime},
};
use crate::domain::{ActivityEvent, ActivityFilter, ActivitySubject, Page};

/// Events a page at most, of either call.
pub const MAX_PAGE: u16 = 500;

impl Client {
    /// One page of the audit log, newest first.
    ///
    /// # Errors
    /// As any call; `Forbidden` where the plan has no audit log, or the key not the right to it.
    pub async fn events(
        &self,
        filter: &ActivityFilter,
        limit: u16,
        cursor: Option<&str>,
    ) -> Result<Page<ActivityEvent>> {
        let operation = "events";
        let mut url = self.events_url(operation, filter, limit, cursor)?;
        url.query_pairs_mut()
            .extend_pairs(filter.search.iter().map(|term| ("q", term)))
            .extend_pairs(filter.actor.iter().map(|actor| ("actor", actor)));
        if !filter.actions.is_empty() {
            url.query_pairs_mut().append_pair("action", &filter.actions.join(","));
        }
        self.events_page(operation, Family::Events, url, cursor).await
    }

    /// One page of the audit log in the order of processing, oldest first, for polling: the last page names a next one
    /// too, which stays good.
    ///
    /// # Errors
    /// As [`Self::events`]; `BadRequest` for a filter by anything but time, which the stream has not.
    pub async fn events_stream(
        &self,
        filter: &ActivityFilter,
        limit: u16,
        cursor: Option<&str>,
    ) -> Result<Page<ActivityEvent>> {
        let operation = "events-stream";
        if filter.search.is_some() || filter.actor.is_some() || !filter.actions.is_empty() {
            return Err(Error::new(ErrorKind::BadRequest, operation));
        }
        let url = self.events_url(operation, filter, limit, cursor)?;
        self.events_page(operation, Family::EventsStream, url, cursor).await
    }

    /// One event by its id; `None` where Atlassian keeps it no longer.
    ///
    /// # Errors
    /// As [`Self::events`].
    pub async fn event(&self, id: &str) -> Result<Option<ActivityEvent>> {
        let operation = "event";
        let found = async {
            let url = self.organization_url(operation, "v1", &["events", id])?;
            self.read::<WireOne<WireEvent>>(operation, Family::Events, url).await
        };
        match found.await {
            Ok(event) => Ok(event.data.into_domain()),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn events_url(
        &self,
        operation: &'static str,
        filter: &ActivityFilter,
        limit: u16,
        cursor: Option<&str>,
    ) -> Result<Url> {
        let mut url = self.organization_url(operation, "v1", &[operation])?;
        let milliseconds = |at: jiff::Timestamp| at.as_millisecond().to_string();
        url.query_pairs_mut()
            .append_pair("limit", &limit.to_string())
            .extend_pairs(filter.from.map(|from| ("from", milliseconds(from))))
            .extend_pairs(filter.to.map(|to| ("to", milliseconds(to))))
            .extend_pairs(cursor.map(|cursor| ("cursor", cursor)));
        Ok(url)
    }

    async fn events_page(
        &self,
        operation: &'static str,
        family: Family,
        url: Url,
        cursor: Option<&str>,
    ) -> Result<Page<ActivityEvent>> {
        let page: WireEvents = self.read(operation, family, url.clone()).await?;
        let address = page.links.as_ref().and_then(|links| links.next.as_deref());
        let next = match page.meta.and_then(|meta| meta.next).filter(|next| !next.is_empty()) {
            Some(next) => Some(next),
            None => paging::cursor(operation, &url, address)?,
        };
        let events = page.data.into_iter().filter_map(WireEvent::into_domain).collect();
        if family == Family::EventsStream {
            // A poll that finds nothing new is given the cursor that it came with.
            return Ok(Page { items: events, next });
        }
        paging::page(operation, events, next, cursor)
    }
}

#[derive(Debug, Deserialize)]
struct WireEvents {
    data: Vec<WireEvent>,
    links: Option<WireLinks>,
    meta: Option<WireLinks>,
}

#[derive(Debug, Deserialize)]
struct WireEvent {
    id: String,
    attributes: WireEventAttributes,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireEventAttributes {
    time: Option<WireTime>,
    processed_at: Option<WireTime>,
    action: Option<String>,
    actor: Option<WireActor>,
    context: Option<Vec<WireSubject>>,
    container: Option<Vec<WireSubject>>,
    location: Option<WireLocation>,
}

#[derive(Debug, Deserialize)]
struct WireActor {
    id: Option<String>,
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct WireSubject {
    id: Option<String>,
    r#type: Option<String>,
    attributes: Option<WireSubjectName>,
}

#[derive(Debug, Deserialize)]
struct WireSubjectName {
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireLocation {
    ip: Option<String>,
    city: Option<String>,
    country_name: Option<String>,
}

impl WireEvent {
    /// `None` for an event without a readable time, which could be shown nowhere.
    fn into_domain(self) -> Option<ActivityEvent> {
        let event = self.attributes;
        let occurred_at = WireTime::known("time", event.time)
            .or_else(|| WireTime::known("processedAt", event.processed_at))?;
        let (actor_id, actor_name) =
            event.actor.map_or((None, None), |actor| (actor.id, actor.name));
        let subjects = event.context.into_iter().chain(event.container).flatten();
        let location = event.location.as_ref().map(|location| {
            let parts = [location.city.as_deref(), location.country_name.as_deref()];
            parts
                .into_iter()
                .flatten()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(", ")
        });
        Some(ActivityEvent {
            id: self.id,
            occurred_at,
            action: event.action.unwrap_or_else(|| "unknown".to_owned()),
            actor_id: actor_id.map(Into::into),
            actor_name,
            subjects: subjects.map(WireSubject::into_domain).collect(),
            location: location.filter(|location| !location.is_empty()),
            ip_address: event.location.and_then(|location| location.ip),
        })
    }
}

impl WireSubject {
    fn into_domain(self) -> ActivitySubject {
        ActivitySubject {
            kind: self.r#type.unwrap_or_else(|| "unknown".to_owned()),
            id: self.id,
            name: self.attributes.and_then(|attributes| attributes.name),
        }
    }
}
