//! What is connected, and where its credentials come from.
