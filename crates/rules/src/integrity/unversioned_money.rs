//! Without a version the later writer wins unseen.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Model, Scalar, Type, Versioning};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "INT007",
    name: "unversioned-money",
    severity: Severity::Warning,
    summary: "two people can change an amount at once and one change is lost",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for entity in model
        .entities
        .iter()
        .filter(|entity| entity.versioning.value == Versioning::Off)
    {
        let amount = support::written(entity).find(|field| {
            field.ty == Type::Scalar(Scalar::Money) && field.immutable.is_none() && field.computed.is_none()
        });
        if let Some(amount) = amount {
            let span = entity.versioning.said.unwrap_or(entity.name.span);
            let message = format!("two changes of `{}` at once end as one", amount.name.text);
            found.push(
                Diagnostic::new(&RULE, span, message)
                    .also(amount.name.span, "an amount")
                    .help("keep versioning, or write `@immutable` behind amounts that never change"),
            );
        }
    }
}
