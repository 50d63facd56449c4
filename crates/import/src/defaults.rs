//! Defaults: constants of the language where they are, else SQL.

use physical::{Column, DefaultValue, Expr, Literal};

use crate::Ground;
use crate::text::quoted;
use crate::types::Said;

/// ` = 0`, or ` @default("…")`; empty for none.
pub(crate) fn write(ground: &Ground<'_>, column: &Column, ty: &Said) -> String {
    let Some(value) = &column.default else {
        return String::new();
    };
    if let Some(constant) = constant(ground, value, column, ty) {
        return format!(" = {constant}");
    }
    let dialect = ground.asked.dialect;
    let sql = match value {
        DefaultValue::Expr(Expr::Sql(sql)) => Some(sql.clone()),
        value => (dialect.default)(value, &column.ty).ok(),
    };
    sql.map_or_else(String::new, |sql| format!(" @default({})", quoted(&sql)))
}

/// The default as the language says it. What a type spelled otherwise makes of a constant is not ours to know.
fn constant(ground: &Ground<'_>, value: &DefaultValue, column: &Column, ty: &Said) -> Option<String> {
    let literal = match value {
        DefaultValue::Literal(literal) => literal.clone(),
        DefaultValue::Now if ty.word == "Instant" => return Some("now()".to_owned()),
        DefaultValue::Uuid4 if ty.word == "Uuid" => return Some("uuid4()".to_owned()),
        DefaultValue::Expr(Expr::Sql(sql)) if ground.asked.dialect.name == "postgres" => match sql.as_str() {
            "now()" if ty.word == "Instant" => return Some("now()".to_owned()),
            "gen_random_uuid()" if ty.word == "Uuid" => return Some("uuid4()".to_owned()),
            _ => return None,
        },
        DefaultValue::Expr(Expr::Sql(sql)) => parsed(sql)?,
        _ => return None,
    };
    match (&literal, ty.word.as_str()) {
        (Literal::Bool(value), "Bool") => Some(value.to_string()),
        (Literal::Int(number), "BigInt") => Some(number.to_string()),
        (Literal::Int(number), "Int") => i32::try_from(*number).ok().map(|number| number.to_string()),
        (Literal::Int(number), word) if word.starts_with("Decimal") && ty.spelled.is_none() => {
            // More digits than the type has would be refused.
            (number.unsigned_abs() < 10).then(|| number.to_string())
        }
        (Literal::Decimal(digits), word) if ty.spelled.is_none() => decimal(digits, word),
        (Literal::EmptyArray, word) if word.starts_with('[') && ty.spelled.is_none() => Some("[]".to_owned()),
        (Literal::Text(text), word) if text == "{}" && word.starts_with('[') && ty.spelled.is_none() => {
            Some("[]".to_owned())
        }
        (Literal::Text(text), "Json") if matches!(text.as_str(), "{}" | "[]") => Some(quoted(text)),
        (Literal::Text(text), "Text") if is_line(text) => Some(quoted(text)),
        (Literal::Text(text), word)
            if word.starts_with("String(") && ty.spelled.is_none() && is_line(text) =>
        {
            let longest: usize = word
                .trim_start_matches("String(")
                .trim_end_matches(')')
                .parse()
                .ok()?;
            (text.chars().count() <= longest).then(|| quoted(text))
        }
        (Literal::Text(text), word) => member(ground, column, word, text),
        _ => None,
    }
}

/// A number, if the type has room for it: what has not is refused.
fn decimal(digits: &str, word: &str) -> Option<String> {
    let (most, scale) = word
        .strip_prefix("Decimal(")?
        .strip_suffix(')')?
        .split_once(", ")?;
    let (most, scale): (usize, usize) = (most.parse().ok()?, scale.parse().ok()?);
    let (whole, fraction) = digits
        .trim_start_matches('-')
        .split_once('.')
        .unwrap_or((digits, ""));
    (fraction.len() <= scale && whole.len() + scale <= most).then(|| digits.to_owned())
}

fn is_line(text: &str) -> bool {
    !text.contains(char::is_control)
}

/// A constant of SQLite.
fn parsed(sql: &str) -> Option<Literal> {
    if let Ok(number) = sql.parse::<i64>() {
        return (number.to_string() == sql).then_some(Literal::Int(number));
    }
    let inner = sql.strip_prefix('\'')?.strip_suffix('\'')?;
    (!inner.contains('\'')).then(|| Literal::Text(inner.to_owned()))
}

/// The member of an enum.
fn member(ground: &Ground<'_>, column: &Column, word: &str, value: &str) -> Option<String> {
    let physical::SqlType::Named(name) = &column.ty else {
        return None;
    };
    let is_it = ground.enums.get(name).is_some_and(|called| called == word);
    (is_it && crate::enums::is_word(value)).then(|| value.to_owned())
}
