//! `fixtures/conformance`: what every database must answer, asked of a real one under a time zone with changing clocks.

use dialects::postgres::POSTGRES;
use physical::Value;
use serde_json::Value as Json;

use crate::cases::{COLUMNS, cases, column_type, literal};
use crate::support::database;

fn cell(name: &str, row: &Json) -> String {
    let value = match &row[name] {
        Json::Array(items) => {
            let items: Vec<String> = items
                .iter()
                .map(|item| (POSTGRES.literal)(&literal(item)))
                .collect();
            format!("ARRAY[{}]", items.join(", "))
        }
        other => (POSTGRES.literal)(&literal(other)),
    };
    format!(
        "({value})::{} AS {name}",
        (POSTGRES.type_name)(&column_type(name))
    )
}

#[test]
fn every_expression_answers_as_on_every_database() {
    let mut connection = database("conformance");
    connection.batch("SET TimeZone = 'America/New_York'").unwrap();
    let mut wrong = Vec::new();
    for case in cases() {
        let sql = (POSTGRES.expression)(&case.expr).unwrap();
        let cells: Vec<String> = COLUMNS.iter().map(|column| cell(column, &case.row)).collect();
        let sql = format!("SELECT ({sql})::text FROM (SELECT {}) AS t", cells.join(", "));
        let got = match connection.query(&sql, &[]) {
            Ok(rows) => match rows.scalar() {
                Some(Value::Text(text)) => Some(text.clone()),
                _ => None,
            },
            Err(error) => Some(format!("{error}")),
        };
        let expected = match &case.answer {
            Json::Null => None,
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
