//! Making a table anew, with its rows: <https://sqlite.org/lang_altertable.html>, section 7.
//!
//! The statements rely on what [`super::frame()`] says around them: foreign keys rest, and names in other statements are left alone.

use physical::{Column, Database, SqlType, Table};
use plan::Object;

use super::super::ident::{quote, table as table_name, text};
use super::super::types;
use super::keep::Kept;
use super::parts::qualifies;
use super::{table, view};

/// What is done for a NOT NULL column whose values are not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// Nothing: it fails as soon as there are rows.
    Fails,
    /// It is filled: on the way back nobody can say any more what was there.
    Filled,
}

/// A table to be made anew.
#[derive(Debug)]
pub(super) struct Rebuild<'a> {
    pub(super) from: &'a Table,
    pub(super) to: &'a Table,
    pub(super) databases: (&'a Database, &'a Database),
    pub(super) stays: &'a [Object<'a>],
    pub(super) missing: Missing,
    /// What was set aside and comes back.
    pub(super) kept: Option<&'a Kept<'a>>,
}

/// The statements.
pub(super) fn statements(rebuild: &Rebuild<'_>) -> Vec<String> {
    let mut out = if qualifies(&table::body(rebuild.to), rebuild.to.name.name.as_str()) {
        copied_twice(rebuild)
    } else {
        renamed(rebuild)
    };
    out.extend(rebuild.stays.iter().filter_map(|object| match object {
        Object::Index(table, index) => Some(table::index(table, index)),
        Object::Trigger(table, trigger) => Some(view::trigger(table, trigger)),
        _ => None,
    }));
    out
}

/// The new table is filled beside the old one and takes its name. No reference in any statement follows a name that was not there
/// before, so this order is safe even where the other way round is not.
fn renamed(rebuild: &Rebuild<'_>) -> Vec<String> {
    let (old, new) = (table_name(&rebuild.from.name), table_name(&rebuild.to.name));
    let beside = free_name(rebuild, "new");
    let temporary = quote(&beside);
    let mut out = vec![table::create_as(rebuild.to, &temporary)];
    out.extend(copy(rebuild, &temporary, &old));
    if counts(rebuild.from) && counts(rebuild.to) {
        let (old, new) = (text(rebuild.from.name.name.as_str()), text(&beside));
        out.push(format!("DELETE FROM sqlite_sequence WHERE name = {new}"));
        out.push(format!(
            "INSERT INTO sqlite_sequence (name, seq)\nSELECT {new}, seq FROM sqlite_sequence WHERE name = {old}"
        ));
    }
    out.push(format!("DROP TABLE {old}"));
    out.push(format!("ALTER TABLE {temporary} RENAME TO {new}"));
    out
}

/// A table that names itself in its own statement can only be made under its name, so its rows wait elsewhere.
fn copied_twice(rebuild: &Rebuild<'_>) -> Vec<String> {
    let (old, new) = (table_name(&rebuild.from.name), table_name(&rebuild.to.name));
    let rows = format!("temp.{}", quote(&free_name(rebuild, "rows")));
    let sequence = format!("temp.{}", quote(&free_name(rebuild, "sequence")));
    let keeps_count = counts(rebuild.from) && counts(rebuild.to);
    let mut out = Vec::new();
    let columns = values(rebuild);
    let kept: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(position, (_, value))| format!("{value} AS c{position}"))
        .collect();
    if !kept.is_empty() {
        out.push(format!(
            "CREATE TEMP TABLE {} AS\nSELECT {} FROM {old}",
            bare(&rows),
            kept.join(", ")
        ));
    }
    if keeps_count {
        let name = text(rebuild.from.name.name.as_str());
        out.push(format!(
            "CREATE TEMP TABLE {} AS\nSELECT seq FROM sqlite_sequence WHERE name = {name}",
            bare(&sequence)
        ));
    }
    out.push(format!("DROP TABLE {old}"));
    out.push(table::create_as(rebuild.to, &new));
    if !kept.is_empty() {
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        let again: Vec<String> = (0..names.len()).map(|position| format!("c{position}")).collect();
        out.push(format!(
            "{} INTO {new} ({})\nSELECT {} FROM {rows}",
            insert(rebuild.to),
            names.join(", "),
            again.join(", ")
        ));
        out.push(format!("DROP TABLE {rows}"));
    }
    if keeps_count {
        let name = text(rebuild.to.name.name.as_str());
        out.push(format!("DELETE FROM sqlite_sequence WHERE name = {name}"));
        out.push(format!(
            "INSERT INTO sqlite_sequence (name, seq)\nSELECT {name}, seq FROM {sequence}"
        ));
        out.push(format!("DROP TABLE {sequence}"));
    }
    out
}

