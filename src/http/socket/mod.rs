//! `/graphql/ws`: the graphql-transport-ws protocol, for subscriptions, and for queries and mutations on the way.
//!
//! `upgrade` decides who may open a socket, `message` says what goes over it, `session` runs one to its end, `operation` one of
//! its operations. A token comes in `connection_init`, since a browser can set no header here.

mod message;
mod operation;
mod session;
mod upgrade;

pub(super) use upgrade::upgrade;
