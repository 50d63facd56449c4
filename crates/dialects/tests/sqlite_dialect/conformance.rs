//! `fixtures/conformance`: what every database must answer, asked of SQLite.

use dialects::sqlite::SQLITE;
use physical::{Database, Literal, Seed, Table, Value};
use serde_json::Value as Json;

use crate::cases::{COLUMNS, cases, column_type, literal};
use crate::shop::{NONE, app, nullable};
use crate::support::{open, query, run, show, steps};

/// A database with the one row of a case, written by the dialect itself.
fn with_row(row: &Json) -> rusqlite::Connection {
    let names = COLUMNS;
    let mut table = Table::new(app("cases"), NONE);
    table.strict = true;
    table.columns = names
        .iter()
        .map(|name| nullable(name, column_type(name)))
        .collect();
    let value = |name: &&str| match &row[*name] {
        Json::Array(items) => Literal::Text(Json::Array(items.clone()).to_string()),
        Json::String(text) if *name == "price" => Literal::Decimal(text.clone()),
        other => literal(other),
    };
    let seed = Seed {
        table: app("cases"),
        columns: names.iter().map(|name| (*name).into()).collect(),
        rows: vec![names.iter().map(value).collect()],
        comment: None,
        origin: NONE,
    };
    let database = Database {
        tables: vec![table],
        seeds: vec![seed],
        ..Database::default()
    };
    let connection = open();
    run(&connection, &steps(&database));
    connection
}

#[test]
fn every_expression_answers_as_on_every_database() {
    let mut wrong = Vec::new();
    for case in cases() {
        let sql = match (SQLITE.expression)(&case.expr) {
            Ok(sql) => sql,
            Err(unspeakable) => {
                wrong.push(format!("{}: {unspeakable}", case.name));
                continue;
            }
        };
        let rows = query(&with_row(&case.row), &format!("SELECT ({sql}) FROM shop_cases"));
        let got = rows.scalar().filter(|value| **value != Value::Null).map(show);
        let expected = match &case.answer {
            Json::Null => None,
            // SQLite's truth is a number.
            Json::Bool(truth) => Some(i32::from(*truth).to_string()),
            Json::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        if got != expected {
            wrong.push(format!(
                "{}: {sql}\n  expected {expected:?}, got {got:?}",
                case.name
            ));
        }
    }
    assert!(wrong.is_empty(), "answer otherwise:\n{}", wrong.join("\n"));
}
