//! Two NULLs are not equal, so they may stand twice.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::Model;

use crate::Lint;

static RULE: Rule = Rule {
    code: "INT004",
    name: "optional-in-unique",
    severity: Severity::Note,
    summary: "a unique rule does not bind rows in which one of its fields is empty",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for unique in model
        .entities
        .iter()
        .flat_map(|entity| &entity.uniques)
        .filter(|unique| unique.fields.len() > 1)
    {
        let empty = unique
            .fields
            .iter()
            .filter_map(|id| model.field(*id))
            .find(|field| field.optional);
        if let Some(field) = empty {
            let message = format!(
                "rows without `{}` are compared as if it were one value",
                field.name.text
            );
            found.push(
                Diagnostic::new(&RULE, unique.span, message)
                    .also(field.name.span, "may be empty")
                    .help("so two of them cannot share the rest; a bare SQL `UNIQUE` would let them"),
            );
        }
    }
}
