//! Tables in Alembic's words. What it cannot say answers `None`: then the statements of the dialect run as they stand.

use physical::{Check, Column, ForeignKey, Ident, Identity, OnDelete, PartitionBy, SqlType, Table, Unique};

use super::names::{Place, columns, is_sayable};
use super::text::{bare, part};
use super::types::column_type;
use super::{Flavour, Target};
use crate::sqlalchemy::py::{Py, string};

/// `op.create_table(…)`, with those foreign keys that are made with it.
pub(super) fn create(target: &Target<'_>, table: &Table, keys: &[usize]) -> Option<Py> {
    let flavour = target.flavour()?;
    let place = Place::of(flavour, &table.name)?;
    let mut arguments = vec![Py::Atom(string(&place.table))];
    for one in &table.columns {
        arguments.push(column(target, flavour, table, one)?);
    }
    if let Some(key) = &table.primary_key {
        arguments.push(constraint(
            "sa.PrimaryKeyConstraint",
            &key.name,
            columns(&key.columns)?,
        ));
    }
    for one in &table.uniques {
        arguments.push(unique(flavour, one)?);
    }
    for one in keys_of(flavour, table, keys) {
        arguments.push(foreign_key(target, flavour, one)?);
    }
    for one in table.checks.iter().filter(|one| is_in_table(flavour, one)) {
        let text = (target.dialect.expression)(&one.expr).ok()?;
        arguments.push(constraint("sa.CheckConstraint", &one.name, vec![bare(&text)]));
    }
    arguments.extend(place.schema());
    match flavour {
        Flavour::Postgresql => postgresql_options(target, table, &mut arguments),
        Flavour::Sqlite => sqlite_options(target, table, &mut arguments),
    }
    Some(Py::call("op.create_table", arguments))
}

/// `op.drop_table(…)`
pub(super) fn drop(target: &Target<'_>, table: &Table) -> Option<Py> {
    let place = Place::of(target.flavour()?, &table.name)?;
    let name = Py::Atom(string(&place.table));
    Some(Py::call(
        "op.drop_table",
        std::iter::once(name).chain(place.schema()),
    ))
}

/// SQLite has them all in the table: none can be added later.
fn keys_of<'t>(flavour: Flavour, table: &'t Table, keys: &[usize]) -> Vec<&'t ForeignKey> {
    match flavour {
        Flavour::Postgresql => keys.iter().filter_map(|at| table.foreign_keys.get(*at)).collect(),
        Flavour::Sqlite => table.foreign_keys.iter().collect(),
    }
}

/// A check that does not look at rows that are there is added afterwards.
fn is_in_table(flavour: Flavour, check: &Check) -> bool {
    flavour == Flavour::Sqlite || check.validated
}

fn constraint(word: &str, name: &Ident, mut arguments: Vec<Py>) -> Py {
    arguments.push(Py::text("name", name.as_str()));
    Py::call(word, arguments)
}

fn unique(flavour: Flavour, unique: &Unique) -> Option<Py> {
    let mut made = constraint("sa.UniqueConstraint", &unique.name, columns(&unique.columns)?);
    if let (Py::Call(_, arguments), Flavour::Postgresql) = (&mut made, flavour) {
        if unique.deferred {
            arguments.extend(deferred());
        }
        if unique.nulls_not_distinct {
            arguments.push(Py::atom("postgresql_nulls_not_distinct=True"));
        }
    }
    Some(made)
}

fn deferred() -> [Py; 2] {
    [Py::atom("deferrable=True"), Py::text("initially", "DEFERRED")]
}

fn foreign_key(target: &Target<'_>, flavour: Flavour, key: &ForeignKey) -> Option<Py> {
    let place = Place::of(flavour, &key.references)?;
    let ours = columns(&key.columns)?;
    columns(&key.referenced)?;
    if ours.len() != key.referenced.len() {
        return None;
    }
    let theirs = key
        .referenced
        .iter()
        .map(|column| Py::Atom(string(&place.column(column.as_str()))));
    let arguments = vec![Py::list(ours), Py::list(theirs)];
    let mut made = constraint("sa.ForeignKeyConstraint", &key.name, arguments);
    if let Py::Call(_, arguments) = &mut made {
        arguments.extend(actions(target, flavour, key));
    }
    Some(made)
}

