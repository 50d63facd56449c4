//! Reads a SQLite database back.
//!
//! The stored CREATE statements say everything; SQLite's own reading of them (`pragma_table_xinfo`, `pragma_foreign_key_list`,
//! `pragma_index_xinfo`) is held against ours. Where the two disagree the object is not taken apart: half understood is worse.

mod create_other;
mod create_table;
mod cursor;
pub(super) mod lexer;

use std::collections::BTreeMap;

use physical::{
    Check, Column, Database, DefaultValue, Expr, ForeignKey, Generated, Ident, Identity, Name, Opaque,
    Origin, PrimaryKey, Rows, SqlType, Table, Unique, Value,
};
use plan::{CatalogError, CatalogQuery};

use create_table::CreateTable;

const QUERIES: &[CatalogQuery] = &[
    CatalogQuery {
        name: "objects",
        sql: "SELECT s.type, s.name, s.tbl_name, s.sql, \
              coalesce((SELECT l.type FROM pragma_table_list AS l WHERE l.schema = 'main' AND l.name = s.name), '') AS kind \
              FROM sqlite_schema AS s WHERE s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY s.rowid",
    },
    CatalogQuery {
        name: "columns",
        sql: "SELECT s.name, x.name, x.type, x.\"notnull\", x.pk, x.hidden \
              FROM sqlite_schema AS s, pragma_table_xinfo(s.name) AS x \
              WHERE s.type = 'table' AND s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
              AND s.sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY s.rowid, x.cid",
    },
    CatalogQuery {
        name: "foreign keys",
        sql: "SELECT s.name, f.id, f.seq, f.\"table\", f.\"from\", f.\"to\" \
              FROM sqlite_schema AS s, pragma_foreign_key_list(s.name) AS f \
              WHERE s.type = 'table' AND s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
              AND s.sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY s.rowid, f.id, f.seq",
    },
    CatalogQuery {
        name: "indexes",
        sql: "SELECT s.name, i.name, i.\"unique\", i.origin, i.partial, \
              (SELECT count(*) FROM pragma_index_xinfo(i.name) AS x WHERE x.key = 1) AS keys \
              FROM sqlite_schema AS s, pragma_index_list(s.name) AS i \
              WHERE s.type = 'table' AND s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
              AND s.sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY s.rowid, i.seq",
    },
];

/// The queries that read the catalog, always the same number.
#[must_use]
pub(super) fn queries() -> &'static [CatalogQuery] {
    QUERIES
}

/// What SQLite itself says of a table.
#[derive(Debug, Default)]
struct Facts {
    columns: Vec<String>,
    foreign_keys: BTreeMap<i64, Vec<String>>,
    indexes: BTreeMap<String, usize>,
    unique_constraints: usize,
}

/// Makes a database of the answers.
///
/// # Errors
///
/// When an answer has another shape than its query asks for.
pub(super) fn read(answers: &[Rows]) -> Result<Database, CatalogError> {
    let [objects, columns, keys, indexes] = answers else {
        return Err(CatalogError {
            query: "objects",
            message: format!("{} answers for {} queries", answers.len(), QUERIES.len()),
        });
    };
    let mut facts: BTreeMap<String, Facts> = BTreeMap::new();
    for row in &columns.rows {
        let of = facts.entry(text("columns", row, 0)?).or_default();
        of.columns.push(text("columns", row, 1)?);
    }
    for row in &keys.rows {
        let of = facts.entry(text("foreign keys", row, 0)?).or_default();
        of.foreign_keys
            .entry(int("foreign keys", row, 1)?)
            .or_default()
            .push(text("foreign keys", row, 4)?);
    }
    for row in &indexes.rows {
        let of = facts.entry(text("indexes", row, 0)?).or_default();
        match text("indexes", row, 3)?.as_str() {
            "c" => {
                let keys = usize::try_from(int("indexes", row, 5)?).unwrap_or(0);
                of.indexes.insert(text("indexes", row, 1)?, keys);
            }
            "u" => of.unique_constraints += 1,
            _ => {}
        }
    }
    let mut database = Database::default();
    let mut later = Vec::new();
    for row in &objects.rows {
        let object = Object {
            kind: text("objects", row, 0)?,
            name: text("objects", row, 1)?,
            table: text("objects", row, 2)?,
            sql: text("objects", row, 3).unwrap_or_default(),
            list: text("objects", row, 4)?,
        };
        if object.kind == "table" {
            add_table(&mut database, &object, facts.get(&object.name));
        } else {
            later.push(object);
        }
    }
    for object in later {
        add_other(&mut database, &object, facts.get(&object.table));
    }
    resolve_keys(&mut database);
    Ok(database)
}

