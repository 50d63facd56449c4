//! A link that never ends is found in old mail.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Model, Scalar, Type};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "SEC003",
    name: "token-without-expiry",
    severity: Severity::Warning,
    summary: "a token works for ever",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for entity in &model.entities {
        let token = support::written(entity).find(|field| field.ty == Type::Scalar(Scalar::Token));
        let Some(token) = token else { continue };
        let ends = support::written(entity).any(|field| {
            let time = matches!(field.ty, Type::Scalar(Scalar::Instant | Scalar::Date));
            let words = support::words(&field.name.text);
            time && words.iter().any(|word| {
                matches!(
                    word.as_str(),
                    "expires" | "expiry" | "expire" | "until" | "ends" | "valid"
                )
            })
        });
        if !ends {
            let message = format!("`{}` never expires", token.name.text);
            found.push(
                Diagnostic::new(&RULE, token.name.span, message)
                    .help("add `expires_at Instant`, and `used_at Instant?` if it works once"),
            );
        }
    }
}
