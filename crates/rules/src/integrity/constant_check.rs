//! What does not look at the row is always true, or refuses every row.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{ExprKind, Model};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "INT011",
    name: "constant-check",
    severity: Severity::Warning,
    summary: "a check reads no field of its row",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for check in model.entities.iter().flat_map(|entity| &entity.checks) {
        let mut reads = check.expr.kind == ExprKind::Unknown;
        support::reads(&check.expr, &mut |expr| {
            reads |= matches!(expr.kind, ExprKind::Path(_) | ExprKind::Unknown);
        });
        if !reads {
            let message = "this check answers the same for every row";
            found.push(
                Diagnostic::new(&RULE, check.span, message)
                    .help("name the field that is meant, or remove the check"),
            );
        }
    }
}
