//! Typed expressions over columns. Every dialect renders the same tree; a conformance table
//! (expression, row, answer) in `fixtures/conformance` is run through every renderer on its real database.

use serde::Serialize;

use crate::{Ident, SqlType};

/// A constant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Literal {
    /// NULL.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// An exact decimal as written, `-?[0-9]+(\.[0-9]+)?`.
    Decimal(String),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// `[]`, an empty array.
    EmptyArray,
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// Functions with the same meaning on every database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Builtin {
    /// Number of characters (code points) of a text.
    Length,
    /// Number of bytes.
    ByteLength,
    /// Lower case. ASCII only where the database has no Unicode case mapping.
    Lower,
    /// Upper case, with the same limit.
    Upper,
    /// Without blanks at both ends.
    Trim,
    /// The start of the transaction, as an instant.
    Now,
    /// Today's date in UTC.
    Today,
    /// The first argument that is not NULL.
    Coalesce,
    /// Absolute value.
    Abs,
    /// How many elements an array has.
    Count,
}

/// Who or what the transaction acts for; read from the transaction's context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Context {
    /// The internal id of the current row of the actors table; NULL when none is set.
    Actor,
    /// The internal id of the user that the current actor stands for; NULL when none.
    User,
    /// The internal id of the current tenant; NULL when none is set.
    Tenant,
}

/// A sign in a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// `+`
    Plus,
    /// `-`
    Minus,
}

/// An operator in a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// `*`
    Times,
    /// `/`, exact for decimals and truncating for integers.
    Over,
}

/// An expression. Operators of one level are flat, so that depth stays bounded by the nesting that was written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expr {
    /// A column of the row at hand, or of a named table or alias.
    Column {
        /// The table or alias; `None` for the row at hand.
        table: Option<Ident>,
        /// The column.
        name: Ident,
        /// Its type: what renderers need to scale decimals and to compare rightly.
        ty: SqlType,
    },
    /// A constant.
    Literal(Literal),
    /// A value that the caller supplies.
    Param {
        /// Without the `$`.
        name: String,
        /// What it is compared with.
        ty: SqlType,
    },
    /// From the transaction's context.
    Context(Context),
    /// All hold.
    And(Vec<Expr>),
    /// One holds.
    Or(Vec<Expr>),
    /// It does not hold.
    Not(Box<Expr>),
    /// Two values compared.
    Compare {
        /// How.
        op: Comparison,
        /// Left side.
        left: Box<Expr>,
        /// Right side.
        right: Box<Expr>,
    },
    /// `IS NULL`, `IS NOT NULL`.
    IsNull {
        /// What is looked at.
        value: Box<Expr>,
        /// Whether it is `IS NOT NULL`.
        negated: bool,
    },
    /// One of a list. A single [`Expr::Param`] item with an array type stands for `= ANY (param)`.
    In {
        /// What is looked for.
        value: Box<Expr>,
        /// Where.
        items: Vec<Expr>,
        /// Whether it is `NOT IN`.
        negated: bool,
    },
    /// Both ends included.
    Between {
        /// What is looked at.
        value: Box<Expr>,
        /// Lower end.
        low: Box<Expr>,
        /// Upper end.
        high: Box<Expr>,
        /// Whether it is `NOT BETWEEN`.
        negated: bool,
    },
    /// A text begins with another, taken literally.
    StartsWith(Box<Expr>, Box<Expr>),
    /// A text ends with another, taken literally.
    EndsWith(Box<Expr>, Box<Expr>),
    /// A text holds another, taken literally; or an array holds an element.
    Contains(Box<Expr>, Box<Expr>),
    /// A text matches a regular expression (the common subset: classes, anchors, alternatives, counts).
    Matches(Box<Expr>, String),
    /// A sum of two or more terms; the first may be negative.
    Sum(Vec<(Sign, Expr)>),
    /// A product of two or more factors; the first is always [`Factor::Times`].
    Product(Vec<(Factor, Expr)>),
    /// A negated number.
    Negate(Box<Expr>),
    /// A function with the same meaning everywhere.
    Call(Builtin, Vec<Expr>),
    /// A span of time: this many microseconds, and this many months.
    Duration {
        /// Months.
        months: i32,
        /// Microseconds.
        micros: i64,
    },
    /// SQL of one dialect that we do not take apart: found in a database, or written by the user.
    Sql(String),
}

