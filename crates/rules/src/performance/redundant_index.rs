//! Every write pays for both, and no read gains.

use diagnostics::Span;
use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Entity, FieldId, Model, Type};

use crate::Lint;

static RULE: Rule = Rule {
    code: "PRF001",
    name: "redundant-index",
    severity: Severity::Warning,
    summary: "an index repeats the beginning of another",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    // Beyond this many indexes there is more to say than which one repeats which, and each is compared with each.
    const COMPARED: usize = 200;
    for entity in model
        .entities
        .iter()
        .filter(|entity| entity.indexes.len() <= COMPARED)
    {
        for (at, index) in entity.indexes.iter().enumerate() {
            let keys: Vec<FieldId> = index
                .keys
                .iter()
                .filter_map(|key| key.path.steps.last().copied())
                .collect();
            let covered = uniques(entity)
                .chain(others(entity, at))
                .find(|(fields, _, longer)| {
                    let begins = fields.starts_with(&keys);
                    begins && (*longer || fields.len() > keys.len())
                });
            let reference = match keys.as_slice() {
                [only] => model
                    .field(*only)
                    .filter(|field| matches!(field.ty, Type::Reference(_))),
                _ => None,
            };
            let diagnostic =
                Diagnostic::new(&RULE, index.span, "this index repeats the beginning of another");
            if let Some((_, span, _)) = covered {
                found.push(diagnostic.also(span, "the other one").help("remove it"));
            } else if let Some(field) = reference {
                found.push(
                    diagnostic
                        .also(field.name.span, "every reference has an index")
                        .help("remove it"),
                );
            }
        }
    }
}

type Covering = (Vec<FieldId>, Span, bool);

fn uniques(entity: &Entity) -> impl Iterator<Item = Covering> {
    entity
        .uniques
        .iter()
        .map(|unique| (unique.fields.clone(), unique.span, true))
}

/// Other indexes, of which an equal one counts only if it stands before.
fn others(entity: &Entity, at: usize) -> impl Iterator<Item = Covering> {
    entity
        .indexes
        .iter()
        .enumerate()
        .filter(move |(other, _)| *other != at)
        .map(move |(other, index)| {
            let keys = index
                .keys
                .iter()
                .filter_map(|key| key.path.steps.last().copied())
                .collect();
            (keys, index.span, other < at)
        })
}
