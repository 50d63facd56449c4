//! No ordinary index helps to find the middle or the end of a text.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Compare, Expr, ExprKind, Model};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "PRF004",
    name: "search-without-anchor",
    severity: Severity::Warning,
    summary: "a query must read every row to find its text",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for condition in model
        .entities
        .iter()
        .flat_map(|entity| &entity.queries)
        .filter_map(|query| query.condition.as_ref())
    {
        let parts = support::conjuncts(condition);
        if parts.iter().any(|part| narrows(part)) {
            continue;
        }
        if let Some(part) = parts.into_iter().find(|part| is_search(part)) {
            let message = "every row is read to find this";
            found.push(
                Diagnostic::new(&RULE, part.span, message)
                    .help("narrow it by equality first, or use `starts with`, which an index serves"),
            );
        }
    }
}

fn narrows(part: &Expr) -> bool {
    matches!(
        part.kind,
        ExprKind::Compare(Compare::Equal, ..)
            | ExprKind::In(_, _, false)
            | ExprKind::InParam(_, _, false)
            | ExprKind::StartsWith(..)
    )
}

fn is_search(part: &Expr) -> bool {
    let text = |expr: &Expr| !matches!(expr.ty, model::Type::Array(_));
    match &part.kind {
        ExprKind::Contains(operand, _) => text(operand),
        ExprKind::EndsWith(..) | ExprKind::Matches(..) => true,
        _ => false,
    }
}
