//! Expressions: what each part is, and that the parts fit each other.

use std::collections::HashMap;

use diagnostics::{Diagnostic, Span};
use syntax::Amount;
use syntax::ast::{self, LiteralValue};

use super::numbers::unknown;
use super::types::Class;
use super::{Resolver, describe, times};
use crate::{EntityId, Expr, ExprKind, Literal, ParamId, Scalar, Tracked, Type, codes};

/// Where an expression stands: what it may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// `where`: everything.
    Query,
    /// `check (…)`: the row alone.
    Check,
    /// `@computed(…)`: the row alone, without computed fields.
    Computed,
    /// `when (…)`: the row, and the clock.
    Allow,
}

/// What is in scope, and what was found about parameters.
pub(super) struct Scope {
    pub(super) entity: EntityId,
    pub(super) place: Place,
    pub(super) params: Vec<Tracked>,
    pub(super) by_name: HashMap<String, u32>,
    /// A mistake was reported: what else seems wrong may follow from it.
    pub(super) poisoned: bool,
    /// Asking whether a secret is there tells nothing.
    pub(super) null_test: bool,
}

impl Scope {
    pub(super) fn new(entity: EntityId, place: Place) -> Self {
        Self {
            entity,
            place,
            params: Vec::new(),
            by_name: HashMap::new(),
            poisoned: false,
            null_test: false,
        }
    }
}

pub(super) const BOOL: Type = Type::Scalar(Scalar::Bool);

impl<'t> Resolver<'t> {
    /// Something that holds or does not.
    pub(super) fn condition(&mut self, scope: &mut Scope, view: ast::Expr<'t>) -> Expr {
        let expr = self.infer(scope, view, Some(&BOOL));
        if !Class::of(&expr.ty).fits(Class::Bool) {
            let shown = describe::type_name(&self.model, &expr.ty);
            let found = Diagnostic::new(&codes::NOT_A_CONDITION, expr.span, "a condition is expected here");
            self.push(
                found
                    .label(format!("this is a value of type `{shown}`"))
                    .help("compare it with something: `a = b`"),
            );
            scope.poisoned = true;
            return unknown(expr.span);
        }
        expr
    }

    /// An expression; where a type is expected, literals, parameters and members take it.
    pub(super) fn infer(&mut self, scope: &mut Scope, view: ast::Expr<'t>, expected: Option<&Type>) -> Expr {
        let expr = self.infer_kind(scope, view, expected);
        if expr.kind == ExprKind::Unknown {
            scope.poisoned = true;
        }
        expr
    }

    fn infer_kind(&mut self, scope: &mut Scope, view: ast::Expr<'t>, expected: Option<&Type>) -> Expr {
        use ast::Expr as E;
        let span = view.span();
        match view {
            E::Paren(paren) => match paren.expr() {
                Some(inner) => self.infer(scope, inner, expected),
                None => unknown(span),
            },
            E::Or(op) => {
                let all = op.operands().map(|it| self.condition(scope, it)).collect();
                Expr {
                    kind: ExprKind::Or(all),
                    ty: BOOL,
                    span,
                }
            }
            E::And(op) => {
                let all = op.operands().map(|it| self.condition(scope, it)).collect();
                Expr {
                    kind: ExprKind::And(all),
                    ty: BOOL,
                    span,
                }
            }
            E::Not(not) => match not.operand() {
                Some(it) => {
                    let inner = self.condition(scope, it);
                    Expr {
                        kind: ExprKind::Not(Box::new(inner)),
                        ty: BOOL,
                        span,
                    }
                }
                None => unknown(span),
            },
            E::Compare(compare) => self.compare(scope, compare).unwrap_or_else(|| unknown(span)),
            E::In(it) => self.in_list(scope, it).unwrap_or_else(|| unknown(span)),
            E::Between(it) => self.between(scope, it).unwrap_or_else(|| unknown(span)),
            E::IsNull(it) => self.is_null(scope, it).unwrap_or_else(|| unknown(span)),
            E::TextMatch(it) => self.text_match(scope, it).unwrap_or_else(|| unknown(span)),
            E::Sum(sum) => self.sum(scope, sum, expected),
            E::Product(product) => self.product(scope, product, expected),
            E::Neg(neg) => self.negated(scope, neg, view, expected),
            E::Literal(literal) => self.literal(literal, expected).unwrap_or_else(|| unknown(span)),
            E::Param(param) => match param.name() {
                Some(name) => self.param(scope, name, expected, false),
                None => unknown(span),
            },
            E::Path(path) => self.path(scope, path, expected),
            E::Call(call) => self.call(scope, call, expected).unwrap_or_else(|| unknown(span)),
            E::Duration(it) => match it.value() {
                Some(duration) => {
                    let kind = ExprKind::Duration(times::span_of(duration));
                    Expr {
                        kind,
                        ty: Type::Scalar(Scalar::Duration),
                        span,
                    }
                }
                None => unknown(span),
            },
            E::EmptyList(_) => {
                let ty = expected
                    .filter(|ty| matches!(ty, Type::Array(_)))
                    .cloned()
                    .unwrap_or(Type::Unknown);
                Expr {
                    kind: ExprKind::Literal(Literal::EmptyArray),
                    ty,
                    span,
                }
            }
        }
    }

