//! `anonymise` empties the fields that have a privacy class.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Model, RetentionKind};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "PRV006",
    name: "anonymise-nothing",
    severity: Severity::Warning,
    summary: "a row is emptied of a person that it does not hold",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for entity in &model.entities {
        if support::personal_fields(entity).next().is_some() {
            continue;
        }
        for retention in entity
            .retention
            .iter()
            .filter(|it| it.kind == RetentionKind::Anonymise)
        {
            let message = format!(
                "no field of `{}` is personal, so nothing is emptied",
                entity.name.text
            );
            found.push(
                Diagnostic::new(&RULE, retention.span, message)
                    .help("mark what is personal with `@pii`, or write `purge`"),
            );
        }
    }
}
