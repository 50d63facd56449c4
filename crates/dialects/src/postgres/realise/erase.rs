//! The erasure of one person.

use physical::{ErasureStep, Ident, Name, Privilege, Service, Volatility};

use super::Place;
use super::emit::{id, qualified, text};
use super::realiser::{Draft, Realiser, RunsAs};
use super::retention::stone;

/// Erases everywhere what speaks of the subject.
///
/// Payloads of the trail go last, whatever the order asked for: every step before leaves entries of its own.
pub(super) fn realise(r: &mut Realiser<'_>, at: Place<'_>, name: &Ident, steps: &[ErasureStep]) {
    let (key, public_id) = r.keys_of(at.table);
    let payloads = |step: &&ErasureStep| matches!(step, ErasureStep::AuditPayloads { .. });
    let mut lines = String::new();
    for step in steps.iter().filter(|step| !payloads(step)) {
        lines.push_str(&of_step(r, at, step));
    }
    if steps.iter().any(|step| payloads(&step)) {
        lines.push_str(&format!(
            "    PERFORM {}();\n    PERFORM {}({}, subject_id);\n",
            qualified(&r.private("forget_deleted")),
            qualified(&r.private("forget_subject")),
            text(at.table.name.as_str())
        ));
    }
    if r.blueprint
        .services
        .iter()
        .any(|placed| placed.what == Service::SecurityEvents)
    {
        lines.push_str(&format!(
            "    PERFORM {}('erasure', {}, subject, NULL);\n",
            qualified(&r.private("record_event")),
            text(at.table.name.as_str())
        ));
    }
    let body = format!(
        "
#variable_conflict use_variable
DECLARE
    subject_id {key_type};
BEGIN
    -- nobody changes the row meanwhile
    SELECT s.{key} INTO subject_id FROM {table} AS s WHERE s.{public_id} = subject FOR UPDATE;
    IF subject_id IS NULL THEN
        RETURN false;
    END IF;

{lines}    RETURN true;
END
",
        table = qualified(at.table),
        key_type = r.type_of(at.table, &Ident::new(key.trim_matches('"'))),
    );
    r.guard(at.table, Privilege::Select, &[]);
    r.guard(at.table, Privilege::Update, &[Ident::new(key.trim_matches('"'))]);
    let draft = Draft {
        name: r.private(name.as_str()),
        arguments: vec![("subject", "uuid".to_owned())],
        returns: "boolean".to_owned(),
        language: "plpgsql",
        volatility: Volatility::Volatile,
        runs_as: RunsAs::Guard,
        body,
        execute: vec![r.blueprint.roles.eraser.clone()],
        comment: format!(
            "Erases a row of {} and what speaks of it, the audit trail's payloads included; false when there is none.",
            qualified(at.table)
        ),
        origin: at.origin,
    };
    r.add_function(draft);
}

fn of_step(r: &mut Realiser<'_>, at: Place<'_>, step: &ErasureStep) -> String {
    match step {
        ErasureStep::Delete { table, subject } => {
            for privilege in [Privilege::Select, Privilege::Delete] {
                r.guard(table, privilege, &[]);
            }
            format!(
                "    DELETE FROM {} AS t WHERE t.{} = subject_id;\n",
                qualified(table),
                id(subject)
            )
        }
        ErasureStep::Empty {
            table,
            subject,
            tombstones,
        } => {
            let (_, public_id) = r.keys_of(table);
            let set: Vec<String> = tombstones
                .iter()
                .map(|(column, tombstone)| format!("{} = {}", id(column), stone(tombstone, &public_id)))
                .collect();
            if set.is_empty() {
                return String::new();
            }
            let columns: Vec<Ident> = tombstones.iter().map(|(column, _)| column.clone()).collect();
            r.guard(table, Privilege::Select, &[]);
            r.guard(table, Privilege::Update, &columns);
            format!(
                "    UPDATE {} AS t\n    SET {}\n    WHERE t.{} = subject_id;\n",
                qualified(table),
                set.join(",\n        "),
                id(subject)
            )
        }
        ErasureStep::AuditPayloads { .. } => String::new(),
        ErasureStep::Key { table } => {
            let Some(subject) = key_subject(r, at.table, table) else {
                return String::new();
            };
            r.guard(table, Privilege::Select, &[]);
            r.guard(
                table,
                Privilege::Update,
                &["wrapped".into(), "shredded_at".into()],
            );
            format!(
                "    UPDATE {} AS k SET wrapped = NULL, shredded_at = now() WHERE k.{} = subject_id AND k.shredded_at IS NULL;\n",
                qualified(table),
                id(&subject)
            )
        }
        ErasureStep::Actor { table, link } => {
            r.guard(table, Privilege::Select, &[]);
            r.guard(table, Privilege::Update, &[link.clone(), "label".into()]);
            format!(
                "    UPDATE {} AS a SET {link} = NULL, label = NULL WHERE a.{link} = subject_id;\n",
                qualified(table),
                link = id(link)
            )
        }
    }
}

/// The column of a key table that says whose key it is: what refers to the subject, else what is called so.
fn key_subject(r: &Realiser<'_>, subject: &Name, keys: &Name) -> Option<Ident> {
    let table = r.table(keys)?;
    let by_reference = table
        .foreign_keys
        .iter()
        .find(|key| key.references == *subject)
        .and_then(|key| key.columns.first())
        .cloned();
    by_reference.or_else(|| table.column("subject_id").map(|column| column.name.clone()))
}
