//! Tokens are good once, and in time.

use physical::{Ident, Name, Privilege, Service, Volatility};

use super::Place;
use super::emit::{id, qualified, text};
use super::realiser::{Draft, Realiser, RunsAs};

/// Spends a token in one statement, so that of two who come at once one comes too late.
pub(super) fn realise(r: &mut Realiser<'_>, at: Place<'_>, service: &Service) {
    let Service::RedeemToken {
        name,
        token,
        expires_at,
        used_at,
        owner,
        returns,
        deleted_at,
    } = service
    else {
        return;
    };
    let mut conditions = vec![format!("t.{} = token", id(token))];
    conditions.extend(used_at.as_ref().map(|column| format!("t.{} IS NULL", id(column))));
    conditions.extend(
        expires_at
            .as_ref()
            .map(|column| format!("t.{} > clock_timestamp()", id(column))),
    );
    conditions.extend(
        deleted_at
            .as_ref()
            .map(|column| format!("t.{} IS NULL", id(column))),
    );
    let owner = owner.as_ref().map(|(column, table)| owner_of(r, column, table));
    let table = qualified(at.table);
    let from = if let Some(owner) = &owner {
        conditions.extend(owner.conditions.iter().cloned());
        Some(owner.from.as_str())
    } else {
        None
    };
    let write = match (used_at, from) {
        (Some(used), Some(from)) => format!(
            "UPDATE {table} AS t SET {} = clock_timestamp()\n    FROM {from}",
            id(used)
        ),
        (Some(used), None) => format!("UPDATE {table} AS t SET {} = clock_timestamp()", id(used)),
        (None, Some(from)) => format!("DELETE FROM {table} AS t\n    USING {from}"),
        (None, None) => format!("DELETE FROM {table} AS t"),
    };
    let mut selected: Vec<String> = owner
        .iter()
        .map(|owner| format!("o.{}", owner.public_id))
        .collect();
    let acts = owner.as_ref().is_some_and(|owner| owner.acts);
    if acts {
        selected.push("a.public_id".to_owned());
    }
    selected.extend(returns.iter().map(|column| format!("t.{}", id(column))));
    let mut typed: Vec<String> = owner.iter().map(|_| "owner uuid".to_owned()).collect();
    if acts {
        typed.push("actor uuid".to_owned());
    }
    typed.extend(
        returns
            .iter()
            .map(|column| format!("{} {}", id(column), r.type_of(at.table, column))),
    );
    let (answer, returned) = if selected.is_empty() {
        // Nothing to tell but that it was good.
        ("true".to_owned(), "TABLE(redeemed boolean)".to_owned())
    } else {
        (selected.join(", "), format!("TABLE({})", typed.join(", ")))
    };
    let refused = refused(r, at.table);
    let argument_type = r.type_of(at.table, token);
    let body = format!(
        "\n#variable_conflict use_variable\nBEGIN\n    RETURN QUERY\n    {write}\n    WHERE {}\n    RETURNING {answer};\n{refused}END\n",
        conditions.join("\n      AND "),
    );
    r.guard(at.table, Privilege::Select, &[]);
    match used_at {
        Some(used) => r.guard(at.table, Privilege::Update, std::slice::from_ref(used)),
        None => r.guard(at.table, Privilege::Delete, &[]),
    }
    let draft = Draft {
        name: r.private(name.as_str()),
        arguments: vec![("token", argument_type)],
        returns: returned,
        language: "plpgsql",
        volatility: Volatility::Volatile,
        runs_as: RunsAs::Guard,
        body,
        execute: r.applications(),
        comment: format!(
            "Takes a token of {} by its hash: once, in time, and for a living owner; no row when it is not good.",
            qualified(at.table)
        ),
        origin: at.origin,
    };
    r.add_function(draft);
}

struct Owner {
    from: String,
    conditions: Vec<String>,
    public_id: String,
    /// Whether the owner acts by a pseudonym, which then is joined as `a`.
    acts: bool,
}

fn owner_of(r: &mut Realiser<'_>, column: &Ident, table: &Name) -> Owner {
    let (key, public_id) = r.keys_of(table);
    let mut conditions = vec![format!("o.{key} = t.{}", id(column))];
    if let Some(mortal) = r.mortal(table) {
        conditions.push(format!("o.{} IS NULL", id(&mortal.deleted_at)));
    }
    r.guard(table, Privilege::Select, &[]);
    let mut from = format!("{} AS o", qualified(table));
    let actors = r.actors_of(table);
    if let Some(actors) = &actors {
        from.push_str(&format!(
            " LEFT JOIN {} AS a ON a.user_id = o.{key}",
            qualified(actors)
        ));
        r.guard(actors, Privilege::Select, &[]);
    }
    Owner {
        from,
        conditions,
        public_id,
        acts: actors.is_some(),
    }
}

/// A token that is not good is a security event.
fn refused(r: &Realiser<'_>, table: &Name) -> String {
    let events = r
        .blueprint
        .services
        .iter()
        .any(|placed| placed.what == Service::SecurityEvents);
    if !events {
        return String::new();
    }
    format!(
        "    IF NOT FOUND THEN\n        PERFORM {}('token_refused', {}, NULL, NULL);\n    END IF;\n",
        qualified(&r.private("record_event")),
        text(table.name.as_str())
    )
}
