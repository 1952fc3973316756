use std::{
    fmt,
    path::{Path, PathBuf},
};

/// Why saved queries cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder cannot be read.
    #[error("the folder of saved queries, {}, cannot be read: {reason}", .folder.display())]
    Folder {
        /// Which.
        folder: PathBuf,
        /// Why.
        reason: String,
    },
    /// Some of its files do not fit, all of them at once.
    #[error("saved queries do not fit:{}", list(.0))]
    Broken(Vec<Broken>),
}

fn list(broken: &[Broken]) -> String {
    broken.iter().fold(String::new(), |list, one| format!("{list}\n  {one}"))
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The file.
    pub file: PathBuf,
    /// Line and column, from 1; `None` where the whole is meant.
    pub place: Option<(usize, usize)>,
    /// What is wrong, and what helps.
    pub reason: String,
}

impl Broken {
    pub(super) fn new(file: &Path, reason: impl Into<String>) -> Self {
        Self { file: file.to_owned(), place: None, reason: reason.into() }
    }

    pub(super) fn at(self, line: usize, column: usize) -> Self {
        Self { place: Some((line, column)), ..self }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some((line, column)) => {
                write!(f, "{}:{line}:{column}: {}", self.file.display(), self.reason)
            }
            None => write!(f, "{}: {}", self.file.display(), self.reason),
        }
    }
}

/// A parameter that the query does not have, lacks, or cannot have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParameterError(pub String);

/// Why an answer is no table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotATable(pub String);
