//! Tables that stay and become others.

use physical::{Check, Grant, Grantee, Ident, Partition, RowSecurity, Table};
use plan::{Edit, Hazard, Lock, Section, Step, TableChange, Undo};

use super::access::grant_statements;
use super::table::{check_line, fillfactor, partition_statement};
use super::{column, fill, key, locking, said, shown, step};
use crate::postgres::ident;

/// One step for each edit, or several where one statement would lock for long.
pub(super) fn table(change: &TableChange<'_>) -> Vec<Step> {
    let table = change.to;
    let name = ident::name(&table.name);
    change
        .edits
        .iter()
        .flat_map(|edit| match edit {
            Edit::DropCheck(check) => vec![drop_check(table, &name, check)],
            Edit::DropUnique(unique) => vec![key::drop_key(change, &unique.name, true)],
            Edit::DropPrimaryKey(key) => vec![key::drop_key(change, &key.name, true)],
            Edit::LoseUnique(unique) => vec![key::drop_key(change, &unique.name, false)],
            Edit::LosePrimaryKey(key) => vec![key::drop_key(change, &key.name, false)],
            Edit::AddPart(part) => key::add_key(change, part.name())
                .into_iter()
                .map(goes_with_whole)
                .collect(),
            Edit::DropPartition(partition) => vec![drop_partition(change.from, &name, partition)],
            Edit::DropColumn(column) => vec![column::drop_column(change, &name, column)],
            Edit::AddColumn(column) => fill::filled(change, &name, column)
                .unwrap_or_else(|| vec![column::add_column(change, &name, column)]),
            Edit::ChangeColumn(before, after) => column::change_column(change, before, after),
            Edit::AddPrimaryKey(key) => key::add_key(change, &key.name),
            Edit::AddUnique(unique) => key::add_key(change, &unique.name),
            Edit::AddCheck(check) => add_check(table, &name, check),
            Edit::AddPartition(partition) => vec![add_partition(table, &name, partition)],
            Edit::Settings => settings(change, &name),
        })
        .collect()
}

pub(super) fn one(table: &Table, title: String, statements: Vec<String>, undo: Vec<String>) -> Step {
    step(
        title,
        Section::Table(shown(&table.name)),
        statements,
        Undo::Sql(undo),
        table.origin,
    )
}

pub(super) fn check_text(check: &Check) -> String {
    let valid = if check.validated { "" } else { " NOT VALID" };
    format!("ADD {}{valid}", check_line(check))
}

fn drop_check(table: &Table, name: &str, check: &Check) -> Step {
    let constraint = quoted(&check.name);
    let mut back = vec![format!("ALTER TABLE {name} {}", check_text(check))];
    let object = format!("{constraint} ON {name}");
    super::comment(&mut back, "CONSTRAINT", &object, check.comment.as_deref());
    let step = one(
        table,
        format!("constraint {} of {} goes", check.name, shown(&table.name)),
        vec![format!("ALTER TABLE {name} DROP CONSTRAINT {constraint}")],
        back,
    );
    locking(step, Lock::AccessExclusive, Vec::new())
}

fn goes_with_whole(mut step: Step) -> Step {
    step.undo = Undo::WithOther;
    step
}

/// Without a look at the rows first, and then with one that nobody waits for.
pub(super) fn add_check(table: &Table, name: &str, check: &Check) -> Vec<Step> {
    let constraint = quoted(&check.name);
    let mut statements = vec![format!("ALTER TABLE {name} ADD {} NOT VALID", check_line(check))];
    let object = format!("{constraint} ON {name}");
    super::comment(&mut statements, "CONSTRAINT", &object, check.comment.as_deref());
    let add = one(
        table,
        format!("check {} of {}", check.name, shown(&table.name)),
        statements,
        vec![format!("ALTER TABLE {name} DROP CONSTRAINT {constraint}")],
    );
    let mut steps = vec![locking(add, Lock::AccessExclusive, Vec::new())];
    if check.validated {
        steps.push(validate(table, name, &check.name, "some row may break the check"));
    }
    steps
}

/// The statement that looks whether all rows are as a constraint says.
pub(super) fn validated(name: &str, constraint: &Ident) -> String {
    format!("ALTER TABLE {name} VALIDATE CONSTRAINT {}", quoted(constraint))
}

/// Looks at all rows, while others read and write.
pub(super) fn validate(table: &Table, name: &str, constraint: &Ident, may_fail: &str) -> Step {
    let mut step = step(
        format!("rows of {} under {constraint}", shown(&table.name)),
        Section::Table(shown(&table.name)),
        vec![validated(name, constraint)],
        Undo::WithOther,
        table.origin,
    );
    step.apart = Some(constraint.clone());
    let hazards = vec![
        Hazard::Scan(format!("{} is read whole", shown(&table.name))),
        Hazard::MayFail(may_fail.to_owned()),
    ];
    locking(step, Lock::ShareUpdateExclusive, hazards)
}

fn add_partition(table: &Table, name: &str, partition: &Partition) -> Step {
    let child = ident::name(&partition.name);
    let mut statements = vec![partition_statement(partition, name)];
    super::owner(&mut statements, "TABLE", &child, table.owner.as_ref());
    one(
        table,
        format!("partition {}", shown(&partition.name)),
        statements,
        vec![format!("DROP TABLE {child}")],
    )
}

