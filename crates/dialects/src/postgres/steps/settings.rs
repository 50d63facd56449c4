//! Settings that are pinned to a function.

use crate::postgres::ident::{self, split_path};

/// Settings whose value is a list of names.
const LISTS: &[&str] = &[
    "search_path",
    "temp_tablespaces",
    "session_preload_libraries",
    "local_preload_libraries",
];

/// A value in its one spelling, ready to stand behind `SET name =`.
pub(crate) fn spelled(name: &str, value: &str) -> String {
    if !LISTS.contains(&name.to_lowercase().as_str()) {
        return ident::text(unquoted(value));
    }
    let names: Vec<String> = value
        .split(',')
        .map(|part| {
            let part = part.trim();
            if part == "''" || part == "\"\"" {
                return String::new();
            }
            split_path(part.trim_matches('\'')).concat()
        })
        .filter(|name| !name.is_empty())
        .map(|name| ident::ident(&name))
        .collect();
    if names.is_empty() {
        return "''".to_owned();
    }
    names.join(", ")
}

fn unquoted(value: &str) -> &str {
    value
        .strip_prefix('\'')
        .and_then(|value| value.strip_suffix('\''))
        .unwrap_or(value)
}
