//! What answers ten rows in the test answers ten million in the third year.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Compare, Entity, Expr, ExprKind, FieldId, Model};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "PRF002",
    name: "unbounded-query",
    severity: Severity::Warning,
    summary: "a query can answer any number of rows",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for entity in &model.entities {
        for query in &entity.queries {
            let limited = query.limit.is_some() || query.limit_param.is_some();
            if !limited && !finds_one(entity, query.condition.as_ref()) {
                let message = format!("`{}` can answer any number of rows", query.name.text);
                found.push(
                    Diagnostic::new(&RULE, query.name.span, message).help("write `limit 50`, or `limit $n`"),
                );
            }
        }
    }
}

/// Whether the condition fixes all fields of something unique.
fn finds_one(entity: &Entity, condition: Option<&Expr>) -> bool {
    let fixed: Vec<FieldId> = condition
        .map(support::conjuncts)
        .unwrap_or_default()
        .into_iter()
        .filter_map(fixed)
        .collect();
    let all = |fields: &[FieldId]| !fields.is_empty() && fields.iter().all(|field| fixed.contains(field));
    let key = entity.key.as_ref().is_some_and(|key| all(&key.fields));
    let id = [model::ImpliedField::Id, model::ImpliedField::PublicId];
    let id = id
        .into_iter()
        .filter_map(|it| entity.implied(it))
        .any(|(id, _)| all(&[id]));
    key || id || entity.uniques.iter().any(|unique| all(&unique.fields))
}

fn fixed(expr: &Expr) -> Option<FieldId> {
    let ExprKind::Compare(Compare::Equal, one, other) = &expr.kind else {
        return None;
    };
    let field = |expr: &Expr| match &expr.kind {
        ExprKind::Path(path) => <[FieldId; 1]>::try_from(path.steps.clone())
            .ok()
            .map(|[only]| only),
        _ => None,
    };
    field(one).or_else(|| field(other))
}
