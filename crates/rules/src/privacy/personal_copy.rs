//! A derived value tells as much as the value.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Model, Privacy};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "PRV009",
    name: "personal-copy",
    severity: Severity::Warning,
    summary: "a computed field copies personal data and loses its class",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for field in model.entities.iter().flat_map(support::written) {
        let Some((expr, _)) = &field.computed else {
            continue;
        };
        let mut source = None;
        support::reads(expr, &mut |expr| {
            let read = support::path_field(model, expr).filter(|read| read.privacy > field.privacy);
            source = source.or(read.map(|read| (read, expr.span)));
        });
        if let Some((read, span)) = source.filter(|(read, _)| read.privacy != Privacy::None) {
            let message = format!(
                "`{}` repeats `{}`, and is not marked as personal",
                field.name.text, read.name.text
            );
            found.push(
                Diagnostic::new(&RULE, span, message)
                    .help("give it the same class: `@pii`, `@pii(special)` or `@secret`"),
            );
        }
    }
}
