//! Nothing stops it from pointing at a row that is not there.

use diagnostics::{Certainty, Diagnostic, Diagnostics, Rule, Severity};
use model::{Model, Scalar, Type};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "INT012",
    name: "reference-as-value",
    severity: Severity::Warning,
    summary: "a reference to an entity is a bare number or text",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    let names: std::collections::HashMap<String, &str> = model
        .entities
        .iter()
        .map(|entity| (model::naming::snake(&entity.name.text), entity.name.text.as_str()))
        .collect();
    for entity in &model.entities {
        // The parts of a composite reference are bare by nature.
        let parts: Vec<u32> = entity
            .references
            .iter()
            .flat_map(|it| &it.fields)
            .map(|id| id.index)
            .collect();
        for (at, field) in support::written(entity).enumerate() {
            let bare = matches!(
                field.ty,
                Type::Scalar(Scalar::Int | Scalar::BigInt | Scalar::Uuid | Scalar::String(_) | Scalar::Text)
            );
            if !bare || !field.name.text.ends_with(['d', 'D']) {
                continue;
            }
            let name = model::naming::snake(&field.name.text);
            let Some(target) = name.strip_suffix("_id").and_then(|stem| names.get(stem)) else {
                continue;
            };
            if !parts.contains(&(at as u32)) {
                let stem = name.trim_end_matches("_id");
                let message = format!(
                    "`{}` looks like a reference to `{target}`, and is none",
                    field.name.text
                );
                let span = field.name.span.to(field.type_span);
                found.push(
                    Diagnostic::new(&RULE, span, message)
                        .help(format!(
                            "write `{stem} {target}`: the column is still named `{stem}_id`"
                        ))
                        .replace(
                            Certainty::Suggested,
                            format!("write `{stem} {target}`"),
                            span,
                            format!("{stem} {target}"),
                        ),
                );
            }
        }
    }
}
