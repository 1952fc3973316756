//! Typed calls to Atlassian: a file per API family, one transport, one error.
