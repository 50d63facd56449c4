//! A purge that a required reference forbids never happens.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use std::collections::HashMap;

use model::{EntityId, Field, Model, OnDelete, RetentionKind, Type};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "PRV008",
    name: "impossible-purge",
    severity: Severity::Error,
    summary: "a row that should go is held by others that need it",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    let mut holders: HashMap<EntityId, (&Field, &str)> = HashMap::new();
    for entity in &model.entities {
        for field in support::written(entity) {
            let Type::Reference(target) = field.ty else {
                continue;
            };
            // A tree holds its own rows too, but leaves can go first.
            let holds = matches!(field.on_delete, None | Some((OnDelete::Restrict, _)));
            if holds && target != entity.id {
                holders.entry(target).or_insert((field, &entity.name.text));
            }
        }
    }
    for entity in &model.entities {
        let Some((holder, other)) = holders.get(&entity.id) else {
            continue;
        };
        for retention in entity
            .retention
            .iter()
            .filter(|it| it.kind == RetentionKind::Purge)
        {
            let message = format!(
                "`{}` cannot be purged: a `{other}` refers to it and does not let go",
                entity.name.text
            );
            found.push(
                Diagnostic::new(&RULE, retention.span, message)
                    .also(holder.name.span, "this holds it")
                    .help("write `@on_delete(cascade)` or `@on_delete(set_null)` there, or `anonymise` here"),
            );
        }
    }
}
