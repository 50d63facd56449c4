//! `fixtures/conformance`, read.

use physical::{Builtin, Comparison, Expr, Factor, Literal, Sign, SqlType};
use serde_json::Value as Json;

/// The columns of the row.
pub(crate) const COLUMNS: [&str; 10] = ["n", "m", "big", "price", "a", "b", "flag", "day", "at", "tags"];

/// An expression, a row, and what every database must answer.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) expr: Expr,
    pub(crate) row: Json,
    pub(crate) answer: Json,
}

/// All cases.
pub(crate) fn cases() -> Vec<Case> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/conformance/expressions.tsv"
    );
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    let cases: Vec<Case> = lines.map(case).collect();
    assert!(cases.len() > 50, "only {} cases", cases.len());
    cases
}

fn case(line: &str) -> Case {
    let fields: Vec<&str> = line.split('\t').collect();
    let [name, expression, row, answer] = fields.as_slice() else {
        panic!("four fields: {line}");
    };
    let [expression, row, answer] =
        [expression, row, answer].map(|json| serde_json::from_str::<Json>(json).unwrap());
    Case {
        name: (*name).to_owned(),
        expr: expr(&expression),
        row,
        answer,
    }
}

pub(crate) fn column_type(name: &str) -> SqlType {
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

pub(crate) fn literal(json: &Json) -> Literal {
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
