//! Renames that somebody has said: what is called otherwise stays, with all that is in it.

mod apply;
mod derive;
mod text;

pub(crate) use apply::apply;

use std::collections::BTreeSet;

use physical::{Database, Ident, Name, TriggerAction};
use plan::{Change, Plan, Relational, Rename, Step};

use crate::Refused;
use crate::keep::Keeper;
use crate::mentions::each_path;

/// What leads from one schema to another, when some of the names in the second are known to be new ones of what is in the first.
///
/// A rename counts only where the first schema has the old name alone and the second the new one alone: one that was done long ago may
/// stay where it is said.
///
/// # Errors
/// As [`crate::plan`].
pub fn plan_renaming(
    from: &Database,
    to: &Database,
    dialect: &Relational,
    renames: &[Rename],
) -> Result<Plan, Refused> {
    renaming((from, to), dialect, renames, None)
}

/// Such a plan that loses as little as it can: tables that go, and values of columns that go or become of a type that says less, are
/// set aside in the database, in a place whose name ends with a label, and the way back puts them where they were.
///
/// What cannot be set aside (values of a table whose rows no key tells apart, partitions that are no tables by themselves, virtual
/// tables) is lost, and its step says so.
///
/// # Errors
/// As [`crate::plan`].
pub fn plan_keeping(
    from: &Database,
    to: &Database,
    dialect: &Relational,
    renames: &[Rename],
    label: &str,
) -> Result<Plan, Refused> {
    let mut keeper = Keeper::new(label, dialect);
    let mut plan = renaming((from, to), dialect, renames, Some(&mut keeper))?;
    plan.steps.splice(0..0, keeper.places());
    Ok(plan)
}

fn renaming(
    (from, to): (&Database, &Database),
    dialect: &Relational,
    renames: &[Rename],
    mut keeper: Option<&mut Keeper<'_>>,
) -> Result<Plan, Refused> {
    let given = effective(from, to, renames);
    if given.is_empty() {
        return crate::plan_with(from, to, dialect, keeper);
    }
    // What would follow in its own way goes first, and comes again as the goal has it.
    let cleared = cleared(from, &given);
    let mut steps: Vec<Step> = crate::plan_with(from, &cleared, dialect, keeper.as_deref_mut())?.steps;
    let mut moved = cleared;
    for rename in &given {
        apply::apply(&mut moved, rename, dialect);
    }
    let mut tables: Vec<Name> = given.iter().filter_map(table_of).cloned().collect();
    tables.sort();
    tables.dedup();
    // What has no words for it, because the names are made up by whoever reads them, is called otherwise all the same.
    let derived = derive::derive(&mut moved, to, &tables, dialect, &given);
    for rename in given.iter().chain(&derived) {
        steps.extend((dialect.steps)(&Change::Rename(rename)));
    }
    steps.extend(crate::plan_with(&moved, to, dialect, keeper)?.steps);
    Ok(Plan {
        dialect: dialect.name,
        undo_prelude: dialect.undo_prelude,
        from: crate::hash(from, dialect),
        to: crate::hash(to, dialect),
        steps,
    })
}

fn table_of(rename: &Rename) -> Option<&Name> {
    match rename {
        Rename::Table { to, .. } => Some(to),
        Rename::Column { table, .. } | Rename::Constraint { table, .. } | Rename::Index { table, .. } => {
            Some(table)
        }
        Rename::Sequence { .. } => None,
    }
}

/// Those that are still to be done: tables first, then columns.
fn effective(from: &Database, to: &Database, renames: &[Rename]) -> Vec<Rename> {
    let mut out: Vec<Rename> = Vec::new();
    for rename in renames {
        if let Rename::Table { from: old, to: new } = rename {
            let open = from.table(old).is_some()
                && to.table(old).is_none()
                && from.table(new).is_none()
                && to.table(new).is_some();
            let taken = out
                .iter()
                .any(|each| matches!(each, Rename::Table { from, to } if from == old || to == new));
            if open && !taken {
                out.push(rename.clone());
            }
        }
    }
    let mut columns = Vec::new();
    for rename in renames {
        if let Rename::Column {
            table,
            from: old,
            to: new,
        } = rename
        {
            let before = out.iter().find_map(|each| match each {
                Rename::Table { from, to } if to == table => Some(from),
                _ => None,
            });
            let has = |database: &Database, name: &Name, column: &Ident| {
                database
                    .table(name)
                    .is_some_and(|table| table.column(column.as_str()).is_some())
            };
            let was = before.unwrap_or(table);
            let open =
                has(from, was, old) && !has(to, table, old) && !has(from, was, new) && has(to, table, new);
            let taken = columns.iter().any(|each| {
                matches!(each, Rename::Column { table: other, from, to } if other == table && (from == old || to == new))
            });
            if open && !taken {
                columns.push(rename.clone());
            }
        }
    }
    out.extend(columns);
    out
}

/// What is renamed, by the names that it has: a table, or a column of a table.
type Old<'r> = (&'r str, Option<&'r str>);

fn old_names<'r>(renames: &'r [Rename]) -> Vec<Old<'r>> {
    let before = |table: &'r Name| {
        let renamed = renames.iter().find_map(|rename| match rename {
            Rename::Table { from, to } if to == table => Some(from.name.as_str()),
            _ => None,
        });
        renamed.unwrap_or(table.name.as_str())
    };
    let names = renames.iter().filter_map(|rename| match rename {
        Rename::Table { from, .. } => Some((from.name.as_str(), None)),
        Rename::Column { table, from, .. } => Some((before(table), Some(from.as_str()))),
        _ => None,
    });
    names.collect()
}

/// Whether a text speaks of any of these; `own` is the table whose columns it may name without saying so.
fn speaks(text: &str, names: &[Old<'_>], own: Option<&str>) -> bool {
    let mut words: BTreeSet<String> = BTreeSet::new();
    each_path(text, &mut |schema, name| {
        words.extend(schema.map(str::to_owned));
        words.insert(name.to_owned());
    });
    names.iter().any(|(table, column)| {
        let of_table = own == Some(*table) || words.contains(*table);
        of_table && column.is_none_or(|column| words.contains(column))
    })
}

/// A schema without the views, and the triggers with statements of their own, that speak of what is renamed.
fn cleared(from: &Database, renames: &[Rename]) -> Database {
    let names = old_names(renames);
    let upset = apply::upset_views(from, &|text| speaks(text, &names, None));
    let mut out = from.clone();
    out.views.retain(|view| !upset.contains(&view.name));
    out.opaque.retain(|each| {
        !upset.contains(&each.name) && !each.depends_on.iter().any(|name| upset.contains(name))
    });
    for table in &mut out.tables {
        let own = table.name.name.clone();
        table.triggers.retain(|trigger| match &trigger.action {
            TriggerAction::Body(body) => !speaks(body, &names, Some(own.as_str())),
            TriggerAction::Call { .. } => true,
        });
    }
    out
}
