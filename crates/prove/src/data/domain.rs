//! What may stand in a column, as far as its type and the checks over it alone tell.

use physical::{Builtin, Comparison, Expr, SqlType};

use super::datum::{DAY, Datum, EPOCH_DAY};
use super::eval::as_column;
use super::pattern::Pattern;
use super::rng::Rng;

/// What may stand in a column.
#[derive(Debug, Clone, Default)]
pub struct Domain {
    /// Least number, in units of the column's scale.
    pub min: Option<i128>,
    /// Greatest number, in units of the column's scale.
    pub max: Option<i128>,
    /// Only these.
    pub allowed: Option<Vec<Datum>>,
    /// Shortest length: characters, bytes or elements.
    pub shortest: usize,
    /// Longest length.
    pub longest: Option<usize>,
    /// What it must match; the first is what it is made from.
    pub patterns: Vec<Pattern>,
    /// A form that goes without saying for its type in the schema's language.
    pub flavour: Flavour,
}

/// Forms of text that look like what they stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flavour {
    /// Words.
    #[default]
    Plain,
    /// An address for mail.
    Email,
    /// A telephone number.
    Phone,
    /// A web address.
    Url,
    /// An encoded password hash.
    PasswordHash,
    /// An envelope of encryption: version, key id, nonce, ciphertext and tag.
    Envelope,
}

/// Decimal places of a number of this type.
#[must_use]
pub const fn scale_of(ty: &SqlType) -> u32 {
    match ty {
        SqlType::Numeric(Some((_, scale))) => *scale,
        SqlType::Numeric(None) => 2,
        _ => 0,
    }
}

/// The ends of what a type can hold, in units of its scale.
#[must_use]
pub fn type_range(ty: &SqlType) -> Option<(i128, i128)> {
    match ty {
        SqlType::SmallInt => Some((i16::MIN.into(), i16::MAX.into())),
        SqlType::Integer => Some((i32::MIN.into(), i32::MAX.into())),
        SqlType::BigInt => Some((i64::MIN.into(), i64::MAX.into())),
        SqlType::Numeric(Some((precision, _))) => {
            let most = 10_i128.checked_pow(*precision)? - 1;
            Some((-most, most))
        }
        _ => None,
    }
}

impl Domain {
    /// What the type alone says.
    #[must_use]
    pub fn of_type(ty: &SqlType) -> Self {
        Self {
            longest: match ty {
                SqlType::Varchar(most) | SqlType::Char(most) => Some(*most as usize),
                _ => None,
            },
            ..Self::default()
        }
    }

    /// Adds what a check says about this column, when it says it plainly. What it says otherwise is left to trying.
    pub fn learn(&mut self, column: &str, ty: &SqlType, expr: &Expr) {
        match expr {
            Expr::And(items) => items.iter().for_each(|item| self.learn(column, ty, item)),
            Expr::Or(items) => {
                let mut others = items.iter().filter(|item| !is_null_test(item, column));
                if let (Some(only), None) = (others.next(), others.next()) {
                    self.learn(column, ty, only);
                }
            }
            Expr::Compare { op, left, right } => {
                if let Expr::Literal(_) = **left {
                    self.bound(column, ty, flip(*op), right, left);
                } else {
                    self.bound(column, ty, *op, left, right);
                }
            }
            Expr::Between {
                value,
                low,
                high,
                negated: false,
            } => {
                self.bound(column, ty, Comparison::GreaterOrEqual, value, low);
                self.bound(column, ty, Comparison::LessOrEqual, value, high);
            }
            Expr::In {
                value,
                items,
                negated: false,
            } if is_column(value, column) => {
                let values = items
                    .iter()
                    .map(|item| literal(item, ty))
                    .collect::<Option<Vec<_>>>();
                if let Some(values) = values {
                    self.only(values);
                }
            }
            Expr::Matches(value, pattern) if is_column(value, column) => {
                self.patterns.extend(Pattern::parse(pattern));
            }
            _ => {}
        }
    }

    fn only(&mut self, values: Vec<Datum>) {
        self.allowed = Some(match self.allowed.take() {
            Some(before) => before
                .into_iter()
                .filter(|value| values.contains(value))
                .collect(),
            None => values,
        });
    }

