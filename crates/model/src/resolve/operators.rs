//! Operators: comparisons, lists, text, sums, products, functions.

use diagnostics::{Certainty, Diagnostic, Span};
use syntax::ast::{self, CompareOp, InList, Negatable, TextOp};

use super::exprs::{BOOL, Place, Scope};
use super::numbers::unknown;
use super::types::Class;
use super::{Near, Resolver, describe};
use crate::{Compare, Expr, ExprKind, FactorOp, Function, Literal, Scalar, TermSign, Type, codes};

const FUNCTIONS: [(&str, Function); 9] = [
    ("length", Function::Length),
    ("lower", Function::Lower),
    ("upper", Function::Upper),
    ("trim", Function::Trim),
    ("now", Function::Now),
    ("today", Function::Today),
    ("coalesce", Function::Coalesce),
    ("abs", Function::Abs),
    ("count", Function::Count),
];

fn boolean(kind: ExprKind, span: Span) -> Expr {
    Expr { kind, ty: BOOL, span }
}

impl<'t> Resolver<'t> {
    /// Whether a side of a comparison has no type of its own and takes that of the other side.
    fn is_loose(&self, scope: &Scope, view: ast::Expr<'t>) -> bool {
        match view {
            ast::Expr::Param(_) | ast::Expr::Literal(_) | ast::Expr::Neg(_) | ast::Expr::EmptyList(_) => true,
            ast::Expr::Path(path) => path
                .single()
                .is_some_and(|name| self.field_named(scope.entity, name.text).is_none()),
            ast::Expr::Paren(paren) => paren.expr().is_some_and(|inner| self.is_loose(scope, inner)),
            _ => false,
        }
    }

    /// Both sides, each typed by the other where it has no type of its own.
    fn sides(&mut self, scope: &mut Scope, left: ast::Expr<'t>, right: ast::Expr<'t>) -> (Expr, Expr) {
        if self.is_loose(scope, left) && !self.is_loose(scope, right) {
            let right = self.infer(scope, right, None);
            let left = self.infer(scope, left, Some(&right.ty));
            return (left, right);
        }
        let left = self.infer(scope, left, None);
        let expected = (left.ty != Type::Unknown).then_some(&left.ty);
        let right = self.infer(scope, right, expected);
        (left, right)
    }

