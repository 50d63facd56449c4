//! What never changes can never be encrypted again.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Model, Protection};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "PRV010",
    name: "immutable-ciphertext",
    severity: Severity::Error,
    summary: "an encrypted field is declared never to change",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for field in model.entities.iter().flat_map(support::written) {
        let encrypted = matches!(field.protection, Protection::Encrypted { .. });
        let (true, Some(said)) = (encrypted, field.immutable) else {
            continue;
        };
        let message = format!(
            "`{}` could neither be filled nor encrypted again",
            field.name.text
        );
        found.push(Diagnostic::new(&RULE, said, message).help(
            "leave `@immutable` out: an envelope is written when the row is there, and anew with each change of keys",
        ));
    }
}
