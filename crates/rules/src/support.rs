//! Questions that several lints ask.

use model::{Entity, Expr, ExprKind, Field, FieldOrigin, Model, Path, Privacy};

/// The fields that stand in the source: they come first.
pub(crate) fn written(entity: &Entity) -> impl Iterator<Item = &Field> {
    entity
        .fields
        .iter()
        .take_while(|field| field.origin == FieldOrigin::Written)
}

/// The fields that say something about a person, or are secret.
pub(crate) fn personal_fields(entity: &Entity) -> impl Iterator<Item = &Field> {
    written(entity).filter(|field| field.privacy != Privacy::None)
}

/// `resetToken` and `reset_token` as `reset`, `token`.
pub(crate) fn words(name: &str) -> Vec<String> {
    model::naming::snake(name)
        .split('_')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The field at the end of a path.
pub(crate) fn last_field<'m>(model: &'m Model, path: &Path) -> Option<&'m Field> {
    model.field(*path.steps.last()?)
}

/// The field that an expression is, if it is one.
pub(crate) fn path_field<'m>(model: &'m Model, expr: &Expr) -> Option<&'m Field> {
    match &expr.kind {
        ExprKind::Path(path) => last_field(model, path),
        _ => None,
    }
}

/// Calls a function with an expression and every part of it.
pub(crate) fn reads<'e>(expr: &'e Expr, each: &mut dyn FnMut(&'e Expr)) {
    each(expr);
    expr.children(&mut |child| reads(child, each));
}

/// What must all hold for an expression to hold.
pub(crate) fn conjuncts(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::And(all) => all.iter().flat_map(conjuncts).collect(),
        _ => vec![expr],
    }
}
