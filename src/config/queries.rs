use std::path::PathBuf;

use super::{problem::Problems, section::section};

section! {
    /// Saved queries: GraphQL documents that are run by `GET /queries/NAME`, each with the permissions that its file names.
    QueriesSection {
        /// The folder of the files, each `NAME.graphql`; read and checked at start. Without it there are no saved queries.
        folder: Option<PathBuf> = None, such as "\"/etc/headcount/queries\"";
    }
}

impl QueriesSection {
    pub(super) fn refuse_nonsense(&self, problems: &mut Problems) {
        if self.folder.as_ref().is_some_and(|folder| folder.as_os_str().is_empty()) {
            problems.add(
                "queries.folder",
                "is empty",
                "name the folder, or leave it out for no saved queries",
            );
        }
    }
}