/// A name in the temporary schema without the schema, which CREATE TEMP TABLE says already.
fn bare(name: &str) -> &str {
    name.strip_prefix("temp.").unwrap_or(name)
}

fn copy(rebuild: &Rebuild<'_>, into: &str, from: &str) -> Option<String> {
    let (names, values): (Vec<String>, Vec<String>) = values(rebuild).into_iter().unzip();
    // What is looked up elsewhere is long.
    let (between, end) = if rebuild.kept.is_some() {
        (",\n  ", "\n")
    } else {
        (", ", " ")
    };
    (!names.is_empty()).then(|| {
        format!(
            "{} INTO {into} ({})\nSELECT {}{end}FROM {from}",
            insert(rebuild.to),
            names.join(", "),
            values.join(between)
        )
    })
}

/// A table that says what happens ON CONFLICT must not lose rows by it.
pub(super) const fn insert(to: &Table) -> &'static str {
    if to.verbatim.is_some() {
        "INSERT OR ABORT"
    } else {
        "INSERT"
    }
}

/// Whether nothing of a row stays by which it could be made again.
pub(super) fn loses_rows(rebuild: &Rebuild<'_>) -> bool {
    values(rebuild).is_empty()
}

/// Columns to fill, quoted, and what is put into them.
fn values(rebuild: &Rebuild<'_>) -> Vec<(String, String)> {
    let (from, to) = (rebuild.from, rebuild.to);
    let mut out = Vec::new();
    let alias = table::rowid_column(to).map(|column| &column.name);
    let mut alias_filled = false;
    for column in to.columns.iter().filter(|column| column.generated.is_none()) {
        let name = quote(column.name.as_str());
        if let Some(value) = kept_value(rebuild, column) {
            out.push((name, value));
        } else if let Some(before) = column_of(from, column) {
            alias_filled |= alias == Some(&column.name);
            let value = value(before, column, (from, to));
            let was_computed = before.generated.is_some() && rebuild.missing == Missing::Filled;
            out.push(if was_computed && !column.nullable {
                (name, format!("coalesce({value}, {})", plain(column)))
            } else {
                (name, value)
            });
        } else if rebuild.missing == Missing::Filled && alias != Some(&column.name) {
            out.extend(fill(from, to, column).map(|value| (name, value)));
        }
    }
    // Rows keep their numbers, by which full-text indexes may know them.
    if let (false, Some(old), Some(new)) = (alias_filled, rowid(from), rowid(to)) {
        out.insert(0, (new.to_owned(), old.to_owned()));
    }
    out
}

/// What a column was before, where that was set aside.
fn kept_value(rebuild: &Rebuild<'_>, column: &Column) -> Option<String> {
    let (from, to) = (rebuild.from, rebuild.to);
    let other = || {
        let default = column.default.as_ref().filter(|_| has_default(column));
        let default = default.and_then(|value| table::default_text(value, &column.ty).ok());
        default.or_else(|| fill(from, to, column))
    };
    rebuild.kept?.value(column, &table_name(&from.name), &other)
}

/// The name under which a table's row numbers can be read and set.
pub(super) fn rowid(table: &Table) -> Option<&'static str> {
    let taken = |name: &&str| {
        let mut columns = table.columns.iter();
        columns.any(|column| column.name.as_str().eq_ignore_ascii_case(name))
    };
    let mut names = ["rowid", "_rowid_", "oid"].into_iter();
    names.find(|name| !taken(name) && !table.without_rowid)
}

/// The column of a table that has another's name.
pub(super) fn column_of<'t>(table: &'t Table, column: &Column) -> Option<&'t Column> {
    let wanted = column.name.as_str();
    let mut columns = table.columns.iter();
    columns.find(|column| column.name.as_str().eq_ignore_ascii_case(wanted))
}

/// A value of a column, for one of another type. Columns of STRICT tables take what is of their type, and what becomes it without
/// loss; bytes and texts become each other only when they are told to.
fn value(before: &Column, after: &Column, (from, to): (&Table, &Table)) -> String {
    let name = quote(before.name.as_str());
    let (was, is) = (affinity(before), affinity(after));
    if !to.strict || was == is || !from.strict && was == Affinity::Blob {
        return name;
    }
    match (was, is) {
        (_, Affinity::Blob) if !is_any(after) => format!("CAST({name} AS BLOB)"),
        (Affinity::Blob, Affinity::Text | Affinity::Numeric) if !is_any(before) => {
            format!("CAST({name} AS TEXT)")
        }
        _ => name,
    }
}

