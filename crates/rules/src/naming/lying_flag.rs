//! Two stored truths can contradict each other.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Model, Scalar, Type};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "NAM101",
    name: "lying-flag",
    severity: Severity::Warning,
    summary: "a flag repeats what the row says already",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for entity in &model.entities {
        for field in support::written(entity) {
            let flag = field.ty == Type::Scalar(Scalar::Bool) && field.computed.is_none();
            let deleted = matches!(
                field.name.text.as_str(),
                "is_deleted" | "deleted" | "is_active" | "active" | "archived"
            );
            if flag && deleted && entity.soft_delete.value {
                let message = format!(
                    "`{}` can contradict `deleted_at`, which says the same",
                    field.name.text
                );
                found.push(Diagnostic::new(&RULE, field.name.span, message).help(
                    "remove it: models and views compute it; for a state of its own, declare an `enum`",
                ));
            }
        }
    }
}
