//! Nothing stops a row from being in a state that does not exist.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Model, Scalar, Type};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "INT009",
    name: "state-as-text",
    severity: Severity::Note,
    summary: "a state is free text",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for field in model.entities.iter().flat_map(support::written) {
        let text =
            matches!(field.ty, Type::Scalar(Scalar::String(_) | Scalar::Text)) && field.pattern.is_none();
        if text
            && matches!(
                field.name.text.as_str(),
                "status" | "state" | "kind" | "role" | "phase" | "stage"
            )
        {
            let message = format!("`{}` may hold anything", field.name.text);
            found.push(
                Diagnostic::new(&RULE, field.type_span, message)
                    .help("declare an `enum`, with arrows where only some moves are allowed"),
            );
        }
    }
}
