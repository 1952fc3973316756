//! Logs, traces, counters.
