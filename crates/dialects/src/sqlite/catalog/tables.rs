//! Tables, as their statements say them.

use physical::{
    Check, Column, DefaultValue, Expr, ForeignKey, Generated, Ident, Identity, Name, OnDelete, Origin,
    PrimaryKey, SqlType, Table, Unique,
};

use super::super::steps;
use super::create_table::{self, CheckDef, ColumnDef, CreateTable, ForeignKeyDef, UniqueDef};
use super::facts::{Facts, FoundColumn};

/// Makes a table of its statement. Where we read that otherwise than SQLite, or not at all, the table has the columns and keys
/// that SQLite knows, and its statement says the rest. `None` when that is no statement that makes a table.
pub(super) fn read(name: &str, sql: &str, facts: &Facts) -> Option<Table> {
    let behind = create_table::behind_name(sql)?;
    let parsed = create_table::parse(sql)
        .filter(|parsed| agrees(parsed, facts))
        .unwrap_or_else(|| known(facts));
    let mut table = table(name, &parsed);
    table.verbatim = parsed.says_more.then(|| behind.to_owned());
    table.written.table = Some(behind.to_owned());
    Some(table)
}

/// Whether our reading of a statement is SQLite's own.
fn agrees(parsed: &CreateTable, facts: &Facts) -> bool {
    let theirs = facts.columns.iter().map(|column| &column.name);
    let columns = parsed.columns.iter().map(|column| &column.name).eq(theirs);
    let fold = |keys: Vec<&[String]>| -> Vec<Vec<String>> {
        let mut folded: Vec<Vec<String>> = keys
            .iter()
            .map(|key| key.iter().map(|name| name.to_ascii_lowercase()).collect())
            .collect();
        folded.sort();
        folded
    };
    let ours = parsed.foreign_keys.iter().map(|key| key.columns.as_slice());
    let theirs = facts.foreign_keys.values().map(|key| key.columns.as_slice());
    let options = parsed.strict == facts.strict && parsed.without_rowid == facts.without_rowid;
    // SQLite drops a unique constraint that repeats another; it never has more than the statement says.
    columns
        && options
        && fold(ours.collect()) == fold(theirs.collect())
        && parsed.uniques.len() >= facts.unique_constraints
}

/// What SQLite knows of a table.
fn known(facts: &Facts) -> CreateTable {
    let mut key: Vec<&FoundColumn> = facts.columns.iter().filter(|column| column.key > 0).collect();
    key.sort_by_key(|column| column.key);
    let names: Vec<String> = key.iter().map(|column| column.name.clone()).collect();
    let columns = facts.columns.iter().map(|column| ColumnDef {
        name: column.name.clone(),
        declared: column.declared.clone(),
        not_null: column.not_null,
        default: column.default.clone(),
        // Nothing but the statement says what it is computed from.
        generated: column.generated.map(|stored| (String::new(), stored)),
        ..ColumnDef::default()
    });
    let keys = facts.foreign_keys.values().map(|key| ForeignKeyDef {
        name: None,
        columns: key.columns.clone(),
        table: key.table.clone(),
        referenced: key.referenced.clone(),
        on_delete: key.on_delete.unwrap_or(OnDelete::NoAction),
        on_update: key.on_update.unwrap_or(OnDelete::NoAction),
        deferred: false,
        comment: None,
    });
    CreateTable {
        columns: columns.collect(),
        primary_key: (!names.is_empty()).then_some((None, names)),
        foreign_keys: keys.collect(),
        strict: facts.strict,
        without_rowid: facts.without_rowid,
        says_more: true,
        ..CreateTable::default()
    }
}

