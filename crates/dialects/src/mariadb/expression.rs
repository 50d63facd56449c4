//! Typed expressions in MariaDB's words, with the meaning that they have on PostgreSQL.
//!
//! What differs without notice is written out: whole numbers divide by `DIV`, instants are UTC without a zone, a span of time is
//! added by `INTERVAL`. What cannot be said with the same meaning answers [`Unspeakable`].

use physical::{Builtin, Comparison, Expr, Factor, Ident, Literal, Sign, SqlType};
use plan::Unspeakable;

use super::ident::{ident, text};
use super::pattern;
use super::types::{self, NOW, TODAY};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// How tightly a piece of SQL holds together; a looser one needs parentheses inside a tighter one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Or,
    And,
    Not,
    Between,
    Compare,
    Add,
    Multiply,
    Unary,
    Atom,
}

/// What a piece of SQL answers, as far as its meaning depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Int,
    Decimal,
    Float,
    Date,
    Instant,
    Time,
    Json,
    Array(Box<SqlType>),
    Other,
}

impl Kind {
    fn of(ty: &SqlType) -> Self {
        match ty {
            SqlType::SmallInt | SqlType::Integer | SqlType::BigInt | SqlType::Interval => Self::Int,
            SqlType::Numeric(_) => Self::Decimal,
            SqlType::Real | SqlType::Double => Self::Float,
            SqlType::Date => Self::Date,
            SqlType::Time => Self::Time,
            SqlType::Timestamp | SqlType::TimestampTz => Self::Instant,
            SqlType::Json | SqlType::JsonText => Self::Json,
            SqlType::Array(element) => Self::Array(element.clone()),
            _ => Self::Other,
        }
    }
}

/// A piece of SQL.
#[derive(Debug, Clone)]
struct Piece {
    text: String,
    level: Level,
    kind: Kind,
}

impl Piece {
    fn new(text: impl Into<String>, level: Level, kind: Kind) -> Self {
        Self {
            text: text.into(),
            level,
            kind,
        }
    }

    fn at(&self, level: Level) -> String {
        if self.level < level {
            format!("({})", self.text)
        } else {
            self.text.clone()
        }
    }
}

type Said = Result<Piece, Unspeakable>;

/// Why something cannot be said.
pub(super) fn unspeakable<T>(reason: impl Into<String>) -> Result<T, Unspeakable> {
    Err(Unspeakable {
        reason: reason.into(),
    })
}

/// Where the columns of the row at hand are found.
#[derive(Debug, Clone, Default)]
pub(super) struct Renderer<'a> {
    /// `NEW`, `OLD` or an alias before the columns of the row at hand.
    pub(super) row: Option<&'a str>,
}

/// Writes an expression.
///
/// # Errors
///
/// When MariaDB cannot say it with the meaning that it has elsewhere.
pub fn render(expr: &Expr) -> Result<String, Unspeakable> {
    Renderer::default().render(expr)
}

