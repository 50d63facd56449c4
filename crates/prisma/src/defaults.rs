//! Defaults: those of the database. What the client makes is no part of it.

use diagnostics::{Diagnostic, Diagnostics};
use physical::{DefaultValue, Expr, Literal, SqlType};
use plan::Relational;

use crate::arguments::{Arguments, Takes, bad};
use crate::ast::{Arity, Attribute, Value, ValueKind};
use crate::codes;
use crate::ground::{FieldOf, Flavor, Ground, Kind};
use crate::scalars::Scalar;
use crate::values::{Moment, hex_of_base64};

/// What a column gets when nothing is given.
pub(crate) enum Given {
    /// Nothing, or what the client makes.
    Nothing,
    /// The next number.
    Counter,
    /// A value.
    Value(DefaultValue),
    /// A value that the server spells otherwise, or SQL: what it is, only a server can say.
    Asked(DefaultValue),
}

const DEFAULT: Takes = Takes {
    bare: &["value"],
    all: &["value", "map"],
};

/// Functions whose values the client makes.
const OF_CLIENT: &[&str] = &["uuid", "cuid", "nanoid", "ulid", "auto"];

/// SQL that a server spells as it is written.
const PLAIN: &[&str] = &["gen_random_uuid()", "now()", "CURRENT_TIMESTAMP"];

/// The default of a field's column.
pub(crate) fn of(
    ground: &Ground<'_>,
    dialect: &Relational,
    (field, ty): (&FieldOf<'_>, &SqlType),
    found: &mut Diagnostics,
) -> Given {
    let Some(attribute) = attribute(field) else {
        return Given::Nothing;
    };
    let arguments = Arguments::read(attribute, &DEFAULT, found);
    arguments.refuse("map", "names a default, which is of SQL Server", found);
    let Some(value) = arguments.get("value") else {
        let finding = Diagnostic::new(&codes::BAD_VALUE, attribute.name.span, "the default is missing");
        found.push(finding.help("write it in parentheses: `@default(0)`"));
        return Given::Nothing;
    };
    match &value.kind {
        ValueKind::Call(name, _) => call(ground, (field, name), value, found),
        ValueKind::List(items) if field.field.arity == Arity::List => {
            list(ground, dialect, (field, ty), items, found)
        }
        ValueKind::Missing => Given::Nothing,
        _ if field.field.arity == Arity::List => {
            found.push(bad(
                value,
                "the default of a list is a list",
                "write it in brackets",
            ));
            Given::Nothing
        }
        _ => constant(ground, (field, ty), value, found),
    }
}

fn attribute<'s>(field: &FieldOf<'s>) -> Option<&'s Attribute> {
    let mut attributes = field.field.attributes.iter();
    attributes.find(|attribute| attribute.name.text == "default")
}

