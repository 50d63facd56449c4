//! Dates, times of day and instants as texts say them (RFC 3339), in numbers.

/// Year, month, day.
pub(crate) type Day = (i64, i64, i64);

/// Hour, minute, second, microsecond.
pub(crate) type Time = (i64, i64, i64, i64);

/// An instant, brought to UTC; a day alone is its start. `None` when it is none, or has finer parts than microseconds.
pub(crate) fn instant(value: &str) -> Option<(Day, Time)> {
    let (day, rest) = match value.split_once(['T', ' ', 't']) {
        Some((day, rest)) => (day, rest),
        None => (value, "00:00:00Z"),
    };
    let (of_day, offset) = split_offset(rest)?;
    let (year, month, day) = date(day)?;
    let (hour, minute, second, micros) = time(of_day)?;
    let minutes = days_from_civil(year, month, day) * 1440 + hour * 60 + minute - offset;
    let day = civil_from_days(minutes.div_euclid(1440));
    let of_day = minutes.rem_euclid(1440);
    (0..=9999)
        .contains(&day.0)
        .then_some((day, (of_day / 60, of_day % 60, second, micros)))
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

/// A day of the Gregorian calendar, in the years 0 to 9999.
pub(crate) fn date(value: &str) -> Option<Day> {
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

/// A time of day.
pub(crate) fn time(value: &str) -> Option<Time> {
    let mut parts = value.splitn(3, ':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let seconds = parts.next().unwrap_or("0");
    let (second, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > 6 {
        return None;
    }
    let second = number(second)?;
    let micros = number(&format!("{fraction:0<6}"))?;
    (hour < 24 && minute < 60 && second < 60).then_some((hour, minute, second, micros))
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
            instant("2024-01-01T00:30:00.123456+02:00"),
            Some(((2023, 12, 31), (22, 30, 0, 123_456)))
        );
        assert_eq!(instant("2024-02-29"), Some(((2024, 2, 29), (0, 0, 0, 0))));
        assert_eq!(instant("2023-02-29T00:00:00Z"), None);
        assert_eq!(instant("2024-01-01T00:00:00.1234567Z"), None);
    }

    #[test]
    fn days_count_both_ways() {
        for days in -800_000..800_000 {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
        }
    }
}
