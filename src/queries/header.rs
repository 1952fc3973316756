use std::path::Path;

use super::Broken;
use crate::auth::{Permission, PermissionSet};

/// What a file says of itself in the comments before its operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) description: String,
    pub(super) permissions: PermissionSet,
}

impl Header {
    /// Reads the comments at the beginning of a file: a line with the permissions, and for the rest a description.
    ///
    /// # Errors
    /// No permission is named, one is unknown, or they are named twice.
    pub(super) fn of(source: &str, file: &Path) -> Result<Self, Broken> {
        let mut description: Vec<&str> = Vec::new();
        let mut permissions = None;
        for (number, line) in source.lines().enumerate() {
            let line = line.trim_start_matches('\u{feff}').trim();
            if line.is_empty() {
                continue;
            }
            let Some(comment) = line.strip_prefix('#').map(str::trim) else { break };
            match comment.strip_prefix("permissions:") {
                None => description.push(comment),
                Some(_) if permissions.is_some() => {
                    let reason = "the permissions stand here twice";
                    return Err(Broken::new(file, reason).at(number + 1, 1));
                }
                Some(words) => permissions = Some(permissions_of(words, file, number + 1)?),
            }
        }
        let permissions = permissions.ok_or_else(|| {
            let reason = "no permissions: write `# permissions: directory:read` before the query, with all that it needs";
            Broken::new(file, reason).at(1, 1)
        })?;
        description.retain(|line| !line.is_empty());
        Ok(Self { description: description.join(" "), permissions })
    }
}

fn permissions_of(words: &str, file: &Path, line: usize) -> Result<PermissionSet, Broken> {
    let known = |word: &str| {
        Permission::ALL.iter().copied().find(|one| one.word() == word).ok_or_else(|| {
            let all: Vec<&str> = Permission::ALL.iter().map(|one| one.word()).collect();
            let reason = format!("`{word}` is no permission; there are {}", all.join(", "));
            Broken::new(file, reason).at(line, 1)
        })
    };
    let words = words.split(',').map(str::trim).filter(|word| !word.is_empty());
    let permissions = words.map(known).collect::<Result<PermissionSet, Broken>>()?;
    if permissions.is_empty() {
        return Err(Broken::new(file, "names no permission").at(line, 1));
    }
    Ok(permissions)
}
