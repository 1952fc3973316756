//! Routes, limits, request id, bearer token, health.
