//! Health, belief, birth: what the law protects most is encrypted.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Model, Privacy, Protection};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "PRV002",
    name: "special-category-in-plain",
    severity: Severity::Error,
    summary: "data of a special category is stored in plain text",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for field in model.entities.iter().flat_map(support::written) {
        if field.privacy == Privacy::Special && field.protection == Protection::Plain {
            let message = format!(
                "`{}` is of a special category, and stored in plain text",
                field.name.text
            );
            found.push(
                Diagnostic::new(&RULE, field.name.span, message)
                    .label("every backup holds it")
                    .help(
                        "write `@encrypted`, or `@encrypted(searchable)` where it must be found by equality",
                    ),
            );
        }
    }
}
