//! The audit trail as a whole: partitions, sealing after commit, the chain inside the transaction, and forgetting.
//!
//! `docs/spec/audit-chain-v1.md` says what a seal covers, byte by byte.

use physical::{
    Chain, Expr, Ident, Index, IndexKey, IndexMethod, Literal, Name, Origin, Privilege, SqlType, Volatility,
};

use super::Place;
use super::context;
use super::emit::{indented, qualified, text};
use super::realiser::{Draft, Realiser, RunsAs};

/// What an entry's canonical bytes are made of, in their order, with types.
const FIELDS: [(&str, &str); 11] = [
    ("seq", "bigint"),
    ("recorded_at", "timestamptz"),
    ("transaction_id", "bigint"),
    ("actor_id", "bigint"),
    ("tenant_id", "bigint"),
    ("subject_id", "bigint"),
    ("entity", "text"),
    ("row_id", "bigint"),
    ("row_public_id", "uuid"),
    ("operation", "text"),
    ("commitment", "bytea"),
];

/// Makes what belongs to the log.
pub(super) fn realise(r: &mut Realiser<'_>, at: Place<'_>, seals: &Name, chain: Chain) {
    admit_erase(r, at);
    forget(r, at);
    let auditor = r.blueprint.roles.auditor.clone();
    r.allow(at.table, Privilege::Select, &[], &auditor);
    r.see_all(at.table, &auditor, "auditor");
    if chain == Chain::Plain {
        return;
    }
    entry_bytes(r, at.table, at.origin);
    if chain == Chain::Inline {
        super::inline_chain::realise(r, at);
    }
    r.allow(seals, Privilege::Select, &[], &auditor);
    r.see_all(seals, &auditor, "auditor");
    by_transaction(r, at);
    r.guard(at.table, Privilege::Select, &[]);
    r.guard(seals, Privilege::Select, &[]);
    r.guard(seals, Privilege::Insert, &[]);
    unsealed(r, at, seals);
    add_seal(r, at, seals);
}

/// The call that answers the canonical bytes of a record.
pub(super) fn entry_bytes_call(r: &Realiser<'_>, record: &str) -> String {
    let fields: Vec<String> = FIELDS
        .iter()
        .map(|(field, _)| format!("{record}.{field}"))
        .collect();
    format!(
        "{}({})",
        qualified(&r.private("audit_entry_bytes")),
        fields.join(", ")
    )
}

/// An erasure is an entry of its own kind.
fn admit_erase(r: &mut Realiser<'_>, at: Place<'_>) {
    let erase = Expr::Literal(Literal::Text("erase".to_owned()));
    let Some(log) = r.table_mut(at.table) else { return };
    for check in &mut log.checks {
        if let Expr::In {
            value,
            items,
            negated: false,
        } = &mut check.expr
            && matches!(value.as_ref(), Expr::Column { name, .. } if name.as_str() == "operation")
            && !items.contains(&erase)
        {
            items.push(erase.clone());
        }
    }
}

/// The sealer and the inline chain look for entries by transaction, which grow with the table: a block range index costs
/// next to nothing.
fn by_transaction(r: &mut Realiser<'_>, at: Place<'_>) {
    let Some(log) = r.table_mut(at.table) else { return };
    let key = Expr::column("transaction_id", SqlType::BigInt);
    let there = log
        .indexes
        .iter()
        .any(|index| index.keys.first().is_some_and(|first| first.expr == key));
    if there {
        return;
    }
    let name = super::emit::bounded(&format!("{}_transaction_id_idx", log.name.name));
    log.indexes.push(Index {
        name,
        unique: false,
        nulls_not_distinct: false,
        method: IndexMethod::Brin,
        keys: vec![IndexKey {
            expr: key,
            descending: false,
            nulls_first: None,
            operator_class: None,
        }],
        include: Vec::new(),
        predicate: None,
        comment: Some("Where the sealer starts.".to_owned()),
        origin: at.origin,
    });
}

/// The fields with their types in this log.
fn fields(r: &Realiser<'_>, log: &Name) -> Vec<(&'static str, String)> {
    FIELDS
        .iter()
        .map(|(name, ty)| match *name {
            "tenant_id" | "subject_id" => (*name, r.type_of(log, &Ident::from(*name))),
            _ => (*name, (*ty).to_owned()),
        })
        .collect()
}

