//! What is public is public to strangers.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Model, Ownership};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "SEC002",
    name: "public-personal-data",
    severity: Severity::Error,
    summary: "an entity that everyone can read holds personal data",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for entity in &model.entities {
        let Ownership::Public { span, .. } = &entity.ownership else {
            continue;
        };
        if let Some(field) = support::personal_fields(entity).next() {
            let message = format!(
                "everyone can read `{}` of every `{}`",
                field.name.text, entity.name.text
            );
            let found_here = Diagnostic::new(&RULE, field.name.span, message).also(*span, "public");
            found.push(
                found_here
                    .help("give the entity an owner, or move the personal part to an entity that has one"),
            );
        }
    }
}
