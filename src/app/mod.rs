//! Puts the rooms together; the tests call the same function.
//!
//! `build.rs` is the list of what exists. A file of `command/` is a command of the program; `demo.rs` is the gateway
//! beside a simulator, with settings like anybody's.

mod build;
mod clock;
pub mod command;
mod demo;
mod limits;
mod output;
mod signals;
mod snapshots;

pub use self::{
    build::{App, Connections, build},
    demo::{Demo, DemoOptions},
};