/// The canonical bytes in SQL: for the inline chain, and for whoever verifies without the tool.
fn entry_bytes(r: &mut Realiser<'_>, log: &Name, origin: Origin) {
    let optional = |value: &str| format!("COALESCE('\\x01'::bytea || {value}, '\\x00'::bytea)");
    let counted =
        |value: &str| format!("int2send(octet_length({value})::smallint) || convert_to({value}, 'UTF8')");
    let arguments = fields(r, log);
    let key = |name: &str| {
        let ty = arguments
            .iter()
            .find(|(field, _)| *field == name)
            .map_or("bigint", |(_, ty)| ty.as_str());
        match ty {
            "uuid" => format!("uuid_send({name})"),
            "bigint" | "integer" | "smallint" => format!("int8send({name}::bigint)"),
            _ => counted(&format!("{name}::text")),
        }
    };
    let parts = [
        counted("'architrave/audit-entry/1'"),
        "int8send(seq)".to_owned(),
        "int8send((extract(epoch FROM recorded_at) * 1000000)::bigint)".to_owned(),
        "int8send(transaction_id)".to_owned(),
        optional("int8send(actor_id)"),
        optional(&key("tenant_id")),
        optional(&key("subject_id")),
        counted("entity"),
        optional("int8send(row_id)"),
        optional("uuid_send(row_public_id)"),
        counted("operation"),
        optional("commitment"),
    ];
    let mut execute = vec![
        r.blueprint.roles.auditor.clone(),
        r.blueprint.roles.sealer.clone(),
    ];
    execute.push(r.blueprint.roles.migrator.clone());
    let draft = Draft {
        name: r.private("audit_entry_bytes"),
        arguments,
        returns: "bytea".to_owned(),
        language: "plpgsql",
        volatility: Volatility::Immutable,
        runs_as: RunsAs::Guard,
        body: format!("\nBEGIN\n    RETURN {};\nEND\n", parts.join("\n        || ")),
        execute,
        comment: "The canonical bytes of an audit entry, as the specification of the chain has them."
            .to_owned(),
        origin,
    };
    r.add_function(draft);
}

fn unsealed(r: &mut Realiser<'_>, at: Place<'_>, seals: &Name) {
    let columns: Vec<String> = FIELDS.iter().map(|(name, _)| format!("e.{name}")).collect();
    let body = format!(
        "
#variable_conflict use_column
DECLARE
    -- every transaction below has ended, so that nothing can still arrive there
    bound constant bigint := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
    first_transaction bigint := 0;
    first_found bigint;
    cut bigint;
    last_mac bytea;
BEGIN
    SELECT s.up_to_transaction, s.mac INTO first_transaction, last_mac
    FROM {seals} AS s ORDER BY s.id DESC LIMIT 1;
    first_transaction := COALESCE(first_transaction, 0);

    -- a transaction is sealed whole
    SELECT e.transaction_id INTO cut
    FROM {log} AS e
    WHERE e.transaction_id >= first_transaction AND e.transaction_id < bound
    ORDER BY e.transaction_id, e.seq
    OFFSET greatest(at_most, 1) LIMIT 1;
    SELECT min(e.transaction_id) INTO first_found
    FROM {log} AS e
    WHERE e.transaction_id >= first_transaction AND e.transaction_id < bound;
    IF cut = first_found THEN
        cut := cut + 1;
    END IF;
    cut := COALESCE(cut, bound);

    RETURN QUERY
    SELECT cut, last_mac, {columns}
    FROM {log} AS e
    WHERE e.transaction_id >= first_transaction AND e.transaction_id < cut
    ORDER BY e.transaction_id, e.seq;
END
",
        seals = qualified(seals),
        log = qualified(at.table),
        columns = columns.join(", "),
    );
    let returned: Vec<String> = [
        ("up_to_transaction", "bigint".to_owned()),
        ("previous", "bytea".to_owned()),
    ]
    .into_iter()
    .chain(fields(r, at.table))
    .map(|(name, ty)| format!("{name} {ty}"))
    .collect();
    let draft = Draft {
        name: r.private("unsealed_entries"),
        arguments: vec![("at_most", "integer".to_owned())],
        returns: format!("TABLE({})", returned.join(", ")),
        language: "plpgsql",
        volatility: Volatility::Stable,
        runs_as: RunsAs::Guard,
        body,
        execute: vec![r.blueprint.roles.sealer.clone()],
        comment: "What the next seal covers, in its order: whole transactions that have ended, about as many entries as asked for.".to_owned(),
        origin: at.origin,
    };
    r.add_function(draft);
}

fn add_seal(r: &mut Realiser<'_>, at: Place<'_>, seals: &Name) {
    let body = format!(
        "
#variable_conflict use_variable
DECLARE
    last record;
    found_entries bigint;
    new_id bigint;
BEGIN
    PERFORM pg_advisory_xact_lock({lock}::regclass::oid::integer, 2);
    SELECT s.id, s.up_to_transaction, s.mac INTO last FROM {seals} AS s ORDER BY s.id DESC LIMIT 1;
    -- the same seal again, after a crash between commit and answer
    IF last.mac = mac THEN
        RETURN last.id;
    END IF;
    SELECT count(*) INTO found_entries
    FROM {log} AS e
    WHERE e.transaction_id >= COALESCE(last.up_to_transaction, 0) AND e.transaction_id < up_to_transaction;
    IF previous IS DISTINCT FROM last.mac
       OR up_to_transaction <= COALESCE(last.up_to_transaction, 0)
       OR up_to_transaction > pg_snapshot_xmin(pg_current_snapshot())::text::bigint
       OR entries <> found_entries
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'serialization_failure',
            MESSAGE = 'the trail has moved since the seal was computed';
    END IF;
    INSERT INTO {seals} (sealed_at, up_to_transaction, entries, previous, mac, key_id)
    VALUES (sealed_at, up_to_transaction, entries, previous, mac, key_id)
    RETURNING id INTO new_id;
    RETURN new_id;
END
",
        lock = text(&qualified(seals)),
        seals = qualified(seals),
        log = qualified(at.table),
    );
    let draft = Draft {
        name: r.private("add_seal"),
        arguments: vec![
            ("sealed_at", "timestamptz".to_owned()),
            ("up_to_transaction", "bigint".to_owned()),
            ("entries", "bigint".to_owned()),
            ("previous", "bytea".to_owned()),
            ("mac", "bytea".to_owned()),
            ("key_id", "text".to_owned()),
        ],
        returns: "bigint".to_owned(),
        language: "plpgsql",
        volatility: Volatility::Volatile,
        runs_as: RunsAs::Guard,
        body,
        execute: vec![r.blueprint.roles.sealer.clone()],
        comment: "Adds a seal to the one before; the same seal twice is one seal.".to_owned(),
        origin: at.origin,
    };
    r.add_function(draft);
}

