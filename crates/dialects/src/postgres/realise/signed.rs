//! `context signed`: a row that only `enter()` writes, after checking a MAC made outside the database.
//!
//! The message is five lines joined by LF, without one at the end, in UTF-8:
//!
//! ```text
//! architrave/context/1
//! <project>
//! <actor's public id, lower case with hyphens; empty when none>
//! <tenant's public id, the same>
//! <expires: seconds since 1970, decimal>
//! ```
//!
//! The MAC is HMAC-SHA-256 over it, in hex. The server has sha256() but no HMAC without an extension; the two padded keys are computed once, when
//! the key is set, so that `enter` costs two hashes. MACs are compared by their hashes: how long that takes says nothing
//! about how much of a guess was right.
//!
//! The row is keyed by backend and holds the transaction for which it is good: nothing has to be cleaned up, and a pooled
//! connection starts without a context.

use physical::{
    Column, Ident, Identity, Name, Origin, PrimaryKey, Privilege, Purpose, SqlType, Table, Volatility,
};

use super::emit::{qualified, text};
use super::realiser::{Draft, Realiser, RunsAs};
use crate::postgres::types;

const DECISION: Origin = Origin::Decision("context", None);

/// Reads a column of the row that the running transaction has entered by.
pub(super) fn column(r: &Realiser<'_>, column: &str) -> String {
    format!(
        "(\n        SELECT c.{column}\n        FROM {} AS c\n        WHERE c.backend_pid = pg_backend_pid()\n          AND c.transaction_id = pg_current_xact_id_if_assigned()::text::bigint\n    )",
        qualified(&contexts(r))
    )
}

fn contexts(r: &Realiser<'_>) -> Name {
    r.table_for(Purpose::Context, "backend_pid")
        .unwrap_or_else(|| r.private("signed_contexts"))
}

fn keys(r: &Realiser<'_>) -> Name {
    r.table_for(Purpose::Private, "key")
        .unwrap_or_else(|| r.private("signing_keys"))
}

/// Makes the functions of a signed context, and its tables where `design` has not.
pub(super) fn realise(r: &mut Realiser<'_>) {
    let (context, key) = (contexts(r), keys(r));
    add_tables(r, &context, &key);
    for privilege in [Privilege::Select, Privilege::Insert, Privilege::Update] {
        r.guard(&context, privilege, &[]);
    }
    for privilege in [Privilege::Select, Privilege::Insert, Privilege::Delete] {
        r.guard(&key, privilege, &[]);
    }
    add_set_key(r, &key);
    add_enter(r, &context, &key);
}

fn add_tables(r: &mut Realiser<'_>, context: &Name, key: &Name) {
    let owner = r.blueprint.roles.owner.clone();
    let mut table = private_table(
        context,
        owner.clone(),
        "The context of running transactions; written by enter() only.",
    );
    table.unlogged = true;
    table.columns = vec![
        not_null(
            "transaction_id",
            SqlType::BigInt,
            "The transaction for which it is good.",
        ),
        nullable("actor_id", SqlType::BigInt, "The acting pseudonym."),
        nullable("user_id", SqlType::BigInt, "The user whom it stands for."),
        nullable("tenant_id", SqlType::BigInt, "The tenant."),
        not_null("backend_pid", SqlType::Integer, "The server process."),
    ];
    table.primary_key = Some(PrimaryKey {
        name: "signed_contexts_pkey".into(),
        columns: vec!["backend_pid".into()],
    });
    // Rewritten by every transaction: room on the page keeps that cheap.
    table.fillfactor = Some(50);
    r.add_table(table);

    let mut table = private_table(
        key,
        owner,
        "Keys of the signed context; at most two while one is replaced.",
    );
    let mut id = not_null("id", SqlType::BigInt, "The order in which they were set.");
    id.identity = Some(Identity::Always);
    table.columns = vec![
        id,
        nullable(
            "retired_at",
            SqlType::TimestampTz,
            "A key with this set signs no more.",
        ),
        not_null(
            "key",
            SqlType::Bytes,
            "The key padded to 64 bytes, XOR 0x36; then the same, XOR 0x5c.",
        ),
    ];
    table.primary_key = Some(PrimaryKey {
        name: "signing_keys_pkey".into(),
        columns: vec!["id".into()],
    });
    r.add_table(table);
}

