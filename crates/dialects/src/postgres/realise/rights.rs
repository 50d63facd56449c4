//! Who may change a row, and who may delete it.
//!
//! Deletion is an UPDATE, and policies see no columns: whoever any policy for UPDATE lets through could do both. The row itself says which
//! of the two a statement does.

use physical::{Context, Expr, Ident, Literal, Right};

use super::Place;
use super::code::{Part, Section};
use super::emit::{Refusal, bounded, id, indented, text};
use super::realiser::Realiser;
use crate::postgres::expression::{expression, or_refused};

/// Both rights of a table.
pub(super) struct Rights<'b> {
    pub(super) deletion: &'b [Ident],
    pub(super) own: &'b [Ident],
    pub(super) update: &'b [Right],
    pub(super) delete: &'b [Right],
}

/// Refuses what none of the rights covers, except by functions of guard, by the actions of foreign keys, which run as the tables' owner,
/// and by members of the migrator.
pub(super) fn realise(r: &mut Realiser<'_>, at: Place<'_>, rights: &Rights<'_>) {
    let roles = &r.blueprint.roles;
    let exempt = format!(
        "current_user NOT IN ({}, {}) AND NOT pg_has_role({}, 'USAGE')",
        text(roles.guard.as_str()),
        text(roles.owner.as_str()),
        text(roles.migrator.as_str())
    );
    let user = r.call("current_user_id");
    let tenant = r.call("current_tenant");
    let context = |context: Context| match context {
        Context::Tenant => tenant.clone(),
        Context::User | Context::Actor => user.clone(),
    };
    let section = |word: &str, columns: &[Ident], rights: &[Right], after: bool| {
        let changed: Vec<String> = columns
            .iter()
            .map(|column| format!("NEW.{0} IS DISTINCT FROM OLD.{0}", id(column)))
            .collect();
        let holds = |row: &str| {
            let each = rights.iter().map(|right| covers(right, row, &context));
            format!("({})", each.collect::<Vec<_>>().join("\n         OR "))
        };
        let before = holds("old");
        let covered = match after {
            true => format!("{before}\n        AND {}", holds("new")),
            false => before,
        };
        let raise = Refusal {
            code: "insufficient_privilege",
            message: &format!("whoever acts may not {word} this row"),
            table: at.table,
            column: None,
            constraint: &bounded(&format!("{}_{word}_right", at.table.name)),
        }
        .raise();
        Section {
            part: Part::Immutable,
            title: format!("who may {word} it"),
            lines: format!(
                // Of nobody nothing is true, and nothing false.
                "IF ({})\n   AND {exempt}\n   AND ({covered}) IS NOT TRUE\nTHEN\n{}END IF;",
                changed.join("\n    OR "),
                indented(&raise, 4)
            ),
            uses_actor: false,
        }
    };
    let sections = [
        section("change", rights.own, rights.update, true),
        section("delete", rights.deletion, rights.delete, false),
    ];
    if let Some(code) = r.code_of(at.table, at.origin) {
        code.update.extend(sections);
    }
}

/// Whether somebody is a member, and the row is among those that the right speaks of.
fn covers(right: &Right, row: &str, context: &dyn Fn(Context) -> String) -> String {
    let members: Vec<String> = right
        .roles
        .iter()
        .map(|role| format!("pg_has_role({}, 'USAGE')", text(role.as_str())))
        .collect();
    let mut rows = right.rows.clone();
    of_row(&mut rows, row, context);
    let members = match members.as_slice() {
        [only] => only.clone(),
        many => format!("({})", many.join(" OR ")),
    };
    match rows {
        Expr::Literal(Literal::Bool(true)) => members,
        rows => format!("{members} AND ({})", or_refused(expression(&rows))),
    }
}

fn of_row(expr: &mut Expr, row: &str, context: &dyn Fn(Context) -> String) {
    match expr {
        Expr::Column { table, .. } => *table = Some(row.into()),
        Expr::Context(which) => *expr = Expr::Sql(context(*which)),
        _ => expr.children_mut(&mut |child| of_row(child, row, context)),
    }
}
