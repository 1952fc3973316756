//! Limits that the documents set to arguments of lists, and what breaking them is answered with.

use serde::{Deserialize, Serialize};

use super::{
    call::{Call, Reply},
    error,
    role::Role,
};

/// The order of a list.
#[derive(Clone, Debug, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SortBy {
    pub(super) field: String,
    #[serde(default = "ascending")]
    pub(super) direction: String,
}

fn ascending() -> String {
    "asc".to_owned()
}

/// Reads `limit` of a query.
pub(super) fn limit_of_query(call: &Call<'_>) -> Result<Option<i64>, Reply> {
    call.query("limit")
        .map(|text| text.parse().map_err(|_| error::invalid(&"limit is a number.")))
        .transpose()
}

/// A page size within bounds.
pub(super) fn page_size(limit: Option<i64>, default: usize, most: usize) -> Result<usize, Reply> {
    let Some(limit) = limit else {
        return Ok(default);
    };
    usize::try_from(limit)
        .ok()
        .filter(|limit| (1..=most).contains(limit))
        .ok_or_else(|| error::invalid(&format!("limit is from 1 to {most}.")))
}

/// Refuses an empty list, or one that is too long.
pub(super) fn at_most(name: &str, list: Option<&Vec<String>>, most: usize) -> Result<(), Reply> {
    match list {
        Some(list) if list.is_empty() || list.len() > most => {
            Err(error::invalid(&format!("{name} takes 1 to {most} values.")))
        }
        _ => Ok(()),
    }
}

/// Refuses a value that the document does not list.
pub(super) fn one_of(name: &str, list: Option<&Vec<String>>, known: &[&str]) -> Result<(), Reply> {
    let strange = list.into_iter().flatten().find(|value| !known.contains(&value.as_str()));
    match strange {
        Some(value) => Err(error::invalid(&format!("{name} does not take {value}."))),
        None => Ok(()),
    }
}

/// Refuses a value that is named twice.
pub(super) fn unique(name: &str, list: Option<&Vec<String>>) -> Result<(), Reply> {
    let list = list.map_or(&[][..], Vec::as_slice);
    let is_repeated = (1..list.len()).any(|place| list[..place].contains(&list[place]));
    if is_repeated {
        return Err(error::invalid(&format!("{name} names a value twice.")));
    }
    Ok(())
}

/// Refuses a role that filters do not know.
pub(super) fn known_roles(list: Option<&Vec<String>>) -> Result<(), Reply> {
    let strange =
        list.into_iter().flatten().find(|id| Role::of(id).is_none_or(|role| role == Role::Viewer));
    match strange {
        Some(id) => Err(error::invalid(&format!("roleIds does not take {id}."))),
        None => Ok(()),
    }
}

/// Refuses any order but by this field.
pub(super) fn sorted_by(order: Option<&Vec<SortBy>>, field: &str) -> Result<(), Reply> {
    let Some(order) = order else { return Ok(()) };
    match order.as_slice() {
        [order] if order.field == field && ["asc", "desc"].contains(&order.direction.as_str()) => {
            Ok(())
        }
        _ => Err(error::invalid(&format!("sortBy takes one order, by {field}."))),
    }
}
