//! Typed expressions in SQLite's words, with the meaning that they have on PostgreSQL.
//!
//! What differs without notice is written out: decimals are scaled integers, instants are text of one form, division by zero is
//! an error and not NULL. What cannot be said with the same meaning answers [`Unspeakable`].

use physical::{Builtin, Comparison, Expr, Factor, Ident, Literal, Sign, SqlType};
use plan::Unspeakable;

use super::ident::{ident, text};
use super::kind::{Kind, common};
use super::literals::{literal_alone, literal_as};
use super::temporal;
use super::types::{self, NOW, power};
use super::{pattern, types::MAX_DIGITS};

/// How tightly a piece of SQL holds together; a looser one needs parentheses inside a tighter one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Or,
    And,
    Not,
    Compare,
    Add,
    Multiply,
    Concat,
    Atom,
}

/// A piece of SQL.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) level: Level,
    pub(super) kind: Kind,
}

impl Piece {
    pub(super) fn new(text: impl Into<String>, level: Level, kind: Kind) -> Self {
        Self {
            text: text.into(),
            level,
            kind,
        }
    }

    pub(super) fn atom(text: impl Into<String>, kind: Kind) -> Self {
        Self::new(text, Level::Atom, kind)
    }

    pub(super) fn at(&self, level: Level) -> String {
        if self.level < level {
            format!("({})", self.text)
        } else {
            self.text.clone()
        }
    }
}

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
/// When SQLite cannot say it with the meaning that it has elsewhere.
pub fn render(expr: &Expr) -> Result<String, Unspeakable> {
    Ok(Renderer::default().piece(expr)?.text)
}

type Said = Result<Piece, Unspeakable>;

