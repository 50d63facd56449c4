//! Unquoted names fold to lower case.

use diagnostics::{Certainty, Diagnostic, Diagnostics, Rule, Severity};
use model::{Model, Type};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "NAM104",
    name: "camel-case-column",
    severity: Severity::Note,
    summary: "a column has capitals, so SQL must always quote it",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for field in model.entities.iter().flat_map(support::written) {
        let capital = field.column.chars().any(|c| c.is_ascii_uppercase());
        if capital && !matches!(field.ty, Type::Related(_)) {
            let snake = model::naming::snake(&field.name.text);
            let message = format!(
                "the column `{}` must be quoted wherever SQL is written by hand",
                field.column
            );
            found.push(
                Diagnostic::new(&RULE, field.name.span, message)
                    .help(format!(
                        "name the field `{snake}`, or keep a grown column with `@column(\"…\")`"
                    ))
                    .replace(
                        Certainty::Suggested,
                        format!("write `{snake}`"),
                        field.name.span,
                        snake,
                    ),
            );
        }
    }
}
