//! The default refuses to delete any row that has children.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Model, Type};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "INT006",
    name: "tree-without-on-delete",
    severity: Severity::Warning,
    summary: "a tree does not say what becomes of the branches",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for entity in &model.entities {
        for field in support::written(entity) {
            if field.ty == Type::Reference(entity.id) && field.on_delete.is_none() {
                let message = format!(
                    "what becomes of the rest when a `{}` with others below it goes?",
                    entity.name.text
                );
                let help = "say so: `@on_delete(restrict)`, `@on_delete(set_null)` or `@on_delete(cascade)`";
                found.push(Diagnostic::new(&RULE, field.type_span, message).help(help));
            }
        }
    }
}
