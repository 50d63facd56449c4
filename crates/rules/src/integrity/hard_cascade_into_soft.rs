//! A cascade knows no soft deletion.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Model, OnDelete, Type};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "INT005",
    name: "hard-cascade-into-soft",
    severity: Severity::Warning,
    summary: "rows that are deleted softly are lost with a parent that is not",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for entity in model.entities.iter().filter(|entity| entity.soft_delete.value) {
        for field in support::written(entity) {
            let (Type::Reference(parent), Some((OnDelete::Cascade, span))) = (&field.ty, field.on_delete)
            else {
                continue;
            };
            let Some(parent) = model.entity(*parent).filter(|parent| !parent.soft_delete.value) else {
                continue;
            };
            let message = format!(
                "deleting a `{}` destroys its `{}` rows for good",
                parent.name.text, entity.name.text
            );
            found.push(
                Diagnostic::new(&RULE, span, message)
                    .also(
                        parent.soft_delete.said.unwrap_or(parent.name.span),
                        "deleted for good",
                    )
                    .help("write `without soft_delete because …` here too, or `@on_delete(restrict)`"),
            );
        }
    }
}
