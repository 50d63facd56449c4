//! Instants, dates and times as text of one form, and sums with spans of time.

use physical::{Expr, Sign};
use plan::Unspeakable;

use super::expression::{Level, Piece, Renderer, unspeakable};
use super::kind::Kind;

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
    let (year, month, day) = parse_date(value)?;
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

/// A time of day in the stored form.
pub(super) fn time(value: &str) -> Option<String> {
    let (hour, minute, second, millis) = parse_time(value)?;
    Some(format!("{hour:02}:{minute:02}:{second:02}.{millis:03}"))
}

/// An instant in the stored form: RFC 3339, brought to UTC. `None` when it has finer parts than milliseconds.
pub(super) fn instant(value: &str) -> Option<String> {
    let (day, rest) = match value.split_once(['T', ' ', 't']) {
        Some((day, rest)) => (day, rest),
        None => (value, "00:00:00Z"),
    };
    let (clock, offset) = split_offset(rest)?;
    let (year, month, day) = parse_date(day)?;
    let (hour, minute, second, millis) = parse_time(clock)?;
    let minutes = days_from_civil(year, month, day) * 1440 + hour * 60 + minute - offset;
    let (year, month, day) = civil_from_days(minutes.div_euclid(1440));
    let clock = minutes.rem_euclid(1440);
    (0..=9999).contains(&year).then(|| {
        format!(
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{second:02}.{millis:03}Z",
            clock / 60,
            clock % 60
        )
    })
}

fn split_offset(clock: &str) -> Option<(&str, i64)> {
    if let Some(clock) = clock.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let Some(position) = clock.rfind(['+', '-']) else {
        return Some((clock, 0));
    };
    let (clock, offset) = clock.split_at_checked(position)?;
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let offset = offset.trim_start_matches(['+', '-']);
    let (hours, minutes) = offset.split_once(':').unwrap_or((offset, "0"));
    Some((clock, sign * (number(hours)? * 60 + number(minutes)?)))
}

fn number(digits: &str) -> Option<i64> {
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| digits.parse().ok())
        .flatten()
}

fn parse_date(value: &str) -> Option<(i64, i64, i64)> {
    let mut parts = value.splitn(3, '-');
    let (year, month, day) = (
        number(parts.next()?)?,
        number(parts.next()?)?,
        number(parts.next()?)?,
    );
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (year <= 9999 && (1..=days).contains(&day)).then_some((year, month, day))
}

fn parse_time(value: &str) -> Option<(i64, i64, i64, i64)> {
    let mut parts = value.splitn(3, ':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let seconds = parts.next().unwrap_or("0");
    let (second, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > 3 {
        return None;
    }
    let second = number(second)?;
    let millis = number(&format!("{fraction:0<3}"))?;
    (hour < 24 && minute < 60 && second < 60).then_some((hour, minute, second, millis))
}

/// Days since 1970-01-01 in the Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * shifted + 2) / 5 + 1)
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

    #[test]
    fn days_count_both_ways() {
        for days in -800_000..800_000 {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
        }
    }
}
