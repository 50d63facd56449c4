//! `fixtures/conformance`: what every database must answer, asked of a real one under a time zone with changing clocks.

use dialects::postgres::POSTGRES;
use physical::{Builtin, Comparison, Expr, Factor, Literal, Sign, SqlType, Value};
use serde_json::Value as Json;

use crate::support::database;

fn column_type(name: &str) -> SqlType {
    match name {
        "n" | "m" => SqlType::Integer,
        "big" => SqlType::BigInt,
        "price" => SqlType::Numeric(Some((12, 2))),
        "a" | "b" => SqlType::Text,
        "flag" => SqlType::Boolean,
        "day" => SqlType::Date,
        "at" => SqlType::TimestampTz,
        "tags" => SqlType::Array(Box::new(SqlType::Text)),
        other => panic!("no column {other}"),
    }
}

fn literal(json: &Json) -> Literal {
    match json {
        Json::Null => Literal::Null,
        Json::Bool(value) => Literal::Bool(*value),
        Json::Number(value) => Literal::Int(value.as_i64().unwrap()),
        Json::String(text) => Literal::Text(text.clone()),
        other => panic!("no constant: {other}"),
    }
}

fn expr(json: &Json) -> Expr {
    let Json::Array(items) = json else {
        return Expr::Literal(literal(json));
    };
    let (head, rest) = items.split_first().unwrap();
    let head = head.as_str().unwrap();
    let all = || rest.iter().map(expr).collect::<Vec<Expr>>();
    let nth = |at: usize| Box::new(expr(&rest[at]));
    let word = |at: usize| rest[at].as_str().unwrap().to_owned();
    let compare = |op| Expr::compare(*nth(0), op, *nth(1));
    match head {
        "col" => Expr::column(word(0), column_type(&word(0))),
        "dec" => Expr::Literal(Literal::Decimal(word(0))),
        "and" => Expr::And(all()),
        "or" => Expr::Or(all()),
        "not" => Expr::Not(nth(0)),
        "=" => compare(Comparison::Equal),
        "<>" => compare(Comparison::NotEqual),
        "<" => compare(Comparison::Less),
        "<=" => compare(Comparison::LessOrEqual),
        ">" => compare(Comparison::Greater),
        ">=" => compare(Comparison::GreaterOrEqual),
        "null?" => Expr::is_null(*nth(0)),
        "given?" => Expr::is_not_null(*nth(0)),
        "in" | "not in" => Expr::In {
            value: nth(0),
            items: rest[1..].iter().map(expr).collect(),
            negated: head == "not in",
        },
        "between" | "not between" => Expr::Between {
            value: nth(0),
            low: nth(1),
            high: nth(2),
            negated: head == "not between",
        },
        "starts" => Expr::StartsWith(nth(0), nth(1)),
        "ends" => Expr::EndsWith(nth(0), nth(1)),
        "contains" => Expr::Contains(nth(0), nth(1)),
        "matches" => Expr::Matches(nth(0), word(1)),
        "+" => Expr::Sum(all().into_iter().map(|term| (Sign::Plus, term)).collect()),
        "-" => Expr::Sum(vec![(Sign::Plus, *nth(0)), (Sign::Minus, *nth(1))]),
        "neg" => Expr::Negate(nth(0)),
        "*" => Expr::Product(all().into_iter().map(|factor| (Factor::Times, factor)).collect()),
        "/" => Expr::Product(vec![(Factor::Times, *nth(0)), (Factor::Over, *nth(1))]),
        "span" => Expr::Duration {
            months: i32::try_from(rest[0].as_i64().unwrap()).unwrap(),
            micros: rest[1].as_i64().unwrap(),
        },
        call => Expr::Call(builtin(call), all()),
    }
}

fn builtin(name: &str) -> Builtin {
    match name {
        "length" => Builtin::Length,
        "bytes" => Builtin::ByteLength,
        "lower" => Builtin::Lower,
        "upper" => Builtin::Upper,
        "trim" => Builtin::Trim,
        "now" => Builtin::Now,
        "today" => Builtin::Today,
        "coalesce" => Builtin::Coalesce,
        "abs" => Builtin::Abs,
        "count" => Builtin::Count,
        other => panic!("no expression {other}"),
    }
}

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
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/conformance/expressions.tsv"
    );
    let text = std::fs::read_to_string(path).unwrap();
    let mut wrong = Vec::new();
    let mut cases = 0;
    for line in text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
    {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, expression, row, answer] = fields.as_slice() else {
            panic!("four fields: {line}");
        };
        let [expression, row, answer] =
            [expression, row, answer].map(|json| serde_json::from_str::<Json>(json).unwrap());
        let sql = (POSTGRES.expression)(&expr(&expression)).unwrap();
        let columns = ["n", "m", "big", "price", "a", "b", "flag", "day", "at", "tags"];
        let cells: Vec<String> = columns.iter().map(|column| cell(column, &row)).collect();
        let sql = format!("SELECT ({sql})::text FROM (SELECT {}) AS t", cells.join(", "));
        let got = match connection.query(&sql, &[]) {
            Ok(rows) => match rows.scalar() {
                Some(Value::Text(text)) => Some(text.clone()),
                _ => None,
            },
            Err(error) => Some(format!("{error}")),
        };
        let expected = match &answer {
            Json::Null => None,
            Json::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        cases += 1;
        if got != expected {
            wrong.push(format!("{name}: {sql}\n  expected {expected:?}, got {got:?}"));
        }
    }
    assert!(cases > 50, "only {cases} cases");
    assert!(
        wrong.is_empty(),
        "{} of {cases} answer otherwise:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