/// What a foreign key does when the other row changes or goes, and when it is looked at.
fn actions(target: &Target<'_>, flavour: Flavour, key: &ForeignKey) -> Vec<Py> {
    let mut arguments = Vec::new();
    if let Some(action) = action(key.on_update) {
        arguments.push(Py::text("onupdate", action));
    }
    if let Some(action) = action(key.on_delete) {
        let some = key.on_delete == OnDelete::SetNull && !key.set_null.is_empty();
        let emptied = if some && flavour == Flavour::Postgresql {
            format!(" ({})", idents(target, &key.set_null))
        } else {
            String::new()
        };
        arguments.push(Py::text("ondelete", &format!("{action}{emptied}")));
    }
    if key.deferred {
        arguments.extend(deferred());
    }
    arguments
}

const fn action(action: OnDelete) -> Option<&'static str> {
    match action {
        OnDelete::NoAction => None,
        OnDelete::Restrict => Some("RESTRICT"),
        OnDelete::Cascade => Some("CASCADE"),
        OnDelete::SetNull => Some("SET NULL"),
        OnDelete::SetDefault => Some("SET DEFAULT"),
    }
}

fn idents(target: &Target<'_>, names: &[Ident]) -> String {
    let names: Vec<String> = names
        .iter()
        .map(|name| (target.dialect.ident)(name.as_str()))
        .collect();
    names.join(", ")
}

/// `op.create_foreign_key(…)`
pub(super) fn add_foreign_key(target: &Target<'_>, table: &Table, key: &ForeignKey) -> Option<Py> {
    let flavour = target.flavour()?;
    let place = Place::of(flavour, &table.name)?;
    let other = Place::of(flavour, &key.references)?;
    let mut arguments = vec![
        Py::Atom(string(key.name.as_str())),
        Py::Atom(string(&place.table)),
        Py::Atom(string(&other.table)),
        Py::list(columns(&key.columns)?),
        Py::list(columns(&key.referenced)?),
    ];
    arguments.extend(
        place
            .schema
            .as_deref()
            .map(|schema| Py::text("source_schema", schema)),
    );
    arguments.extend(
        other
            .schema
            .as_deref()
            .map(|schema| Py::text("referent_schema", schema)),
    );
    arguments.extend(actions(target, flavour, key));
    if !key.validated {
        arguments.push(Py::atom("postgresql_not_valid=True"));
    }
    Some(Py::call("op.create_foreign_key", arguments))
}

/// `op.drop_constraint(…)`
pub(super) fn drop_foreign_key(target: &Target<'_>, table: &Table, key: &ForeignKey) -> Option<Py> {
    let place = Place::of(target.flavour()?, &table.name)?;
    let mut arguments = vec![
        Py::Atom(string(key.name.as_str())),
        Py::Atom(string(&place.table)),
    ];
    arguments.push(Py::text("type_", "foreignkey"));
    arguments.extend(place.schema());
    Some(Py::call("op.drop_constraint", arguments))
}

