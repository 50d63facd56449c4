//! Texts that stand for something else: moments and bytes.

/// A moment in a default: date, time, fraction, and the distance to UTC as `+02:00`.
pub(crate) struct Moment {
    date: String,
    time: String,
    fraction: String,
    zone: String,
}

impl Moment {
    /// Reads RFC 3339, as `2020-01-31T12:00:00.5+02:00`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (date, rest) = text.split_once(['T', 't', ' '])?;
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.'))?;
        let (clock, zone) = rest.split_at_checked(end)?;
        let (time, fraction) = clock.split_once('.').unwrap_or((clock, ""));
        let zone = match zone {
            "Z" | "z" => "+00:00",
            zone => zone,
        };
        let is = |text: &str, shape: &str| {
            text.len() == shape.len()
                && text.bytes().zip(shape.bytes()).all(|(byte, shape)| match shape {
                    b'0' => byte.is_ascii_digit(),
                    b'+' => matches!(byte, b'+' | b'-'),
                    shape => byte == shape,
                })
        };
        let good = is(date, "0000-00-00")
            && is(time, "00:00:00")
            && is(zone, "+00:00")
            && fraction.bytes().all(|byte| byte.is_ascii_digit())
            && (clock.contains('.') != fraction.is_empty());
        good.then(|| Self {
            date: date.to_owned(),
            time: time.to_owned(),
            fraction: fraction.trim_end_matches('0').to_owned(),
            zone: zone.to_owned(),
        })
    }

    fn dotted(&self) -> String {
        if self.fraction.is_empty() {
            String::new()
        } else {
            format!(".{}", self.fraction)
        }
    }

    /// As Prisma Migrate writes it: `2020-01-31 12:00:00.5 +02:00`.
    pub(crate) fn written(&self) -> String {
        format!("{} {}{} {}", self.date, self.time, self.dotted(), self.zone)
    }

    /// As a server shows it in a column that knows no zone; `None` where it would have to be rounded.
    pub(crate) fn without_zone(&self) -> Option<String> {
        (self.fraction.len() <= 6).then(|| format!("{} {}{}", self.date, self.time, self.dotted()))
    }

    /// As a server shows it in a column with a zone; `None` where it would have to be converted.
    pub(crate) fn in_utc(&self) -> Option<String> {
        let same = self.zone == "+00:00" || self.zone == "-00:00";
        self.without_zone()
            .filter(|_| same)
            .map(|text| format!("{text}+00"))
    }

    /// The day alone.
    pub(crate) fn day(&self) -> String {
        self.date.clone()
    }
}

/// The bytes of a text in base 64, in hexadecimal digits; `None` for another text.
pub(crate) fn hex_of_base64(text: &str) -> Option<String> {
    let text = text.trim_end_matches('=');
    let mut out = String::with_capacity(text.len() * 3 / 2);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push_str(&format!("{:02x}", (bits >> count) & 0xff));
        }
    }
    (count < 6).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::{Moment, hex_of_base64};

    #[test]
    fn moments_are_read() {
        let moment = Moment::read("2020-06-01T12:34:56.7890+02:00").unwrap();
        assert_eq!(moment.written(), "2020-06-01 12:34:56.789 +02:00");
        assert_eq!(moment.without_zone().unwrap(), "2020-06-01 12:34:56.789");
        assert!(moment.in_utc().is_none());
        for bad in ["", "2020-06-01", "2020-06-01T12:34Z", "2020-06-01T12:34:56", "x"] {
            assert!(Moment::read(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn bytes_are_read() {
        assert_eq!(hex_of_base64("aGVsbG8=").unwrap(), "68656c6c6f");
        assert_eq!(hex_of_base64("").unwrap(), "");
        assert!(hex_of_base64("a").is_none());
        assert!(hex_of_base64("é").is_none());
    }
}