impl Renderer<'_> {
    /// Writes an expression as a value for a column of this type: decimals are brought to its scale.
    pub(super) fn render_as(&self, expr: &Expr, ty: &SqlType) -> Result<String, Unspeakable> {
        let goal = Kind::of(ty);
        if let Expr::Literal(value) = expr {
            return types::literal_for(value, ty);
        }
        let piece = self.piece(expr)?;
        match goal {
            Kind::Decimal(_, scale) if piece.kind.is_exact_number() => Ok(rescale(&piece, scale).text),
            Kind::Int(_) if matches!(piece.kind, Kind::Decimal(..)) => Ok(rescale(&piece, 0).text),
            Kind::Decimal(..) | Kind::Int(_) if piece.kind == Kind::Float => {
                unspeakable("rounding a floating point value to an exact one differs between databases")
            }
            _ => Ok(piece.text),
        }
    }

    /// Writes an expression.
    pub(super) fn piece(&self, expr: &Expr) -> Said {
        match expr {
            Expr::Column { table, name, ty } => Ok(self.column(table.as_ref(), name, ty)),
            Expr::Literal(value) => literal_alone(value),
            Expr::Param { name, ty } => Ok(Piece::atom(format!(":{name}"), Kind::of(ty))),
            // `realise` puts the database's own words in its place.
            Expr::Context(_) => unspeakable("the context of a transaction is not a value of this database"),
            Expr::And(parts) => self.join(parts, " AND ", Level::And, "1"),
            Expr::Or(parts) => self.join(parts, " OR ", Level::Or, "0"),
            Expr::Not(inner) => Ok(Piece::new(
                format!("NOT {}", self.piece(inner)?.at(Level::Compare)),
                Level::Not,
                Kind::Bool,
            )),
            Expr::Compare { op, left, right } => self.compare(*op, left, right),
            Expr::IsNull { value, negated } => {
                let word = if *negated { "IS NOT NULL" } else { "IS NULL" };
                let value = self.piece(value)?.at(Level::Add);
                Ok(Piece::new(format!("{value} {word}"), Level::Compare, Kind::Bool))
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
            } => self.between(value, low, high, *negated),
            Expr::StartsWith(whole, part) => self.starts_with(whole, part),
            Expr::EndsWith(whole, part) => self.ends_with(whole, part),
            Expr::Contains(whole, part) => self.contains(whole, part),
            Expr::Matches(value, regex) => {
                let value = self.text(value)?;
                let sql = pattern::translate(&value.at(Level::Atom), regex)?;
                Ok(Piece::new(sql, Level::Or, Kind::Bool))
            }
            Expr::Sum(terms) => self.sum(terms),
            Expr::Product(factors) => self.product(factors),
            Expr::Negate(inner) => {
                let inner = self.number(inner)?;
                Ok(Piece::new(
                    format!("-{}", inner.at(Level::Atom)),
                    Level::Concat,
                    inner.kind,
                ))
            }
            Expr::Call(function, arguments) => self.call(*function, arguments),
            Expr::Duration { months: 0, micros } => {
                Ok(Piece::new(micros.to_string(), Level::Concat, Kind::Interval))
            }
            Expr::Duration { .. } => {
                unspeakable("a span of months has no fixed length to be stored or compared")
            }
            // Found SQL keeps its own shape; parentheses keep it in one piece.
            Expr::Sql(sql) => Ok(Piece::new(sql.clone(), Level::Or, Kind::Any)),
        }
    }

    fn column(&self, table: Option<&Ident>, name: &Ident, ty: &SqlType) -> Piece {
        let name = ident(name);
        let text = match (table, self.row) {
            (Some(table), _) => format!("{}.{name}", ident(table)),
            (None, Some(row)) => format!("{row}.{name}"),
            (None, None) => name,
        };
        Piece::atom(text, Kind::of(ty))
    }

    fn join(&self, parts: &[Expr], word: &str, level: Level, none: &str) -> Said {
        match parts {
            [] => Ok(Piece::atom(none, Kind::Bool)),
            [only] => self.piece(only),
            _ => {
                // Operands that mix AND and OR are bracketed even where precedence would do: readers do not know it by heart.
                let parts = parts.iter().map(|part| Ok(self.piece(part)?.at(Level::Not)));
                let parts = parts.collect::<Result<Vec<_>, Unspeakable>>()?;
                Ok(Piece::new(parts.join(word), level, Kind::Bool))
            }
        }
    }

    fn text(&self, expr: &Expr) -> Said {
        let piece = self.piece(expr)?;
        match piece.kind {
            Kind::Text | Kind::Any => Ok(piece),
            _ => unspeakable("only text is searched as text"),
        }
    }

    fn number(&self, expr: &Expr) -> Said {
        let piece = self.piece(expr)?;
        match piece.kind {
            Kind::Int(_) | Kind::Decimal(..) | Kind::Float | Kind::Interval | Kind::Any => Ok(piece),
            _ => unspeakable("only numbers can be calculated with"),
        }
    }

    fn compare(&self, op: Comparison, left: &Expr, right: &Expr) -> Said {
        // A constant is as large as it is written, whatever it is compared with.
        let both_vary = !is_constant(left) && !is_constant(right);
        let [left, right] = self.aligned([left, right])?;
        let sign = match op {
            Comparison::Equal => "=",
            Comparison::NotEqual => "<>",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        };
        if both_vary && left.kind.digits() > MAX_DIGITS && right.kind.digits() > MAX_DIGITS {
            return unspeakable("both sides can be larger than 64 bits, where SQLite rounds");
        }
        let ordered = !matches!(op, Comparison::Equal | Comparison::NotEqual);
        if ordered && matches!(left.kind, Kind::Json | Kind::Array(_)) {
            return unspeakable("JSON and arrays have no order here");
        }
        Ok(Piece::new(
            format!("{} {sign} {}", left.at(Level::Add), right.at(Level::Add)),
            Level::Compare,
            Kind::Bool,
        ))
    }

    /// Brings expressions that are compared with each other to one kind.
    fn aligned<const N: usize>(&self, exprs: [&Expr; N]) -> Result<[Piece; N], Unspeakable> {
        let goal = self.common_kind(&exprs)?;
        let mut pieces = Vec::with_capacity(N);
        for expr in exprs {
            pieces.push(self.as_kind(expr, &goal)?);
        }
        pieces
            .try_into()
            .or_else(|_| unspeakable("comparisons have two or three sides"))
    }

    fn common_kind(&self, exprs: &[&Expr]) -> Result<Kind, Unspeakable> {
        let mut goal: Option<Kind> = None;
        // Constants take the kind of what they are compared with.
        for expr in exprs.iter().filter(|expr| !is_constant(expr)) {
            let kind = self.piece(expr)?.kind;
            goal = Some(match goal {
                None => kind,
                Some(goal) => common(goal, kind)?,
            });
        }
        for expr in exprs.iter().filter(|expr| is_constant(expr)) {
            let kind = self.piece(expr)?.kind;
            goal = Some(match goal {
                None => kind,
                Some(goal) if goal.is_exact_number() || goal == Kind::Float => common(goal, kind)?,
                Some(goal) => goal,
            });
        }
        match goal.unwrap_or(Kind::Any) {
            Kind::Unbounded => {
                unspeakable("decimals of more than 18 digits are kept as text and cannot be compared")
            }
            Kind::Json => unspeakable("JSON is kept as text: equal values can be spelled differently"),
            goal => Ok(goal),
        }
    }

    fn as_kind(&self, expr: &Expr, goal: &Kind) -> Said {
        if let Expr::Literal(value) = expr {
            return literal_as(value, goal);
        }
        let piece = self.piece(expr)?;
        Ok(match goal {
            Kind::Decimal(_, scale) if piece.kind.is_exact_number() => rescale(&piece, *scale),
            Kind::Float if piece.kind.is_exact_number() => as_float(&piece),
            Kind::Instant if piece.kind == Kind::Date => Piece::new(
                format!("{} || 'T00:00:00.000Z'", piece.at(Level::Atom)),
                Level::Concat,
                Kind::Instant,
            ),
            _ => piece,
        })
    }

    fn within(&self, value: &Expr, items: &[Expr], negated: bool) -> Said {
        let word = if negated { "NOT IN" } else { "IN" };
        if let [
            Expr::Param {
                name,
                ty: SqlType::Array(_),
            },
        ] = items
        {
            let value = self.piece(value)?.at(Level::Add);
            return Ok(Piece::new(
                format!("{value} {word} (SELECT value FROM json_each(:{}))", name),
                Level::Compare,
                Kind::Bool,
            ));
        }
        if items.is_empty() {
            return Ok(Piece::atom(if negated { "1" } else { "0" }, Kind::Bool));
        }
        let mut all = vec![value];
        all.extend(items);
        let goal = self.common_kind(&all)?;
        let value = self.as_kind(value, &goal)?.at(Level::Add);
        let items = items.iter().map(|item| Ok(self.as_kind(item, &goal)?.text));
        let items = items.collect::<Result<Vec<_>, Unspeakable>>()?.join(", ");
        Ok(Piece::new(
            format!("{value} {word} ({items})"),
            Level::Compare,
            Kind::Bool,
        ))
    }

    fn between(&self, value: &Expr, low: &Expr, high: &Expr, negated: bool) -> Said {
        let [value, low, high] = self.aligned([value, low, high])?;
        let word = if negated { "NOT BETWEEN" } else { "BETWEEN" };
        let sql = format!(
            "{} {word} {} AND {}",
            value.at(Level::Add),
            low.at(Level::Add),
            high.at(Level::Add)
        );
        Ok(Piece::new(sql, Level::Compare, Kind::Bool))
    }

    fn starts_with(&self, whole: &Expr, part: &Expr) -> Said {
        let whole = self.text(whole)?;
        // LIKE folds ASCII case here, and would take `%` and `_` of the value for wildcards.
        let sql = match part {
            Expr::Literal(Literal::Text(part)) => {
                format!(
                    "substr({}, 1, {}) = {}",
                    whole.text,
                    part.chars().count(),
                    text(part)
                )
            }
            part => {
                let part = self.text(part)?;
                format!(
                    "substr({}, 1, length({})) = {}",
                    whole.text,
                    part.text,
                    part.at(Level::Add)
                )
            }
        };
        Ok(Piece::new(sql, Level::Compare, Kind::Bool))
    }

    fn ends_with(&self, whole: &Expr, part: &Expr) -> Said {
        let whole = self.text(whole)?;
        if let Expr::Literal(Literal::Text(part)) = part {
            // substr(x, 0) is all of x: an empty end needs its own words.
            let sql = match part.chars().count() {
                0 => format!("length({}) >= 0", whole.text),
                length => format!("substr({}, -{length}) = {}", whole.text, text(part)),
            };
            return Ok(Piece::new(sql, Level::Compare, Kind::Bool));
        }
        let part = self.text(part)?;
        let (whole, end) = (&whole.text, &part.text);
        let sql = format!(
            "length({whole}) >= length({end}) AND substr({whole}, length({whole}) - length({end}) + 1) = {}",
            part.at(Level::Add)
        );
        Ok(Piece::new(sql, Level::And, Kind::Bool))
    }

    fn contains(&self, whole: &Expr, part: &Expr) -> Said {
        let haystack = self.piece(whole)?;
        if let Kind::Array(of) = &haystack.kind {
            let needle = self.as_kind(part, of)?;
            let (array, needle) = (&haystack.text, needle.text);
            let sql = format!(
                "CASE WHEN {array} IS NOT NULL AND {needle} IS NOT NULL THEN \
                 EXISTS (SELECT 1 FROM json_each({array}) AS e WHERE e.value = {needle}) END"
            );
            return Ok(Piece::atom(sql, Kind::Bool));
        }
        let haystack = self.text(whole)?;
        let needle = self.text(part)?;
        Ok(Piece::new(
            format!("instr({}, {}) > 0", haystack.text, needle.text),
            Level::Compare,
            Kind::Bool,
        ))
    }

    fn sum(&self, terms: &[(Sign, Expr)]) -> Said {
        let pieces = terms
            .iter()
            .filter(|(_, term)| !matches!(term, Expr::Duration { .. }));
        let kinds = pieces
            .map(|(_, term)| Ok(self.piece(term)?.kind))
            .collect::<Result<Vec<_>, Unspeakable>>()?;
        if kinds
            .iter()
            .any(|kind| matches!(kind, Kind::Instant | Kind::Date))
        {
            return temporal::sum(self, terms);
        }
        let mut goal: Option<Kind> = None;
        for (_, term) in terms {
            let kind = self.number(term)?.kind;
            goal = Some(match goal {
                None => kind,
                Some(goal) => common(goal, kind)?,
            });
        }
        let goal = goal.unwrap_or(Kind::Int(1));
        if goal.digits() > MAX_DIGITS {
            return unspeakable("a sum of terms that can be larger than 64 bits would be rounded");
        }
        let mut sql = String::new();
        for (position, (sign, term)) in terms.iter().enumerate() {
            let piece = self.as_kind(term, &goal)?.at(Level::Multiply);
            match (position, sign) {
                (0, Sign::Plus) => {}
                (0, Sign::Minus) => sql.push('-'),
                (_, Sign::Plus) => sql.push_str(" + "),
                (_, Sign::Minus) => sql.push_str(" - "),
            }
            sql.push_str(&piece);
        }
        let kind = match goal {
            Kind::Decimal(digits, scale) => Kind::Decimal((digits + 1).min(MAX_DIGITS), scale),
            Kind::Int(digits) => Kind::Int((digits + 1).min(MAX_DIGITS)),
            other => other,
        };
        Ok(Piece::new(sql, Level::Add, kind))
    }

    fn product(&self, factors: &[(Factor, Expr)]) -> Said {
        let pieces = factors
            .iter()
            .map(|(factor, expr)| Ok((*factor, self.number(expr)?)));
        let mut pieces = pieces.collect::<Result<Vec<_>, Unspeakable>>()?;
        if pieces.iter().any(|(_, piece)| piece.kind == Kind::Float) {
            for (_, piece) in &mut pieces {
                if piece.kind.is_exact_number() {
                    *piece = as_float(piece);
                }
            }
        }
        let decimal = pieces
            .iter()
            .any(|(_, piece)| matches!(piece.kind, Kind::Decimal(..)));
        let mut sql = String::new();
        let (mut digits, mut scale, mut kind) = (0, 0, Kind::Int(0));
        for (position, (factor, piece)) in pieces.iter().enumerate() {
            if *factor == Factor::Over {
                if decimal {
                    return unspeakable("dividing decimals needs digits that 64-bit integers do not have");
                }
                if digits > MAX_DIGITS {
                    return unspeakable(
                        "dividing a product that can be larger than 64 bits would be rounded",
                    );
                }
                sql = format!("{sql} / {}", divisor(piece));
                continue;
            }
            digits += piece.kind.digits();
            scale += piece.kind.scale();
            match (&piece.kind, &kind) {
                (Kind::Float | Kind::Any | Kind::Interval, _) => kind = piece.kind.clone(),
                (_, Kind::Int(_)) if decimal => kind = Kind::Decimal(0, 0),
                _ => {}
            }
            if position > 0 {
                sql.push_str(" * ");
            }
            sql.push_str(&piece.at(Level::Concat));
        }
        if scale > MAX_DIGITS {
            return unspeakable("the product has more decimal places than 64-bit integers can hold");
        }
        let kind = match kind {
            Kind::Int(_) => Kind::Int(digits),
            Kind::Decimal(..) => Kind::Decimal(digits, scale),
            other => other,
        };
        Ok(Piece::new(sql, Level::Multiply, kind))
    }

    fn call(&self, function: Builtin, arguments: &[Expr]) -> Said {
        let one = || match arguments {
            [only] => Ok(only),
            _ => unspeakable("this function takes one argument"),
        };
        Ok(match function {
            Builtin::Length => Piece::atom(format!("length({})", self.piece(one()?)?.text), Kind::Int(10)),
            Builtin::ByteLength => {
                // length() counts characters of text, and octet_length() is younger than the oldest version supported.
                let sql = format!("length(CAST({} AS BLOB))", self.piece(one()?)?.text);
                Piece::atom(sql, Kind::Int(10))
            }
            Builtin::Lower => Piece::atom(format!("lower({})", self.text(one()?)?.text), Kind::Text),
            Builtin::Upper => Piece::atom(format!("upper({})", self.text(one()?)?.text), Kind::Text),
            Builtin::Trim => Piece::atom(format!("trim({})", self.text(one()?)?.text), Kind::Text),
            Builtin::Now => Piece::atom(NOW, Kind::Instant),
            Builtin::Today => Piece::atom("date('now')", Kind::Date),
            Builtin::Coalesce => {
                let all: Vec<&Expr> = arguments.iter().collect();
                let goal = self.common_kind(&all)?;
                let items = all.iter().map(|item| Ok(self.as_kind(item, &goal)?.text));
                let items = items.collect::<Result<Vec<_>, Unspeakable>>()?;
                match items.as_slice() {
                    [only] => Piece::atom(format!("({only})"), goal),
                    items => Piece::atom(format!("coalesce({})", items.join(", ")), goal),
                }
            }
            Builtin::Abs => {
                let value = self.number(one()?)?;
                Piece::atom(format!("abs({})", value.text), value.kind)
            }
            Builtin::Count => Piece::atom(
                format!("json_array_length({})", self.piece(one()?)?.text),
                Kind::Int(10),
            ),
        })
    }
}

