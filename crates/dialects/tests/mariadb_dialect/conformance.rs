//! `fixtures/conformance`: what every database must answer, asked of MariaDB.

use dialects::mariadb::MARIADB;
use physical::{Database, Literal, Name, Seed, Table, Value};
use serde_json::Value as Json;

use crate::cases::{COLUMNS, cases, column_type, literal};
use crate::shop::{NONE, nullable};
use crate::support::{database, make, show};

fn table() -> Table {
    let mut table = Table::new(Name::bare("cases"), NONE);
    let columns = COLUMNS.iter();
    table.columns = columns.map(|name| nullable(name, column_type(name))).collect();
    table
}

/// The one row of a case, written by the dialect itself.
fn row(json: &Json) -> String {
    let value = |name: &&str| match &json[*name] {
        Json::Array(items) => Literal::Text(Json::Array(items.clone()).to_string()),
        Json::String(text) if *name == "price" => Literal::Decimal(text.clone()),
        other => literal(other),
    };
    let seed = Seed {
        table: Name::bare("cases"),
        columns: COLUMNS.iter().map(|name| (*name).into()).collect(),
        rows: vec![COLUMNS.iter().map(value).collect()],
        comment: None,
        origin: NONE,
    };
    let known = Database {
        tables: vec![table()],
        ..Database::default()
    };
    let change = plan::Change::Create(plan::Object::Seed(&seed, &known));
    let steps = (MARIADB.steps)(&change);
    let plan::Action::Sql(statements) = &steps[0].action;
    statements[0].clone()
}

#[test]
fn every_expression_answers_as_on_every_database() {
    let (_, mut connection) = database();
    let known = Database {
        tables: vec![table()],
        ..Database::default()
    };
    make(&mut connection, &known);
    let mut wrong = Vec::new();
    for case in cases() {
        let sql = match (MARIADB.expression)(&case.expr) {
            Ok(sql) => sql,
            Err(unspeakable) => {
                wrong.push(format!("{}: {unspeakable}", case.name));
                continue;
            }
        };
        connection.execute("DELETE FROM cases").unwrap();
        connection.execute(&row(&case.row)).unwrap();
        let got = match connection.query(&format!("SELECT {sql} FROM cases"), &[]) {
            Ok(rows) => rows.scalar().filter(|value| **value != Value::Null).map(show),
            Err(error) => Some(error.to_string()),
        };
        let expected = match &case.answer {
            Json::Null => None,
            // Truth is a number here.
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
