//! Times: constants that are written as texts, and spans of time.

use syntax::{Duration, Unit};

use crate::Duration as Span;

/// A span of time as calendars want it.
pub(super) fn span_of(duration: Duration) -> Span {
    let whole = duration.amount.as_integer().and_then(|n| i32::try_from(n).ok());
    match (duration.unit, whole) {
        (Unit::Month, Some(months)) => Span { months, micros: 0 },
        (Unit::Year, Some(years)) => Span {
            months: years.saturating_mul(12),
            micros: 0,
        },
        _ => Span {
            months: 0,
            micros: (duration.seconds() * 1_000_000.0) as i64,
        },
    }
}

fn numbers<const N: usize>(text: &str, separator: char, lengths: [usize; N]) -> Option<[u32; N]> {
    let mut out = [0; N];
    let mut parts = text.split(separator);
    for (slot, length) in out.iter_mut().zip(lengths) {
        let part = parts.next()?;
        if part.len() != length || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *slot = part.parse().ok()?;
    }
    parts.next().is_none().then_some(out)
}

/// `2026-01-31`
pub(super) fn is_date(text: &str) -> bool {
    let Some([year, month, day]) = numbers(text, '-', [4, 2, 2]) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return false,
    };
    year > 0 && (1..=days).contains(&day)
}

/// `12:30`, `12:30:00`, `12:30:00.5`
pub(super) fn is_time(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let fraction =
        !fraction.is_empty() && fraction.len() <= 6 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let clock =
        numbers(whole, ':', [2, 2, 2]).or_else(|| numbers(whole, ':', [2, 2]).map(|[h, m]| [h, m, 0]));
    fraction && clock.is_some_and(|[hour, minute, second]| hour < 24 && minute < 60 && second < 60)
}

/// `2026-01-31T12:00:00Z`, with any offset.
pub(super) fn is_instant(text: &str) -> bool {
    let Some((date, rest)) = text.split_once(['T', ' ']) else {
        return false;
    };
    let (time, zone) = match rest.strip_suffix('Z') {
        Some(time) => (time, true),
        None => match rest.rsplit_once(['+', '-']) {
            Some((time, zone)) => (time, is_time(zone)),
            None => return false,
        },
    };
    zone && is_date(date) && is_time(time)
}

/// The usual form with hyphens.
pub(super) fn is_uuid(text: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let mut parts = text.split('-');
    let good =
        |part: &str, length: usize| part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    lengths
        .iter()
        .all(|length| parts.next().is_some_and(|part| good(part, *length)))
        && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::{is_date, is_instant, is_time, is_uuid};

    #[test]
    fn only_real_times_are_times() {
        assert!(
            is_date("2024-02-29") && !is_date("2023-02-29") && !is_date("2023-13-01") && !is_date("24-01-01")
        );
        assert!(is_time("23:59") && is_time("00:00:00.123") && !is_time("24:00") && !is_time("12"));
        assert!(is_instant("2026-01-31T12:00:00Z") && is_instant("2026-01-31 12:00+02:00"));
        assert!(!is_instant("2026-01-31T12:00:00") && !is_instant("2026-01-31"));
        assert!(
            is_uuid("00000000-0000-4000-8000-00000000000a")
                && !is_uuid("00000000-0000-4000-8000-00000000000g")
        );
    }
}
