//! What an expression answers for a row, in SQL's three-valued logic, without asking a database.
//!
//! `None` is honest: it is not known here. What the answer is good for (choosing rows) is checked by the database anyway.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use physical::{Builtin, Comparison, Expr, Factor, Sign, SqlType};

use super::datum::Datum;
use super::pattern::Pattern;

/// A row by column.
pub type Values = BTreeMap<String, Datum>;

/// What an expression answers; `None` when that is not known here.
#[must_use]
pub fn eval(expr: &Expr, row: &Values) -> Option<Datum> {
    Some(match expr {
        Expr::Column { name, .. } => row.get(name.as_str())?.clone(),
        Expr::Literal(literal) => Datum::of_literal(literal, None)?,
        Expr::And(items) => connect(items, row, false)?,
        Expr::Or(items) => connect(items, row, true)?,
        Expr::Not(inner) => negate(eval(inner, row)?)?,
        Expr::Compare { op, left, right } => compare(*op, left, right, row)?,
        Expr::IsNull { value, negated } => Datum::Bool(eval(value, row)?.is_null() != *negated),
        Expr::In {
            value,
            items,
            negated,
        } => {
            let member = is_in(value, items, row)?;
            if *negated { negate(member)? } else { member }
        }
        Expr::Between {
            value,
            low,
            high,
            negated,
        } => {
            let ends = [
                compare(Comparison::GreaterOrEqual, value, low, row)?,
                compare(Comparison::LessOrEqual, value, high, row)?,
            ];
            let inside = junction(&ends, false)?;
            if *negated { negate(inside)? } else { inside }
        }
        Expr::StartsWith(text, part) => texts(text, part, row, |text, part| text.starts_with(part))?,
        Expr::EndsWith(text, part) => texts(text, part, row, |text, part| text.ends_with(part))?,
        Expr::Contains(text, part) => texts(text, part, row, |text, part| text.contains(part))?,
        Expr::Matches(text, pattern) => match eval(text, row)? {
            Datum::Null => Datum::Null,
            Datum::Text(text) => Datum::Bool(Pattern::parse(pattern)?.matches(&text)?),
            _ => return None,
        },
        Expr::Sum(terms) => sum(terms, row)?,
        Expr::Product(factors) => product(factors, row)?,
        Expr::Negate(inner) => match eval(inner, row)? {
            Datum::Null => Datum::Null,
            Datum::Int(value) => Datum::Int(value.checked_neg()?),
            Datum::Decimal(units, scale) => Datum::Decimal(-units, scale),
            _ => return None,
        },
        Expr::Call(function, arguments) => call(*function, arguments, row)?,
        Expr::Duration { months, micros } => Datum::Interval(*months, *micros),
        Expr::Param { .. } | Expr::Context(_) | Expr::Sql(_) => return None,
    })
}

/// The columns that an expression reads.
pub fn columns<'a>(expr: &'a Expr, found: &mut Vec<&'a str>) {
    match expr {
        Expr::Column { name, .. } => {
            if !found.contains(&name.as_str()) {
                found.push(name.as_str());
            }
        }
        Expr::And(items) | Expr::Or(items) | Expr::Call(_, items) => {
            items.iter().for_each(|item| columns(item, found));
        }
        Expr::Not(inner) | Expr::Negate(inner) | Expr::Matches(inner, _) => columns(inner, found),
        Expr::IsNull { value, .. } => columns(value, found),
        Expr::Compare { left, right, .. } => [left, right].iter().for_each(|side| columns(side, found)),
        Expr::In { value, items, .. } => {
            columns(value, found);
            items.iter().for_each(|item| columns(item, found));
        }
        Expr::Between { value, low, high, .. } => {
            [value, low, high].iter().for_each(|side| columns(side, found));
        }
        Expr::StartsWith(a, b) | Expr::EndsWith(a, b) | Expr::Contains(a, b) => {
            columns(a, found);
            columns(b, found);
        }
        Expr::Sum(terms) => terms.iter().for_each(|(_, term)| columns(term, found)),
        Expr::Product(factors) => factors.iter().for_each(|(_, factor)| columns(factor, found)),
        Expr::Literal(_) | Expr::Param { .. } | Expr::Context(_) | Expr::Duration { .. } | Expr::Sql(_) => {}
    }
}

/// AND (`dominant` false) or OR (`dominant` true) of answers.
fn junction(answers: &[Datum], dominant: bool) -> Option<Datum> {
    if answers.contains(&Datum::Bool(dominant)) {
        return Some(Datum::Bool(dominant));
    }
    if answers.iter().any(Datum::is_null) {
        return Some(Datum::Null);
    }
    Some(Datum::Bool(!dominant))
}

fn connect(items: &[Expr], row: &Values, dominant: bool) -> Option<Datum> {
    let answers: Vec<Option<Datum>> = items.iter().map(|item| eval(item, row)).collect();
    // One answer can decide even where others are not known.
    if answers.contains(&Some(Datum::Bool(dominant))) {
        return Some(Datum::Bool(dominant));
    }
    junction(&answers.into_iter().collect::<Option<Vec<_>>>()?, dominant)
}

fn negate(truth: Datum) -> Option<Datum> {
    match truth {
        Datum::Bool(value) => Some(Datum::Bool(!value)),
        Datum::Null => Some(Datum::Null),
        _ => None,
    }
}

