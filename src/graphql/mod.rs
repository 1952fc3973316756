//! The schema: a file per type; query, mutation, guard, error, loaders.
