//! Expressions of the design with the context in a database's own words.

use physical::{Context, Expr};

/// Replaces every context in an expression.
pub(crate) fn replace_context(expr: &mut Expr, sql: &dyn Fn(Context) -> String) {
    if let Expr::Context(context) = expr {
        *expr = Expr::Sql(sql(*context));
        return;
    }
    expr.children_mut(&mut |child| replace_context(child, sql));
}
