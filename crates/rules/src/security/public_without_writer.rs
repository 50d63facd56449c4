//! Public says who reads; who writes must be said.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Action, Model, Ownership};

use crate::Lint;

static RULE: Rule = Rule {
    code: "SEC007",
    name: "public-without-writer",
    severity: Severity::Note,
    summary: "nobody but the migrator can fill a public entity",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for entity in &model.entities {
        let public = matches!(entity.ownership, Ownership::Public { .. });
        let writer = entity
            .allows
            .iter()
            .any(|allow| allow.actions.contains(&Action::Create));
        if public && !writer {
            let message = format!(
                "everyone reads `{}`, and only migrations write it",
                entity.name.text
            );
            found.push(
                Diagnostic::new(&RULE, entity.name.span, message)
                    .help("if that is not meant, declare a role and write `allow create, update to it`"),
            );
        }
    }
}
