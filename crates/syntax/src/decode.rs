//! What the characters of literals stand for. The lexer has already complained about what does not decode.

/// An unsigned decimal number: `mantissa / 10^scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Number {
    /// All digits as one integer.
    pub mantissa: i128,
    /// How many of them stand behind the dot.
    pub scale: u8,
}

impl Number {
    /// Reads `1_000` or `0.25`; none beyond 38 digits.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let mut mantissa = 0_i128;
        let mut digits = 0_u32;
        let mut scale = None;
        for byte in text.bytes() {
            match byte {
                b'0'..=b'9' => {
                    mantissa = mantissa.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?;
                    digits += 1;
                    if let Some(scale) = &mut scale {
                        *scale += 1_u8;
                    }
                    if digits > MAX_DIGITS {
                        return None;
                    }
                }
                b'_' => {}
                b'.' if scale.is_none() => scale = Some(0),
                _ => return None,
            }
        }
        (digits > 0).then_some(Self {
            mantissa,
            scale: scale.unwrap_or(0),
        })
    }

    /// The number as an integer, unless it has a fraction.
    #[must_use]
    pub fn as_integer(self) -> Option<i128> {
        let unit = 10_i128.checked_pow(u32::from(self.scale))?;
        (self.mantissa % unit == 0).then(|| self.mantissa / unit)
    }

    /// The number as a float, for estimates.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        self.mantissa as f64 / 10_f64.powi(i32::from(self.scale))
    }
}

const MAX_DIGITS: u32 = 38;

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let unit = 10_i128.pow(u32::from(self.scale));
        write!(f, "{}", self.mantissa / unit)?;
        if self.scale > 0 {
            write!(
                f,
                ".{:0width$}",
                self.mantissa % unit,
                width = usize::from(self.scale)
            )?;
        }
        Ok(())
    }
}

/// A unit of time. Months and years have no fixed length, so they stay what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// A thousandth of a second.
    Millisecond,
    /// One second.
    Second,
    /// Sixty seconds.
    Minute,
    /// Sixty minutes.
    Hour,
    /// One day.
    Day,
    /// Seven days.
    Week,
    /// A calendar month.
    Month,
    /// A calendar year.
    Year,
}

impl Unit {
    /// The unit that a word behind a number stands for: `days`, `hour`, `ms`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "ms" => Self::Millisecond,
            "second" | "seconds" => Self::Second,
            "minute" | "minutes" => Self::Minute,
            "hour" | "hours" => Self::Hour,
            "day" | "days" => Self::Day,
            "week" | "weeks" => Self::Week,
            "month" | "months" => Self::Month,
            "year" | "years" => Self::Year,
            _ => return None,
        })
    }

    /// The unit that a word behind the `/` of a rate stands for: `300/s`, `20K/day`.
    #[must_use]
    pub fn from_rate(word: &str) -> Option<Self> {
        match word {
            "s" => Some(Self::Second),
            "min" => Some(Self::Minute),
            "h" => Some(Self::Hour),
            "second" | "minute" | "hour" | "day" | "week" | "month" | "year" => Self::from_word(word),
            _ => None,
        }
    }

    /// The unit's name in the singular.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Millisecond => "ms",
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// Its length in seconds; a month counts as 30 days and a year as 365.
    #[must_use]
    pub const fn seconds(self) -> f64 {
        match self {
            Self::Millisecond => 0.001,
            Self::Second => 1.0,
            Self::Minute => 60.0,
            Self::Hour => 3_600.0,
            Self::Day => 86_400.0,
            Self::Week => 604_800.0,
            Self::Month => 2_592_000.0,
            Self::Year => 31_536_000.0,
        }
    }
}

/// A span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Duration {
    /// How many units.
    pub amount: Number,
    /// Of what.
    pub unit: Unit,
}

impl Duration {
    /// The length in seconds, for comparisons and estimates.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.amount.as_f64() * self.unit.seconds()
    }
}

/// What an AMOUNT token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Amount {
    /// `5M`: the number times a thousand, a million or a milliard.
    Count(Number),
    /// `35%`.
    Percent(Number),
    /// `20ms`.
    Time(Duration),
}

impl Amount {
    /// Reads `5M`, `35%`, `20ms`; none for an unknown unit.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let at = text.find(|c: char| c.is_ascii_alphabetic() || c == '%')?;
        let (number, unit) = text.split_at_checked(at)?;
        let number = Number::decode(number)?;
        let times = |factor: i128| {
            let mantissa = number.mantissa.checked_mul(factor)?;
            Some(Self::Count(Number { mantissa, ..number }))
        };
        let time = |unit| Some(Self::Time(Duration { amount: number, unit }));
        match unit {
            "K" => times(1_000),
            "M" => times(1_000_000),
            "G" => times(1_000_000_000),
            "%" => Some(Self::Percent(number)),
            "ms" => time(Unit::Millisecond),
            "s" => time(Unit::Second),
            "min" => time(Unit::Minute),
            "h" => time(Unit::Hour),
            _ => None,
        }
    }
}

/// Why a string does not decode, and where: an offset and a length inside the text with its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadString {
    pub(crate) at: usize,
    pub(crate) len: usize,
    pub(crate) fault: StringFault,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StringFault {
    Escape,
    Unicode,
    Control,
}

/// Decodes the inside of a STRING. Faulty escapes are kept as they are written.
pub(crate) fn string(inner: &str, mut fault: impl FnMut(BadString)) -> String {
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(c) = rest.chars().next() {
        let at = inner.len() - rest.len();
        let (used, decoded) = match c {
            '\\' => escape(rest),
            c if c.is_control() => (c.len_utf8(), Err(StringFault::Control)),
            c => (c.len_utf8(), Ok(c)),
        };
        let (head, tail) = rest.split_at_checked(used).unwrap_or((rest, ""));
        match decoded {
            Ok(c) => out.push(c),
            Err(kind) => {
                fault(BadString {
                    at,
                    len: head.len(),
                    fault: kind,
                });
                out.push_str(head);
            }
        }
        rest = tail;
    }
    out
}

/// The escape at the start of the text: how many bytes it takes, and what it stands for.
fn escape(text: &str) -> (usize, Result<char, StringFault>) {
    let Some(c) = text.chars().nth(1) else {
        return (1, Err(StringFault::Escape));
    };
    let simple = match c {
        '"' | '\\' | '/' => c,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => return unicode(text),
        _ => return (1 + c.len_utf8(), Err(StringFault::Escape)),
    };
    (2, Ok(simple))
}

/// `\uXXXX`, or two of them that form a surrogate pair.
fn unicode(text: &str) -> (usize, Result<char, StringFault>) {
    let unit = |from: usize| {
        let digits = text.get(from..from + 6)?.strip_prefix("\\u")?;
        let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        hex.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
    };
    let Some(first) = unit(0) else {
        return (2, Err(StringFault::Unicode));
    };
    if let Some(c) = char::from_u32(u32::from(first)) {
        return (6, Ok(c));
    }
    let pair = unit(6).and_then(|second| char::decode_utf16([first, second]).next()?.ok());
    pair.map_or((6, Err(StringFault::Unicode)), |c| (12, Ok(c)))
}
