//! Puts the rooms together; the tests call the same function.
