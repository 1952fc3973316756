use std::path::PathBuf;

use secrecy::SecretString;

use super::{problem::Problems, section::section};

section! {
    /// The database file, and the key that encrypts the secrets in it.
    StoreSection {
        /// The SQLite file; made at the first start. Its folder must exist and be writable.
        path: PathBuf = PathBuf::from("headcount.db");
        /// The master key: 32 bytes as base64 or hex. Better in `master_key_file` or in the environment than here.
        #[serde(skip_serializing)]
        master_key: Option<SecretString> = None, such as "\"...\"";
        /// A file that holds the master key.
        master_key_file: Option<PathBuf> = None, such as "\"/run/secrets/headcount-master-key\"";
        /// Files of master keys used before; what they encrypted is encrypted anew under the present one at start.
        previous_master_key_files: Vec<PathBuf> = Vec::new();
        /// The keys of `previous_master_key_files`, once read.
        #[serde(skip)]
        previous_master_keys: Vec<SecretString> = Vec::new();
    }
}

impl StoreSection {
    pub(super) fn refuse_nonsense(&self, problems: &mut Problems) {
        if self.path.as_os_str().is_empty() {
            problems.add(
                "store.path",
                "is empty",
                "name the database file, or leave it out for `headcount.db`",
            );
        }
        if self.master_key.is_none() {
            problems.add(
                "store.master_key",
                "is missing",
                "give 32 random bytes (`openssl rand -base64 32`) in store.master_key_file or HEADCOUNT__STORE__MASTER_KEY, and keep a copy: without it the stored credentials are lost",
            );
        }
    }
}
