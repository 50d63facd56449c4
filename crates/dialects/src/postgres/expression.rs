//! Typed expressions as SQL of PostgreSQL, with as few parentheses as its precedence allows.

use physical::{Builtin, Comparison, DefaultValue, Expr, Factor, Literal, Sign, SqlType};
use plan::Unspeakable;

use super::canonical;
use super::canonical::tree::Level;
use super::ident::{self, ident};
use super::types;

const DAY: i64 = 86_400_000_000;

/// Writes an expression.
///
/// * Text tests are literal: what LIKE would read as a pattern goes through `starts_with`, `right` or `strpos`.
/// * Regular expressions are PostgreSQL's own (`~`), unanchored unless the pattern says `^` or `$`.
/// * A span of time added to an instant counts in UTC, whatever the session's time zone: days are 24 hours, months are
///   counted on UTC's calendar.
/// * A date beside an instant is the start of that day in UTC.
///
/// # Errors
///
/// [`Expr::Context`] has no spelling of its own: `realise` replaces it first.
pub fn expression(expr: &Expr) -> Result<String, Unspeakable> {
    match expr {
        // Alone, it does not matter how tightly it binds.
        Expr::Sql(sql) => Ok(sql.clone()),
        _ => render(expr).map(|(text, _)| text),
    }
}

/// Writes an expression that stands behind another keyword without parentheses of its own, such as `DEFAULT`.
///
/// # Errors
///
/// As [`expression`].
pub fn default_value(value: &DefaultValue) -> Result<String, Unspeakable> {
    match value {
        DefaultValue::Literal(literal) => Ok(ident::literal(literal)),
        DefaultValue::Now => Ok("now()".to_owned()),
        DefaultValue::Today => Ok("(now() AT TIME ZONE 'UTC')::date".to_owned()),
        DefaultValue::Uuid4 => Ok("gen_random_uuid()".to_owned()),
        DefaultValue::Uuid7 => Ok("uuidv7()".to_owned()),
        DefaultValue::Expr(expr) => {
            let (text, level) = render(expr)?;
            // The grammar takes only expressions without boolean operators here.
            Ok(if level <= Level::Is {
                format!("({text})")
            } else {
                text
            })
        }
    }
}

/// Writes an expression for where nothing may fail. What cannot be said becomes a call that no database answers, so that the
/// statement fails as a whole instead of meaning something else.
#[must_use]
pub fn or_refused(rendered: Result<String, Unspeakable>) -> String {
    rendered.unwrap_or_else(|why| format!("architrave_cannot_say({})", ident::text(&why.reason)))
}

type Rendered = Result<(String, Level), Unspeakable>;

fn render(expr: &Expr) -> Rendered {
    match expr {
        Expr::Column { table, name, .. } => {
            let mut out = ident::sql();
            if let Some(table) = table {
                out.ident(table).kw(".");
            }
            Ok((out.ident(name).finish(), Level::Atom))
        }
        Expr::Literal(literal) => Ok(constant(literal)),
        Expr::Param { name, .. } => Ok((format!(":{name}"), Level::Atom)),
        Expr::Context(_) => Err(Unspeakable {
            reason: "the context of a transaction has no SQL before the private functions are made"
                .to_owned(),
        }),
        Expr::And(items) => junction(items, " AND ", Level::And, "true"),
        Expr::Or(items) => junction(items, " OR ", Level::Or, "false"),
        Expr::Not(value) => {
            let (text, level) = render(value)?;
            Ok((format!("NOT {}", wrapped(text, level >= Level::Cast)), Level::Not))
        }
        Expr::Compare { op, left, right } => compare(*op, left, right),
        Expr::IsNull { value, negated } => {
            let word = if *negated { "IS NOT NULL" } else { "IS NULL" };
            Ok((format!("{} {word}", at_least(value, Level::Range)?), Level::Is))
        }
        Expr::In {
            value,
            items,
            negated,
        } => in_list(value, items, *negated),
        Expr::Between {
            value,
            low,
            high,
            negated,
        } => {
            let word = if *negated { "NOT BETWEEN" } else { "BETWEEN" };
            let text = format!(
                "{} {word} {} AND {}",
                at_least(value, Level::Operator)?,
                operand_beside(low, value, Level::Operator)?,
                operand_beside(high, value, Level::Operator)?
            );
            Ok((text, Level::Range))
        }
        Expr::Sum(terms) => sum(terms),
        Expr::Product(factors) => product(factors),
        Expr::Negate(value) => Ok((format!("-{}", at_least(value, Level::Cast)?), Level::Unary)),
        Expr::Duration { months, micros } => Ok((interval(*months, *micros, true), Level::Cast)),
        Expr::Call(builtin, args) => call(*builtin, args),
        Expr::StartsWith(..) | Expr::EndsWith(..) | Expr::Contains(..) | Expr::Matches(..) => text_test(expr),
        Expr::Sql(sql) => Ok((sql.clone(), canonical::level(sql))),
    }
}

