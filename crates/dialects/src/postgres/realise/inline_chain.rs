//! The chain inside the transaction (`audit inline chain`).
//!
//! Every writer of the trail waits for the one before to commit, so that `seq` has the order of the chain. That is its price,
//! and why sealing after commit is the default.

use physical::{
    Chain, Column, Literal, Name, PrimaryKey, Privilege, Seed, Service, SqlType, Timing, TriggerEvent,
};

use super::Place;
use super::emit::qualified;
use super::realiser::{Hook, Realiser, RunsAs};
use super::signed::{not_null, private_table};

/// The column of the log that holds the links.
const COLUMN: &str = "chain";

/// The statement by which a writer takes its turn, before `seq` is drawn; nothing without a chain of this kind.
pub(super) fn turn(r: &Realiser<'_>) -> String {
    let inline = |what: &Service| {
        matches!(
            what,
            Service::AuditTrail {
                chain: Chain::Inline,
                ..
            }
        )
    };
    if !r.blueprint.services.iter().any(|placed| inline(&placed.what)) {
        return String::new();
    }
    let head = qualified(&head(r));
    format!(
        "-- wait for the writer before to commit
PERFORM FROM {head} AS h WHERE h.ctid = {LAST_SEEN} FOR UPDATE;
IF NOT FOUND THEN
    PERFORM FROM {head} AS h FOR UPDATE;
END IF;
"
    )
}

/// Where this transaction has left the head. Every entry writes a version of it, and none goes before the transaction ends:
/// whoever looks for the living one among them takes longer with each entry.
///
/// Anyone may set it, to no avail: only one version of the head is visible, and what leads elsewhere finds nothing.
const LAST_SEEN: &str = "COALESCE(NULLIF(current_setting('app.chain_head', true), ''), '(0,0)')::tid";

fn head(r: &Realiser<'_>) -> Name {
    r.private("audit_head")
}

/// Makes the head, the column where `design` has not, and the trigger that links.
pub(super) fn realise(r: &mut Realiser<'_>, at: Place<'_>) {
    add_head(r, at);
    if let Some(log) = r.table_mut(at.table)
        && log.column(COLUMN).is_none()
    {
        let mut column = Column::new(COLUMN, SqlType::Bytes, at.origin);
        column.nullable = true;
        column.comment =
            Some("SHA-256 over the link before and the canonical bytes of this entry.".to_owned());
        log.columns.push(column);
    }
    let head = head(r);
    let body = format!(
        "
DECLARE
    previous bytea;
    place tid;
BEGIN
    SELECT h.link, h.ctid INTO previous, place FROM {head} AS h WHERE h.ctid = {LAST_SEEN} FOR UPDATE;
    IF NOT FOUND THEN
        SELECT h.link, h.ctid INTO previous, place FROM {head} AS h FOR UPDATE;
    END IF;
    NEW.{COLUMN} := sha256(previous || {bytes});
    UPDATE {head} AS h SET link = NEW.{COLUMN} WHERE h.ctid = place RETURNING h.ctid INTO STRICT place;
    PERFORM set_config('app.chain_head', place::text, true);
    RETURN NEW;
END
",
        head = qualified(&head),
        bytes = super::trail::entry_bytes_call(r, "NEW"),
    );
    let function = r.private("chain_entry");
    r.add_trigger_function(
        function.clone(),
        RunsAs::Guard,
        body,
        "Links an entry of the trail to the one before.".to_owned(),
        at.origin,
    );
    r.guard(&head, Privilege::Select, &[]);
    r.guard(&head, Privilege::Update, &["link".into()]);
    r.add_trigger(
        at.table,
        Hook {
            name: "t10_chain",
            timing: Timing::Before,
            events: vec![TriggerEvent::Insert],
            per_row: true,
            when: None,
            function,
            arguments: Vec::new(),
            comment: "Links the entry to the one before.".to_owned(),
            origin: at.origin,
        },
    );
}

fn add_head(r: &mut Realiser<'_>, at: Place<'_>) {
    let head = head(r);
    let owner = r.blueprint.roles.owner.clone();
    let mut table = private_table(
        &head,
        owner,
        "The newest link of the chain; whoever writes the trail locks it.",
    );
    table.columns = vec![
        not_null("id", SqlType::SmallInt, "Always 1."),
        not_null("link", SqlType::Bytes, "The link of the newest entry."),
    ];
    table.primary_key = Some(PrimaryKey {
        name: "audit_head_pkey".into(),
        columns: vec!["id".into()],
    });
    // Written by every change: room on the page keeps that cheap.
    table.fillfactor = Some(10);
    r.add_table(table);
    r.database.seeds.push(Seed {
        table: head,
        columns: vec!["id".into(), "link".into()],
        rows: vec![vec![Literal::Int(1), Literal::Bytes(vec![0; 32])]],
        comment: Some("The chain starts with 32 zero bytes.".to_owned()),
        origin: at.origin,
    });
}
