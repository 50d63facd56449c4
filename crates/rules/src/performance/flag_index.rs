//! Half of the table is no selection.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Model, Scalar, Type};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "PRF006",
    name: "flag-index",
    severity: Severity::Warning,
    summary: "an index begins with a field that has few values",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for index in model.entities.iter().flat_map(|entity| &entity.indexes) {
        let Some(first) = index.keys.first() else { continue };
        let Some(field) = support::last_field(model, &first.path) else {
            continue;
        };
        let few = match field.ty {
            Type::Scalar(Scalar::Bool) => true,
            Type::Enum(_) => index.keys.len() == 1,
            _ => false,
        };
        if few {
            let message = format!(
                "`{}` has few values, so the index hardly narrows anything",
                field.name.text
            );
            found.push(Diagnostic::new(&RULE, first.span, message).help(
                "begin with the field that tells rows apart, or declare the query and let the tool choose",
            ));
        }
    }
}
