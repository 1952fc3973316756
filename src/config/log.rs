use serde::{Deserialize, Serialize};

use super::section::section;

/// What a line of the log looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

section! {
    /// What is written to standard error.
    LogSection {
        /// `json` (an object a line) or `text`.
        format: LogFormat = LogFormat::Json;
        /// The least level, `error`, `warn`, `info`, `debug` or `trace`; or directives, such as `info,headcount::atlassian=debug`.
        level: String = "info".to_owned();
    }
}
