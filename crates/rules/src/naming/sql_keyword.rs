//! It works, quoted; by hand one forgets the quotes.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Model, Type};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "NAM105",
    name: "sql-keyword",
    severity: Severity::Note,
    summary: "a table or column is named by a word of SQL",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

/// Words that PostgreSQL or SQLite reserve.
const RESERVED: [&str; 60] = [
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "between",
    "both",
    "case",
    "cast",
    "check",
    "collate",
    "column",
    "constraint",
    "create",
    "cross",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "exists",
    "false",
    "fetch",
    "for",
    "foreign",
    "from",
    "full",
    "grant",
    "group",
    "having",
    "in",
    "index",
    "inner",
    "into",
    "is",
    "join",
    "left",
    "like",
    "limit",
    "natural",
    "not",
    "null",
    "offset",
    "on",
    "or",
    "order",
    "primary",
    "references",
    "select",
    "table",
    "to",
    "user",
    "when",
    "where",
];

fn check(model: &Model, found: &mut Diagnostics) {
    for entity in &model.entities {
        if is_reserved(&entity.table) {
            found.push(complaint(entity.name.span, "table", &entity.table));
        }
        for field in support::written(entity) {
            if is_reserved(&field.column) && !matches!(field.ty, Type::Related(_)) {
                found.push(complaint(field.name.span, "column", &field.column));
            }
        }
    }
}

fn is_reserved(name: &str) -> bool {
    const LONGEST: usize = 10;
    name.len() <= LONGEST && RESERVED.iter().any(|word| word.eq_ignore_ascii_case(name))
}

fn complaint(span: diagnostics::Span, what: &str, name: &str) -> Diagnostic {
    Diagnostic::new(
        &RULE,
        span,
        format!("the {what} `{name}` is a word of SQL, and must always be quoted"),
    )
    .help(format!(
        "everything that is generated quotes it; for SQL by hand, choose another name or `@{what}(\"…\")`"
    ))
}
