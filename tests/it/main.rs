//! One program for all tests that see the gateway from outside: the real routes from `app::build` in front of the
//! simulator, on loopback. A file is a topic; `support` starts things and asks.

mod support;

mod activity;
mod audit;
mod budget;
mod cache;
mod callers;
mod crashes;
mod deletions;
mod edge;
mod faults;
mod feeds;
mod groups;
mod hostile;
mod house;
mod integrations;
mod licenses;
mod queries;
mod report;
mod roles;
mod scan;
mod schema;
mod secrets;
mod streams;
mod usage;
mod users;
mod writes;