    pub(super) fn compare(&mut self, scope: &mut Scope, view: ast::Compare<'t>) -> Option<Expr> {
        let (op, left, right) = (view.op()?, view.left()?, view.right()?);
        let (left, right) = self.sides(scope, left, right);
        let is_null = |expr: &Expr| expr.kind == ExprKind::Literal(Literal::Null);
        if is_null(&left) || is_null(&right) {
            self.null_comparison(view, op, if is_null(&left) { &right } else { &left });
            return None;
        }
        if left.kind == ExprKind::Unknown || right.kind == ExprKind::Unknown {
            return None;
        }
        if !Class::of(&left.ty).fits(Class::of(&right.ty)) {
            return self.mismatch(view.span(), &left, &right);
        }
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            self.needs_order(&left, &right)?;
        } else if matches!(Class::of(&left.ty), Class::Json) {
            let help =
                "ask whether it is there: `is null`; what is searched by belongs into fields of its own";
            self.report(
                &codes::UNORDERED,
                view.span(),
                "JSON values are not compared",
                help,
            );
            return None;
        }
        let op = match op {
            CompareOp::Eq => Compare::Equal,
            CompareOp::Ne => Compare::NotEqual,
            CompareOp::Lt => Compare::Less,
            CompareOp::Le => Compare::LessOrEqual,
            CompareOp::Gt => Compare::Greater,
            CompareOp::Ge => Compare::GreaterOrEqual,
        };
        Some(boolean(
            ExprKind::Compare(op, Box::new(left), Box::new(right)),
            view.span(),
        ))
    }

    fn null_comparison(&mut self, view: ast::Compare<'t>, op: CompareOp, other: &Expr) {
        let found = Diagnostic::new(
            &codes::COMPARED_WITH_NULL,
            view.span(),
            "nothing is ever equal or unequal to `null`",
        );
        let tail = match op {
            CompareOp::Eq => "is null",
            CompareOp::Ne => "is not null",
            _ => return self.push(found.help("write `is null` or `is not null`")),
        };
        let tree = view.node().tree();
        let text = tree.text().get(other.span.range()).unwrap_or("");
        let fixed = format!("{text} {tail}");
        let title = format!("write `{fixed}`");
        self.push(found.help(format!("write `{tail}`")).replace(
            Certainty::Certain,
            title,
            view.span(),
            fixed,
        ));
    }

    /// Nothing when one of the values has no order, which is said.
    fn needs_order(&mut self, left: &Expr, right: &Expr) -> Option<()> {
        let Some(bad) = [left, right]
            .into_iter()
            .find(|expr| !Class::of(&expr.ty).is_ordered())
        else {
            return Some(());
        };
        let shown = describe::type_name(&self.model, &bad.ty);
        let message = format!("values of type `{shown}` have no order");
        self.report(
            &codes::UNORDERED,
            bad.span,
            message,
            "compare them with `=` or `in (…)`",
        );
        None
    }

    pub(super) fn in_list(&mut self, scope: &mut Scope, view: ast::In<'t>) -> Option<Expr> {
        let operand = self.infer(scope, view.operand()?, None);
        let negated = view.negated();
        if let InList::Param(name) = view.list() {
            let param = self.param(scope, name, Some(&operand.ty), true);
            return match param.kind {
                ExprKind::Param(id) if operand.kind != ExprKind::Unknown => Some(boolean(
                    ExprKind::InParam(Box::new(operand), id, negated),
                    view.span(),
                )),
                _ => None,
            };
        }
        let expected = (operand.ty != Type::Unknown).then_some(&operand.ty);
        let mut values = Vec::new();
        for value in view.values() {
            let value = self.infer(scope, value, expected);
            if value.kind == ExprKind::Literal(Literal::Null) {
                let message = "`null` in a list never matches";
                self.report(
                    &codes::COMPARED_WITH_NULL,
                    value.span,
                    message,
                    "write `… or x is null` beside the list",
                );
                return None;
            }
            if !Class::of(&operand.ty).fits(Class::of(&value.ty)) {
                return self.mismatch(value.span, &operand, &value);
            }
            values.push(value);
        }
        (operand.kind != ExprKind::Unknown)
            .then(|| boolean(ExprKind::In(Box::new(operand), values, negated), view.span()))
    }

    pub(super) fn between(&mut self, scope: &mut Scope, view: ast::Between<'t>) -> Option<Expr> {
        let (operand, lo, hi) = (view.operand()?, view.lo()?, view.hi()?);
        let operand = self.infer(scope, operand, None);
        let expected = (operand.ty != Type::Unknown).then_some(&operand.ty);
        let lo = self.infer(scope, lo, expected);
        let hi = self.infer(scope, hi, expected);
        if [&operand, &lo, &hi]
            .iter()
            .any(|expr| expr.kind == ExprKind::Unknown)
        {
            return None;
        }
        for end in [&lo, &hi] {
            if !Class::of(&operand.ty).fits(Class::of(&end.ty)) {
                return self.mismatch(end.span, &operand, end);
            }
            if !Class::of(&operand.ty).is_ordered() {
                return self.needs_order(&operand, end).and(None);
            }
        }
        let kind = ExprKind::Between(Box::new(operand), Box::new(lo), Box::new(hi), view.negated());
        Some(boolean(kind, view.span()))
    }

    pub(super) fn is_null(&mut self, scope: &mut Scope, view: ast::IsNull<'t>) -> Option<Expr> {
        let before = std::mem::replace(&mut scope.null_test, true);
        let operand = self.infer(scope, view.operand()?, None);
        scope.null_test = before;
        (operand.kind != ExprKind::Unknown)
            .then(|| boolean(ExprKind::IsNull(Box::new(operand), view.negated()), view.span()))
    }

    pub(super) fn text_match(&mut self, scope: &mut Scope, view: ast::TextMatch<'t>) -> Option<Expr> {
        let (op, operand) = (view.op()?, self.infer(scope, view.operand()?, None));
        if operand.kind == ExprKind::Unknown {
            return None;
        }
        let list = match &operand.ty {
            Type::Array(inner) if op == TextOp::Contains => Some(inner.as_ref().clone()),
            _ => None,
        };
        if list.is_none() && !Class::of(&operand.ty).fits(Class::Text) {
            let shown = describe::type_name(&self.model, &operand.ty);
            let message = format!("text is searched in a value of type `{shown}`");
            self.report(
                &codes::TYPE_MISMATCH,
                operand.span,
                message,
                "`starts with`, `ends with`, `contains` and `matches` are for text",
            );
            return None;
        }
        if op == TextOp::Matches {
            let pattern = view.pattern()?;
            self.check_pattern(&pattern.value(), pattern.span);
            return Some(boolean(
                ExprKind::Matches(Box::new(operand), pattern.value()),
                view.span(),
            ));
        }
        let expected = list.unwrap_or(Type::Scalar(Scalar::Text));
        let text = self.infer(scope, view.text()?, Some(&expected));
        if text.kind == ExprKind::Unknown {
            return None;
        }
        if !Class::of(&expected).fits(Class::of(&text.ty)) {
            return self.mismatch(view.span(), &operand, &text);
        }
        let (operand, text) = (Box::new(operand), Box::new(text));
        let kind = match op {
            TextOp::Starts => ExprKind::StartsWith(operand, text),
            TextOp::Ends => ExprKind::EndsWith(operand, text),
            _ => ExprKind::Contains(operand, text),
        };
        Some(boolean(kind, view.span()))
    }

    pub(super) fn sum(&mut self, scope: &mut Scope, view: ast::Sum<'t>, expected: Option<&Type>) -> Expr {
        let span = view.span();
        let mut terms: Vec<(TermSign, Expr)> = Vec::new();
        let mut ty: Option<Type> = None;
        let views: Vec<_> = view.terms().collect();
        let anchor = self
            .anchor(scope, views.iter().map(|(_, term)| *term))
            .or_else(|| expected.cloned());
        for (minus, term) in views {
            let term = self.infer(scope, term, anchor.as_ref());
            if term.kind == ExprKind::Unknown {
                return unknown(span);
            }
            let next = match &ty {
                None => Some(term.ty.clone()),
                Some(before) => add(before, &term.ty, minus),
            };
            if next.is_none() {
                if let Some((_, first)) = terms.first().cloned() {
                    self.mismatch(span, &first, &term);
                }
                return unknown(span);
            }
            ty = next;
            terms.push((if minus { TermSign::Minus } else { TermSign::Plus }, term));
        }
        self.arithmetic(ExprKind::Sum(terms), ty, span)
    }

    /// The type that numbers and parameters of a sum or product take: that of a field among them.
    fn anchor(&mut self, scope: &mut Scope, mut views: impl Iterator<Item = ast::Expr<'t>>) -> Option<Type> {
        views.find_map(|view| {
            let ast::Expr::Path(path) = view else { return None };
            let field = self.field_named(scope.entity, path.single()?.text)?;
            let ty = self.field(field)?.ty.clone();
            (Class::of(&ty) == Class::Number).then_some(ty)
        })
    }

    pub(super) fn product(
        &mut self,
        scope: &mut Scope,
        view: ast::Product<'t>,
        expected: Option<&Type>,
    ) -> Expr {
        let span = view.span();
        let views: Vec<_> = view.factors().collect();
        let anchor = self
            .anchor(scope, views.iter().map(|(_, factor)| *factor))
            .or_else(|| expected.cloned());
        let mut factors: Vec<(FactorOp, Expr)> = Vec::new();
        let mut ty: Option<Type> = None;
        for (over, factor) in views {
            // A constant factor keeps its own type: `price * 1.19` is no `Money` times `Money`.
            let own = matches!(factor, ast::Expr::Literal(_) | ast::Expr::Neg(_));
            let factor = self.infer(scope, factor, if own { None } else { anchor.as_ref() });
            if factor.kind == ExprKind::Unknown {
                return unknown(span);
            }
            let next = match &ty {
                None => Some(factor.ty.clone()),
                Some(before) => multiply(before, &factor.ty, over),
            };
            if next.is_none() {
                if let Some((_, first)) = factors.first().cloned() {
                    self.mismatch(span, &first, &factor);
                }
                return unknown(span);
            }
            ty = next;
            factors.push((if over { FactorOp::Over } else { FactorOp::Times }, factor));
        }
        self.arithmetic(ExprKind::Product(factors), ty, span)
    }

    fn arithmetic(&mut self, kind: ExprKind, ty: Option<Type>, span: Span) -> Expr {
        let ty = ty.unwrap_or(Type::Unknown);
        if !matches!(
            Class::of(&ty),
            Class::Number | Class::Duration | Class::Date | Class::Instant | Class::Unknown
        ) {
            let shown = describe::type_name(&self.model, &ty);
            let message = format!("one cannot calculate with values of type `{shown}`");
            self.report(
                &codes::TYPE_MISMATCH,
                span,
                message,
                "numbers, times and spans of time can be added",
            );
            return unknown(span);
        }
        Expr { kind, ty, span }
    }

    fn function(&mut self, name: ast::Name<'_>) -> Option<Function> {
        if let Some((_, function)) = FUNCTIONS.iter().find(|(known, _)| *known == name.text) {
            return Some(*function);
        }
        let meant = self.near(name.text, FUNCTIONS.iter().map(|(name, _)| *name));
        let message = format!("there is no function `{}`", name.text);
        let names = FUNCTIONS.map(|(name, _)| format!("`{name}`")).join(", ");
        let near = Near {
            typed: name.text,
            meant,
        };
        self.unknown(
            &codes::UNKNOWN_FUNCTION,
            name.span,
            message,
            near,
            &format!("there are {names}"),
        );
        None
    }

    pub(super) fn call(
        &mut self,
        scope: &mut Scope,
        view: ast::Call<'t>,
        expected: Option<&Type>,
    ) -> Option<Expr> {
        let name = view.path()?.names().next()?;
        let function = &self.function(name)?;
        if matches!(function, Function::Now | Function::Today)
            && matches!(scope.place, Place::Check | Place::Computed)
        {
            let message = format!("`{}()` changes while the row stays", name.text);
            let help = "a row that was good must stay good: compare with another field, or ask in a query";
            self.report(&codes::VOLATILE_RULE, view.span(), message, help);
            return None;
        }
        let expected = if *function == Function::Coalesce {
            expected
        } else {
            None
        };
        let views: Vec<_> = view
            .args()
            .into_iter()
            .flat_map(ast::Args::iter)
            .map(ast::Arg::expr)
            .collect();
        let mut args: Vec<Expr> = Vec::new();
        for arg in views {
            let first = args.first().map(|first: &Expr| first.ty.clone());
            let expected = first
                .as_ref()
                .filter(|_| *function == Function::Coalesce)
                .or(expected);
            let arg = self.infer(scope, arg?, expected);
            if arg.kind == ExprKind::Unknown {
                return None;
            }
            args.push(arg);
        }
        let classes: Vec<Class> = args.iter().map(|arg| Class::of(&arg.ty)).collect();
        let Some(ty) = answer(*function, &args, &classes) else {
            let shown: Vec<String> = args
                .iter()
                .map(|arg| describe::type_name(&self.model, &arg.ty))
                .collect();
            let message = format!("`{}` cannot take ({})", name.text, shown.join(", "));
            self.report(&codes::UNKNOWN_FUNCTION, view.span(), message, usage(*function));
            return None;
        };
        Some(Expr {
            kind: ExprKind::Call(*function, args),
            ty,
            span: view.span(),
        })
    }
}