fn call(
    ground: &Ground<'_>,
    (field, name): (&FieldOf<'_>, &str),
    value: &Value,
    found: &mut Diagnostics,
) -> Given {
    let ValueKind::Call(_, arguments) = &value.kind else {
        return Given::Nothing;
    };
    let scalar = match field.kind {
        Kind::Scalar(scalar) => Some(scalar),
        _ => None,
    };
    let mut misfit = |help: &str| {
        let message = format!(
            "`{name}()` is no default of a field of type `{}`",
            field.field.ty.text
        );
        found.push(bad(value, message, help));
        Given::Nothing
    };
    match name {
        "autoincrement" if matches!(scalar, Some(Scalar::Int | Scalar::BigInt)) => Given::Counter,
        "autoincrement" => misfit("only whole numbers count"),
        "now" if scalar == Some(Scalar::DateTime) => {
            Given::Value(DefaultValue::Expr(Expr::Sql("CURRENT_TIMESTAMP".to_owned())))
        }
        "now" => misfit("write it at a field of type `DateTime`"),
        name if OF_CLIENT.contains(&name) => match scalar {
            Some(Scalar::String) => Given::Nothing,
            _ => misfit("write it at a field of type `String`"),
        },
        "dbgenerated" => {
            let text = arguments.first().map(|argument| argument.value.as_text());
            match text {
                // What was found in a database and could not be said: nothing is made of it.
                None => Given::Nothing,
                Some(Some(sql)) if !sql.trim().is_empty() => sql_of(ground.flavor, sql),
                _ => {
                    found.push(bad(value, "the SQL is missing", "write it in quotes"));
                    Given::Nothing
                }
            }
        }
        "sequence" => misfit("`sequence()` is of CockroachDB; write `autoincrement()`"),
        _ => {
            let message = format!("`{name}()` is no function that is known here");
            let known =
                "`autoincrement()`, `now()`, `dbgenerated(\"…\")`, `uuid()`, `cuid()`, `nanoid()`, `ulid()`";
            found.push(
                Diagnostic::new(&codes::UNKNOWN, value.span, message).help(format!("there are {known}")),
            );
            Given::Nothing
        }
    }
}

fn sql_of(flavor: Flavor, sql: &str) -> Given {
    let value = |sql: &str| DefaultValue::Expr(Expr::Sql(sql.to_owned()));
    match flavor {
        Flavor::Postgres if PLAIN.contains(&sql.trim()) => Given::Value(value(sql.trim())),
        Flavor::Postgres => Given::Asked(value(sql)),
        // Its parentheses are no part of an expression.
        Flavor::Sqlite => Given::Asked(value(bare(sql))),
    }
}

/// SQL without the parentheses that are around all of it.
fn bare(sql: &str) -> &str {
    let mut sql = sql.trim();
    while let Some(inner) = sql.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        let mut depth = 0_i64;
        let closes_early = inner.chars().any(|c| {
            depth += i64::from(c == '(') - i64::from(c == ')');
            depth < 0
        });
        // A quote may hold a parenthesis: then they stay.
        if closes_early || inner.contains(['\'', '"']) && depth != 0 {
            break;
        }
        sql = inner.trim();
    }
    sql
}

