//! Expressions over fields become expressions over columns of the row at hand.

use model::{Compare, ExprKind, FactorOp, FieldId, Function, Model, Scalar, TermSign, Type};
use physical::{Builtin, Comparison, Expr, Factor, Literal, Sign, SqlType};

use crate::facts::Facts;

/// Lowers expressions of one entity.
pub(crate) struct Lowering<'a> {
    /// Where enums are looked up.
    pub model: &'a Model,
    /// The columns.
    pub facts: &'a Facts,
}

impl Lowering<'_> {
    /// The expression over columns; `None` when it reads another row or was not understood, which the model has said.
    pub(crate) fn expr(&self, expr: &model::Expr) -> Option<Expr> {
        Some(match &expr.kind {
            ExprKind::Path(path) => match path.steps.as_slice() {
                [field] => self.column(*field)?,
                _ => return None,
            },
            ExprKind::Literal(literal) => self.constant(literal, &expr.ty)?,
            ExprKind::And(parts) => Expr::And(self.all(parts)?),
            ExprKind::Or(parts) => Expr::Or(self.all(parts)?),
            ExprKind::Not(inner) => Expr::Not(self.boxed(inner)?),
            ExprKind::Compare(op, left, right) => Expr::compare(
                self.beside(left, right)?,
                comparison(*op),
                self.beside(right, left)?,
            ),
            ExprKind::IsNull(inner, negated) => Expr::IsNull {
                value: self.boxed(inner)?,
                negated: *negated,
            },
            ExprKind::In(value, items, negated) => Expr::In {
                items: items
                    .iter()
                    .map(|item| self.beside(item, value))
                    .collect::<Option<_>>()?,
                value: self.boxed(value)?,
                negated: *negated,
            },
            ExprKind::Between(value, low, high, negated) => Expr::Between {
                low: Box::new(self.beside(low, value)?),
                high: Box::new(self.beside(high, value)?),
                value: self.boxed(value)?,
                negated: *negated,
            },
            ExprKind::StartsWith(text, part) => Expr::StartsWith(self.boxed(text)?, self.boxed(part)?),
            ExprKind::EndsWith(text, part) => Expr::EndsWith(self.boxed(text)?, self.boxed(part)?),
            ExprKind::Contains(text, part) => Expr::Contains(self.boxed(text)?, self.boxed(part)?),
            ExprKind::Matches(text, pattern) => Expr::Matches(self.boxed(text)?, pattern.clone()),
            ExprKind::Sum(terms) => Expr::Sum(self.terms(terms, expr)?),
            ExprKind::Product(factors) => Expr::Product(self.factors(factors, expr)?),
            ExprKind::Negate(inner) => Expr::Negate(self.boxed(inner)?),
            ExprKind::Call(function, arguments) => Expr::Call(builtin(*function), self.all(arguments)?),
            ExprKind::Duration(span) => Expr::Duration {
                months: span.months,
                micros: span.micros,
            },
            ExprKind::Param(_) | ExprKind::InParam(..) | ExprKind::Unknown => return None,
        })
    }

    /// A field as a column.
    pub(crate) fn column(&self, field: FieldId) -> Option<Expr> {
        let (name, ty) = self.facts.column(field)?;
        Some(Expr::column(name.clone(), ty.clone()))
    }

    fn boxed(&self, expr: &model::Expr) -> Option<Box<Expr>> {
        self.expr(expr).map(Box::new)
    }

    fn all(&self, parts: &[model::Expr]) -> Option<Vec<Expr>> {
        parts.iter().map(|part| self.expr(part)).collect()
    }

    fn terms(&self, terms: &[(TermSign, model::Expr)], whole: &model::Expr) -> Option<Vec<(Sign, Expr)>> {
        let sign = |sign: &TermSign| match sign {
            TermSign::Plus => Sign::Plus,
            TermSign::Minus => Sign::Minus,
        };
        terms
            .iter()
            .map(|(op, term)| Some((sign(op), self.beside(term, whole)?)))
            .collect()
    }

    fn factors(
        &self,
        factors: &[(FactorOp, model::Expr)],
        whole: &model::Expr,
    ) -> Option<Vec<(Factor, Expr)>> {
        let sign = |sign: &FactorOp| match sign {
            FactorOp::Times => Factor::Times,
            FactorOp::Over => Factor::Over,
        };
        factors
            .iter()
            .map(|(op, factor)| Some((sign(op), self.beside(factor, whole)?)))
            .collect()
    }

    /// An expression that stands beside another: a whole number beside a decimal is a decimal, so that databases which scale
    /// their decimals scale it too.
    fn beside(&self, expr: &model::Expr, other: &model::Expr) -> Option<Expr> {
        match &expr.kind {
            ExprKind::Literal(literal) => self.constant(literal, &other.ty),
            _ => self.expr(expr),
        }
    }

    /// A constant that stands where a value of a type is expected.
    fn constant(&self, literal: &model::Literal, ty: &Type) -> Option<Expr> {
        if matches!(literal, model::Literal::Now) {
            return Some(Expr::Call(Builtin::Now, Vec::new()));
        }
        if matches!(literal, model::Literal::Today) {
            return Some(Expr::Call(Builtin::Today, Vec::new()));
        }
        constant(self.model, literal, ty).map(Expr::Literal)
    }
}

