//! Whom a transaction acts for: `current_actor()`, `current_user_id()`, `current_tenant()`, and how it is said.
//!
//! The functions are PL/pgSQL and not SQL, since PL/pgSQL keeps its plan for the session; policies call them as a scalar
//! subquery, so once per statement and not once per row.

use physical::{Blueprint, ContextMode, Origin, Privilege, SqlType, Volatility};
use plan::ContextValues;

use super::emit::{id, qualified, text};
use super::realiser::{Draft, Realiser, RunsAs};
use super::signed;
use crate::postgres::types;

const DECISION: Origin = Origin::Decision("context", None);

/// Makes the functions of the context.
pub(super) fn realise(r: &mut Realiser<'_>) {
    if r.blueprint.context == ContextMode::Signed {
        signed::realise(r);
    }
    let everyone = r.everyone();
    let owner = r.blueprint.roles.owner.clone();
    let actors = r.blueprint.actors.as_ref().map(|actors| actors.table.clone());
    for (name, ty, lookup, comment) in [
        (
            "current_actor",
            SqlType::BigInt,
            actor(r),
            "The acting pseudonym's internal id, from the transaction's context; NULL when none is set.",
        ),
        (
            "current_user_id",
            r.reference_type(actors.as_ref(), "user_id"),
            user(r),
            "The internal id of the user whom the acting pseudonym stands for; NULL when none.",
        ),
        (
            "current_tenant",
            r.key_type(r.blueprint.tenant.as_ref()),
            tenant(r),
            "The current tenant's internal id, from the transaction's context; NULL when none is set.",
        ),
    ] {
        let draft = Draft {
            name: r.private(name),
            arguments: Vec::new(),
            returns: types::type_name(&ty),
            language: "plpgsql",
            volatility: Volatility::Stable,
            runs_as: RunsAs::Guard,
            body: format!("\nBEGIN\n    RETURN {lookup};\nEND\n"),
            // Referential actions run as the owner of the table, and fire its triggers.
            execute: everyone.iter().cloned().chain([owner.clone()]).collect(),
            comment: comment.to_owned(),
            origin: DECISION,
        };
        r.add_function(draft);
    }
    for table in actors.iter().chain(&r.blueprint.tenant) {
        r.guard(table, Privilege::Select, &[]);
    }
}

/// The actor, for functions that run as guard.
pub(super) fn actor(r: &Realiser<'_>) -> String {
    of_actor(r, "id", "actor_id")
}

/// The actor, or another when nobody is known; NULL where there are no actors.
pub(super) fn actor_or(r: &Realiser<'_>, otherwise: &str) -> String {
    match &r.blueprint.actors {
        Some(_) => format!("COALESCE({}, {otherwise})", actor(r)),
        None => "NULL::bigint".to_owned(),
    }
}

fn user(r: &Realiser<'_>) -> String {
    of_actor(r, "user_id", "user_id")
}

fn of_actor(r: &Realiser<'_>, column: &str, signed_column: &str) -> String {
    match (&r.blueprint.actors, r.blueprint.context) {
        (None, _) => "NULL".to_owned(),
        (Some(_), ContextMode::Signed) => signed::column(r, signed_column),
        (Some(actors), ContextMode::Setting) => {
            by_setting(column, &qualified(&actors.table), "public_id", "app.actor")
        }
    }
}

/// The tenant, for functions that run as guard.
pub(super) fn tenant(r: &Realiser<'_>) -> String {
    match (&r.blueprint.tenant, r.blueprint.context) {
        (None, _) => "NULL".to_owned(),
        (Some(_), ContextMode::Signed) => signed::column(r, "tenant_id"),
        (Some(table), ContextMode::Setting) => {
            let (key, public_id) = r.keys_of(table);
            by_setting(&key, &qualified(table), &public_id, "app.tenant")
        }
    }
}

/// A setting that was used and reset is empty, not NULL; and an unknown id finds nobody.
fn by_setting(column: &str, table: &str, public_id: &str, setting: &str) -> String {
    format!(
        "(\n        SELECT c.{column}\n        FROM {table} AS c\n        WHERE c.{public_id} = NULLIF(current_setting('{setting}', true), '')::uuid\n    )"
    )
}

/// Statements that put the running transaction into a context.
#[must_use]
pub fn enter(blueprint: &Blueprint, values: &ContextValues) -> Vec<String> {
    let actor = values.actor.as_deref().unwrap_or_default();
    let tenant = values.tenant.as_deref().unwrap_or_default();
    match blueprint.context {
        ContextMode::Setting => vec![format!(
            "SELECT set_config('app.actor', {}, true), set_config('app.tenant', {}, true)",
            text(actor),
            text(tenant)
        )],
        ContextMode::Signed => values
            .signature
            .iter()
            .map(|(expires, mac)| {
                format!(
                    "SELECT {}.enter({}, {}, {expires}, {})",
                    id(&blueprint.private_schema),
                    uuid(values.actor.as_deref()),
                    uuid(values.tenant.as_deref()),
                    text(mac)
                )
            })
            .collect(),
    }
}

fn uuid(value: Option<&str>) -> String {
    value.map_or_else(|| "NULL".to_owned(), |value| format!("{}::uuid", text(value)))
}
