//! Soft deletion is not erasure.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Entity, Model, OnDelete, Ownership, Privacy, Type};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "PRV005",
    name: "personal-data-for-ever",
    severity: Severity::Warning,
    summary: "personal data is kept without an end",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for entity in model.entities.iter().filter(|entity| entity.retention.is_empty()) {
        if matches!(entity.ownership, Ownership::Public { .. }) || ends_with_parent(model, entity) {
            continue;
        }
        let personal = support::personal_fields(entity).find(|field| field.privacy != Privacy::Secret);
        if let Some(field) = personal {
            let message = format!("`{}` keeps personal data for ever", entity.name.text);
            found.push(
                Diagnostic::new(&RULE, entity.name.span, message)
                    .also(field.name.span, "personal")
                    .help(
                        "write `purge 30 days after deleted`, or `anonymise …` where other rows need the row",
                    ),
            );
        }
    }
}

/// Whether the row falls with one that has an end.
fn ends_with_parent(model: &Model, entity: &Entity) -> bool {
    support::written(entity).any(|field| {
        let falls = matches!(field.on_delete, Some((OnDelete::Cascade, _)));
        let Type::Reference(parent) = field.ty else {
            return false;
        };
        falls
            && model
                .entity(parent)
                .is_some_and(|parent| !parent.retention.is_empty())
    })
}