#[derive(Debug)]
struct Object {
    kind: String,
    name: String,
    table: String,
    sql: String,
    list: String,
}

fn text(query: &'static str, row: &[Value], at: usize) -> Result<String, CatalogError> {
    let wrong = || CatalogError {
        query,
        message: format!("column {} is no text", at + 1),
    };
    row.get(at)
        .and_then(Value::as_text)
        .map(str::to_owned)
        .ok_or_else(wrong)
}

fn int(query: &'static str, row: &[Value], at: usize) -> Result<i64, CatalogError> {
    let wrong = || CatalogError {
        query,
        message: format!("column {} is no number", at + 1),
    };
    row.get(at).and_then(Value::as_int).ok_or_else(wrong)
}

fn opaque(database: &mut Database, kind: &str, object: &Object) {
    let word = match object.kind.as_str() {
        "table" => "TABLE",
        "index" => "INDEX",
        "trigger" => "TRIGGER",
        _ => "VIEW",
    };
    let depends_on = if object.table == object.name {
        Vec::new()
    } else {
        vec![Name::bare(object.table.clone())]
    };
    database.opaque.push(Opaque {
        kind: kind.to_owned(),
        name: Name::bare(object.name.clone()),
        definition: object.sql.clone(),
        undo: Some(format!("DROP {word} {}", super::ident::quote(&object.name))),
        depends_on,
        origin: Origin::Found,
    });
}

fn add_table(database: &mut Database, object: &Object, facts: Option<&Facts>) {
    match object.list.as_str() {
        // What a virtual table keeps for itself comes and goes with it.
        "shadow" => return,
        "virtual" => return opaque(database, "virtual table", object),
        _ => {}
    }
    let parsed = create_table::parse(&object.sql).filter(|parsed| agrees(parsed, facts));
    match parsed {
        Some(parsed) => database.tables.push(table(&object.name, parsed)),
        None => opaque(database, "table", object),
    }
}

/// Whether our reading of a statement is SQLite's own.
fn agrees(parsed: &CreateTable, facts: Option<&Facts>) -> bool {
    let Some(facts) = facts else { return false };
    let columns = parsed
        .columns
        .iter()
        .map(|column| &column.name)
        .eq(facts.columns.iter());
    let mut ours: Vec<&[String]> = parsed
        .foreign_keys
        .iter()
        .map(|key| key.columns.as_slice())
        .collect();
    let mut theirs: Vec<&[String]> = facts.foreign_keys.values().map(Vec::as_slice).collect();
    ours.sort();
    theirs.sort();
    let fold = |keys: Vec<&[String]>| -> Vec<Vec<String>> {
        let mut folded: Vec<Vec<String>> = keys
            .iter()
            .map(|key| key.iter().map(|name| name.to_ascii_lowercase()).collect())
            .collect();
        folded.sort();
        folded
    };
    // SQLite drops a unique constraint that repeats another; it never has more than the statement says.
    columns && fold(ours) == fold(theirs) && parsed.uniques.len() >= facts.unique_constraints
}

fn table(name: &str, parsed: CreateTable) -> Table {
    let mut table = Table::new(Name::bare(name), Origin::Found);
    table.strict = parsed.strict;
    table.without_rowid = parsed.without_rowid;
    table.comment.clone_from(&parsed.comment);
    table.verbatim = parsed.says_more.then(|| parsed.behind_name.clone());
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
    for column in &parsed.columns {
        table.columns.push(self::column(column, parsed.strict));
    }
    for unique in &parsed.uniques {
        table.uniques.push(Unique {
            name: unique
                .name
                .clone()
                .unwrap_or_else(|| derived(name, &unique.columns, "key"))
                .into(),
            columns: all(&unique.columns),
            nulls_not_distinct: false,
            deferred: false,
            comment: unique.comment.clone(),
            origin: Origin::Found,
        });
    }
    for (position, check) in parsed.checks.iter().enumerate() {
        table.checks.push(Check {
            name: check
                .name
                .clone()
                .unwrap_or_else(|| format!("{name}_check{}", position + 1))
                .into(),
            expr: Expr::Sql(check.expr.clone()),
            validated: true,
            comment: check.comment.clone(),
            origin: Origin::Found,
        });
    }
    for key in &parsed.foreign_keys {
        table.foreign_keys.push(ForeignKey {
            name: key
                .name
                .clone()
                .unwrap_or_else(|| derived(name, &key.columns, "fkey"))
                .into(),
            columns: all(&key.columns),
            references: Name::bare(key.table.clone()),
            referenced: key
                .referenced
                .iter()
                .map(|column| Ident::new(column.clone()))
                .collect(),
            on_delete: key.on_delete,
            on_update: key.on_update,
            set_null: Vec::new(),
            deferred: key.deferred,
            validated: true,
            comment: key.comment.clone(),
            origin: Origin::Found,
        });
    }
    if let Some(rowid) = super::steps::rowid_column(&table).map(|column| column.name.clone())
        && let Some(column) = table.columns.iter_mut().find(|column| column.name == rowid)
    {
        column.nullable = false;
    }
    if table.without_rowid || table.strict {
        let key = table
            .primary_key
            .as_ref()
            .map(|key| key.columns.clone())
            .unwrap_or_default();
        for column in table
            .columns
            .iter_mut()
            .filter(|column| parsed.without_rowid && key.contains(&column.name))
        {
            column.nullable = false;
        }
    }
    table
}