    fn negated(
        &mut self,
        scope: &mut Scope,
        neg: ast::Neg<'t>,
        view: ast::Expr<'t>,
        expected: Option<&Type>,
    ) -> Expr {
        let span = neg.span();
        if let Some(number) = view.as_number() {
            return self.number(number, expected, span);
        }
        let Some(operand) = neg.operand() else {
            return unknown(span);
        };
        let inner = self.infer(scope, operand, expected);
        if !matches!(
            Class::of(&inner.ty),
            Class::Number | Class::Duration | Class::Unknown
        ) {
            let shown = describe::type_name(&self.model, &inner.ty);
            self.report(
                &codes::TYPE_MISMATCH,
                span,
                format!("`-` stands before a value of type `{shown}`"),
                "only numbers have a sign",
            );
            return unknown(span);
        }
        let ty = inner.ty.clone();
        Expr {
            kind: ExprKind::Negate(Box::new(inner)),
            ty,
            span,
        }
    }

    pub(super) fn literal(&mut self, view: ast::Literal<'t>, expected: Option<&Type>) -> Option<Expr> {
        let span = view.span();
        let literal = match view.value()? {
            LiteralValue::Number(number) | LiteralValue::Amount(Amount::Count(number)) => {
                return Some(self.number(number, expected, span));
            }
            LiteralValue::Text(text) => return Some(self.text(text, expected)),
            LiteralValue::Bool(it) => (Literal::Bool(it), BOOL),
            LiteralValue::Null => (Literal::Null, Type::Unknown),
            LiteralValue::Amount(Amount::Percent(_) | Amount::Time(_)) => {
                let message = format!("`{}` is no constant", view.node().text());
                self.report(&codes::BAD_LITERAL, span, message, "write the number out: `0.35`");
                return None;
            }
        };
        Some(Expr {
            kind: ExprKind::Literal(literal.0),
            ty: literal.1,
            span,
        })
    }

    /// A parameter, which takes the type of what it is compared with.
    pub(super) fn param(
        &mut self,
        scope: &mut Scope,
        name: ast::Name<'t>,
        expected: Option<&Type>,
        list: bool,
    ) -> Expr {
        if scope.place != Place::Query {
            let message = format!("`${}` stands where nobody gives parameters", name.text);
            self.report(
                &codes::PARAM_OUTSIDE,
                name.span,
                message,
                "parameters belong to queries; write a constant or a field",
            );
            return unknown(name.span);
        }
        let id = self.track(scope, name, list);
        let known = scope
            .params
            .get(id as usize)
            .map(|it| (it.ty.clone(), it.list, it.span));
        let Some((known, known_list, first)) = known else {
            return unknown(name.span);
        };
        let wanted = expected.cloned().unwrap_or(Type::Unknown);
        let same = Class::of(&known).fits(Class::of(&wanted)) && (known_list == list);
        if !same {
            let shown = |ty: &Type, list| {
                let name = describe::type_name(&self.model, ty);
                if list {
                    format!("a list of `{name}`")
                } else {
                    format!("`{name}`")
                }
            };
            let message = format!(
                "`${}` stands for {} and for {}",
                name.text,
                shown(&known, known_list),
                shown(&wanted, list)
            );
            let found =
                Diagnostic::new(&codes::PARAM_CONFLICT, name.span, message).also(first, "first used here");
            self.push(found.help("give the two different names"));
            return unknown(name.span);
        }
        if known == Type::Unknown
            && let Some(slot) = scope.params.get_mut(id as usize)
        {
            slot.ty = wanted.clone();
        }
        Expr {
            kind: ExprKind::Param(ParamId(id)),
            ty: wanted,
            span: name.span,
        }
    }

    fn track(&mut self, scope: &mut Scope, name: ast::Name<'t>, list: bool) -> u32 {
        if let Some(id) = scope.by_name.get(name.text) {
            return *id;
        }
        let id = scope.params.len() as u32;
        scope.by_name.insert(name.text.to_owned(), id);
        scope.params.push(Tracked {
            name: name.text.to_owned(),
            ty: Type::Unknown,
            list,
            span: name.span,
        });
        id
    }

    /// Parameters about which nothing says what they are.
    pub(super) fn untyped_params(&mut self, scope: &Scope) {
        if scope.poisoned {
            return;
        }
        for param in scope.params.iter().filter(|param| param.ty == Type::Unknown) {
            let message = format!("nothing says what `${}` stands for", param.name);
            self.report(
                &codes::PARAM_UNTYPED,
                param.span,
                message,
                "compare it with a field: `price = $price`",
            );
        }
    }

    pub(super) fn mismatch(&mut self, span: Span, left: &Expr, right: &Expr) -> Option<Expr> {
        let (one, other) = (
            describe::type_name(&self.model, &left.ty),
            describe::type_name(&self.model, &right.ty),
        );
        let found = Diagnostic::new(
            &codes::TYPE_MISMATCH,
            span,
            format!("`{one}` and `{other}` do not go together"),
        );
        let found = found
            .also(left.span, format!("`{one}`"))
            .also(right.span, format!("`{other}`"));
        let help = match (Class::of(&left.ty), Class::of(&right.ty)) {
            (Class::Date, Class::Instant) | (Class::Instant, Class::Date) => {
                "an instant is compared with `now()`, a day with `today()`"
            }
            (Class::Enum(_), _) | (_, Class::Enum(_)) => "an enum is compared with one of its members",
            (Class::Reference(_), _) | (_, Class::Reference(_)) => {
                "a reference is compared with a parameter or another reference; go on with a dot for its fields"
            }
            _ => "both sides must be of one kind",
        };
        self.push(found.help(help));
        None
    }
}
