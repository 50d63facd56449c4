//! An audit trail that leaves out people leaves out what is asked about.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{AuditMode, Model};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "SEC008",
    name: "unaudited-personal-data",
    severity: Severity::Warning,
    summary: "nobody can tell who changed personal data",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for entity in model
        .entities
        .iter()
        .filter(|entity| entity.audit.value == AuditMode::Off)
    {
        if let Some(field) = support::personal_fields(entity).next() {
            let message = format!(
                "changes of `{}` leave no trace, and it holds personal data",
                entity.name.text
            );
            let span = entity.audit.said.unwrap_or(entity.name.span);
            found.push(
                Diagnostic::new(&RULE, span, message)
                    .also(field.name.span, "personal")
                    .help("keep the audit trail: it records that a personal field changed, not what it was"),
            );
        }
    }
}