fn constant(literal: &Literal) -> (String, Level) {
    let text = ident::literal(literal);
    let level = match literal {
        Literal::Bytes(_) => Level::Cast,
        _ if text.starts_with('-') => Level::Unary,
        _ => Level::Atom,
    };
    (text, level)
}

fn wrapped(text: String, plain: bool) -> String {
    if plain { text } else { format!("({text})") }
}

/// In parentheses when it binds more loosely than `level`.
fn at_least(expr: &Expr, level: Level) -> Result<String, Unspeakable> {
    let (text, own) = render(expr)?;
    Ok(wrapped(text, own >= level))
}

fn junction(items: &[Expr], word: &str, level: Level, empty: &str) -> Rendered {
    match items {
        [] => Ok((empty.to_owned(), Level::Atom)),
        [only] => render(only),
        _ => {
            let parts: Result<Vec<String>, Unspeakable> = items
                .iter()
                .map(|item| {
                    let (text, own) = render(item)?;
                    // AND inside OR needs no parentheses for the server, but does for the reader.
                    Ok(wrapped(text, own > Level::And || own == level))
                })
                .collect();
            Ok((parts?.join(word), level))
        }
    }
}

fn compare(op: Comparison, left: &Expr, right: &Expr) -> Rendered {
    let op = match op {
        Comparison::Equal => "=",
        Comparison::NotEqual => "<>",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    };
    let left_text = operand_beside(left, right, Level::Range)?;
    let right_text = operand_beside(right, left, Level::Range)?;
    Ok((format!("{left_text} {op} {right_text}"), Level::Compare))
}

/// An operand, made to mean the same whatever the session's time zone when it is compared with an instant.
fn operand_beside(expr: &Expr, other: &Expr, level: Level) -> Result<String, Unspeakable> {
    if kind(other) == Kind::Instant {
        match (expr, kind(expr)) {
            (Expr::Literal(Literal::Text(text)), _) => return Ok(ident::text(&instant(text))),
            (_, Kind::Date) => {
                return Ok(format!(
                    "{}::timestamp AT TIME ZONE 'UTC'",
                    at_least(expr, Level::Cast)?
                ));
            }
            _ => {}
        }
    }
    at_least(expr, level)
}

/// A text that names an instant, as the server prints it in UTC when it has no zone of its own.
fn instant(text: &str) -> String {
    let plain = text.replacen('T', " ", 1);
    match plain.split_once(' ') {
        None => format!("{plain} 00:00:00+00"),
        Some((_, time)) if time.ends_with(['Z', 'z']) => {
            format!("{}+00", plain.trim_end_matches(['Z', 'z']))
        }
        Some((_, time)) if time.contains(['+', '-']) => plain,
        Some(_) => format!("{plain}+00"),
    }
}

fn in_list(value: &Expr, items: &[Expr], negated: bool) -> Rendered {
    if let [
        item @ Expr::Param {
            ty: SqlType::Array(_),
            ..
        },
    ] = items
    {
        let op = if negated { "<> ALL" } else { "= ANY" };
        let text = format!("{} {op} ({})", at_least(value, Level::Range)?, render(item)?.0);
        return Ok((text, Level::Compare));
    }
    if items.is_empty() {
        let answer = if negated { "true" } else { "false" };
        return Ok((answer.to_owned(), Level::Atom));
    }
    let list: Result<Vec<String>, Unspeakable> = items
        .iter()
        .map(|item| operand_beside(item, value, Level::Or))
        .collect();
    let word = if negated { "NOT IN" } else { "IN" };
    let text = format!(
        "{} {word} ({})",
        at_least(value, Level::Operator)?,
        list?.join(", ")
    );
    Ok((text, Level::Range))
}