fn column(target: &Target<'_>, flavour: Flavour, table: &Table, column: &Column) -> Option<Py> {
    if !is_sayable(column.name.as_str()) {
        return None;
    }
    let mut arguments = vec![
        Py::Atom(string(column.name.as_str())),
        column_type(target, column)?,
    ];
    if flavour == Flavour::Postgresql {
        arguments.extend(column.identity.map(identity));
    }
    if let Some(generated) = &column.generated {
        let text = (target.dialect.computed)(&generated.expr, &column.ty).ok()?;
        let stored = if generated.stored { "True" } else { "False" };
        let stored = Py::named("persisted", Py::atom(stored));
        arguments.push(Py::call("sa.Computed", [bare(&text), stored]));
    }
    arguments.extend(nullable(target, table, column));
    if flavour == Flavour::Postgresql && may_count_by_itself(table, column) {
        arguments.push(Py::atom("autoincrement=False"));
    }
    if let Some(default) = &column.default {
        let text = (target.dialect.default)(default, &column.ty).ok()?;
        arguments.push(Py::named("server_default", part(&text)));
    }
    let comment = column
        .comment
        .as_deref()
        .filter(|_| flavour == Flavour::Postgresql);
    arguments.extend(
        comment
            .filter(|text| !text.is_empty())
            .map(|text| Py::text("comment", text)),
    );
    Some(Py::call("sa.Column", arguments))
}

fn identity(identity: Identity) -> Py {
    match identity {
        Identity::Always => Py::call("sa.Identity", [Py::atom("always=True")]),
        Identity::ByDefault => Py::call("sa.Identity", []),
    }
}

/// Keys are never empty unless it is said; in SQLite the one that numbers the rows says nothing.
fn nullable(target: &Target<'_>, table: &Table, column: &Column) -> Option<Py> {
    let key = table.primary_key.as_ref();
    let is_key = key.is_some_and(|key| key.columns.contains(&column.name));
    let nullable = column.nullable && column.identity.is_none() || is_row_number(target, table, column);
    match (nullable, is_key) {
        (true, true) => Some(Py::atom("nullable=True")),
        (true, false) => None,
        (false, _) => Some(Py::atom("nullable=False")),
    }
}

/// SQLite: the only column of the key, and a whole number.
fn is_row_number(target: &Target<'_>, table: &Table, column: &Column) -> bool {
    let only = table
        .primary_key
        .as_ref()
        .is_some_and(|key| *key.columns == [column.name.clone()]);
    only && target.flavour() == Some(Flavour::Sqlite)
        && !table.without_rowid
        && (target.dialect.type_name)(&column.ty) == "INTEGER"
}

/// A single whole number as a key gets a sequence unless it is told not to.
fn may_count_by_itself(table: &Table, column: &Column) -> bool {
    let key = table.primary_key.as_ref();
    let only = key.is_some_and(|key| *key.columns == [column.name.clone()]);
    let whole = matches!(column.ty, SqlType::SmallInt | SqlType::Integer | SqlType::BigInt);
    only && whole && column.identity.is_none() && column.default.is_none()
}

fn postgresql_options(target: &Target<'_>, table: &Table, arguments: &mut Vec<Py>) {
    let comment = table.comment.as_deref().filter(|text| !text.is_empty());
    arguments.extend(comment.map(|text| Py::text("comment", text)));
    if table.unlogged {
        arguments.push(Py::named("prefixes", Py::list([Py::Atom(string("UNLOGGED"))])));
    }
    if let Some(partitioned) = &table.partitioned {
        let by = match partitioned.by {
            PartitionBy::Range => "RANGE",
            PartitionBy::List => "LIST",
            PartitionBy::Hash => "HASH",
        };
        let text = format!("{by} ({})", idents(target, &partitioned.columns));
        arguments.push(Py::text("postgresql_partition_by", &text));
    } else if let Some(percent) = table.fillfactor {
        let item = Py::atom(format!("\"fillfactor\": {percent}"));
        arguments.push(Py::named("postgresql_with", Py::Listed("{", vec![item], "}")));
    }
}

fn sqlite_options(target: &Target<'_>, table: &Table, arguments: &mut Vec<Py>) {
    let counts = |column: &Column| column.identity.is_some() && is_row_number(target, table, column);
    if table.columns.iter().any(counts) {
        // Without it the highest id is used again after its row has gone.
        arguments.push(Py::atom("sqlite_autoincrement=True"));
    }
    if table.strict {
        arguments.push(Py::atom("sqlite_strict=True"));
    }
    if table.without_rowid {
        arguments.push(Py::atom("sqlite_with_rowid=False"));
    }
}