    fn bound(&mut self, column: &str, ty: &SqlType, op: Comparison, value: &Expr, limit: &Expr) {
        if is_column(value, column) {
            let Some(limit) = literal(limit, ty) else { return };
            match (op, limit.units(scale_of(ty))) {
                (Comparison::Equal, _) => self.only(vec![limit]),
                (Comparison::GreaterOrEqual, Some(least)) => raise(&mut self.min, least),
                (Comparison::Greater, Some(below)) => raise(&mut self.min, below + 1),
                (Comparison::LessOrEqual, Some(most)) => lower(&mut self.max, most),
                (Comparison::Less, Some(above)) => lower(&mut self.max, above - 1),
                _ => {}
            }
            return;
        }
        let Expr::Call(Builtin::Length | Builtin::ByteLength | Builtin::Count, arguments) = value else {
            return;
        };
        let of_this = arguments
            .first()
            .is_some_and(|argument| is_column(argument, column));
        let Some(Datum::Int(limit)) = literal(limit, &SqlType::BigInt).filter(|_| of_this) else {
            return;
        };
        let Ok(limit) = usize::try_from(limit) else { return };
        match op {
            Comparison::Equal => {
                self.shortest = self.shortest.max(limit);
                lower(&mut self.longest, limit);
            }
            Comparison::GreaterOrEqual => self.shortest = self.shortest.max(limit),
            Comparison::Greater => self.shortest = self.shortest.max(limit + 1),
            Comparison::LessOrEqual => lower(&mut self.longest, limit),
            Comparison::Less => lower(&mut self.longest, limit.saturating_sub(1)),
            Comparison::NotEqual => {}
        }
    }

    /// A value; `None` when the domain seems to be empty.
    pub fn draw(&self, ty: &SqlType, rng: &mut Rng) -> Option<Datum> {
        if let Some(allowed) = &self.allowed {
            return rng.pick(allowed).cloned();
        }
        Some(match ty {
            SqlType::Boolean => Datum::Bool(rng.below(2) == 1),
            SqlType::SmallInt | SqlType::Integer | SqlType::BigInt => {
                Datum::Int(i64::try_from(self.number(ty, rng)?).ok()?)
            }
            SqlType::Numeric(_) => Datum::Decimal(self.number(ty, rng)?, scale_of(ty)),
            SqlType::Real | SqlType::Double => Datum::Float(self.number(ty, rng)? as f64),
            SqlType::Text | SqlType::Varchar(_) | SqlType::Char(_) => Datum::Text(self.text(rng)?),
            SqlType::Uuid => Datum::Uuid(rng.uuid()),
            SqlType::Bytes => Datum::Bytes(self.bytes(rng)),
            SqlType::Date => Datum::Date(EPOCH_DAY + i64::try_from(rng.below(300)).ok()?),
            SqlType::Time => Datum::Time(i64::try_from(rng.below(86_400)).ok()? * 1_000_000),
            SqlType::Timestamp | SqlType::TimestampTz => {
                Datum::Instant(EPOCH_DAY * DAY + i64::try_from(rng.below(300 * 86_400)).ok()? * 1_000_000)
            }
            SqlType::Interval => Datum::Interval(0, i64::try_from(rng.below(86_400)).ok()? * 1_000_000),
            SqlType::Json | SqlType::JsonText => Datum::Json(format!("{{\"n\": {}}}", rng.below(1000))),
            SqlType::Inet => Datum::Text(format!("192.0.2.{}", 1 + rng.below(254))),
            SqlType::Array(element) => Datum::Array(self.elements(element, rng)?),
            SqlType::Named(_) | SqlType::Other(_) => return None,
        })
    }

    fn number(&self, ty: &SqlType, rng: &mut Rng) -> Option<i128> {
        let (least, most) = type_range(ty).unwrap_or((-1_000_000, 1_000_000));
        let low = self.min.map_or(least, |min| min.max(least));
        let high = self.max.map_or(most, |max| max.min(most));
        if low > high {
            return None;
        }
        // Everyday numbers where they fit; extremes are for the probes.
        let everyday = 10_000 * 10_i128.pow(scale_of(ty).min(6));
        let start = if low <= 0 && high >= 0 {
            0
        } else if low > 0 {
            low
        } else {
            high - everyday
        };
        Some(rng.between(start.max(low), start.saturating_add(everyday).min(high)))
    }

