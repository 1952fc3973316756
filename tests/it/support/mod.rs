//! What the tests share: a gateway in front of a simulator, callers, and ways to look at what came back.

mod answer;
mod caller;
mod clock;
mod gateway;
mod lists;
mod people;
mod upstream;

pub(crate) use self::{
    answer::{Answer, code},
    caller::{Caller, EVERYTHING, READ},
    clock::{fixed, now},
    gateway::{Setup, TestGateway},
    lists::{Page, walk},
    people::{is_listed, listed},
    upstream::{SEARCH, told_by_atlassian},
};
