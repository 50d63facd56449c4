//! Whether a statement that ran outside of a transaction was done: the ledger says that it began, the database says the rest.

use engine::{Connection, EngineError, quote_identifier};
use journal::{Kind, Statement};
use physical::Value;

use crate::store::text;

/// What the database says of a statement that began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// It was done.
    Done,
    /// It was not, or doing it again changes nothing more.
    Not,
    /// It left invalid indexes, whose quoted names these are.
    Invalid(Vec<String>),
    /// Its first half is done; this statement does the other.
    Half(String),
    /// The database cannot tell.
    Unknown,
}

/// Looks.
pub(crate) fn look(connection: &mut Connection, statement: &Statement) -> Result<Found, EngineError> {
    match &statement.kind {
        Kind::CreateIndex {
            name: Some(name),
            table,
        } => index(connection, name, table),
        Kind::DropIndex(name) => {
            let rows = connection.query(
                "SELECT pg_catalog.to_regclass($1) IS NULL",
                &[Value::Text(name.clone())],
            )?;
            let gone = rows.scalar().and_then(Value::as_bool) == Some(true);
            Ok(if gone { Found::Done } else { Found::Not })
        }
        Kind::Detach { parent, partition } => detached(connection, parent, partition),
        Kind::Reindex(Some(name)) => copies(connection, name),
        Kind::Repeatable | Kind::Batches { .. } | Kind::Session | Kind::Reindex(None) => Ok(Found::Not),
        Kind::CreateIndex { name: None, .. } | Kind::AddValue | Kind::Other => Ok(Found::Unknown),
    }
}

fn index(connection: &mut Connection, name: &str, table: &str) -> Result<Found, EngineError> {
    // An index lies in the schema of its table; its name is folded as the server folds it.
    let sql = "SELECT i.indisvalid::text, n.nspname::text, c.relname::text \
                 FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                WHERE i.indrelid = pg_catalog.to_regclass($1)::oid AND c.relname = (pg_catalog.parse_ident($2))[1]";
    let rows = connection.query(
        sql,
        &[Value::Text(table.to_owned()), Value::Text(name.to_owned())],
    )?;
    Ok(match rows.rows.first() {
        None => Found::Not,
        Some(row) if text(row, 0) == "true" => Found::Done,
        Some(row) => Found::Invalid(vec![quoted(row)]),
    })
}

fn quoted(row: &[Value]) -> String {
    format!(
        "{}.{}",
        quote_identifier(&text(row, 1)),
        quote_identifier(&text(row, 2))
    )
}

/// Copies that REINDEX CONCURRENTLY left of an index, or of the indexes of a table, and that nobody is building.
fn copies(connection: &mut Connection, name: &str) -> Result<Found, EngineError> {
    let sql = "SELECT '', n.nspname::text, c.relname::text \
                 FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                WHERE NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$' \
                  AND (i.indrelid = pg_catalog.to_regclass($1)::oid OR i.indrelid = \
                       (SELECT o.indrelid FROM pg_catalog.pg_index o WHERE o.indexrelid = pg_catalog.to_regclass($1)::oid)) \
                  AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = c.oid) \
                ORDER BY c.relname";
    let rows = connection.query(sql, &[Value::Text(name.to_owned())])?;
    let copies: Vec<String> = rows.rows.iter().map(|row| quoted(row)).collect();
    Ok(if copies.is_empty() {
        Found::Not
    } else {
        Found::Invalid(copies)
    })
}

fn detached(connection: &mut Connection, parent: &str, partition: &str) -> Result<Found, EngineError> {
    let sql = "SELECT inhdetachpending::text FROM pg_catalog.pg_inherits \
                WHERE inhparent = pg_catalog.to_regclass($1)::oid AND inhrelid = pg_catalog.to_regclass($2)::oid";
    let values = [Value::Text(parent.to_owned()), Value::Text(partition.to_owned())];
    let rows = connection.query(sql, &values)?;
    Ok(match rows.rows.first() {
        None => Found::Done,
        Some(row) if text(row, 0) == "true" => Found::Half(format!(
            "ALTER TABLE {parent} DETACH PARTITION {partition} FINALIZE"
        )),
        Some(_) => Found::Not,
    })
}

/// Removes invalid indexes that a run of ours left.
pub(crate) fn remove_invalid(connection: &mut Connection, indexes: &[String]) -> Result<(), EngineError> {
    indexes.iter().try_for_each(|index| {
        connection
            .execute(&format!("DROP INDEX CONCURRENTLY IF EXISTS {index}"))
            .map(drop)
    })
}