fn text_test(expr: &Expr) -> Rendered {
    let call = |text: String| Ok((text, Level::Atom));
    match expr {
        Expr::StartsWith(value, part) => match plain(part) {
            Some(part) => like(value, &format!("{part}%")),
            None => call(format!("starts_with({}, {})", render(value)?.0, render(part)?.0)),
        },
        Expr::EndsWith(value, part) => match plain(part) {
            Some(part) => like(value, &format!("%{part}")),
            None => {
                let (value, part) = (render(value)?.0, at_least(part, Level::Range)?);
                Ok((format!("right({value}, length({part})) = {part}"), Level::Compare))
            }
        },
        Expr::Contains(value, element) if kind(value) == Kind::Array => {
            let text = format!(
                "{} = ANY ({})",
                at_least(element, Level::Range)?,
                render(value)?.0
            );
            Ok((text, Level::Compare))
        }
        Expr::Contains(value, part) => match plain(part) {
            Some(part) => like(value, &format!("%{part}%")),
            None => Ok((
                format!("strpos({}, {}) > 0", render(value)?.0, render(part)?.0),
                Level::Compare,
            )),
        },
        Expr::Matches(value, pattern) => Ok((
            format!("{} ~ {}", at_least(value, Level::Operator)?, ident::text(pattern)),
            Level::Operator,
        )),
        other => render(other),
    }
}

/// A constant text in which LIKE sees no pattern.
fn plain(part: &Expr) -> Option<&str> {
    match part {
        Expr::Literal(Literal::Text(text)) if !text.contains(['%', '_', '\\']) => Some(text),
        _ => None,
    }
}

fn like(value: &Expr, pattern: &str) -> Rendered {
    let text = format!(
        "{} LIKE {}",
        at_least(value, Level::Operator)?,
        ident::text(pattern)
    );
    Ok((text, Level::Range))
}

/// What matters about an operand's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Date,
    Instant,
    Array,
    Other,
}

fn kind(expr: &Expr) -> Kind {
    match expr {
        Expr::Column { ty, .. } | Expr::Param { ty, .. } => match ty {
            SqlType::Date => Kind::Date,
            SqlType::TimestampTz => Kind::Instant,
            SqlType::Array(_) => Kind::Array,
            _ => Kind::Other,
        },
        Expr::Call(Builtin::Now, _) => Kind::Instant,
        Expr::Call(Builtin::Today, _) => Kind::Date,
        Expr::Call(Builtin::Coalesce, args) => {
            let kinds = args.iter().map(kind);
            kinds
                .into_iter()
                .find(|kind| *kind != Kind::Other)
                .unwrap_or(Kind::Other)
        }
        Expr::Sum(terms) => {
            let mut kinds = terms
                .iter()
                .map(|(_, term)| kind(term))
                .filter(|kind| *kind != Kind::Other);
            match (kinds.next(), kinds.next()) {
                // The distance of two days or instants is neither.
                (Some(_), Some(_)) | (None, _) => Kind::Other,
                (Some(kind), None) => kind,
            }
        }
        _ => Kind::Other,
    }
}

fn sum(terms: &[(Sign, Expr)]) -> Rendered {
    let spans = terms
        .iter()
        .any(|(_, term)| matches!(term, Expr::Duration { .. }));
    let moved = terms
        .iter()
        .map(|(_, term)| kind(term))
        .find(|kind| matches!(kind, Kind::Date | Kind::Instant));
    match moved {
        Some(Kind::Instant) if spans => instant_sum(terms),
        Some(Kind::Date) if spans && terms.iter().all(|(_, term)| whole_days(term)) => {
            let (text, _) = plain_sum(terms, true)?;
            Ok((format!("({text})::date"), Level::Cast))
        }
        _ => plain_sum(terms, true),
    }
}

fn whole_days(term: &Expr) -> bool {
    match term {
        Expr::Duration { micros, .. } => micros % DAY == 0,
        _ => true,
    }
}