/// What a function answers, if it can take the arguments.
fn answer(function: Function, args: &[Expr], classes: &[Class]) -> Option<Type> {
    let first = || args.first().map(|arg| arg.ty.clone());
    match (function, classes) {
        (Function::Length, [Class::Text | Class::Bytes]) | (Function::Count, [Class::List]) => {
            Some(Type::Scalar(Scalar::Int))
        }
        (Function::Lower | Function::Upper | Function::Trim, [Class::Text]) => {
            Some(Type::Scalar(Scalar::Text))
        }
        (Function::Abs, [Class::Number]) => first(),
        (Function::Now, []) => Some(Type::Scalar(Scalar::Instant)),
        (Function::Today, []) => Some(Type::Scalar(Scalar::Date)),
        (Function::Coalesce, [one, rest @ ..])
            if !rest.is_empty() && rest.iter().all(|class| one.fits(*class)) =>
        {
            first()
        }
        _ => None,
    }
}

fn usage(function: Function) -> &'static str {
    match function {
        Function::Length => "write `length(text)`",
        Function::Lower => "write `lower(text)`",
        Function::Upper => "write `upper(text)`",
        Function::Trim => "write `trim(text)`",
        Function::Now => "write `now()`",
        Function::Today => "write `today()`",
        Function::Coalesce => "write `coalesce(a, b)`, with values of one kind",
        Function::Abs => "write `abs(number)`",
        Function::Count => "write `count(list)`; relations to many are not counted here",
    }
}