impl Renderer<'_> {
    /// Writes an expression.
    pub(super) fn render(&self, expr: &Expr) -> Result<String, Unspeakable> {
        Ok(self.piece(expr)?.text)
    }

    /// Writes an expression as a value for a column of this type.
    pub(super) fn render_as(&self, expr: &Expr, ty: &SqlType) -> Result<String, Unspeakable> {
        if let Expr::Literal(value) = expr {
            return types::literal_for(value, ty);
        }
        self.render(expr)
    }

    fn piece(&self, expr: &Expr) -> Said {
        match expr {
            Expr::Column { table, name, ty } => Ok(self.column(table.as_ref(), name, ty)),
            Expr::Literal(value) => Ok(constant(value)),
            Expr::Param { name, ty } => Ok(Piece::new(format!(":{name}"), Level::Atom, Kind::of(ty))),
            // `realise` puts the database's own words in its place.
            Expr::Context(_) => unspeakable("the context of a transaction is not a value of this database"),
            Expr::And(parts) => self.join(parts, " AND ", Level::And, "1"),
            Expr::Or(parts) => self.join(parts, " OR ", Level::Or, "0"),
            // As the server prints it: a column by itself is no condition.
            Expr::Not(inner) if matches!(**inner, Expr::Column { .. }) => {
                let column = self.piece(inner)?.text;
                Ok(truth(format!("{column} = 0"), Level::Compare))
            }
            Expr::Not(inner) => {
                let inner = self.piece(inner)?.at(Level::Between);
                Ok(truth(format!("NOT {inner}"), Level::Not))
            }
            Expr::Compare { op, left, right } => self.compare(*op, left, right),
            Expr::IsNull { value, negated } => {
                let word = if *negated { "IS NOT NULL" } else { "IS NULL" };
                let value = self.piece(value)?.at(Level::Add);
                Ok(truth(format!("{value} {word}"), Level::Compare))
            }
            Expr::In {
                value,
                items,
                negated,
            } => self.within(value, items, *negated),
            Expr::Between {
                value,
                low,
                high,
                negated,
            } => self.between(value, [low, high], *negated),
            Expr::StartsWith(whole, part) => self.starts_with(whole, part),
            Expr::EndsWith(whole, part) => {
                let (whole, part) = (self.piece(whole)?, self.piece(part)?);
                let end = format!("right({}, char_length({}))", whole.text, part.text);
                Ok(truth(format!("{end} = {}", part.at(Level::Add)), Level::Compare))
            }
            Expr::Contains(whole, part) => self.contains(whole, part),
            Expr::Matches(value, regex) => {
                let value = self.piece(value)?.at(Level::Add);
                let pattern = text(&pattern::translate(regex));
                Ok(truth(format!("{value} REGEXP {pattern}"), Level::Compare))
            }
            Expr::Sum(terms) => self.sum(terms),
            Expr::Product(factors) => self.product(factors),
            Expr::Negate(inner) => {
                let inner = self.piece(inner)?;
                Ok(Piece::new(
                    format!("-{}", inner.at(Level::Atom)),
                    Level::Unary,
                    inner.kind,
                ))
            }
            Expr::Call(function, arguments) => self.call(*function, arguments),
            Expr::Duration { months: 0, micros } => {
                Ok(Piece::new(micros.to_string(), Level::Unary, Kind::Int))
            }
            Expr::Duration { .. } => {
                unspeakable("a span of months has no fixed length to be stored or compared")
            }
            // Found SQL keeps its own shape; parentheses keep it in one piece.
            Expr::Sql(sql) => Ok(Piece::new(sql.clone(), Level::Or, Kind::Other)),
        }
    }

    fn column(&self, table: Option<&Ident>, name: &Ident, ty: &SqlType) -> Piece {
        let name = ident(name);
        let text = match (table, self.row) {
            (Some(table), _) => format!("{}.{name}", ident(table)),
            (None, Some(row)) => format!("{row}.{name}"),
            (None, None) => name,
        };
        Piece::new(text, Level::Atom, Kind::of(ty))
    }

    fn join(&self, parts: &[Expr], word: &str, level: Level, empty: &str) -> Said {
        match parts {
            [] => Ok(truth(empty, Level::Atom)),
            [only] => self.piece(only),
            _ => {
                let parts = parts.iter().map(|part| {
                    let mut piece = self.piece(part)?;
                    if matches!(part, Expr::Column { .. }) {
                        piece = truth(format!("{} <> 0", piece.text), Level::Compare);
                    }
                    // AND inside OR needs no parentheses for the server, but does for the reader.
                    Ok(piece.at(Level::Not))
                });
                let parts = parts.collect::<Result<Vec<String>, Unspeakable>>()?;
                Ok(truth(parts.join(word), level))
            }
        }
    }

    /// An operand beside another, as a value of the same kind.
    fn beside(&self, expr: &Expr, other: &Expr) -> Said {
        let kind = match other {
            Expr::Literal(_) => Kind::Other,
            other => self.piece(other)?.kind,
        };
        let piece = match (expr, &kind) {
            (Expr::Literal(value), Kind::Instant) => Piece::new(
                types::literal_for(value, &SqlType::TimestampTz)?,
                Level::Atom,
                kind,
            ),
            (Expr::Literal(value), Kind::Date) => {
                Piece::new(types::literal_for(value, &SqlType::Date)?, Level::Atom, kind)
            }
            (Expr::Literal(value), Kind::Time) => {
                Piece::new(types::literal_for(value, &SqlType::Time)?, Level::Atom, kind)
            }
            _ => self.piece(expr)?,
        };
        if matches!(piece.kind, Kind::Json) {
            return unspeakable("JSON is kept as text: equal values can be spelled differently");
        }
        Ok(piece)
    }

    fn compare(&self, op: Comparison, left: &Expr, right: &Expr) -> Said {
        let sign = match op {
            Comparison::Equal => "=",
            Comparison::NotEqual => "<>",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        };
        let (one, other) = (self.beside(left, right)?, self.beside(right, left)?);
        let sql = format!("{} {sign} {}", one.at(Level::Add), other.at(Level::Add));
        Ok(truth(sql, Level::Compare))
    }

    fn within(&self, value: &Expr, items: &[Expr], negated: bool) -> Said {
        let word = if negated { "NOT IN" } else { "IN" };
        if let [
            Expr::Param {
                name,
                ty: SqlType::Array(element),
            },
        ] = items
        {
            let value = self.piece(value)?.at(Level::Add);
            let ty = types::type_name(element);
            let rows = format!("json_table(:{name}, '$[*]' COLUMNS (v {ty} PATH '$')) AS j");
            return Ok(truth(
                format!("{value} {word} (SELECT j.v FROM {rows})"),
                Level::Compare,
            ));
        }
        if items.is_empty() {
            return Ok(truth(if negated { "1" } else { "0" }, Level::Atom));
        }
        let list = items.iter().map(|item| Ok(self.beside(item, value)?.text));
        let list = list.collect::<Result<Vec<String>, Unspeakable>>()?.join(", ");
        let value = self.piece(value)?.at(Level::Add);
        Ok(truth(format!("{value} {word} ({list})"), Level::Compare))
    }

    fn between(&self, value: &Expr, ends: [&Expr; 2], negated: bool) -> Said {
        let word = if negated { "NOT BETWEEN" } else { "BETWEEN" };
        let [low, high] = ends;
        let (low, high) = (self.beside(low, value)?, self.beside(high, value)?);
        let value = self.beside(value, ends[0])?.at(Level::Add);
        let sql = format!(
            "{value} {word} {} AND {}",
            low.at(Level::Add),
            high.at(Level::Add)
        );
        Ok(truth(sql, Level::Between))
    }

    fn starts_with(&self, whole: &Expr, part: &Expr) -> Said {
        let value = self.piece(whole)?;
        // LIKE can use an index; but `%`, `_` and `\` mean something to it.
        if let Expr::Literal(Literal::Text(start)) = part
            && !start.contains(['%', '_', '\\'])
        {
            let sql = format!("{} LIKE {}", value.at(Level::Add), text(&format!("{start}%")));
            return Ok(truth(sql, Level::Compare));
        }
        let part = self.piece(part)?;
        let start = format!("left({}, char_length({}))", value.text, part.text);
        Ok(truth(
            format!("{start} = {}", part.at(Level::Add)),
            Level::Compare,
        ))
    }

    fn contains(&self, whole: &Expr, part: &Expr) -> Said {
        let haystack = self.piece(whole)?;
        if let Kind::Array(element) = &haystack.kind {
            let needle = self.render_as(part, element)?;
            let needle = match element.as_ref() {
                SqlType::SmallInt
                | SqlType::Integer
                | SqlType::BigInt
                | SqlType::Real
                | SqlType::Double
                | SqlType::Boolean
                | SqlType::Numeric(_) => needle,
                _ => format!("json_quote({needle})"),
            };
            let sql = format!("json_contains({}, {needle})", haystack.text);
            return Ok(truth(sql, Level::Atom));
        }
        let needle = self.piece(part)?;
        let sql = format!("locate({}, {}) > 0", needle.text, haystack.text);
        Ok(truth(sql, Level::Compare))
    }

    fn sum(&self, terms: &[(Sign, Expr)]) -> Said {
        let first = terms.first().map(|(_, term)| self.piece(term)).transpose()?;
        if let Some(start) = first.filter(|piece| matches!(piece.kind, Kind::Instant | Kind::Date)) {
            return self.moved(start, terms);
        }
        let mut sql = String::new();
        let mut kind = Kind::Int;
        for (position, (sign, term)) in terms.iter().enumerate() {
            let piece = self.piece(term)?;
            match (position, sign) {
                (0, Sign::Plus) => {}
                (0, Sign::Minus) => sql.push('-'),
                (_, Sign::Plus) => sql.push_str(" + "),
                (_, Sign::Minus) => sql.push_str(" - "),
            }
            let negative = position > 0 && piece.text.starts_with('-');
            sql.push_str(&if negative {
                format!("({})", piece.text)
            } else {
                piece.at(Level::Multiply)
            });
            kind = wider(kind, piece.kind);
        }
        Ok(Piece::new(sql, Level::Add, kind))
    }

    /// An instant or a day, moved by spans of time; or the time between two of them.
    fn moved(&self, start: Piece, terms: &[(Sign, Expr)]) -> Said {
        let mut sum = start;
        for (sign, term) in terms.iter().skip(1) {
            let negative = *sign == Sign::Minus;
            sum = match term {
                Expr::Duration { months, micros } => spanned(sum, i64::from(*months), *micros, negative),
                term => added(&sum, &self.piece(term)?, negative)?,
            };
        }
        Ok(sum)
    }

    fn product(&self, factors: &[(Factor, Expr)]) -> Said {
        let mut sql = String::new();
        let mut kind = Kind::Int;
        for (position, (factor, expr)) in factors.iter().enumerate() {
            let piece = self.piece(expr)?;
            let (before, own) = (kind.clone(), piece.kind.clone());
            kind = if position == 0 { own } else { wider(kind, own) };
            if position > 0 {
                sql.push_str(match (factor, &kind) {
                    (Factor::Times, _) => " * ",
                    (Factor::Over, Kind::Int) => " DIV ",
                    (Factor::Over, Kind::Float) => " / ",
                    (Factor::Over, _) if before == Kind::Other => " / ",
                    (Factor::Over, _) => {
                        return unspeakable("decimals are divided to other places than on other databases");
                    }
                });
            }
            let level = if position == 0 {
                Level::Multiply
            } else {
                Level::Unary
            };
            sql.push_str(&piece.at(level));
        }
        Ok(Piece::new(sql, Level::Multiply, kind))
    }

    fn call(&self, function: Builtin, arguments: &[Expr]) -> Said {
        let one = || match arguments {
            [only] => self.piece(only),
            _ => unspeakable("this function takes one argument"),
        };
        let named =
            |name: &str, kind: Kind| Ok(Piece::new(format!("{name}({})", one()?.text), Level::Atom, kind));
        match function {
            Builtin::Length => named("char_length", Kind::Int),
            Builtin::ByteLength => named("octet_length", Kind::Int),
            Builtin::Lower => named("lower", Kind::Other),
            Builtin::Upper => named("upper", Kind::Other),
            Builtin::Trim => named("trim", Kind::Other),
            Builtin::Now => Ok(Piece::new(NOW, Level::Atom, Kind::Instant)),
            Builtin::Today => Ok(Piece::new(TODAY, Level::Atom, Kind::Date)),
            Builtin::Abs => {
                let kind = one()?.kind;
                named("abs", kind)
            }
            Builtin::Count => named("json_length", Kind::Int),
            Builtin::Coalesce => {
                let pieces = arguments.iter().map(|argument| self.piece(argument));
                let pieces = pieces.collect::<Result<Vec<Piece>, Unspeakable>>()?;
                let kind = pieces.iter().map(|piece| piece.kind.clone());
                let kind = kind.reduce(|one, other| if one == Kind::Other { other } else { one });
                let items: Vec<&str> = pieces.iter().map(|piece| piece.text.as_str()).collect();
                let sql = format!("coalesce({})", items.join(", "));
                Ok(Piece::new(sql, Level::Atom, kind.unwrap_or(Kind::Other)))
            }
        }
    }
}

