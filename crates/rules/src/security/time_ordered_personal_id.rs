//! A version 7 UUID holds the time at which it was made.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Identity, Model, UuidVersion};

use crate::Lint;

static RULE: Rule = Rule {
    code: "SEC001",
    name: "time-ordered-personal-id",
    severity: Severity::Warning,
    summary: "a public id of a personal entity tells when the row was made",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for entity in &model.entities {
        let seven = matches!(
            entity.identity.value,
            Identity::Dual(UuidVersion::V7) | Identity::Uuid(UuidVersion::V7)
        );
        if seven && entity.is_personal() && entity.identity.because.is_none() {
            let span = entity.identity.said.unwrap_or(entity.name.span);
            let message = format!(
                "the ids of `{}` tell when someone joined or acted",
                entity.name.text
            );
            found.push(Diagnostic::new(&RULE, span, message).help(
                "keep the default, `uuid4`: version 7 is for many rows that say nothing about a person; or accept it with a reason: `because \"…\"`",
            ));
        }
    }
}