/// The wider of two numbers.
fn wider(one: &Type, other: &Type) -> Type {
    let rank = |ty: &Type| match ty {
        Type::Scalar(Scalar::Int) => 0,
        Type::Scalar(Scalar::BigInt) => 1,
        Type::Scalar(Scalar::Decimal(..)) => 2,
        Type::Scalar(Scalar::Money) => 3,
        _ => 4,
    };
    if rank(one) >= rank(other) {
        one.clone()
    } else {
        other.clone()
    }
}

fn add(one: &Type, other: &Type, minus: bool) -> Option<Type> {
    let duration = Type::Scalar(Scalar::Duration);
    match (Class::of(one), Class::of(other)) {
        (Class::Unknown, _) | (_, Class::Unknown) => Some(Type::Unknown),
        (Class::Number, Class::Number) => Some(wider(one, other)),
        (Class::Duration, Class::Duration) => Some(duration),
        (Class::Instant | Class::Date, Class::Duration) => Some(one.clone()),
        (Class::Instant, Class::Instant) | (Class::Date, Class::Date) if minus => Some(duration),
        _ => None,
    }
}

fn multiply(one: &Type, other: &Type, over: bool) -> Option<Type> {
    match (Class::of(one), Class::of(other)) {
        (Class::Unknown, _) | (_, Class::Unknown) => Some(Type::Unknown),
        (Class::Number, Class::Number) => Some(wider(one, other)),
        (Class::Duration, Class::Number) => Some(one.clone()),
        (Class::Number, Class::Duration) if !over => Some(other.clone()),
        _ => None,
    }
}
