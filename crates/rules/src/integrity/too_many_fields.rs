//! More fields than a table can have columns.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Entity, Model, Type};

use crate::Lint;

/// PostgreSQL has room for 1,600 columns, and counts those that were dropped; SQLite's triggers compare all columns in one
/// expression, which may be 1,000 deep.
const MOST: usize = 900;

static RULE: Rule = Rule {
    code: "INT013",
    name: "too-many-fields",
    severity: Severity::Error,
    summary: "an entity has more fields than a table can have columns",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for entity in &model.entities {
        let fields = columns(entity);
        if fields <= MOST {
            continue;
        }
        let message = format!("`{}` has {fields} fields", entity.name.text);
        found.push(
            Diagnostic::new(&RULE, entity.name.span, message)
                .label(format!("a table holds {MOST}, with those that the policy adds"))
                .help("put what belongs together into entities of its own, or what has no fixed form into a `Json` field"),
        );
    }
}

/// A relation to many is kept in another table.
fn columns(entity: &Entity) -> usize {
    entity
        .fields
        .iter()
        .filter(|field| !matches!(field.ty, Type::Related(_)))
        .count()
}
