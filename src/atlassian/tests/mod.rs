//! The client against a scripted server on loopback: what it sends, and what it makes of every answer.

mod calls;
mod changes;
mod conflicts;
mod organization;
mod people;
mod refusals;
mod upstream;
