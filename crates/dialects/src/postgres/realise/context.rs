//! Whom a transaction acts for: `current_actor()`, `current_user_id()`, `current_tenant()`, and how it is said.
//!
//! The functions are PL/pgSQL and not SQL, since PL/pgSQL keeps its plan for the session; policies call them as a scalar
//! subquery, so once per statement and not once per row.

use physical::{Blueprint, ContextMode, Origin, Privilege, Volatility};
use plan::ContextValues;

use super::emit::{id, qualified, text};
use super::realiser::{Draft, Realiser, RunsAs};
use super::signed;

const DECISION: Origin = Origin::Decision("context", None);

/// Makes the functions of the context.
pub(super) fn realise(r: &mut Realiser<'_>) {
    if r.blueprint.context == ContextMode::Signed {
        signed::realise(r);
    }
    let everyone = r.everyone();
    for (name, lookup, comment) in [
        (
            "current_actor",
            actor(r.blueprint),
            "The acting pseudonym's internal id, from the transaction's context; NULL when none is set.",
        ),
        (
            "current_user_id",
            user(r.blueprint),
            "The internal id of the user whom the acting pseudonym stands for; NULL when none.",
        ),
        (
            "current_tenant",
            tenant(r.blueprint),
            "The current tenant's internal id, from the transaction's context; NULL when none is set.",
        ),
    ] {
        let draft = Draft {
            name: r.private(name),
            arguments: Vec::new(),
            returns: "bigint".to_owned(),
            language: "plpgsql",
            volatility: Volatility::Stable,
            runs_as: RunsAs::Guard,
            body: format!("\nBEGIN\n    RETURN {lookup};\nEND\n"),
            execute: everyone.clone(),
            comment: comment.to_owned(),
            origin: DECISION,
        };
        r.add_function(draft);
    }
    if let Some(actors) = &r.blueprint.actors {
        r.guard(&actors.table, Privilege::Select, &[]);
    }
    if let Some(tenant) = &r.blueprint.tenant {
        r.guard(tenant, Privilege::Select, &[]);
    }
}

/// The actor, for functions that run as guard.
pub(super) fn actor(blueprint: &Blueprint) -> String {
    match (&blueprint.actors, blueprint.context) {
        (None, _) => "NULL".to_owned(),
        (Some(_), ContextMode::Signed) => signed::column(blueprint, "actor_id"),
        (Some(actors), ContextMode::Setting) => by_setting("id", &qualified(&actors.table), "app.actor"),
    }
}

fn user(blueprint: &Blueprint) -> String {
    match (&blueprint.actors, blueprint.context) {
        (None, _) => "NULL".to_owned(),
        (Some(_), ContextMode::Signed) => signed::column(blueprint, "user_id"),
        (Some(actors), ContextMode::Setting) => by_setting("user_id", &qualified(&actors.table), "app.actor"),
    }
}

/// The tenant, for functions that run as guard.
pub(super) fn tenant(blueprint: &Blueprint) -> String {
    match (&blueprint.tenant, blueprint.context) {
        (None, _) => "NULL".to_owned(),
        (Some(_), ContextMode::Signed) => signed::column(blueprint, "tenant_id"),
        (Some(table), ContextMode::Setting) => by_setting("id", &qualified(table), "app.tenant"),
    }
}

/// A setting that was used and reset is empty, not NULL; and an unknown id finds nobody.
fn by_setting(column: &str, table: &str, setting: &str) -> String {
    format!(
        "(\n        SELECT c.{column}\n        FROM {table} AS c\n        WHERE c.public_id = NULLIF(current_setting('{setting}', true), '')::uuid\n    )"
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
