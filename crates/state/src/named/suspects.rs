//! What may be a rename that nobody has said.

use physical::{Column, Database, Name, Table};
use plan::{Note, Rename};

use super::State;
use crate::codes;

/// Pairs of what goes and what comes that look alike, when the renames at hand are done.
pub(super) fn find(from: &Database, to: &Database, known: &[Rename]) -> Vec<Rename> {
    let mut out = Vec::new();
    let was = |name: &Name| {
        let before = known.iter().find_map(|rename| match rename {
            Rename::Table { from, to } if to == name => Some(from),
            _ => None,
        });
        from.table(name).or_else(|| from.table(before?))
    };
    let mut free: Vec<&Table> = from
        .tables
        .iter()
        .filter(|table| {
            to.table(&table.name).is_none()
                && !to
                    .tables
                    .iter()
                    .any(|new| was(&new.name).is_some_and(|old| old.name == table.name))
        })
        .collect();
    for table in &to.tables {
        match was(&table.name) {
            Some(old) => columns(old, table, known, &mut out),
            None => {
                let alike = |old: &&Table| old.name.schema == table.name.schema && alike(old, table);
                if let Some(at) = free.iter().position(alike) {
                    out.push(Rename::Table {
                        from: free.remove(at).name.clone(),
                        to: table.name.clone(),
                    });
                }
            }
        }
    }
    out
}

/// Whether two tables have columns of the same types in the same order, at least half of which are called the same.
fn alike(old: &Table, new: &Table) -> bool {
    let types = |table: &Table| {
        table
            .columns
            .iter()
            .map(|column| column.ty.clone())
            .collect::<Vec<_>>()
    };
    let pairs = old.columns.iter().zip(&new.columns);
    let same = pairs.filter(|(one, other)| one.name == other.name).count();
    same > 0 && same * 2 >= old.columns.len() && types(old) == types(new)
}

fn columns(old: &Table, new: &Table, known: &[Rename], out: &mut Vec<Rename>) {
    let said = |column: &Column| {
        known.iter().any(|rename| matches!(rename, Rename::Column { table, from, to } if *table == new.name && (*from == column.name || *to == column.name)))
    };
    let only = |one: &Table, other: &Table| -> Vec<Column> {
        let gone = one
            .columns
            .iter()
            .filter(|column| other.column(column.name.as_str()).is_none() && !said(column));
        gone.cloned().collect()
    };
    let mut gone = only(old, new);
    for column in only(new, old) {
        if let Some(at) = gone.iter().position(|old| old.ty == column.ty) {
            out.push(Rename::Column {
                table: new.name.clone(),
                from: gone.remove(at).name,
                to: column.name,
            });
        }
    }
}

/// What is said about one where nobody can be asked.
pub(super) fn note(rename: &Rename, to: &State) -> Option<Note> {
    let by = to.says_renames_by?;
    let (old, new) = shown(rename)?;
    Some(Note {
        code: codes::MAYBE_RENAMED.code,
        message: format!(
            "`{old}` goes and `{new}` comes, which looks like a rename: as planned here the data is lost"
        ),
        help: vec![format!("if it is one, say {by}")],
    })
}

/// What is called otherwise, before and after.
#[must_use]
pub fn shown(rename: &Rename) -> Option<(String, String)> {
    match rename {
        Rename::Table { from, to } => Some((from.to_string(), to.to_string())),
        Rename::Column { table, from, to } => Some((format!("{table}.{from}"), format!("{table}.{to}"))),
        _ => None,
    }
}