fn drop_partition(table: &Table, name: &str, partition: &Partition) -> Step {
    let child = ident::name(&partition.name);
    let step = one(
        table,
        format!("partition {} goes", shown(&partition.name)),
        vec![format!("DROP TABLE {child}")],
        vec![partition_statement(partition, name)],
    );
    let hazards = vec![Hazard::DataLoss(format!(
        "the rows of {}",
        shown(&partition.name)
    ))];
    locking(step, Lock::AccessExclusive, hazards)
}

/// Owner, storage, row-level security, rights and comments.
fn settings(change: &TableChange<'_>, name: &str) -> Vec<Step> {
    let there = change.to;
    let forth = setting_statements((change.from, change.to), there, name);
    let back = setting_statements((change.to, change.from), there, name);
    if forth.is_empty() {
        return Vec::new();
    }
    let step = one(
        change.to,
        format!("settings of {}", shown(&change.to.name)),
        forth,
        back,
    );
    let plan::Action::Sql(statements) = &step.action;
    let lock = super::strongest(statements);
    vec![locking(step, lock, Vec::new())]
}

/// What leads from one table to another, while it has the columns of a third.
fn setting_statements((from, to): (&Table, &Table), there: &Table, name: &str) -> Vec<String> {
    let mut out = Vec::new();
    if from.owner != to.owner {
        super::owner(&mut out, "TABLE", name, to.owner.as_ref());
    }
    if from.unlogged != to.unlogged {
        let word = if to.unlogged { "UNLOGGED" } else { "LOGGED" };
        out.push(format!("ALTER TABLE {name} SET {word}"));
    }
    if from.fillfactor != to.fillfactor {
        out.push(fillfactor(name, to.fillfactor));
    }
    let parents = |table: &Table| -> Vec<physical::Name> {
        let inherits = table.inherits.as_ref();
        inherits.map(|each| each.parents.clone()).unwrap_or_default()
    };
    if parents(from) != parents(to) {
        let say = |word: &str, parent: &physical::Name| {
            format!("ALTER TABLE {name} {word} {}", ident::name(parent))
        };
        out.extend(parents(from).iter().map(|parent| say("NO INHERIT", parent)));
        out.extend(parents(to).iter().map(|parent| say("INHERIT", parent)));
    }
    security(&mut out, from, to, name);
    let mut taken = Vec::new();
    // What was given to who owns it now is an owner's.
    let owner = to.owner.clone().map(Grantee::Role);
    let mut lost = only_in(from, to, there);
    lost.retain(|grant| owner.as_ref() != Some(&grant.grantee));
    grant_statements(&mut taken, "", name, &lost);
    out.extend(taken.iter().map(|grant| super::revoke(grant)));
    grant_statements(&mut out, "", name, &only_in(to, from, there));
    if from.comment != to.comment {
        out.push(said("TABLE", name, to.comment.as_deref()));
    }
    constraint_comments(&mut out, from, to, name);
    out
}

fn security(out: &mut Vec<String>, from: &Table, to: &Table, name: &str) {
    let enabled = |table: &Table| table.row_security != RowSecurity::Off;
    let forced = |table: &Table| table.row_security == RowSecurity::Forced;
    for (was, is, yes, no) in [
        (enabled(from), enabled(to), "ENABLE", "DISABLE"),
        (forced(from), forced(to), "FORCE", "NO FORCE"),
    ] {
        if was != is {
            let word = if is { yes } else { no };
            out.push(format!("ALTER TABLE {name} {word} ROW LEVEL SECURITY"));
        }
    }
}

/// The rights that one table gives and another does not, with columns that are there: those of a column go and come with it.
fn only_in(one: &Table, other: &Table, there: &Table) -> Vec<Grant> {
    let differ = one.grants.iter().filter(|grant| !other.grants.contains(grant));
    let gives = |name: &Ident, grant: &Grant| {
        let same = |given: &&Grant| given.privilege == grant.privilege && given.grantee == grant.grantee;
        other
            .grants
            .iter()
            .filter(same)
            .any(|given| given.columns.contains(name))
    };
    let left = differ.filter_map(|grant| {
        let mut left = grant.clone();
        left.columns
            .retain(|name| there.columns.iter().any(|column| column.name == *name) && !gives(name, grant));
        (grant.columns.is_empty() || !left.columns.is_empty()).then_some(left)
    });
    left.collect()
}

fn constraint_comments(out: &mut Vec<String>, from: &Table, to: &Table, name: &str) {
    let of = |table: &Table, wanted: &Ident| {
        let uniques = table
            .uniques
            .iter()
            .map(|each| (each.name.clone(), each.comment.clone()));
        let checks = table
            .checks
            .iter()
            .map(|each| (each.name.clone(), each.comment.clone()));
        uniques
            .chain(checks)
            .find(|(known, _)| known == wanted)
            .map(|(_, text)| text)
    };
    let names = to
        .uniques
        .iter()
        .map(|each| &each.name)
        .chain(to.checks.iter().map(|each| &each.name));
    for constraint in names {
        if let (Some(was), Some(is)) = (of(from, constraint), of(to, constraint))
            && was != is
        {
            out.push(said(
                "CONSTRAINT",
                &format!("{} ON {name}", quoted(constraint)),
                is.as_deref(),
            ));
        }
    }
}

pub(super) fn quoted(name: &Ident) -> String {
    ident::ident(name.as_str())
}
