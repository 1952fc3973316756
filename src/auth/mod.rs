//! A bearer JWT becomes a Caller with permissions and integrations.