fn is_any(column: &Column) -> bool {
    matches!(&column.ty, SqlType::Other(name) if name.eq_ignore_ascii_case("any"))
}

/// How SQLite treats what is put into a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Affinity {
    Text,
    Numeric,
    Blob,
}

/// <https://sqlite.org/datatype3.html>, section 3.1; kinds of numbers are not told apart.
fn affinity(column: &Column) -> Affinity {
    let name = types::type_name(&column.ty).to_ascii_uppercase();
    let holds = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if holds(&["INT"]) {
        Affinity::Numeric
    } else if holds(&["CHAR", "CLOB", "TEXT"]) {
        Affinity::Text
    } else if holds(&["BLOB"]) || name.is_empty() {
        Affinity::Blob
    } else {
        Affinity::Numeric
    }
}

/// Whether texts that look like numbers become numbers in a column; `ANY` is none of this in a STRICT table.
pub(super) fn is_numeric(column: &Column, strict: bool) -> bool {
    affinity(column) == Affinity::Numeric && !(strict && is_any(column))
}

/// Whether a column must be given a value.
pub(super) fn needs_value(table: &Table, column: &Column) -> bool {
    let alias = table::rowid_column(table).is_some_and(|alias| alias.name == column.name);
    !(column.nullable || has_default(column) || column.generated.is_some() || alias)
}

/// Whether a column has a default that is a value.
fn has_default(column: &Column) -> bool {
    let value = column.default.as_ref();
    let value = value.and_then(|value| table::default_text(value, &column.ty).ok());
    value.is_some_and(|value| !value.eq_ignore_ascii_case("null"))
}

/// What stands in for the values of a column that must have some, as its table's rows come back.
pub(super) fn filler(table: &Table, column: &Column) -> Option<&'static str> {
    needs_value(table, column).then(|| {
        if is_unique(table, column) {
            "numbers"
        } else {
            plain(column)
        }
    })
}

fn plain(column: &Column) -> &'static str {
    match affinity(column) {
        Affinity::Text => "''",
        Affinity::Numeric => "0",
        Affinity::Blob => "x''",
    }
}

/// What a column gets whose values are gone: as little as it may. One that others are computed from, which must have a value, gets
/// one too; and where rows must differ, no default makes them the same.
fn fill(from: &Table, to: &Table, column: &Column) -> Option<String> {
    let mut computed = to.columns.iter().filter(|other| other.generated.is_some());
    let unique = is_unique(to, column);
    let feeds = computed.any(|other| !other.nullable) && (unique || !has_default(column));
    let wanted = needs_value(to, column) || feeds;
    if !unique {
        return wanted.then(|| plain(column).to_owned());
    }
    if !wanted && !has_default(column) {
        return None;
    }
    if column.nullable && !wanted {
        return Some("NULL".to_owned());
    }
    let number = rowid(from).unwrap_or("row_number() OVER ()");
    Some(match affinity(column) {
        Affinity::Blob if !is_any(column) => format!("CAST({number} AS BLOB)"),
        _ => number.to_owned(),
    })
}

/// Whether rows must differ in a column, alone or with others.
pub(super) fn is_unique(table: &Table, column: &Column) -> bool {
    let keys = table.primary_key.iter().map(|key| &key.columns);
    let keys = keys.chain(table.uniques.iter().map(|unique| &unique.columns));
    let named = |sql: &str| super::parts::mentions(sql, column.name.as_str());
    let mut indexes = table.indexes.iter().filter(|index| index.unique);
    keys.into_iter().any(|key| key.contains(&column.name))
        || indexes.any(|index| named(&table::index(table, index)))
}

pub(super) fn counts(table: &Table) -> bool {
    table.columns.iter().any(|column| column.identity.is_some())
}

/// A name that nothing in either database has.
fn free_name(rebuild: &Rebuild<'_>, use_for: &str) -> String {
    let (before, after) = rebuild.databases;
    let taken = |name: &str| [before, after].iter().any(|database| is_taken(database, name));
    let mut name = format!("architrave_{use_for}_{}", rebuild.to.name.name);
    while taken(&name) {
        name.push('_');
    }
    name
}

fn is_taken(database: &Database, name: &str) -> bool {
    let same = |other: &str| other.eq_ignore_ascii_case(name);
    database.tables.iter().any(|table| {
        let mut indexes = table.indexes.iter();
        same(table.name.name.as_str()) || indexes.any(|index| same(index.name.as_str()))
    }) || database.views.iter().any(|view| same(view.name.name.as_str()))
        || database
            .opaque
            .iter()
            .any(|opaque| same(opaque.name.name.as_str()))
}
