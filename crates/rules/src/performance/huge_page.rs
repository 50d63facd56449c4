//! A page of a hundred thousand rows is an export.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Literal, Model};

use crate::Lint;

static RULE: Rule = Rule {
    code: "PRF008",
    name: "huge-page",
    severity: Severity::Warning,
    summary: "a query asks for more rows than a reader can use",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

const MOST: i64 = 10_000;

fn check(model: &Model, found: &mut Diagnostics) {
    for query in model.entities.iter().flat_map(|entity| &entity.queries) {
        if let Some(Literal::Int(rows)) = query.limit
            && rows > MOST
        {
            let message = format!("`{}` answers up to {rows} rows at once", query.name.text);
            found.push(
                Diagnostic::new(&RULE, query.name.span, message)
                    .help("answer pages of at most 10000 rows, and go on behind the last one"),
            );
        }
    }
}