/// An instant moved by spans: exact hours directly, months on UTC's calendar.
fn instant_sum(terms: &[(Sign, Expr)]) -> Rendered {
    let months = terms
        .iter()
        .any(|(_, term)| matches!(term, Expr::Duration { months, .. } if *months != 0));
    if !months {
        return plain_sum(terms, false);
    }
    let utc: Result<Vec<String>, Unspeakable> = terms
        .iter()
        .enumerate()
        .map(|(index, (sign, term))| {
            let text = match term {
                Expr::Duration { months, micros } => interval(*months, *micros, true),
                moved => format!("{} AT TIME ZONE 'UTC'", at_least(moved, Level::Zone)?),
            };
            Ok(signed(index, *sign, &text))
        })
        .collect();
    Ok((format!("({}) AT TIME ZONE 'UTC'", utc?.concat()), Level::Zone))
}

fn plain_sum(terms: &[(Sign, Expr)], days: bool) -> Rendered {
    let parts: Result<Vec<String>, Unspeakable> = terms
        .iter()
        .enumerate()
        .map(|(index, (sign, term))| {
            let text = match term {
                Expr::Duration { months, micros } => interval(*months, *micros, days),
                other => {
                    let (text, level) = render(other)?;
                    let negative = index > 0 && text.starts_with('-');
                    wrapped(text, level > Level::Sum && !negative)
                }
            };
            Ok(signed(index, *sign, &text))
        })
        .collect();
    Ok((parts?.concat(), Level::Sum))
}

fn signed(index: usize, sign: Sign, text: &str) -> String {
    match (index, sign) {
        (0, Sign::Plus) => text.to_owned(),
        (0, Sign::Minus) => format!("- {text}"),
        (_, Sign::Plus) => format!(" + {text}"),
        (_, Sign::Minus) => format!(" - {text}"),
    }
}

fn product(factors: &[(Factor, Expr)]) -> Rendered {
    let mut out = String::new();
    for (index, (factor, expr)) in factors.iter().enumerate() {
        if index > 0 {
            out.push_str(match factor {
                Factor::Times => " * ",
                Factor::Over => " / ",
            });
        }
        let level = if index == 0 { Level::Product } else { Level::Power };
        let (text, own) = render(expr)?;
        out.push_str(&wrapped(text, own >= level));
    }
    Ok((out, Level::Product))
}

/// A span of time. With `days`, whole days are days; else they are hours, which no change of clocks can stretch.
fn interval(months: i32, micros: i64, days: bool) -> String {
    let mut parts = Vec::new();
    let mut part = |count: i64, one: &str| {
        if count != 0 {
            let plural = if count == 1 { "" } else { "s" };
            parts.push(format!("{count} {one}{plural}"));
        }
    };
    let months = i64::from(months);
    part(months / 12, "year");
    part(months % 12, "month");
    let mut rest = micros;
    if days {
        part(rest / DAY, "day");
        rest %= DAY;
    }
    part(rest / 3_600_000_000, "hour");
    rest %= 3_600_000_000;
    part(rest / 60_000_000, "minute");
    rest %= 60_000_000;
    part(rest / 1_000_000, "second");
    part(rest % 1_000_000, "microsecond");
    if parts.is_empty() {
        parts.push("0 seconds".to_owned());
    }
    format!("interval '{}'", parts.join(" "))
}

fn call(builtin: Builtin, args: &[Expr]) -> Rendered {
    let name = match builtin {
        Builtin::Today => return Ok(("(now() AT TIME ZONE 'UTC')::date".to_owned(), Level::Cast)),
        Builtin::Length => "length",
        Builtin::ByteLength => "octet_length",
        Builtin::Lower => "lower",
        Builtin::Upper => "upper",
        Builtin::Trim => "btrim",
        Builtin::Now => "now",
        Builtin::Coalesce => "coalesce",
        Builtin::Abs => "abs",
        Builtin::Count => "cardinality",
    };
    let args: Result<Vec<String>, Unspeakable> =
        args.iter().map(|arg| render(arg).map(|(text, _)| text)).collect();
    Ok((format!("{name}({})", args?.join(", ")), Level::Atom))
}

/// Writes a column's name; for where only a bare name may stand.
#[must_use]
pub fn is_column(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Column {
            table: None, name, ..
        } => Some(ident(name.as_str())),
        _ => None,
    }
}

/// Writes a type.
#[must_use]
pub fn type_name(ty: &SqlType) -> String {
    types::type_name(ty)
}
