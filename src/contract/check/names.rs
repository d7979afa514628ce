//! Names that a contract may give.

use super::fault;
use crate::contract::quote::{quote, unsafe_to_show};
use crate::error::Result;
use crate::limits::MAX_NAME_BYTES;
use std::collections::BTreeMap;

/// Names that every JavaScript object answers to already: as a field they would be found where
/// the record has none, or change the object that holds them.
const JS_OWN: &[&str] = &[
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "prototype",
    "toLocaleString",
    "toString",
    "valueOf",
];

/// Refuses names that are empty, long, invisible in part, or JavaScript's own.
#[inline(never)]
pub(super) fn check_name(name: &str, path: &str) -> Result<()> {
    if name.is_empty() {
        return Err(fault(path, "the name is empty"));
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(fault(path, format!("the name is longer than {MAX_NAME_BYTES} bytes")));
    }
    if name.chars().any(unsafe_to_show) {
        let shown = quote(name);
        return Err(fault(
            path,
            format!("{shown} has a control character, a backtick or an invisible one"),
        ));
    }
    if JS_OWN.contains(&name) {
        return Err(fault(path, format!("`{name}` is a name of JavaScript objects themselves")));
    }
    Ok(())
}

/// Refuses a name that stands twice; answers with the index of each.
pub(super) fn index<'a>(
    names: impl Iterator<Item = &'a str>,
    list: &str,
) -> Result<BTreeMap<&'a str, usize>> {
    let mut seen = BTreeMap::new();
    for (i, name) in names.enumerate() {
        check_name(name, &format!("{list}[{i}].name"))?;
        if let Some(first) = seen.insert(name, i) {
            return Err(fault(
                format!("{list}[{i}].name"),
                format!("{} is the name of `{list}[{first}]` already", quote(name)),
            ));
        }
    }
    Ok(seen)
}
