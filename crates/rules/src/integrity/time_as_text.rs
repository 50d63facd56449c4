//! Text sorts by letters, has no zone, and holds 2023-02-30.

use diagnostics::{Certainty, Diagnostic, Diagnostics, Rule, Severity};
use model::{Model, Scalar, Type};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "INT008",
    name: "time-as-text",
    severity: Severity::Warning,
    summary: "a time is stored as text or as a number",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for field in model.entities.iter().flat_map(support::written) {
        let raw = matches!(
            field.ty,
            Type::Scalar(Scalar::String(_) | Scalar::Text | Scalar::Int | Scalar::BigInt | Scalar::Float)
        );
        if !raw {
            continue;
        }
        let words = support::words(&field.name.text);
        let last = words.last().map_or("", String::as_str);
        let meant = match last {
            "at" if words.len() > 1 => "Instant",
            "timestamp" | "datetime" => "Instant",
            "date" => "Date",
            _ => continue,
        };
        let message = format!("`{}` is a time, and not stored as one", field.name.text);
        found.push(
            Diagnostic::new(&RULE, field.type_span, message)
                .help(format!("use `{meant}`"))
                .replace(
                    Certainty::Suggested,
                    format!("write `{meant}`"),
                    field.type_span,
                    meant,
                ),
        );
    }
}
