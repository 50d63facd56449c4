//! Reads a SQLite database back.
//!
//! The stored CREATE statements say everything; SQLite's own reading of them (`pragma_table_xinfo`, `pragma_foreign_key_list`,
//! `pragma_index_xinfo`) is held against ours. Where the two disagree the object is not taken apart: half understood is worse.

mod create_other;
mod create_table;
mod cursor;
mod facts;
pub(super) mod lexer;
mod tables;

use std::collections::HashMap;

use physical::{Database, Ident, Name, Opaque, Origin, Rows, Table, Value};
use plan::{CatalogError, CatalogQuery};

use facts::Facts;

const QUERIES: &[CatalogQuery] = &[
    CatalogQuery {
        name: "objects",
        sql: "SELECT s.type, s.name, s.tbl_name, s.sql FROM sqlite_schema AS s WHERE s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY s.rowid",
    },
    CatalogQuery {
        name: "columns",
        sql: "SELECT s.name, x.name, x.type, x.\"notnull\", x.pk, x.hidden, x.dflt_value \
              FROM sqlite_schema AS s, pragma_table_xinfo(s.name) AS x \
              WHERE s.type = 'table' AND s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
              AND s.sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY s.rowid, x.cid",
    },
    CatalogQuery {
        name: "foreign keys",
        sql: "SELECT s.name, f.id, f.seq, f.\"table\", f.\"from\", f.\"to\", f.on_update, f.on_delete \
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
    // Asked once: whoever asks for one table reads the list of all.
    CatalogQuery {
        name: "kinds of tables",
        sql: "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main'",
    },
];

/// The queries that read the catalog, always the same number.
#[must_use]
pub(super) fn queries() -> &'static [CatalogQuery] {
    QUERIES
}

/// Makes a database of the answers.
///
/// # Errors
///
/// When an answer has another shape than its query asks for.
pub(super) fn read(answers: &[Rows]) -> Result<Database, CatalogError> {
    let [objects, columns, keys, indexes, kinds] = answers else {
        return Err(CatalogError {
            query: "objects",
            message: format!("{} answers for {} queries", answers.len(), QUERIES.len()),
        });
    };
    let facts = facts::gather(columns, keys, indexes, kinds)?;
    let mut database = Database::default();
    let mut later = Vec::new();
    for row in &objects.rows {
        let object = Object {
            kind: text("objects", row, 0)?,
            name: text("objects", row, 1)?,
            table: text("objects", row, 2)?,
            sql: text("objects", row, 3).unwrap_or_default(),
        };
        if object.kind == "table" {
            add_table(&mut database, &object, facts.get(&object.name));
        } else {
            later.push(object);
        }
    }
    let places = places(&database);
    for object in later {
        add_other(&mut database, &object, facts.get(&object.table), &places);
    }
    resolve_keys(&mut database, &places);
    Ok(database)
}

#[derive(Debug)]
struct Object {
    kind: String,
    name: String,
    table: String,
    sql: String,
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
        detail: String::new(),
        setting: false,
        definition: object.sql.clone(),
        undo: Some(format!("DROP {word} {}", super::ident::quote(&object.name))),
        depends_on,
        origin: Origin::Found,
    });
}

fn add_table(database: &mut Database, object: &Object, facts: Option<&Facts>) {
    match facts.map(|facts| facts.kind.as_str()) {
        // What a virtual table keeps for itself comes and goes with it.
        Some("shadow") => return,
        Some("virtual") => return opaque(database, "virtual table", object),
        _ => {}
    }
    match facts.and_then(|facts| tables::read(&object.name, &object.sql, facts)) {
        Some(table) => database.tables.push(table),
        None => opaque(database, "table", object),
    }
}

/// Where tables stand in a database, by their names in small letters.
type Places = HashMap<String, usize>;

fn places(database: &Database) -> Places {
    let tables = database.tables.iter().enumerate();
    tables
        .map(|(at, table)| (table.name.name.as_str().to_ascii_lowercase(), at))
        .collect()
}

fn add_other(database: &mut Database, object: &Object, facts: Option<&Facts>, places: &Places) {
    let at = places.get(&object.table.to_ascii_lowercase()).copied();
    let table = at.and_then(|at| database.tables.get_mut(at));
    match (object.kind.as_str(), table) {
        // Indexes without a statement belong to constraints.
        ("index", _) if object.sql.is_empty() => {}
        ("index", Some(table)) => add_index(table, object, facts),
        ("trigger", Some(table)) => {
            let made = create_other::trigger(&object.sql)
                .unwrap_or_else(|| create_other::unread_trigger(&object.name, &object.sql));
            let statement = (made.name.clone(), object.sql.clone());
            table.written.triggers.extend([statement]);
            table.triggers.push(made);
        }
        ("view", _) => match create_other::view(&object.sql) {
            Some(view) => database.views.push(view),
            None => opaque(database, "view", object),
        },
        (kind, _) => opaque(database, kind, object),
    }
}

fn add_index(table: &mut Table, object: &Object, facts: Option<&Facts>) {
    let ty = |name: &str| {
        let mut columns = table.columns.iter();
        let found = columns.find(|column| column.name.as_str().eq_ignore_ascii_case(name));
        found.map(|column| column.ty.clone())
    };
    let keys = facts.and_then(|facts| facts.indexes.get(&object.name)).copied();
    let made = create_other::index(&object.sql, ty).filter(|made| keys == Some(made.keys.len()));
    let made = made.unwrap_or_else(|| create_other::unread_index(&object.name, &object.sql));
    let statement = (made.name.clone(), object.sql.clone());
    table.written.indexes.extend([statement]);
    table.indexes.push(made);
}

/// `REFERENCES parent` without columns means the parent's key.
fn resolve_keys(database: &mut Database, places: &Places) {
    let parents: Vec<(Name, Vec<Ident>)> = database
        .tables
        .iter()
        .map(|table| {
            let key = table.primary_key.as_ref().map(|key| key.columns.clone());
            (table.name.clone(), key.unwrap_or_default())
        })
        .collect();
    let keys = database
        .tables
        .iter_mut()
        .flat_map(|table| &mut table.foreign_keys);
    for key in keys {
        let wanted = key.references.name.as_str().to_ascii_lowercase();
        if let Some((name, columns)) = places.get(&wanted).and_then(|at| parents.get(*at)) {
            key.references = name.clone();
            if key.referenced.is_empty() {
                key.referenced.clone_from(columns);
            }
        }
    }
}