/// A constant, as the database shall have it.
fn constant(
    ground: &Ground<'_>,
    (field, ty): (&FieldOf<'_>, &SqlType),
    value: &Value,
    found: &mut Diagnostics,
) -> Given {
    let Some(literal) = literal(ground, field, value, found) else {
        return Given::Nothing;
    };
    let is_moment = field.kind == Kind::Scalar(Scalar::DateTime);
    let is_json = field.kind == Kind::Scalar(Scalar::Json);
    match (ground.flavor, literal) {
        (Flavor::Postgres, Literal::Text(text)) if is_moment => moment(ty, &text),
        // How a server spells more than that depends on what it is.
        (Flavor::Postgres, Literal::Text(text)) if is_json && !["{}", "[]"].contains(&text.as_str()) => {
            Given::Asked(DefaultValue::Literal(Literal::Text(text)))
        }
        (Flavor::Postgres, literal) => Given::Value(DefaultValue::Literal(literal)),
        // SQLite keeps the words of a default.
        (Flavor::Sqlite, Literal::Bool(value)) => {
            Given::Value(DefaultValue::Expr(Expr::Sql(value.to_string())))
        }
        (Flavor::Sqlite, Literal::Int(number)) => {
            Given::Value(DefaultValue::Expr(Expr::Sql(number.to_string())))
        }
        (Flavor::Sqlite, Literal::Decimal(digits)) => Given::Value(DefaultValue::Expr(Expr::Sql(digits))),
        (Flavor::Sqlite, literal) => Given::Value(DefaultValue::Literal(literal)),
    }
}

/// A moment as the server shows it, where that is known.
fn moment(ty: &SqlType, written: &str) -> Given {
    let value = |text: String| DefaultValue::Literal(Literal::Text(text));
    let shown =
        Moment::read(&written.replacen(' ', "T", 1).replacen(' ', "", 1)).and_then(|moment| match ty {
            SqlType::Date => Some(moment.day()),
            SqlType::Timestamp => moment.without_zone(),
            SqlType::TimestampTz => moment.in_utc(),
            SqlType::Other(name) if name.starts_with("timestamptz(") => moment.in_utc(),
            SqlType::Other(name) if name.starts_with("timestamp(") => moment.without_zone(),
            _ => None,
        });
    match shown {
        Some(text) => Given::Value(value(text)),
        None => Given::Asked(value(written.to_owned())),
    }
}

fn list(
    ground: &Ground<'_>,
    dialect: &Relational,
    (field, ty): (&FieldOf<'_>, &SqlType),
    items: &[Value],
    found: &mut Diagnostics,
) -> Given {
    let mut all = Vec::new();
    for item in items {
        let literal = literal(ground, field, item, found);
        all.extend(literal.map(|literal| (dialect.literal)(&literal)));
    }
    let sql = format!("ARRAY[{}]::{}", all.join(", "), (dialect.type_name)(ty));
    let default = DefaultValue::Expr(Expr::Sql(sql));
    // How the server writes these down depends on what they are.
    let plain = matches!(
        field.kind,
        Kind::Scalar(Scalar::String | Scalar::Int | Scalar::Boolean) | Kind::Enum(_)
    );
    match plain && crate::scalars::native(ground, field).is_none() || all.is_empty() {
        true => Given::Value(default),
        false => Given::Asked(default),
    }
}

/// One constant of a field's type; another one is told.
fn literal(
    ground: &Ground<'_>,
    field: &FieldOf<'_>,
    value: &Value,
    found: &mut Diagnostics,
) -> Option<Literal> {
    let literal = match (field.kind, &value.kind) {
        (Kind::Enum(at), ValueKind::Word(word)) => {
            let of = ground.enums.get(at)?;
            let member = of.members.iter().find(|(name, _)| name == word);
            if member.is_none() {
                let message = format!("`{word}` is no member of `{}`", of.block.name.text);
                let names: Vec<&str> = of.members.iter().map(|(name, _)| *name).take(20).collect();
                let finding = Diagnostic::new(&codes::NO_SUCH_NAME, value.span, message);
                found.push(finding.help(format!("it has `{}`", names.join("`, `"))));
                return None;
            }
            member.map(|(_, stored)| Literal::Text((*stored).to_owned()))
        }
        (Kind::Scalar(scalar), kind) => scalar_literal(ground.flavor, scalar, kind),
        _ => None,
    };
    if literal.is_none() && !matches!(value.kind, ValueKind::Missing) {
        let message = format!("this is no value of the type `{}`", field.field.ty.text);
        let help = match field.kind {
            Kind::Scalar(Scalar::DateTime) => "write it as `\"2020-01-31T12:00:00Z\"`",
            Kind::Scalar(Scalar::Bytes) => "write it in base 64, in quotes",
            Kind::Scalar(Scalar::Boolean) => "write `true` or `false`",
            Kind::Enum(_) => "write a member of the enum, without quotes",
            Kind::Unsupported => "write it as SQL: `dbgenerated(\"…\")`",
            _ => "write texts in quotes, and numbers without",
        };
        found.push(bad(value, message, help));
    }
    literal
}

fn scalar_literal(flavor: Flavor, scalar: Scalar, kind: &ValueKind) -> Option<Literal> {
    match (scalar, kind) {
        (Scalar::String | Scalar::Json, ValueKind::Text(text)) => Some(Literal::Text(text.clone())),
        (Scalar::Boolean, ValueKind::Word(word)) => word.parse().ok().map(Literal::Bool),
        (Scalar::Int, ValueKind::Number(number)) => {
            number.parse::<i32>().ok().map(|n| Literal::Int(n.into()))
        }
        (Scalar::BigInt, ValueKind::Number(number)) => number.parse().ok().map(Literal::Int),
        (Scalar::Float | Scalar::Decimal, ValueKind::Number(number)) => {
            let whole = number.parse().map(Literal::Int);
            Some(whole.unwrap_or_else(|_| Literal::Decimal(number.clone())))
        }
        // A number too long to be written as one is a text.
        (Scalar::Decimal, ValueKind::Text(number)) => {
            let digits = |c: char| c.is_ascii_digit() || c == '.' || c == '-';
            let is_number = number.chars().all(digits) && number.parse::<f64>().is_ok();
            is_number.then(|| Literal::Decimal(number.clone()))
        }
        (Scalar::DateTime, ValueKind::Text(text)) => {
            Moment::read(text).map(|moment| Literal::Text(moment.written()))
        }
        (Scalar::Bytes, ValueKind::Text(text)) => hex_of_base64(text).map(|hex| match flavor {
            Flavor::Postgres => Literal::Text(format!("\\x{hex}")),
            Flavor::Sqlite => Literal::Text(hex),
        }),
        _ => None,
    }
}