/// A constant of a type as it is stored; `None` for what is made at the time of writing.
pub(crate) fn constant(model: &Model, literal: &model::Literal, ty: &Type) -> Option<Literal> {
    Some(match literal {
        model::Literal::Null => Literal::Null,
        model::Literal::Bool(value) => Literal::Bool(*value),
        model::Literal::Int(value) if is_decimal(ty) => Literal::Decimal(value.to_string()),
        model::Literal::Int(value) => Literal::Int(*value),
        model::Literal::Decimal(digits) => Literal::Decimal(digits.clone()),
        model::Literal::Text(text) => Literal::Text(text.clone()),
        model::Literal::Member(id, at) => {
            Literal::Text(model.enumeration(*id)?.members.get(*at as usize)?.value.clone())
        }
        model::Literal::EmptyArray => Literal::EmptyArray,
        model::Literal::Now | model::Literal::Today | model::Literal::Uuid4 | model::Literal::Uuid7 => {
            return None;
        }
    })
}

/// Whether values of a type are exact decimals.
pub(crate) const fn is_decimal(ty: &Type) -> bool {
    matches!(ty, Type::Scalar(Scalar::Money | Scalar::Decimal(..)))
}

/// `TRUE`.
pub(crate) const fn always() -> Expr {
    Expr::Literal(Literal::Bool(true))
}

/// `deleted_at IS NULL`: the one predicate of living rows.
pub(crate) fn living(deleted_at: &physical::Ident) -> Expr {
    Expr::is_null(Expr::column(deleted_at.clone(), SqlType::TimestampTz))
}

const fn comparison(op: Compare) -> Comparison {
    match op {
        Compare::Equal => Comparison::Equal,
        Compare::NotEqual => Comparison::NotEqual,
        Compare::Less => Comparison::Less,
        Compare::LessOrEqual => Comparison::LessOrEqual,
        Compare::Greater => Comparison::Greater,
        Compare::GreaterOrEqual => Comparison::GreaterOrEqual,
    }
}

const fn builtin(function: Function) -> Builtin {
    match function {
        Function::Length => Builtin::Length,
        Function::Lower => Builtin::Lower,
        Function::Upper => Builtin::Upper,
        Function::Trim => Builtin::Trim,
        Function::Now => Builtin::Now,
        Function::Today => Builtin::Today,
        Function::Coalesce => Builtin::Coalesce,
        Function::Abs => Builtin::Abs,
        Function::Count => Builtin::Count,
    }
}

/// A constant for people.
pub(crate) fn show(literal: &Literal) -> String {
    match literal {
        Literal::Null => "null".to_owned(),
        Literal::Bool(value) => value.to_string(),
        Literal::Int(value) => value.to_string(),
        Literal::Decimal(digits) => digits.clone(),
        Literal::Text(text) => format!("`{text}`"),
        Literal::Bytes(bytes) => format!("{} bytes", bytes.len()),
        Literal::EmptyArray => "an empty array".to_owned(),
    }
}
