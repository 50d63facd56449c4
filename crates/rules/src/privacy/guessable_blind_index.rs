//! Who counts equal entries of a blind index learns which value each stands for.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Field, Literal, Model, Protection, Scalar, Type};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "PRV007",
    name: "guessable-blind-index",
    severity: Severity::Warning,
    summary: "an encrypted field has so few values that its blind index gives them away",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for field in model.entities.iter().flat_map(support::written) {
        if field.protection == (Protection::Encrypted { searchable: true }) && has_few_values(field) {
            let message = format!(
                "`{}` has so few values that counting them tells which is which",
                field.name.text
            );
            found.push(
                Diagnostic::new(&RULE, field.name.span, message)
                    .help("write `@encrypted`, and search in the application"),
            );
        }
    }
}

fn has_few_values(field: &Field) -> bool {
    const FEW: i64 = 100_000;
    match field.ty {
        Type::Scalar(Scalar::String(length)) => length <= 3,
        Type::Scalar(Scalar::Date | Scalar::Time) => true,
        Type::Scalar(Scalar::Int | Scalar::BigInt) => {
            matches!(&field.range, Some((Some(Literal::Int(low)), Some(Literal::Int(high)), _)) if high.saturating_sub(*low) < FEW)
        }
        _ => false,
    }
}