fn table(name: &str, parsed: &CreateTable) -> Table {
    let mut table = Table::new(Name::bare(name), Origin::Found);
    table.strict = parsed.strict;
    table.without_rowid = parsed.without_rowid;
    table.comment.clone_from(&parsed.comment);
    let canonical = |wanted: &str| -> Ident {
        let found = parsed
            .columns
            .iter()
            .find(|column| column.name.eq_ignore_ascii_case(wanted));
        found.map_or(wanted, |column| column.name.as_str()).into()
    };
    let all = |names: &[String]| names.iter().map(|name| canonical(name)).collect::<Vec<_>>();
    table.primary_key = parsed.primary_key.as_ref().map(|(key, columns)| PrimaryKey {
        name: key.clone().unwrap_or_else(|| format!("{name}_pkey")).into(),
        columns: all(columns),
    });
    let columns = parsed.columns.iter();
    table.columns = columns.map(column).collect();
    let uniques = parsed.uniques.iter();
    table.uniques = uniques
        .map(|each| unique(name, each, all(&each.columns)))
        .collect();
    let checks = parsed.checks.iter().enumerate();
    table.checks = checks
        .map(|(position, each)| check(name, position, each))
        .collect();
    let keys = parsed.foreign_keys.iter();
    table.foreign_keys = keys
        .map(|each| foreign_key(name, each, all(&each.columns)))
        .collect();
    never_null(&mut table);
    table
}

/// The rowid is never NULL, and neither is the key of a table without one, or of a STRICT one.
fn never_null(table: &mut Table) {
    let rowid = steps::rowid_column(table).map(|column| column.name.clone());
    let key = table.primary_key.as_ref().map(|key| key.columns.clone());
    let key = key
        .filter(|_| table.without_rowid || table.strict)
        .unwrap_or_default();
    for column in &mut table.columns {
        if rowid.as_ref() == Some(&column.name) || key.contains(&column.name) {
            column.nullable = false;
        }
    }
}

fn unique(table: &str, parsed: &UniqueDef, columns: Vec<Ident>) -> Unique {
    let name = parsed.name.clone();
    Unique {
        name: name
            .unwrap_or_else(|| derived(table, &parsed.columns, "key"))
            .into(),
        columns,
        nulls_not_distinct: false,
        deferred: false,
        comment: parsed.comment.clone(),
        origin: Origin::Found,
    }
}

fn check(table: &str, position: usize, parsed: &CheckDef) -> Check {
    let name = parsed.name.clone();
    Check {
        name: name
            .unwrap_or_else(|| format!("{table}_check{}", position + 1))
            .into(),
        expr: Expr::Sql(parsed.expr.clone()),
        validated: true,
        comment: parsed.comment.clone(),
        origin: Origin::Found,
    }
}

fn foreign_key(table: &str, parsed: &ForeignKeyDef, columns: Vec<Ident>) -> ForeignKey {
    let name = parsed.name.clone();
    let referenced = parsed.referenced.iter();
    ForeignKey {
        name: name
            .unwrap_or_else(|| derived(table, &parsed.columns, "fkey"))
            .into(),
        columns,
        references: Name::bare(parsed.table.clone()),
        referenced: referenced.map(|column| Ident::new(column.clone())).collect(),
        on_delete: parsed.on_delete,
        on_update: parsed.on_update,
        set_null: Vec::new(),
        deferred: parsed.deferred,
        validated: true,
        comment: parsed.comment.clone(),
        origin: Origin::Found,
    }
}

fn derived(table: &str, columns: &[String], suffix: &str) -> String {
    format!("{table}_{}_{suffix}", columns.join("_"))
}

fn column(parsed: &ColumnDef) -> Column {
    let ty = if parsed.key_descends {
        // Said like this, an INTEGER key is not the rowid, and must not be taken for it.
        SqlType::Other(parsed.declared.clone())
    } else {
        declared_type(&parsed.declared)
    };
    let mut column = Column::new(parsed.name.clone(), ty, Origin::Found);
    column.nullable = !parsed.not_null;
    column.default = parsed
        .default
        .as_ref()
        .map(|sql| DefaultValue::Expr(Expr::Sql(sql.clone())));
    column.generated = parsed.generated.as_ref().map(|(sql, stored)| Generated {
        expr: Expr::Sql(sql.clone()),
        stored: *stored,
    });
    column.identity = parsed.autoincrement.then_some(Identity::ByDefault);
    column.collation.clone_from(&parsed.collation);
    column.comment.clone_from(&parsed.comment);
    column
}

/// Types as declared: outside of STRICT tables they are hints, and none is lost.
fn declared_type(declared: &str) -> SqlType {
    match declared.to_ascii_uppercase().as_str() {
        "INTEGER" => SqlType::BigInt,
        "TEXT" => SqlType::Text,
        "REAL" => SqlType::Double,
        "BLOB" => SqlType::Bytes,
        _ => SqlType::Other(declared.to_owned()),
    }
}
