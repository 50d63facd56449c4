//! What every table of the application holds, row by row.

use std::collections::BTreeMap;

use engine::Connection;
use physical::{Name, Value};

use crate::bench::Loaded;
use crate::data::{Datum, TablePlan, Values};
use crate::gate::Stop;
use crate::subject::Subject;

type Row = BTreeMap<String, String>;

/// Rows of every table of the application, by key. Stamps are left out: they are meant to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State(BTreeMap<String, BTreeMap<String, Row>>);

/// The key of a row that the generator made, as [`State`] writes keys.
pub(super) fn key_text(row: &Values, key: &[String]) -> String {
    let part = |column: &String| {
        let value = row.get(column);
        value
            .and_then(Datum::key_text)
            .unwrap_or_else(|| format!("{value:?}"))
    };
    key.iter().map(part).collect::<Vec<_>>().join(",")
}

impl State {
    /// Reads every table that the generator fills.
    pub(super) fn read(
        subject: &Subject,
        loaded: &Loaded<'_>,
        connection: &mut Connection,
    ) -> Result<Self, Stop> {
        let mut state = BTreeMap::new();
        for name in loaded.maker.tables() {
            let Some(plan) = loaded.maker.plan(name) else {
                continue;
            };
            state.insert(
                name.to_string(),
                read_table(subject, loaded, connection, name, plan)?,
            );
        }
        Ok(Self(state))
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }

    pub(super) fn remove(&mut self, table: &Name, key: &str) {
        if let Some(rows) = self.0.get_mut(&table.to_string()) {
            rows.remove(key);
        }
    }

    pub(super) fn empty(&mut self, table: &Name, key: &str, columns: &[&str]) {
        self.set(table, key, columns, "NULL");
    }

    pub(super) fn set(&mut self, table: &Name, key: &str, columns: &[&str], value: &str) {
        if let Some(row) = self
            .0
            .get_mut(&table.to_string())
            .and_then(|rows| rows.get_mut(key))
        {
            for column in columns {
                row.insert((*column).to_owned(), value.to_owned());
            }
        }
    }

    /// How what was found differs from what should be.
    pub(super) fn differences(&self, found: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        for (table, rows) in &self.0 {
            let others = found.0.get(table).cloned().unwrap_or_default();
            for (key, row) in rows {
                match others.get(key) {
                    None => lines.push(format!("- {table} {key} is gone")),
                    Some(other) => {
                        for (column, value) in row {
                            let is = other.get(column).map(String::as_str).unwrap_or_default();
                            if is != value {
                                lines.push(format!("~ {table} {key}: {column} is {is}, should be {value}"));
                            }
                        }
                    }
                }
            }
            for key in others.keys().filter(|key| !rows.contains_key(*key)) {
                lines.push(format!("+ {table} {key} should be gone"));
            }
        }
        lines
    }
}

fn read_table(
    subject: &Subject,
    loaded: &Loaded<'_>,
    connection: &mut Connection,
    name: &Name,
    plan: &TablePlan<'_>,
) -> Result<BTreeMap<String, Row>, Stop> {
    let speller = loaded.maker.speller();
    let key = plan.primary_key();
    // Written columns, and whether the row lives; stamps, versions and batches follow every change.
    let mut columns: Vec<&str> = plan.columns.iter().map(|column| column.name.as_str()).collect();
    let deleted = plan.table.column("deleted_at").map(|column| column.name.as_str());
    columns.retain(|column| Some(*column) != deleted);
    let text = |column: &&str| match subject.has_roles() {
        true => format!("{}::text", speller.ident(column)),
        false => speller.ident(column),
    };
    let mut items: Vec<String> = columns.iter().map(text).collect();
    items.extend(deleted.map(|column| {
        format!(
            "CASE WHEN {} IS NULL THEN 'alive' ELSE 'dead' END",
            speller.ident(column)
        )
    }));
    let rows = connection.query(
        &format!("SELECT {} FROM {}", items.join(", "), speller.name(name)),
        &[],
    )?;
    let names: Vec<&str> = columns.iter().copied().chain(deleted).collect();
    let mut found = BTreeMap::new();
    for values in rows.rows {
        let row: Row = names
            .iter()
            .map(|it| (*it).to_owned())
            .zip(values.iter().map(show))
            .collect();
        let id: Vec<String> = key
            .iter()
            .filter_map(|column| row.get(*column).cloned())
            .collect();
        found.insert(id.join(","), row);
    }
    Ok(found)
}

fn show(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Text(text) => text.clone(),
        Value::Int(value) => value.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Bytes(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}
