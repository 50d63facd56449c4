//! Puts the context's functions where `design` wrote [`Expr::Context`], and a function of ours where it wrote `uuid7`.

use physical::{Context, DefaultValue, Expr, Table, View, ViewQuery};

use super::emit::qualified;
use super::realiser::Realiser;
use super::uuid7;

/// How the context is asked.
#[derive(Clone, Copy)]
enum Form {
    /// As a scalar subquery: evaluated once per statement.
    Subquery,
    /// As a bare call: where the server takes no subquery.
    Call,
}

/// Replaces every context and every `uuid7` default.
pub(super) fn realise(r: &mut Realiser<'_>) {
    let names = [Context::Actor, Context::User, Context::Tenant].map(|context| {
        qualified(&r.private(match context {
            Context::Actor => "current_actor",
            Context::User => "current_user_id",
            Context::Tenant => "current_tenant",
        }))
    });
    let write = |context: Context, form: Form| {
        let [actor, user, tenant] = &names;
        let function = match context {
            Context::Actor => actor,
            Context::User => user,
            Context::Tenant => tenant,
        };
        Expr::Sql(match form {
            Form::Subquery => format!("(SELECT {function}())"),
            Form::Call => format!("{function}()"),
        })
    };
    let uuid7 = uuid7::realise(r);
    for table in &mut r.database.tables {
        in_table(table, &write, uuid7.as_deref());
    }
    for view in &mut r.database.views {
        in_view(view, &write);
    }
}

fn in_table(table: &mut Table, write: &dyn Fn(Context, Form) -> Expr, uuid7: Option<&str>) {
    for column in &mut table.columns {
        match (&mut column.default, uuid7) {
            (Some(DefaultValue::Expr(expr)), _) => replace(expr, write, Form::Call),
            (Some(default @ DefaultValue::Uuid7), Some(call)) => {
                *default = DefaultValue::Expr(Expr::Sql(call.to_owned()));
            }
            _ => {}
        }
        if let Some(generated) = &mut column.generated {
            replace(&mut generated.expr, write, Form::Call);
        }
    }
    for check in &mut table.checks {
        replace(&mut check.expr, write, Form::Call);
    }
    for policy in &mut table.policies {
        for expr in policy.using.iter_mut().chain(policy.check.iter_mut()) {
            replace(expr, write, Form::Subquery);
        }
    }
}

fn in_view(view: &mut View, write: &dyn Fn(Context, Form) -> Expr) {
    if let ViewQuery::Select { items, filter, .. } = &mut view.query {
        for expr in items.iter_mut().map(|(_, expr)| expr).chain(filter) {
            replace(expr, write, Form::Subquery);
        }
    }
}

fn replace(expr: &mut Expr, write: &dyn Fn(Context, Form) -> Expr, form: Form) {
    match expr {
        Expr::Context(context) => *expr = write(*context, form),
        _ => expr.children_mut(&mut |child| replace(child, write, form)),
    }
}
