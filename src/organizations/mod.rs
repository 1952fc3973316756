//! One connected organization: cached reads, and changes.