const fn is_constant(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(_))
}

/// Brings an exact number to a scale; fewer places round half away from zero, as PostgreSQL does.
fn rescale(piece: &Piece, scale: u32) -> Piece {
    let from = piece.kind.scale();
    let digits = piece.kind.digits();
    if from == scale {
        return Piece {
            kind: Kind::Decimal(digits, scale),
            ..piece.clone()
        };
    }
    if from < scale {
        let sql = format!("{} * {}", piece.at(Level::Multiply), power(scale - from));
        return Piece::new(sql, Level::Multiply, Kind::Decimal(digits + scale - from, scale));
    }
    let unit = power(from - scale);
    let (value, half) = (&piece.text, unit / 2);
    let sql = format!("({value} + CASE WHEN {value} < 0 THEN -{half} ELSE {half} END) / {unit}");
    Piece::new(sql, Level::Multiply, Kind::Decimal(digits, scale))
}

fn as_float(piece: &Piece) -> Piece {
    let sql = match piece.kind.scale() {
        0 => return Piece::atom(format!("CAST({} AS REAL)", piece.text), Kind::Float),
        scale => format!("{} / {}.0", piece.at(Level::Multiply), power(scale)),
    };
    Piece::new(sql, Level::Multiply, Kind::Float)
}

/// Division by zero answers NULL in SQLite, and a CHECK lets NULL pass: make it the error that it is.
fn divisor(piece: &Piece) -> String {
    if piece.text.trim_matches(|c: char| c.is_ascii_digit()).is_empty()
        && piece.text.contains(|c: char| c != '0')
    {
        return piece.text.clone();
    }
    let value = piece.at(Level::Atom);
    format!(
        "CASE {value} WHEN 0 THEN abs(CAST({value} AS INTEGER) - 9223372036854775807 - 1) ELSE {value} END"
    )
}
