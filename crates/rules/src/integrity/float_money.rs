//! 0.1 + 0.2 is not 0.3.

use diagnostics::{Certainty, Diagnostic, Diagnostics, Rule, Severity};
use model::{Model, Scalar, Type};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "INT001",
    name: "float-money",
    severity: Severity::Warning,
    summary: "an amount of money is a binary floating point number",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

const AMOUNTS: [&str; 14] = [
    "price", "amount", "total", "subtotal", "cost", "fee", "balance", "salary", "tax", "discount", "budget",
    "revenue", "payment", "money",
];

fn check(model: &Model, found: &mut Diagnostics) {
    for field in model.entities.iter().flat_map(support::written) {
        if field.ty != Type::Scalar(Scalar::Float) {
            continue;
        }
        let words = support::words(&field.name.text);
        if words.iter().any(|word| AMOUNTS.contains(&word.as_str())) {
            let message = format!(
                "`{}` is an amount, and a `Float` cannot hold most of them exactly",
                field.name.text
            );
            found.push(
                Diagnostic::new(&RULE, field.type_span, message)
                    .help("use `Money`, or `Decimal(…, …)` with the digits that you need")
                    .replace(Certainty::Suggested, "write `Money`", field.type_span, "Money"),
            );
        }
    }
}
