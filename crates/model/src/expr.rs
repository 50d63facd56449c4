//! Typed expressions of the logical schema. `design` lowers them to columns.

use diagnostics::Span;

use crate::{EnumId, FieldId, Type};

/// A parameter of a query: an index into its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ParamId(pub u32);

/// An expression with its type and place.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// What it answers; [`Type::Unknown`] after an error.
    pub ty: Type,
    /// Where it is written.
    pub span: Span,
}

/// A field reached from an entity: `customer.locale` is two steps.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Path {
    /// The fields, each of the entity that the one before refers to.
    pub steps: Vec<FieldId>,
}

/// A constant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Literal {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A decimal, as written without underscores.
    Decimal(String),
    /// Text.
    Text(String),
    /// A member of an enum, by position.
    Member(EnumId, u32),
    /// `[]`.
    EmptyArray,
    /// `now()`.
    Now,
    /// `today()`.
    Today,
    /// `uuid4()`
    Uuid4,
    /// `uuid7()`
    Uuid7,
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compare {
    /// `=`
    Equal,
    /// `!=`
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

/// A sign in a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TermSign {
    /// `+`
    Plus,
    /// `-`
    Minus,
}

/// An operator in a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FactorOp {
    /// `*`
    Times,
    /// `/`
    Over,
}

/// Functions of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// `length(text)`
    Length,
    /// `lower(text)`
    Lower,
    /// `upper(text)`
    Upper,
    /// `trim(text)`
    Trim,
    /// `now()`
    Now,
    /// `today()`
    Today,
    /// `coalesce(a, b, …)`
    Coalesce,
    /// `abs(number)`
    Abs,
    /// `count(array)`
    Count,
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A field.
    Path(Path),
    /// A constant.
    Literal(Literal),
    /// A parameter of the query.
    Param(ParamId),
    /// All hold.
    And(Vec<Expr>),
    /// One holds.
    Or(Vec<Expr>),
    /// It does not hold.
    Not(Box<Expr>),
    /// Two values compared.
    Compare(Compare, Box<Expr>, Box<Expr>),
    /// `is null`, or `is not null` when negated.
    IsNull(Box<Expr>, bool),
    /// In a list, or not when negated.
    In(Box<Expr>, Vec<Expr>, bool),
    /// In a parameter that is a list, or not when negated.
    InParam(Box<Expr>, ParamId, bool),
    /// Between two values, both included; or not when negated.
    Between(Box<Expr>, Box<Expr>, Box<Expr>, bool),
    /// `starts with`
    StartsWith(Box<Expr>, Box<Expr>),
    /// `ends with`
    EndsWith(Box<Expr>, Box<Expr>),
    /// `contains`
    Contains(Box<Expr>, Box<Expr>),
    /// `matches "…"`
    Matches(Box<Expr>, String),
    /// A sum.
    Sum(Vec<(TermSign, Expr)>),
    /// A product.
    Product(Vec<(FactorOp, Expr)>),
    /// `-x`
    Negate(Box<Expr>),
    /// A function.
    Call(Function, Vec<Expr>),
    /// `30 days`
    Duration(crate::Duration),
    /// Could not be understood; a diagnostic says why.
    Unknown,
}

impl Expr {
    /// Calls a function with each part, in the order of the source.
    pub fn children<'e>(&'e self, each: &mut dyn FnMut(&'e Expr)) {
        match &self.kind {
            ExprKind::Path(_)
            | ExprKind::Literal(_)
            | ExprKind::Param(_)
            | ExprKind::Duration(_)
            | ExprKind::Unknown => {}
            ExprKind::And(all) | ExprKind::Or(all) | ExprKind::Call(_, all) => all.iter().for_each(each),
            ExprKind::Not(inner)
            | ExprKind::IsNull(inner, _)
            | ExprKind::InParam(inner, _, _)
            | ExprKind::Matches(inner, _)
            | ExprKind::Negate(inner) => each(inner),
            ExprKind::Compare(_, one, other)
            | ExprKind::StartsWith(one, other)
            | ExprKind::EndsWith(one, other)
            | ExprKind::Contains(one, other) => {
                each(one);
                each(other);
            }
            ExprKind::In(inner, all, _) => {
                each(inner);
                all.iter().for_each(each);
            }
            ExprKind::Between(inner, low, high, _) => {
                each(inner);
                each(low);
                each(high);
            }
            ExprKind::Sum(terms) => terms.iter().for_each(|(_, term)| each(term)),
            ExprKind::Product(factors) => factors.iter().for_each(|(_, factor)| each(factor)),
        }
    }
}