fn add_set_key(r: &mut Realiser<'_>, key: &Name) {
    let body = format!(
        "
DECLARE
    padded bytea := key || decode(repeat('00', 64 - length(key)), 'hex');
    inner_pad bytea := padded;
    outer_pad bytea := padded;
BEGIN
    IF length(key) < 32 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'the key of the context needs 32 to 64 bytes';
    END IF;
    FOR position IN 0..63 LOOP
        inner_pad := set_byte(inner_pad, position, get_byte(padded, position) # 54);
        outer_pad := set_byte(outer_pad, position, get_byte(padded, position) # 92);
    END LOOP;
    -- the newest of the old keys stays good until the next call, so that services can be restarted one by one
    DELETE FROM {table} AS k
    WHERE k.id < (SELECT max(n.id) FROM {table} AS n);
    INSERT INTO {table} (key) VALUES (inner_pad || outer_pad);
END
",
        table = qualified(key)
    );
    let draft = Draft {
        name: r.private("set_context_key"),
        arguments: vec![("key", "bytea".to_owned())],
        returns: "void".to_owned(),
        language: "plpgsql",
        volatility: Volatility::Volatile,
        runs_as: RunsAs::Guard,
        body,
        execute: vec![r.blueprint.roles.migrator.clone()],
        comment: "Sets the key of the signed context (32 to 64 bytes); the one before stays good until the next call.".to_owned(),
        origin: DECISION,
    };
    r.add_function(draft);
}

fn add_enter(r: &mut Realiser<'_>, context: &Name, key: &Name) {
    let actors = r.blueprint.actors.as_ref().map(|actors| qualified(&actors.table));
    let tenants = r
        .blueprint
        .tenant
        .as_ref()
        .map(|table| (qualified(table), r.keys_of(table)));
    let user_type = r.reference_type(r.blueprint.actors.as_ref().map(|actors| &actors.table), "user_id");
    let tenant_type = r.key_type(r.blueprint.tenant.as_ref());
    let find_actor = actors.map_or_else(String::new, |table| {
        format!("    SELECT a.id, a.user_id INTO actor_id, user_id FROM {table} AS a WHERE a.public_id = enter.actor;\n")
    });
    let find_tenant = tenants.map_or_else(String::new, |(table, (key, public_id))| {
        format!("    SELECT t.{key} INTO tenant_id FROM {table} AS t WHERE t.{public_id} = enter.tenant;\n")
    });
    let body = format!(
        "
DECLARE
    message constant bytea := convert_to(concat_ws(E'\\n', 'architrave/context/1', {project}, COALESCE(actor::text, ''), COALESCE(tenant::text, ''), expires::text), 'UTF8');
    good boolean;
    actor_id bigint;
    user_id {user_type};
    tenant_id {tenant_type};
BEGIN
    SELECT bool_or(sha256(convert_to(encode(sha256(substring(k.key FROM 65) || sha256(substring(k.key FROM 1 FOR 64) || message)), 'hex'), 'UTF8'))
                   = sha256(convert_to(lower(mac), 'UTF8')))
    INTO good
    FROM {key} AS k
    WHERE k.retired_at IS NULL;

{find_actor}{find_tenant}
    -- one answer for every reason, so that a refusal teaches nothing
    IF good IS NOT TRUE
       OR expires <= extract(epoch FROM clock_timestamp())
       OR (actor IS NULL) <> (actor_id IS NULL)
       OR (tenant IS NULL) <> (tenant_id IS NULL)
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_authorization_specification',
            MESSAGE = 'the context is not signed, has expired, or names nobody';
    END IF;

    INSERT INTO {context} AS c (backend_pid, transaction_id, actor_id, user_id, tenant_id)
    VALUES (pg_backend_pid(), pg_current_xact_id()::text::bigint, actor_id, user_id, tenant_id)
    ON CONFLICT (backend_pid) DO UPDATE
    SET transaction_id = EXCLUDED.transaction_id,
        actor_id = EXCLUDED.actor_id,
        user_id = EXCLUDED.user_id,
        tenant_id = EXCLUDED.tenant_id;
END
",
        user_type = types::type_name(&user_type),
        tenant_type = types::type_name(&tenant_type),
        project = text(r.blueprint.project.as_str()),
        key = qualified(key),
        context = qualified(context),
    );
    let draft = Draft {
        name: r.private("enter"),
        arguments: vec![
            ("actor", "uuid".to_owned()),
            ("tenant", "uuid".to_owned()),
            ("expires", "bigint".to_owned()),
            ("mac", "text".to_owned()),
        ],
        returns: "void".to_owned(),
        language: "plpgsql",
        volatility: Volatility::Volatile,
        runs_as: RunsAs::Guard,
        body,
        execute: acting(r),
        comment: "Puts the running transaction into a context, when the MAC over it is right and it has not expired.".to_owned(),
        origin: DECISION,
    };
    r.add_function(draft);
}

/// Who acts for somebody: whoever reads or writes rows in a context, and whoever is named in what they leave behind. The auditor,
/// the sealer and the backup see what they see without one.
fn acting(r: &Realiser<'_>) -> Vec<Ident> {
    let roles = &r.blueprint.roles;
    let others = [&roles.reader, &roles.eraser, &roles.migrator];
    let mut acting = r.applications();
    acting.extend(others.into_iter().cloned());
    acting
}

/// A table of the private schema: under no row-level security, since nobody but guard has a right on it.
pub(super) fn private_table(name: &Name, owner: physical::Ident, comment: &str) -> Table {
    let mut table = Table::new(name.clone(), DECISION);
    table.owner = Some(owner);
    table.comment = Some(comment.to_owned());
    table
}

/// A NOT NULL column with a comment.
pub(super) fn not_null(name: &str, ty: SqlType, comment: &str) -> Column {
    let mut column = Column::new(name, ty, DECISION);
    column.comment = Some(comment.to_owned());
    column
}

fn nullable(name: &str, ty: SqlType, comment: &str) -> Column {
    let mut column = not_null(name, ty, comment);
    column.nullable = true;
    column
}
