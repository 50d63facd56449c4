//! Every row that leaves the field out would be refused.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Field, Literal, Model, Scalar, Type};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "INT002",
    name: "default-out-of-bounds",
    severity: Severity::Error,
    summary: "a default breaks a rule of its own field",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    let shapes = model.shapes.iter().flat_map(|shape| &shape.fields);
    for field in model.entities.iter().flat_map(support::written).chain(shapes) {
        let Some((default, span)) = &field.default else {
            continue;
        };
        if let Some((rule, place)) = broken(field, default) {
            let message = format!("the default of `{}` is {rule}", field.name.text);
            found.push(
                Diagnostic::new(&RULE, *span, message)
                    .also(place, "the rule")
                    .help("change the default or the rule: they cannot both hold"),
            );
        }
    }
}

/// Which rule the default breaks.
fn broken(field: &Field, default: &Literal) -> Option<(&'static str, diagnostics::Span)> {
    if let (Some((low, high, span)), Some(value)) = (&field.range, number(default)) {
        if low.as_ref().and_then(number).is_some_and(|low| value < low) {
            return Some(("below its range", *span));
        }
        if high.as_ref().and_then(number).is_some_and(|high| value > high) {
            return Some(("above its range", *span));
        }
    }
    let length = match default {
        Literal::Text(text) => text.chars().count() as u64,
        Literal::EmptyArray => 0,
        _ => return None,
    };
    if let Some((min, span)) = field.min_length.filter(|(min, _)| length < u64::from(*min)) {
        let _ = min;
        return Some(("shorter than its field allows", span));
    }
    let typed = match field.ty {
        Type::Scalar(Scalar::String(max)) => Some((max, field.type_span)),
        _ => None,
    };
    let too_long = field
        .max_length
        .into_iter()
        .chain(typed)
        .find(|(max, _)| length > u64::from(*max));
    too_long.map(|(_, span)| ("longer than its field allows", span))
}

fn number(literal: &Literal) -> Option<f64> {
    match literal {
        Literal::Int(n) => Some(*n as f64),
        Literal::Decimal(text) => text.parse().ok(),
        _ => None,
    }
}