fn derived(table: &str, columns: &[String], suffix: &str) -> String {
    format!("{table}_{}_{suffix}", columns.join("_"))
}

fn column(parsed: &create_table::ColumnDef, strict: bool) -> Column {
    let ty = if parsed.key_descends {
        // Said like this, an INTEGER key is not the rowid, and must not be taken for it.
        SqlType::Other(parsed.declared.clone())
    } else {
        declared_type(&parsed.declared, strict)
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
fn declared_type(declared: &str, strict: bool) -> SqlType {
    match declared.to_ascii_uppercase().as_str() {
        "INTEGER" => SqlType::BigInt,
        "INT" if strict => SqlType::BigInt,
        "TEXT" => SqlType::Text,
        "REAL" => SqlType::Double,
        "BLOB" => SqlType::Bytes,
        _ => SqlType::Other(declared.to_owned()),
    }
}

fn add_other(database: &mut Database, object: &Object, facts: Option<&Facts>) {
    let table = database
        .tables
        .iter()
        .position(|table| table.name.name.as_str().eq_ignore_ascii_case(&object.table));
    let done = match (object.kind.as_str(), table) {
        // Indexes without a statement belong to constraints.
        ("index", _) if object.sql.is_empty() => true,
        ("index", Some(at)) => {
            let made = database.tables.get(at).and_then(|table| {
                let ty = |name: &str| {
                    let found = table
                        .columns
                        .iter()
                        .find(|column| column.name.as_str().eq_ignore_ascii_case(name));
                    found.map(|column| column.ty.clone())
                };
                create_other::index(&object.sql, ty)
            });
            let keys = facts.and_then(|facts| facts.indexes.get(&object.name)).copied();
            match (
                made.filter(|made| keys == Some(made.keys.len())),
                database.tables.get_mut(at),
            ) {
                (Some(made), Some(table)) => {
                    table.indexes.push(made);
                    true
                }
                _ => false,
            }
        }
        ("trigger", Some(at)) => match (create_other::trigger(&object.sql), database.tables.get_mut(at)) {
            (Some(made), Some(table)) => {
                table.triggers.push(made);
                true
            }
            _ => false,
        },
        ("view", _) => create_other::view(&object.sql)
            .map(|view| database.views.push(view))
            .is_some(),
        _ => false,
    };
    if !done {
        opaque(database, &object.kind, object);
    }
}

/// `REFERENCES parent` without columns means the parent's key.
fn resolve_keys(database: &mut Database) {
    let keys: Vec<(String, Name, Vec<Ident>)> = database
        .tables
        .iter()
        .map(|table| {
            let key = table
                .primary_key
                .as_ref()
                .map(|key| key.columns.clone())
                .unwrap_or_default();
            (
                table.name.name.as_str().to_ascii_lowercase(),
                table.name.clone(),
                key,
            )
        })
        .collect();
    for key in database
        .tables
        .iter_mut()
        .flat_map(|table| &mut table.foreign_keys)
    {
        let wanted = key.references.name.as_str().to_ascii_lowercase();
        if let Some((_, name, columns)) = keys.iter().find(|(name, ..)| *name == wanted) {
            key.references = name.clone();
            if key.referenced.is_empty() {
                key.referenced.clone_from(columns);
            }
        }
    }
}
