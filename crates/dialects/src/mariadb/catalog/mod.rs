//! Reads the catalog of a database: a fixed number of queries, and a pure function from their answers to a [`Database`].
//!
//! A database of MariaDB has no schemas within, so names have none. What the schema has no word for becomes [`Opaque`], with the
//! statement that makes it where the catalog says enough to write one, and else by its name alone, so that nothing that exists
//! goes unseen. What the catalog does not show is in `docs/decisions/0016-mariadb.md`.

mod answers;
mod columns;
mod keys;
mod others;
mod queries;
mod rights;
mod routines;
mod text;

use std::collections::HashMap;

use physical::{Check, Database, Expected, Expr, Name, Opaque, Origin, Rows, SqlType, Table};
use plan::{CatalogError, CatalogQuery};

use answers::Answers;
use columns::COLLATION;
use text::quote;

/// The queries that read the catalog, always the same number.
#[must_use]
pub fn queries() -> &'static [CatalogQuery] {
    queries::QUERIES
}

/// Makes a database of the answers, in the order of the queries.
///
/// # Errors
///
/// When an answer is missing or has another shape than its query asks for.
pub fn read(answers: &[Rows]) -> Result<Database, CatalogError> {
    if answers.len() != queries::QUERIES.len() {
        return Err(CatalogError {
            query: "database",
            message: format!("{} answers to {} queries", answers.len(), queries::QUERIES.len()),
        });
    }
    let answers = Answers(answers);
    let mut reading = Reading::default();
    if let Some(mut row) = answers.rows("database").next() {
        reading.database = row.text()?.to_owned();
        reading.collation = row.text()?.to_owned();
    }
    tables(&answers, &mut reading)?;
    table_columns(&answers, &mut reading)?;
    checks(&answers, &mut reading)?;
    keys::indexes(&answers, &mut reading)?;
    keys::foreign_keys(&answers, &mut reading)?;
    others::partitions(&answers, &mut reading)?;
    others::views(&answers, &mut reading)?;
    others::triggers(&answers, &mut reading)?;
    routines::routines(&answers, &mut reading)?;
    routines::events(&answers, &mut reading)?;
    rights::rights(&answers, &mut reading)?;
    Ok(reading.out)
}

/// What has been read so far.
#[derive(Default)]
struct Reading {
    out: Database,
    /// The name of the database.
    database: String,
    /// The collation of tables and routines that name none.
    collation: String,
    /// Where each table is in the list.
    places: HashMap<String, usize>,
}

impl Reading {
    fn table(&mut self, name: &str) -> Option<&mut Table> {
        self.places.get(name).and_then(|at| self.out.tables.get_mut(*at))
    }

    fn push(&mut self, opaque: Opaque) {
        self.out.opaque.push(opaque);
    }

    /// Something that is there and known by its name alone.
    fn unread(&mut self, kind: &str, name: &str, detail: &str) {
        self.push(opaque(kind, name, String::new(), None).told_by(detail));
    }

    /// Something that is said of a table.
    fn of_table(&mut self, kind: &str, table: &str, detail: &str, definition: String, undo: Option<String>) {
        let mut opaque = opaque(kind, table, definition, undo).told_by(detail).as_setting();
        opaque.depends_on = vec![Name::bare(table)];
        self.push(opaque);
    }
}

/// Something that is there, and how it is made and removed.
fn opaque(kind: &str, name: &str, definition: String, undo: Option<String>) -> Opaque {
    Opaque {
        kind: kind.to_owned(),
        name: Name::bare(name),
        detail: String::new(),
        setting: false,
        definition,
        undo,
        depends_on: Vec::new(),
        origin: Origin::Found,
    }
}

