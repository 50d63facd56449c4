//! Instants of the chain: microseconds since 1970 in UTC, and their text.

const DAY: i64 = 86_400_000_000;

/// `2026-01-31T12:30:00.000000Z`, with so many decimal places.
pub(super) fn text(micros: i64, places: usize) -> String {
    let (year, month, day) = civil(micros.div_euclid(DAY));
    let rest = micros.rem_euclid(DAY);
    let (seconds, fraction) = (rest / 1_000_000, rest % 1_000_000);
    let fraction: String = format!("{fraction:06}").chars().take(places).collect();
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{fraction}Z",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// Reads what [`text`] writes.
pub(super) fn parse(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
    let mut clock = clock.splitn(3, ':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    if fraction.len() > 6 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let micros: i64 = format!("{fraction:0<6}").parse().ok()?;
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    seconds.checked_mul(1_000_000)?.checked_add(micros)
}

/// Year, month and day of a day since 1970, in the Gregorian calendar.
const fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * of_year + 2) / 153;
    let month = if month_index < 10 {
        month_index + 3
    } else {
        month_index - 9
    };
    let year = year_of_era + era * 400 + (month <= 2) as i64;
    (year, month, of_year - (153 * month_index + 2) / 5 + 1)
}

const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_and_read() {
        assert_eq!(text(0, 6), "1970-01-01T00:00:00.000000Z");
        assert_eq!(text(1_769_903_999_999_999, 6), "2026-01-31T23:59:59.999999Z");
        assert_eq!(text(1_769_903_999_999_999, 3), "2026-01-31T23:59:59.999Z");
        for micros in [
            0,
            -1,
            951_782_400_000_001,
            4_102_444_800_000_000,
            -62_135_596_800_000_000,
        ] {
            assert_eq!(parse(&text(micros, 6)), Some(micros));
        }
        for bad in [
            "",
            "2026-01-31",
            "2026-01-31T00:00:00",
            "2026-01-31T00:00:00.1234567Z",
            "xT0:0:0Z",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
