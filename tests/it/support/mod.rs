//! What the tests share: a gateway in front of a simulator, callers, and ways to look at what came back.

mod answer;
mod caller;
mod clock;
mod credentials;
mod events;
mod gateway;
mod lists;
pub(crate) mod logs;
mod people;
mod socket;
mod token;
mod upstream;

pub(crate) use self::{
    answer::{Answer, code, texts},
    caller::{Caller, EVERYTHING, READ},
    clock::{fixed, now},
    credentials::{credentials, toml},
    events::Events,
    gateway::{Setup, TestGateway},
    lists::{Page, walk},
    people::{is_listed, listed},
    socket::{PROTOCOL, Socket},
    token::{bad_tokens, claims_with, signed},
    upstream::{SEARCH, told_by_atlassian},
};