fn operand(expr: &Expr, other: &Expr, row: &Values) -> Option<Datum> {
    match (expr, other) {
        (Expr::Literal(literal), Expr::Column { ty, .. }) => Datum::of_literal(literal, Some(ty)),
        _ => eval(expr, row),
    }
}

fn compare(op: Comparison, left: &Expr, right: &Expr, row: &Values) -> Option<Datum> {
    let (a, b) = (operand(left, right, row)?, operand(right, left, row)?);
    if a.is_null() || b.is_null() {
        return Some(Datum::Null);
    }
    if matches!(op, Comparison::Equal | Comparison::NotEqual) {
        return Some(Datum::Bool(a.equals(&b)? == (op == Comparison::Equal)));
    }
    let order = a.compare(&b)?;
    Some(Datum::Bool(match op {
        Comparison::Less => order == Ordering::Less,
        Comparison::LessOrEqual => order != Ordering::Greater,
        Comparison::Greater => order == Ordering::Greater,
        _ => order != Ordering::Less,
    }))
}

fn is_in(value: &Expr, items: &[Expr], row: &Values) -> Option<Datum> {
    let answers = items
        .iter()
        .map(|item| compare(Comparison::Equal, value, item, row))
        .collect::<Option<Vec<_>>>()?;
    junction(&answers, true)
}

fn texts(text: &Expr, part: &Expr, row: &Values, holds: fn(&str, &str) -> bool) -> Option<Datum> {
    match (eval(text, row)?, eval(part, row)?) {
        (Datum::Null, _) | (_, Datum::Null) => Some(Datum::Null),
        (Datum::Text(text), Datum::Text(part)) => Some(Datum::Bool(holds(&text, &part))),
        _ => None,
    }
}

fn sum(terms: &[(Sign, Expr)], row: &Values) -> Option<Datum> {
    let values = terms
        .iter()
        .map(|(sign, term)| Some((*sign, eval(term, row)?)))
        .collect::<Option<Vec<_>>>()?;
    if values.iter().any(|(_, value)| value.is_null()) {
        return Some(Datum::Null);
    }
    let scale = values
        .iter()
        .map(|(_, value)| value.scale())
        .try_fold(0, |most, scale| Some(most.max(scale?)))?;
    let total = values
        .iter()
        .try_fold(0_i128, |total, (sign, value)| match sign {
            Sign::Plus => total.checked_add(value.units(scale)?),
            Sign::Minus => total.checked_sub(value.units(scale)?),
        })?;
    Some(Datum::Decimal(total, scale))
}

fn product(factors: &[(Factor, Expr)], row: &Values) -> Option<Datum> {
    let mut total = (1_i128, 0_u32);
    for (factor, expr) in factors {
        let value = eval(expr, row)?;
        if value.is_null() {
            return Some(Datum::Null);
        }
        let scale = value.scale()?;
        // How a division rounds is the database's business.
        if *factor == Factor::Over {
            return None;
        }
        total = (
            total.0.checked_mul(value.units(scale)?)?,
            total.1.checked_add(scale)?,
        );
    }
    Some(Datum::Decimal(total.0, total.1))
}

fn call(function: Builtin, arguments: &[Expr], row: &Values) -> Option<Datum> {
    if function == Builtin::Coalesce {
        let values = arguments
            .iter()
            .map(|argument| eval(argument, row))
            .collect::<Option<Vec<_>>>()?;
        return Some(
            values
                .into_iter()
                .find(|value| !value.is_null())
                .unwrap_or(Datum::Null),
        );
    }
    let value = eval(arguments.first()?, row)?;
    Some(match (function, value) {
        (_, Datum::Null) => Datum::Null,
        (Builtin::Length, Datum::Text(text)) => Datum::Int(i64::try_from(text.chars().count()).ok()?),
        (Builtin::ByteLength, Datum::Text(text)) => Datum::Int(i64::try_from(text.len()).ok()?),
        (Builtin::ByteLength | Builtin::Length, Datum::Bytes(bytes)) => {
            Datum::Int(i64::try_from(bytes.len()).ok()?)
        }
        // Only where every database agrees.
        (Builtin::Lower, Datum::Text(text)) if text.is_ascii() => Datum::Text(text.to_ascii_lowercase()),
        (Builtin::Upper, Datum::Text(text)) if text.is_ascii() => Datum::Text(text.to_ascii_uppercase()),
        (Builtin::Trim, Datum::Text(text)) => Datum::Text(text.trim_matches(' ').to_owned()),
        (Builtin::Abs, Datum::Int(value)) => Datum::Int(value.checked_abs()?),
        (Builtin::Abs, Datum::Decimal(units, scale)) => Datum::Decimal(units.abs(), scale),
        (Builtin::Count, Datum::Array(items)) => Datum::Int(i64::try_from(items.len()).ok()?),
        _ => return None,
    })
}

/// The type that an expression's column was declared with, when it is just a column.
#[must_use]
pub(super) fn as_column(expr: &Expr) -> Option<(&str, &SqlType)> {
    match expr {
        Expr::Column { name, ty, .. } => Some((name.as_str(), ty)),
        _ => None,
    }
}
