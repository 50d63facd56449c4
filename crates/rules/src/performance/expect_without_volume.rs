//! Fast over ten rows is no promise.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::Model;

use crate::Lint;

static RULE: Rule = Rule {
    code: "PRF003",
    name: "expect-without-volume",
    severity: Severity::Note,
    summary: "a query has a target, and nothing says how many rows there are",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for entity in model.entities.iter().filter(|entity| entity.volume.is_none()) {
        if let Some(query) = entity.queries.iter().find(|query| query.expect.is_some()) {
            let message = format!(
                "`{}` has a target, and `{}` no volume to meet it at",
                query.name.text, entity.name.text
            );
            found.push(
                Diagnostic::new(&RULE, query.name.span, message)
                    .help("say how many rows there will be: `volume 1M grows 10K/day`"),
            );
        }
    }
}
