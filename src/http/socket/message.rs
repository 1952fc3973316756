use axum::extract::ws::{CloseFrame, Message};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Longest id of an operation; the client chose it, and it goes into every answer.
const LONGEST_ID: usize = 128;

/// What a client may say.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum FromClient {
    ConnectionInit {
        #[serde(default)]
        payload: Option<Map<String, Value>>,
    },
    Ping,
    Pong,
    Subscribe {
        id: String,
        payload: Value,
    },
    Complete {
        id: String,
    },
}

impl FromClient {
    /// `None` where it is not a message of the protocol.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let message: Self = serde_json::from_str(text).ok()?;
        match &message {
            Self::Subscribe { id, .. } | Self::Complete { id }
                if id.is_empty() || id.len() > LONGEST_ID =>
            {
                None
            }
            _ => Some(message),
        }
    }
}

/// What the gateway says.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ToClient<'a, T> {
    ConnectionAck,
    Pong,
    Next { id: &'a str, payload: T },
    Error { id: &'a str, payload: T },
    Complete { id: &'a str },
}

/// One without a payload.
pub(super) type Bare<'a> = ToClient<'a, ()>;

impl<T: Serialize> ToClient<'_, T> {
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).expect("answers are plain JSON values")
    }
}

/// Why a socket is closed: the protocol's codes, and two of WebSocket's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closing {
    GoingAway,
    TooBig,
    Malformed,
    Unauthorized,
    Expired,
    Forbidden,
    NotAcceptable,
    InitTimeout,
    Duplicate,
    TooManyInits,
}

impl Closing {
    pub(super) fn code(self) -> u16 {
        match self {
            Self::GoingAway => 1001,
            Self::TooBig => 1009,
            Self::Malformed => 4400,
            Self::Unauthorized | Self::Expired => 4401,
            Self::Forbidden => 4403,
            Self::NotAcceptable => 4406,
            Self::InitTimeout => 4408,
            Self::Duplicate => 4409,
            Self::TooManyInits => 4429,
        }
    }

    fn reason(self) -> &'static str {
        match self {
            Self::GoingAway => "The gateway stops",
            Self::TooBig => "Message too big",
            Self::Malformed => "Not a message of graphql-transport-ws",
            Self::Unauthorized => "Unauthorized",
            Self::Expired => "The token has expired",
            Self::Forbidden => "Forbidden",
            Self::NotAcceptable => "Subprotocol not acceptable",
            Self::InitTimeout => "Connection initialisation timeout",
            Self::Duplicate => "Subscriber already exists",
            Self::TooManyInits => "Too many initialisation requests",
        }
    }

    pub(super) fn frame(self) -> Message {
        Message::Close(Some(CloseFrame { code: self.code(), reason: self.reason().into() }))
    }
}
