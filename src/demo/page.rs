//! Cursors: opaque text that says where the next page starts and what it is a page of.
//!
//! A cursor names its list (route, directory, filters and limit) by a fingerprint, so that one of
//! another list is refused. Where an endpoint ignores everything beside the cursor, the cursor
//! carries what was asked for first.

use std::hash::{DefaultHasher, Hash, Hasher};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// A list and the arguments that it was asked for with.
pub(super) fn fingerprint(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    "list".hash(&mut hasher);
    of.hash(&mut hasher);
    hasher.finish()
}

/// Kept out of the first bytes, so that neighbouring pages do not look alike.
const VEIL: u64 = 0x9e37_79b9_7f4a_7c15;

/// A cursor to this position of this list.
pub(super) fn cursor(list: u64, position: usize) -> String {
    carrying(list, position, "")
}

/// A cursor to this position of this list, with the arguments to go on with.
pub(super) fn carrying(list: u64, position: usize, arguments: &str) -> String {
    let place = (position as u64).wrapping_add(list) ^ VEIL;
    let mut bytes = Vec::with_capacity(16 + arguments.len());
    bytes.extend(place.to_be_bytes());
    bytes.extend((list ^ place).to_be_bytes());
    bytes.extend(arguments.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What a cursor says, whatever list it belongs to: the list, the position, the arguments.
pub(super) fn opened(cursor: &str) -> Option<(u64, usize, String)> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let place = u64::from_be_bytes(bytes.get(..8)?.try_into().ok()?);
    let list = u64::from_be_bytes(bytes.get(8..16)?.try_into().ok()?) ^ place;
    let position = usize::try_from((place ^ VEIL).wrapping_sub(list)).ok()?;
    let arguments = String::from_utf8(bytes[16..].to_vec()).ok()?;
    Some((list, position, arguments))
}

/// The position that a cursor of this list names; `None` for any other text.
pub(super) fn position(cursor: &str, list: u64) -> Option<usize> {
    let (named, position, arguments) = opened(cursor)?;
    (named == list && arguments.is_empty() && position <= 1 << 40).then_some(position)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_position_and_to_no_other_list() {
        let (users, groups) = (fingerprint(&("users", 50)), fingerprint(&("groups", 50)));
        let cursor = cursor(users, 150);
        assert_eq!(position(&cursor, users), Some(150));
        assert_eq!(position(&cursor, groups), None);
        assert_eq!(position("nonsense", users), None);
        assert_eq!(position(&cursor[1..], users), None);
    }

    #[test]
    fn a_cursor_can_carry_what_was_asked_for() {
        let list = fingerprint(&"workspaces");
        let cursor = carrying(list, 20, r#"{"limit":20}"#);
        assert_eq!(opened(&cursor), Some((list, 20, r#"{"limit":20}"#.to_owned())));
    }
}
