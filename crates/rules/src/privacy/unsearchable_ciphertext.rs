//! Randomised ciphertext differs each time, so it is never equal and never twice the same.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Compare, Expr, ExprKind, Field, Model, Protection};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "PRV004",
    name: "unsearchable-ciphertext",
    severity: Severity::Error,
    summary: "an encrypted field is searched by equality without a blind index",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for entity in &model.entities {
        for unique in &entity.uniques {
            let hidden = unique
                .fields
                .iter()
                .filter_map(|id| model.field(*id))
                .any(is_unsearchable);
            if hidden {
                found.push(complaint(
                    unique.span,
                    "the same value is never encrypted to the same bytes, so this is always unique",
                ));
            }
        }
        for condition in entity.queries.iter().filter_map(|query| query.condition.as_ref()) {
            equal(model, condition, found);
        }
    }
}

fn is_unsearchable(field: &Field) -> bool {
    field.protection == Protection::Encrypted { searchable: false }
}

fn complaint(span: diagnostics::Span, message: &str) -> Diagnostic {
    Diagnostic::new(&RULE, span, message)
        .help("write `@encrypted(searchable)`: a blind index beside it answers equality, and nothing else")
}

fn equal(model: &Model, expr: &Expr, found: &mut Diagnostics) {
    let hidden = |expr: &Expr| support::path_field(model, expr).is_some_and(is_unsearchable);
    let meets = match &expr.kind {
        ExprKind::Compare(Compare::Equal | Compare::NotEqual, one, other) => hidden(one) || hidden(other),
        ExprKind::In(one, _, _) | ExprKind::InParam(one, _, _) => hidden(one),
        _ => false,
    };
    if meets {
        found.push(complaint(expr.span, "no ciphertext is ever equal to this"));
    }
    expr.children(&mut |child| equal(model, child, found));
}
