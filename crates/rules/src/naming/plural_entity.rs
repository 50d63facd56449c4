//! One row is one thing; the table takes the plural by itself.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::Model;

use crate::Lint;

static RULE: Rule = Rule {
    code: "NAM102",
    name: "plural-entity",
    severity: Severity::Warning,
    summary: "the name of an entity is a plural",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for entity in &model.entities {
        let name = entity.name.text.as_str();
        let derived = entity.table == model::naming::table(name);
        // `Address`, `Status`, `Analysis` are no plurals.
        let singular = ["ss", "us", "is", "as", "os"]
            .iter()
            .any(|end| name.ends_with(end));
        if derived
            && name.len() > 3
            && name.ends_with('s')
            && !singular
            && !matches!(name, "News" | "Series" | "Species" | "Means")
        {
            let message = format!(
                "`{name}` names many, and stands for one; its table would be `{}`",
                entity.table
            );
            let one = name.strip_suffix('s').unwrap_or(name);
            found.push(
                Diagnostic::new(&RULE, entity.name.span, message)
                    .help(format!("name it `{one}`, or write `@table(\"…\")`")),
            );
        }
    }
}
