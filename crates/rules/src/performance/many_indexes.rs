//! Each insert touches every index.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Model, Type};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "PRF007",
    name: "many-indexes",
    severity: Severity::Note,
    summary: "an entity has so many indexes that writes suffer",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

const MANY: usize = 10;

fn check(model: &Model, found: &mut Diagnostics) {
    for entity in &model.entities {
        let references = support::written(entity)
            .filter(|field| matches!(field.ty, Type::Reference(_)))
            .count();
        let count = entity.indexes.len() + entity.uniques.len() + references;
        if count > MANY {
            let message = format!("each new `{}` is written into {count} indexes", entity.name.text);
            found.push(
                Diagnostic::new(&RULE, entity.name.span, message)
                    .help("keep what declared queries need; the tool makes those by itself"),
            );
        }
    }
}