/// Emptying payloads: by rows, and by subject. Each leaves an entry of its own, which is what allows a verifier to accept
/// a payload that is gone.
fn forget(r: &mut Realiser<'_>, at: Place<'_>) {
    let log = qualified(at.table);
    let actor = context::actor_or(r, "1");
    let subject_type = r.type_of(at.table, &Ident::from("subject_id"));
    let entry = "recorded_at, transaction_id, actor_id, subject_id, entity, row_id, operation";
    let stamp = format!("clock_timestamp(), pg_current_xact_id()::text::bigint, {actor}");
    let turn = indented(&super::inline_chain::turn(r), 4);
    let rows = format!(
        "
BEGIN
    UPDATE {log} AS l SET changes = NULL, salt = NULL
    WHERE l.changes IS NOT NULL
      AND (l.entity = forget_rows.entity AND l.row_id = ANY (ids)
           OR l.entity = forget_rows.entity AND l.row_id IS NULL AND l.row_public_id = ANY (public_ids));
{turn}    INSERT INTO {log} ({entry}, row_public_id)
    SELECT {stamp}, NULL, forget_rows.entity, gone.id, 'erase', gone.public_id
    FROM (
        SELECT counted.id, NULL::uuid AS public_id FROM unnest(ids) AS counted (id)
        UNION ALL
        SELECT NULL, named.id FROM unnest(public_ids) AS named (id)
    ) AS gone;
END
"
    );
    let subject = format!(
        "
BEGIN
    UPDATE {log} AS l SET changes = NULL, salt = NULL
    WHERE l.subject_id = forget_subject.subject AND l.changes IS NOT NULL;
{turn}    INSERT INTO {log} ({entry})
    VALUES ({stamp}, forget_subject.subject, forget_subject.entity, NULL, 'erase');
END
"
    );
    let deleted = format!(
        "
DECLARE
    fallen record;
BEGIN
    FOR fallen IN
        SELECT
            l.entity,
            array_agg(l.row_id) FILTER (WHERE l.row_id IS NOT NULL) AS ids,
            array_agg(l.row_public_id) FILTER (WHERE l.row_id IS NULL) AS public_ids
        FROM {log} AS l
        WHERE l.transaction_id = pg_current_xact_id()::text::bigint
          AND l.recorded_at >= now()
          AND l.operation = 'delete'
          AND (l.row_id IS NOT NULL OR l.row_public_id IS NOT NULL)
        GROUP BY l.entity
        ORDER BY l.entity
    LOOP
        PERFORM {rows}(fallen.entity, fallen.ids, fallen.public_ids);
    END LOOP;
END
",
        rows = qualified(&r.private("forget_rows")),
    );
    r.guard(at.table, Privilege::Select, &[]);
    r.guard(at.table, Privilege::Insert, &[]);
    r.guard(
        at.table,
        Privilege::Update,
        &[Ident::new("changes"), Ident::new("salt")],
    );
    let named = |name: &'static str, ty: &str| (name, ty.to_owned());
    for (name, arguments, body, comment) in [
        (
            "forget_rows",
            vec![
                named("entity", "text"),
                named("ids", "bigint[]"),
                named("public_ids", "uuid[]"),
            ],
            rows,
            "Empties the payloads of rows that are gone or emptied, told by number or, where the key is one, by UUID; the entries stay, and still verify.",
        ),
        (
            "forget_subject",
            vec![named("entity", "text"), named("subject", &subject_type)],
            subject,
            "Empties the payloads that speak of a person; the entries stay, and still verify.",
        ),
        (
            "forget_deleted",
            Vec::new(),
            deleted,
            "Empties the payloads of every row that the running transaction has removed for good, cascades included.",
        ),
    ] {
        let draft = Draft {
            name: r.private(name),
            arguments,
            returns: "void".to_owned(),
            language: "plpgsql",
            volatility: Volatility::Volatile,
            runs_as: RunsAs::Guard,
            body,
            execute: Vec::new(),
            comment: comment.to_owned(),
            origin: at.origin,
        };
        r.add_function(draft);
    }
}
