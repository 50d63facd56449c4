//! How two schemas differ, object by object.

use std::collections::BTreeMap;

use physical::Database;
use serde_json::Value;

/// A canonical schema, as comparable text.
pub(crate) fn serialised(database: &Database) -> Value {
    serde_json::to_value(database).unwrap_or(Value::Null)
}

/// Differences between the planned and the found schema, one line each: `- table shop.orders: check orders_total_range …`.
pub(crate) fn differences(goal: &Database, found: &Database) -> Vec<String> {
    let (goal, found) = (serialised(goal), serialised(found));
    let mut lines = Vec::new();
    compare("", &goal, &found, &mut lines);
    lines
}

/// The first difference, and how many more.
pub(crate) fn headline(differences: &[String]) -> String {
    match differences {
        [] => "none".to_owned(),
        [only] => only.clone(),
        [first, rest @ ..] => format!("{first}; and {} more", rest.len()),
    }
}

fn compare(path: &str, goal: &Value, found: &Value, lines: &mut Vec<String>) {
    if goal == found {
        return;
    }
    match (goal, found) {
        (Value::Object(a), Value::Object(b)) => {
            for (name, value) in a {
                compare(
                    &join(path, name),
                    value,
                    b.get(name).unwrap_or(&Value::Null),
                    lines,
                );
            }
            for (name, value) in b.iter().filter(|(name, _)| !a.contains_key(*name)) {
                compare(&join(path, name), &Value::Null, value, lines);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.iter().chain(b).all(|item| label(item).is_some()) => {
            by_name(path, a, b, lines);
        }
        (Value::Array(a), Value::Array(b)) => {
            lines.extend(
                a.iter()
                    .filter(|item| !b.contains(item))
                    .map(|item| format!("- {path}: {}", short(item))),
            );
            lines.extend(
                b.iter()
                    .filter(|item| !a.contains(item))
                    .map(|item| format!("+ {path}: {}", short(item))),
            );
            if a.len() == b.len() && a.iter().all(|item| b.contains(item)) {
                lines.push(format!("~ {path}: in another order"));
            }
        }
        _ => lines.push(format!(
            "~ {path}: planned {}, found {}",
            short(goal),
            short(found)
        )),
    }
}

fn by_name(path: &str, goal: &[Value], found: &[Value], lines: &mut Vec<String>) {
    let index = |items: &[Value]| -> BTreeMap<String, Value> {
        items
            .iter()
            .filter_map(|item| Some((label(item)?, item.clone())))
            .collect()
    };
    let (a, b) = (index(goal), index(found));
    for (name, value) in &a {
        match b.get(name) {
            Some(other) => compare(&join(path, name), value, other, lines),
            None => lines.push(format!("- {} is missing", join(path, name))),
        }
    }
    for name in b.keys().filter(|name| !a.contains_key(*name)) {
        lines.push(format!("+ {} was not planned", join(path, name)));
    }
    let order = |items: &[Value]| items.iter().filter_map(label).collect::<Vec<_>>();
    if a.len() == b.len() && a.keys().eq(b.keys()) && order(goal) != order(found) {
        lines.push(format!("~ {path}: in another order"));
    }
}

/// The name of an object, its schema included.
fn label(item: &Value) -> Option<String> {
    match item.get("name")? {
        Value::String(name) => Some(name.clone()),
        Value::Object(name) => {
            let part = |key: &str| name.get(key).and_then(Value::as_str);
            let own = part("name")?;
            Some(part("schema").map_or_else(|| own.to_owned(), |schema| format!("{schema}.{own}")))
        }
        _ => None,
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path} › {name}")
    }
}

fn short(value: &Value) -> String {
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => format!("`{text}`"),
        other => other.to_string(),
    };
    if text.chars().count() <= 300 {
        return text;
    }
    text.chars().take(299).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use physical::{Name, Origin, Table};

    use super::*;

    #[test]
    fn a_missing_table_and_another_comment_are_told_apart() {
        let table = |name: &str, comment: &str| {
            let mut table = Table::new(Name::new("shop", name), Origin::Found);
            table.comment = Some(comment.to_owned());
            table
        };
        let goal = Database {
            tables: vec![table("a", "x"), table("b", "x")],
            ..Database::default()
        };
        let found = Database {
            tables: vec![table("b", "y"), table("c", "x")],
            ..Database::default()
        };
        assert_eq!(
            differences(&goal, &found),
            [
                "- tables › shop.a is missing",
                "~ tables › shop.b › comment: planned `x`, found `y`",
                "+ tables › shop.c was not planned",
            ]
        );
        assert_eq!(differences(&goal, &goal), Vec::<String>::new());
    }
}
