//! Expressions of the design: the context in SQLite's words, and what cannot be said.

use physical::{Context, Expr};

/// Replaces every context in an expression.
pub(super) fn replace_context(expr: &mut Expr, sql: &dyn Fn(Context) -> String) {
    if let Expr::Context(context) = expr {
        *expr = Expr::Sql(sql(*context));
        return;
    }
    for inner in children(expr) {
        replace_context(inner, sql);
    }
}

fn children(expr: &mut Expr) -> Vec<&mut Expr> {
    match expr {
        Expr::And(parts) | Expr::Or(parts) | Expr::Call(_, parts) => parts.iter_mut().collect(),
        Expr::Not(inner)
        | Expr::Negate(inner)
        | Expr::IsNull { value: inner, .. }
        | Expr::Matches(inner, _) => {
            vec![inner]
        }
        Expr::Compare { left, right, .. }
        | Expr::StartsWith(left, right)
        | Expr::EndsWith(left, right)
        | Expr::Contains(left, right) => vec![left, right],
        Expr::In { value, items, .. } => std::iter::once(&mut **value).chain(items.iter_mut()).collect(),
        Expr::Between { value, low, high, .. } => vec![value, low, high],
        Expr::Sum(terms) => terms.iter_mut().map(|(_, term)| term).collect(),
        Expr::Product(factors) => factors.iter_mut().map(|(_, factor)| factor).collect(),
        Expr::Column { .. }
        | Expr::Literal(_)
        | Expr::Param { .. }
        | Expr::Context(_)
        | Expr::Duration { .. }
        | Expr::Sql(_) => Vec::new(),
    }
}
