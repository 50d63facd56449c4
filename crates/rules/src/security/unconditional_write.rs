//! An `allow` without a role and without a condition undoes the ownership.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{AccessRule, Action, Model, Ownership};

use crate::Lint;

static RULE: Rule = Rule {
    code: "SEC006",
    name: "unconditional-write",
    severity: Severity::Warning,
    summary: "every context may change rows that have an owner",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for entity in &model.entities {
        if matches!(entity.ownership, Ownership::Public { .. } | Ownership::Unknown) {
            continue;
        }
        for allow in &entity.allows {
            let everyone = allow.roles.is_empty() && matches!(allow.rule, AccessRule::Always);
            let writes = allow.actions.iter().any(|action| *action != Action::Read);
            if everyone && writes {
                let message = format!(
                    "everyone may change every `{}`, whoever owns it",
                    entity.name.text
                );
                found.push(
                    Diagnostic::new(&RULE, allow.span, message)
                        .help("say to whom, or when: `to support`, `when owner`, `when (…)`"),
                );
            }
        }
    }
}