fn truth(text: impl Into<String>, level: Level) -> Piece {
    Piece::new(text, level, Kind::Other)
}

fn constant(value: &Literal) -> Piece {
    let (level, kind) = match value {
        Literal::Int(number) if *number < 0 => (Level::Unary, Kind::Int),
        Literal::Int(_) => (Level::Atom, Kind::Int),
        Literal::Decimal(said) if said.starts_with('-') => (Level::Unary, Kind::Decimal),
        Literal::Decimal(_) => (Level::Atom, Kind::Decimal),
        _ => (Level::Atom, Kind::Other),
    };
    Piece::new(super::ident::literal(value), level, kind)
}

/// The kind of what two numbers make together.
fn wider(one: Kind, other: Kind) -> Kind {
    match (one, other) {
        (Kind::Float, _) | (_, Kind::Float) => Kind::Float,
        (Kind::Decimal, _) | (_, Kind::Decimal) => Kind::Decimal,
        (Kind::Int, Kind::Int) => Kind::Int,
        _ => Kind::Other,
    }
}

/// Months are counted on the calendar, and end at the last day of a shorter month; the rest is exact.
fn spanned(start: Piece, months: i64, micros: i64, negative: bool) -> Piece {
    let sign = if negative { '-' } else { '+' };
    let mut sum = start;
    let of_days = sum.kind == Kind::Date && micros % DAY == 0;
    if sum.kind == Kind::Date && !of_days {
        // A day that is moved by less is the instant of its start, as elsewhere.
        sum = Piece::new(format!("timestamp({})", sum.text), Level::Atom, Kind::Instant);
    }
    let kind = if of_days { Kind::Date } else { Kind::Instant };
    let mut add = |amount: i64, unit: &str| {
        if amount != 0 {
            let sql = format!("{} {sign} INTERVAL {amount} {unit}", sum.at(Level::Add));
            sum = Piece::new(sql, Level::Add, kind.clone());
        }
    };
    add(months, "MONTH");
    add(micros / DAY, "DAY");
    add(micros % DAY, "MICROSECOND");
    sum
}

fn added(start: &Piece, value: &Piece, negative: bool) -> Said {
    let sign = if negative { '-' } else { '+' };
    let later = start.at(Level::Add);
    match (&start.kind, &value.kind) {
        (Kind::Instant, Kind::Int) => Ok(Piece::new(
            format!("{later} {sign} INTERVAL {} MICROSECOND", value.at(Level::Unary)),
            Level::Add,
            Kind::Instant,
        )),
        (Kind::Date, Kind::Int) => Ok(Piece::new(
            format!("{later} {sign} INTERVAL {} DAY", value.at(Level::Unary)),
            Level::Add,
            Kind::Date,
        )),
        (Kind::Date, Kind::Date) if negative => Ok(Piece::new(
            format!("timestampdiff(DAY, {}, {})", value.text, start.text),
            Level::Atom,
            Kind::Int,
        )),
        (Kind::Instant | Kind::Date, Kind::Instant | Kind::Date) if negative => Ok(Piece::new(
            format!("timestampdiff(MICROSECOND, {}, {})", value.text, start.text),
            Level::Atom,
            Kind::Int,
        )),
        _ => unspeakable("only spans of time can be added to an instant"),
    }
}
