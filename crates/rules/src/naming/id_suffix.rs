//! The column of a reference gets its `_id` by itself.

use diagnostics::{Certainty, Diagnostic, Diagnostics, Rule, Severity};
use model::{Model, Type};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "NAM103",
    name: "id-suffix",
    severity: Severity::Warning,
    summary: "a reference is named after its column",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for field in model.entities.iter().flat_map(support::written) {
        let reference = matches!(field.ty, Type::Reference(_));
        let stem = field
            .name
            .text
            .strip_suffix("_id")
            .or_else(|| field.name.text.strip_suffix("Id"));
        if let Some(stem) = stem.filter(|stem| reference && !stem.is_empty()) {
            let message = format!(
                "`{}` is the row, not its id; the column would be `{}`",
                field.name.text, field.column
            );
            found.push(
                Diagnostic::new(&RULE, field.name.span, message)
                    .help(format!("name it `{stem}`"))
                    .replace(
                        Certainty::Suggested,
                        format!("write `{stem}`"),
                        field.name.span,
                        stem,
                    ),
            );
        }
    }
}
