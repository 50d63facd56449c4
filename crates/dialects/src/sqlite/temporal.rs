//! Instants, dates and times as text of one form, and sums with spans of time.

use physical::{Expr, Sign};
use plan::Unspeakable;

use super::expression::{Level, Piece, Renderer, unspeakable};
use super::kind::Kind;
use crate::clock;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// A sum with an instant or a date in it.
pub(super) fn sum(renderer: &Renderer<'_>, terms: &[(Sign, Expr)]) -> Result<Piece, Unspeakable> {
    let Some(((Sign::Plus, first), rest)) = terms.split_first() else {
        return unspeakable("an instant cannot be negative");
    };
    let mut sum = renderer.piece(first)?;
    if !matches!(sum.kind, Kind::Instant | Kind::Date) {
        return unspeakable("a sum with an instant begins with the instant");
    }
    for (sign, term) in rest {
        let negative = *sign == Sign::Minus;
        sum = match term {
            Expr::Duration { months, micros } => add_span(&sum, *months, *micros, negative)?,
            term => add_value(&sum, &renderer.piece(term)?, negative)?,
        };
    }
    Ok(sum)
}

fn add_span(start: &Piece, months: i32, micros: i64, negative: bool) -> Result<Piece, Unspeakable> {
    let months = if negative {
        -i64::from(months)
    } else {
        i64::from(months)
    };
    let micros = if negative { -micros } else { micros };
    if micros % 1000 != 0 {
        return unspeakable("instants are kept in milliseconds");
    }
    let mut sum = if start.kind == Kind::Date && (months != 0 || micros % DAY != 0) {
        Piece::new(
            format!("{} || 'T00:00:00.000Z'", start.at(Level::Atom)),
            Level::Concat,
            Kind::Instant,
        )
    } else {
        start.clone()
    };
    if months != 0 {
        // `+1 month` from 31 January is 3 March in SQLite, and the last of February elsewhere.
        let at = sum.text;
        let last = months + 1;
        sum = Piece::new(
            format!(
                "min(date({at}, '{months:+} months'), date({at}, 'start of month', '{last:+} months', '-1 day')) \
                 || substr({at}, 11)"
            ),
            Level::Concat,
            Kind::Instant,
        );
    }
    if micros != 0 && sum.kind == Kind::Date {
        let sql = format!(
            "date({}, '{:+} days') || 'T00:00:00.000Z'",
            sum.text,
            micros / DAY
        );
        return Ok(Piece::new(sql, Level::Concat, Kind::Instant));
    }
    if micros != 0 {
        let modifier = if micros % DAY == 0 {
            format!("{:+} days", micros / DAY)
        } else {
            let sign = if micros < 0 { '-' } else { '+' };
            let millis = micros.unsigned_abs() / 1000;
            format!("{sign}{}.{:03} seconds", millis / 1000, millis % 1000)
        };
        sum = Piece::atom(
            format!("strftime('%Y-%m-%dT%H:%M:%fZ', {}, '{modifier}')", sum.text),
            Kind::Instant,
        );
    }
    Ok(sum)
}

fn add_value(start: &Piece, value: &Piece, negative: bool) -> Result<Piece, Unspeakable> {
    let sign = if negative { "-" } else { "" };
    match (&start.kind, &value.kind) {
        (Kind::Instant, Kind::Interval) => Ok(Piece::atom(
            format!(
                "strftime('%Y-%m-%dT%H:%M:%fZ', {}, printf('%+.3f seconds', {sign}{} / 1000000.0))",
                start.text,
                value.at(Level::Atom)
            ),
            Kind::Instant,
        )),
        (Kind::Instant, Kind::Instant) if negative => Ok(Piece::new(
            format!(
                "CAST(round((julianday({}) - julianday({})) * 86400000) AS INTEGER) * 1000",
                start.text, value.text
            ),
            Level::Multiply,
            Kind::Interval,
        )),
        (Kind::Date, Kind::Date) if negative => Ok(Piece::atom(
            format!(
                "CAST(julianday({}) - julianday({}) AS INTEGER)",
                start.text, value.text
            ),
            Kind::Int(7),
        )),
        (Kind::Date, Kind::Int(_)) => Ok(Piece::atom(
            format!(
                "date({}, printf('%+d days', {sign}{}))",
                start.text,
                value.at(Level::Atom)
            ),
            Kind::Date,
        )),
        _ => unspeakable("only spans of time can be added to an instant"),
    }
}

/// A date in the stored form.
pub(super) fn date(value: &str) -> Option<String> {
    let (year, month, day) = clock::date(value)?;
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

/// A time of day in the stored form.
pub(super) fn time(value: &str) -> Option<String> {
    let (hour, minute, second, micros) = clock::time(value)?;
    let millis = millis(micros)?;
    Some(format!("{hour:02}:{minute:02}:{second:02}.{millis:03}"))
}

/// An instant in the stored form: RFC 3339, brought to UTC. `None` when it has finer parts than milliseconds.
pub(super) fn instant(value: &str) -> Option<String> {
    let ((year, month, day), (hour, minute, second, micros)) = clock::instant(value)?;
    let millis = millis(micros)?;
    Some(format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z"
    ))
}

fn millis(micros: i64) -> Option<i64> {
    (micros % 1000 == 0).then_some(micros / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_brought_to_utc() {
        assert_eq!(
            instant("2024-01-01T00:30:00+02:00").as_deref(),
            Some("2023-12-31T22:30:00.000Z")
        );
        assert_eq!(
            instant("2024-02-29 12:00:00.5Z").as_deref(),
            Some("2024-02-29T12:00:00.500Z")
        );
        assert_eq!(instant("2023-02-29T00:00:00Z"), None);
        assert_eq!(instant("2024-01-01T00:00:00.1234Z"), None);
        assert_eq!(instant("2024-01-01").as_deref(), Some("2024-01-01T00:00:00.000Z"));
    }
}