fn tables(answers: &Answers<'_>, reading: &mut Reading) -> Result<(), CatalogError> {
    for mut row in answers.rows("tables") {
        let (name, kind) = (row.text()?, row.text()?);
        let (engine, collation) = (row.maybe()?, row.maybe()?);
        let options = row.maybe()?.unwrap_or_default();
        let comment = row.comment()?;
        let rows = row.int()?;
        match kind {
            "BASE TABLE" | "SYSTEM VERSIONED" => {}
            // Those of a session, and what `views` reads.
            "VIEW" | "SYSTEM VIEW" | "TEMPORARY" | "TEMPORARY TABLE" => continue,
            other => {
                reading.unread(&other.to_lowercase(), name, "");
                continue;
            }
        }
        let mut table = Table::new(Name::bare(name), Origin::Found);
        table.comment = comment;
        table.expected = Expected(rows.and_then(|rows| u64::try_from(rows).ok()));
        reading.places.insert(name.to_owned(), reading.out.tables.len());
        reading.out.tables.push(table);
        table_options(reading, name, engine, collation, options);
        if kind == "SYSTEM VERSIONED" {
            let alter = |what: &str| format!("ALTER TABLE {} {what} SYSTEM VERSIONING", quote(name));
            let (add, drop) = (alter("ADD"), alter("DROP"));
            reading.of_table("system versioning", name, "", add, Some(drop));
        }
    }
    Ok(())
}

/// What a table is told beside its columns, where it is not as every table of ours.
fn table_options(
    reading: &mut Reading,
    table: &str,
    engine: Option<&str>,
    collation: Option<&str>,
    options: &str,
) {
    let alter = |what: &str| format!("ALTER TABLE {} {what}", quote(table));
    // A table that cannot be opened has no engine.
    match engine {
        Some("InnoDB") => {}
        Some(engine) => {
            let (to, back) = (alter(&format!("ENGINE = {engine}")), alter("ENGINE = InnoDB"));
            reading.of_table("option", table, "ENGINE", to, Some(back));
        }
        None => reading.unread("table without an engine", table, ""),
    }
    if let Some(collation) = collation.filter(|name| *name != COLLATION) {
        let to = alter(&format!("DEFAULT COLLATE = {collation}"));
        let back = alter(&format!("DEFAULT COLLATE = {COLLATION}"));
        reading.of_table("option", table, "COLLATE", to, Some(back));
    }
    let said: Vec<&str> = options
        .split(' ')
        .filter(|option| !option.is_empty() && *option != "partitioned")
        .collect();
    if !said.is_empty() {
        reading.of_table("option", table, "", alter(&said.join(" ")), None);
    }
}

fn table_columns(answers: &Answers<'_>, reading: &mut Reading) -> Result<(), CatalogError> {
    for mut row in answers.rows("columns") {
        let database = reading.database.clone();
        let found = columns::read(&mut row, &database)?;
        let name = found.column.name.as_str().to_owned();
        let period =
            found.column.generated.as_ref().is_some_and(
                |it| matches!(&it.expr, Expr::Sql(sql) if sql == "ROW START" || sql == "ROW END"),
            );
        // Columns of views and sequences are theirs to say.
        let Some(table) = reading.table(&found.table) else {
            continue;
        };
        table.columns.push(found.column);
        for what in found.unread {
            reading.unread("column", &found.table, &format!("{name} {what}"));
        }
        if period {
            reading.unread("system versioning", &found.table, &name);
        }
    }
    Ok(())
}

fn checks(answers: &Answers<'_>, reading: &mut Reading) -> Result<(), CatalogError> {
    for mut row in answers.rows("checks") {
        let (table, name) = (row.text()?, row.text()?);
        let of_column = row.text()? == "Column";
        let clause = row.text()?;
        let Some(table) = reading.table(table) else {
            continue;
        };
        let column = table
            .columns
            .iter_mut()
            .find(|column| column.name.as_str() == name);
        if let Some(column) = column.filter(|_| of_column)
            && column.ty == SqlType::Text
            && columns::is_json(&column.name, clause)
        {
            column.ty = SqlType::Json;
            // Always the same, and nobody's choice.
            column.collation = column.collation.take().filter(|name| name != "utf8mb4_bin");
            continue;
        }
        table.checks.push(Check {
            name: name.into(),
            expr: Expr::Sql(clause.to_owned()),
            validated: true,
            comment: None,
            origin: Origin::Found,
        });
    }
    Ok(())
}
