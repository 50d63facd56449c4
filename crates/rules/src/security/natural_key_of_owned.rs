//! A primary key is unique for everyone, also for those who may not see each other's rows.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Entity, Model, Ownership, Type};

use crate::Lint;

static RULE: Rule = Rule {
    code: "SEC011",
    name: "natural-key-of-owned",
    severity: Severity::Warning,
    summary: "the natural key of rows that belong to someone tells others that a row is there",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for entity in &model.entities {
        let hidden = matches!(
            entity.ownership,
            Ownership::Owner(_) | Ownership::Inherited { .. } | Ownership::Tenant
        );
        let Some(key) = entity.key.as_ref().filter(|_| hidden) else {
            continue;
        };
        if key.fields.iter().any(|id| is_reference(entity, model, *id)) {
            continue;
        }
        let message = format!(
            "whoever adds a `{}` with the same key learns that somebody else has one",
            entity.name.text
        );
        found.push(
            Diagnostic::new(&RULE, key.span, message).help(
                "write `unique (…)` in place of `key (…)`: it is scoped to the owner or tenant by itself",
            ),
        );
    }
}

/// A reference in the key scopes it to what is referred to.
fn is_reference(entity: &Entity, model: &Model, id: model::FieldId) -> bool {
    id.entity == entity.id
        && model
            .field(id)
            .is_some_and(|field| matches!(field.ty, Type::Reference(_)))
}