    fn bytes(&self, rng: &mut Rng) -> Vec<u8> {
        let natural = if self.flavour == Flavour::Envelope { 64 } else { 32 };
        let count = natural.clamp(
            self.shortest,
            self.longest.unwrap_or(usize::MAX).max(self.shortest),
        );
        let mut bytes = rng.bytes(count);
        // The first byte of an envelope is its version.
        if let (Flavour::Envelope, Some(first)) = (self.flavour, bytes.first_mut()) {
            *first = 1;
        }
        bytes
    }

    fn elements(&self, element: &SqlType, rng: &mut Rng) -> Option<Vec<Datum>> {
        let most = self.longest.unwrap_or(usize::MAX).min(self.shortest + 2);
        let count =
            self.shortest + usize::try_from(rng.below((most - self.shortest.min(most)) as u64 + 1)).ok()?;
        let inner = Self::of_type(element);
        (0..count).map(|_| inner.draw(element, rng)).collect()
    }

    fn text(&self, rng: &mut Rng) -> Option<String> {
        let longest = self.longest.unwrap_or(10_000);
        if longest < self.shortest {
            return None;
        }
        let natural = flavoured(self.flavour, rng);
        if self.fits(&natural, longest) {
            return Some(natural);
        }
        match self.patterns.first() {
            Some(pattern) => (0..32).find_map(|_| {
                pattern
                    .generate(rng, self.shortest, longest)
                    .filter(|text| self.fits(text, longest))
            }),
            None => {
                let plain: String = natural
                    .chars()
                    .cycle()
                    .take(natural.len().clamp(self.shortest, longest))
                    .collect();
                // What is cut or stretched may begin or end with a blank, which some columns trim.
                Some(plain.replace([' ', '@', ':'], "x"))
            }
        }
    }

    fn fits(&self, text: &str, longest: usize) -> bool {
        let length = text.chars().count();
        (self.shortest..=longest).contains(&length)
            && self
                .patterns
                .iter()
                .all(|pattern| pattern.matches(text) == Some(true))
    }
}

fn flavoured(flavour: Flavour, rng: &mut Rng) -> String {
    const SYLLABLES: [&str; 16] = [
        "ba", "do", "fi", "gu", "ka", "le", "mi", "no", "pa", "ro", "si", "tu", "va", "we", "yo", "ze",
    ];
    let mut word =
        |count: u32| -> String { (0..count).filter_map(|_| rng.pick(&SYLLABLES).copied()).collect() };
    match flavour {
        Flavour::Plain => format!("{} {}", word(3), word(4)),
        Flavour::Email => format!("{}@{}.example", word(6), word(2)),
        Flavour::Url => format!("https://{}.example/{}", word(2), word(5)),
        Flavour::Phone => format!("+4930{:08}", rng.below(100_000_000)),
        Flavour::PasswordHash | Flavour::Envelope => {
            let mut letters = |count: u32| -> String {
                const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
                (0..count)
                    .filter_map(|_| rng.pick(BASE64).map(|byte| char::from(*byte)))
                    .collect()
            };
            format!("$argon2id$v=19$m=65536,t=3,p=4${}${}", letters(22), letters(43))
        }
    }
}

fn raise(bound: &mut Option<i128>, least: i128) {
    *bound = Some(bound.map_or(least, |before| before.max(least)));
}

fn lower<T: Ord + Copy>(bound: &mut Option<T>, most: T) {
    *bound = Some(bound.map_or(most, |before| before.min(most)));
}

const fn flip(op: Comparison) -> Comparison {
    match op {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        same => same,
    }
}

fn is_column(expr: &Expr, column: &str) -> bool {
    as_column(expr).is_some_and(|(name, _)| name == column)
}

fn is_null_test(expr: &Expr, column: &str) -> bool {
    matches!(expr, Expr::IsNull { value, negated: false } if is_column(value, column))
}

fn literal(expr: &Expr, ty: &SqlType) -> Option<Datum> {
    match expr {
        Expr::Literal(literal) => Datum::of_literal(literal, Some(ty)),
        Expr::Negate(inner) => match literal(inner, ty)? {
            Datum::Int(value) => Some(Datum::Int(value.checked_neg()?)),
            Datum::Decimal(units, scale) => Some(Datum::Decimal(-units, scale)),
            _ => None,
        },
        _ => None,
    }
}
