//! Credentials are deleted for good.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Model, Scalar, Type};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "SEC005",
    name: "soft-deleted-token",
    severity: Severity::Warning,
    summary: "a deleted token is still there and still works for whoever forgets the filter",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for entity in model.entities.iter().filter(|entity| entity.soft_delete.value) {
        let token = support::written(entity).find(|field| field.ty == Type::Scalar(Scalar::Token));
        if let Some(token) = token {
            let message = format!(
                "`{}` is deleted softly, and its `{}` stays",
                entity.name.text, token.name.text
            );
            found.push(
                Diagnostic::new(&RULE, entity.name.span, message)
                    .also(token.name.span, "the token")
                    .help("write `without soft_delete because \"…\"`, and `purge 1 day after expires_at`"),
            );
        }
    }
}
