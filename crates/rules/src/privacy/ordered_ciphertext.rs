//! Ciphertext has no order, no prefix and no length worth checking.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Entity, Expr, ExprKind, Model, Protection};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "PRV003",
    name: "ordered-ciphertext",
    severity: Severity::Error,
    summary: "an encrypted field is sorted, compared or matched",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for entity in &model.entities {
        limits(entity, found);
        for check in &entity.checks {
            support::reads(&check.expr, &mut |expr| told(model, expr, found));
        }
        for query in &entity.queries {
            let keys = query
                .order
                .iter()
                .filter(|key| support::last_field(model, &key.path).is_some_and(is_encrypted));
            for key in keys {
                found.push(complaint(key.span));
            }
            if let Some(condition) = &query.condition {
                ordered(model, condition, found);
            }
        }
    }
}

fn is_encrypted(field: &model::Field) -> bool {
    matches!(field.protection, Protection::Encrypted { .. })
}

fn complaint(span: diagnostics::Span) -> Diagnostic {
    Diagnostic::new(
        &RULE,
        span,
        "the database sees ciphertext here, which has no order and no form",
    )
    .help("check it in the application; equality can be searched with `@encrypted(searchable)`")
}

fn limits(entity: &Entity, found: &mut Diagnostics) {
    for field in support::written(entity).filter(|field| is_encrypted(field)) {
        let range = field.range.as_ref().map(|(_, _, span)| *span);
        let pattern = field.pattern.as_ref().map(|(_, span)| *span);
        let index = entity.indexes.iter().flat_map(|index| &index.keys);
        let index = index.filter(|key| {
            key.path
                .steps
                .last()
                .and_then(|id| entity.fields.get(id.index as usize))
                .is_some_and(|it| it.name == field.name)
        });
        for span in range.into_iter().chain(pattern).chain(index.map(|key| key.span)) {
            found.push(complaint(span));
        }
    }
}

/// A check that reads an encrypted field at all.
fn told(model: &Model, expr: &Expr, found: &mut Diagnostics) {
    if support::path_field(model, expr).is_some_and(is_encrypted) {
        found.push(complaint(expr.span));
    }
}

/// Conditions other than equality.
fn ordered(model: &Model, expr: &Expr, found: &mut Diagnostics) {
    use model::Compare as C;
    let operands: Vec<&Expr> = match &expr.kind {
        ExprKind::Compare(C::Less | C::LessOrEqual | C::Greater | C::GreaterOrEqual, a, b) => vec![a, b],
        ExprKind::Between(a, b, c, _) => vec![a, b, c],
        ExprKind::StartsWith(a, _)
        | ExprKind::EndsWith(a, _)
        | ExprKind::Contains(a, _)
        | ExprKind::Matches(a, _) => vec![a],
        _ => Vec::new(),
    };
    if operands
        .into_iter()
        .any(|expr| support::path_field(model, expr).is_some_and(is_encrypted))
    {
        found.push(complaint(expr.span));
    }
    expr.children(&mut |child| ordered(model, child, found));
}