impl Expr {
    /// Calls a function with each direct part of an expression.
    pub fn children<'e>(&'e self, each: &mut dyn FnMut(&'e Self)) {
        match self {
            Self::Column { .. }
            | Self::Literal(_)
            | Self::Param { .. }
            | Self::Context(_)
            | Self::Duration { .. }
            | Self::Sql(_) => {}
            Self::And(items) | Self::Or(items) | Self::Call(_, items) => items.iter().for_each(each),
            Self::Not(value) | Self::Negate(value) | Self::IsNull { value, .. } | Self::Matches(value, _) => {
                each(value);
            }
            Self::Compare { left, right, .. }
            | Self::StartsWith(left, right)
            | Self::EndsWith(left, right)
            | Self::Contains(left, right) => {
                each(left);
                each(right);
            }
            Self::In { value, items, .. } => {
                each(value);
                items.iter().for_each(each);
            }
            Self::Between { value, low, high, .. } => {
                each(value);
                each(low);
                each(high);
            }
            Self::Sum(terms) => terms.iter().for_each(|(_, term)| each(term)),
            Self::Product(factors) => factors.iter().for_each(|(_, factor)| each(factor)),
        }
    }

    /// The same, for changing them.
    pub fn children_mut(&mut self, each: &mut dyn FnMut(&mut Self)) {
        match self {
            Self::Column { .. }
            | Self::Literal(_)
            | Self::Param { .. }
            | Self::Context(_)
            | Self::Duration { .. }
            | Self::Sql(_) => {}
            Self::And(items) | Self::Or(items) | Self::Call(_, items) => items.iter_mut().for_each(each),
            Self::Not(value) | Self::Negate(value) | Self::IsNull { value, .. } | Self::Matches(value, _) => {
                each(value);
            }
            Self::Compare { left, right, .. }
            | Self::StartsWith(left, right)
            | Self::EndsWith(left, right)
            | Self::Contains(left, right) => {
                each(left);
                each(right);
            }
            Self::In { value, items, .. } => {
                each(value);
                items.iter_mut().for_each(each);
            }
            Self::Between { value, low, high, .. } => {
                each(value);
                each(low);
                each(high);
            }
            Self::Sum(terms) => terms.iter_mut().for_each(|(_, term)| each(term)),
            Self::Product(factors) => factors.iter_mut().for_each(|(_, factor)| each(factor)),
        }
    }

    /// A column of the row at hand.
    #[must_use]
    pub fn column(name: impl Into<Ident>, ty: SqlType) -> Self {
        Self::Column {
            table: None,
            name: name.into(),
            ty,
        }
    }

    /// `left op right`.
    #[must_use]
    pub fn compare(left: Self, op: Comparison, right: Self) -> Self {
        Self::Compare {
            op,
            left: Box::new(left),
            right: Box::new(right),
        }
    }

    /// `left = right`.
    #[must_use]
    pub fn equal(left: Self, right: Self) -> Self {
        Self::compare(left, Comparison::Equal, right)
    }

    /// `value IS NULL`.
    #[must_use]
    pub fn is_null(value: Self) -> Self {
        Self::IsNull {
            value: Box::new(value),
            negated: false,
        }
    }

    /// `value IS NOT NULL`.
    #[must_use]
    pub fn is_not_null(value: Self) -> Self {
        Self::IsNull {
            value: Box::new(value),
            negated: true,
        }
    }
}
