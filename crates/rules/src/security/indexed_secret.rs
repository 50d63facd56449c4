//! Indexes are read by statistics, dumps and page inspectors too.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{FieldId, Model, Privacy, Protection};

use crate::Lint;

static RULE: Rule = Rule {
    code: "SEC010",
    name: "indexed-secret",
    severity: Severity::Warning,
    summary: "an index holds a second copy of a secret",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for entity in &model.entities {
        let uniques = entity
            .uniques
            .iter()
            .flat_map(|unique| unique.fields.iter().map(|field| (*field, unique.span)));
        let keys = entity.indexes.iter().flat_map(|index| &index.keys);
        let indexed = keys.filter_map(|key| Some((*key.path.steps.last()?, key.span)));
        for (field, span) in uniques.chain(indexed) {
            if is_plain_secret(model, field) {
                let name = model.field(field).map_or("", |field| field.name.text.as_str());
                let message = format!("the index keeps `{name}` once more, in order");
                found.push(
                    Diagnostic::new(&RULE, span, message).help(
                        "use `Token`, of which only a hash is stored, or find the row by something else",
                    ),
                );
            }
        }
    }
}

fn is_plain_secret(model: &Model, field: FieldId) -> bool {
    model
        .field(field)
        .is_some_and(|field| field.privacy == Privacy::Secret && field.protection == Protection::Plain)
}
