//! `high, low, normal` is no order that anyone wants.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Model, Type};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "INT010",
    name: "order-by-enum",
    severity: Severity::Warning,
    summary: "a query sorts an enum by its letters",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for query in model.entities.iter().flat_map(|entity| &entity.queries) {
        for key in &query.order {
            let Some(Type::Enum(id)) = support::last_field(model, &key.path).map(|field| &field.ty) else {
                continue;
            };
            let Some(it) = model.enumeration(*id).filter(|it| !is_sorted(it)) else {
                continue;
            };
            let message = format!(
                "`{}` is sorted by its letters, not in the order of its members",
                it.name.text
            );
            let help = "give members values that sort: `low @value(\"1_low\")`, or sort by a number";
            found.push(Diagnostic::new(&RULE, key.span, message).help(help));
        }
    }
}

/// Whether the letters agree with the order of the source.
fn is_sorted(it: &model::Enum) -> bool {
    it.members.is_sorted_by(|one, other| one.value <= other.value)
}
