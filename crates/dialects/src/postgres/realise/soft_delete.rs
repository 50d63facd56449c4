//! Deletion that can be taken back.
//!
//! Setting `deleted_at` deletes. Time, actor and batch are the database's; what falls together has one batch, and comes back
//! together. `ON DELETE` never fires for an UPDATE, so what happens to children is written out.

use physical::{Behaviour, Ident, Name, Privilege, SoftAction, SoftChild, Timing, TriggerEvent};

use super::Place;
use super::code::{Part, Section, changed};
use super::emit::{Refusal, id, indented, pairs, qualified, text};
use super::realiser::{Hook, Realiser, RunsAs};

/// Makes both halves: the stamps on the row, and what its children go through.
pub(super) fn realise(r: &mut Realiser<'_>, at: Place<'_>, behaviour: &Behaviour) {
    let Behaviour::SoftDelete {
        deleted_at,
        deleted_by,
        reason,
        batch,
        children,
        ..
    } = behaviour
    else {
        return;
    };
    stamps(r, at, deleted_at, (deleted_by.as_ref(), reason.as_ref(), batch));
    fall(r, at, deleted_at, batch, children);
}

fn stamps(
    r: &mut Realiser<'_>,
    at: Place<'_>,
    deleted_at: &Ident,
    (deleted_by, reason, batch): (Option<&Ident>, Option<&Ident>, &Ident),
) {
    let guard = text(r.blueprint.roles.guard.as_str());
    let (when, batch) = (id(deleted_at), id(batch));
    let by = deleted_by.map(id);
    let set_by = |value: &str| {
        by.as_ref()
            .map_or_else(String::new, |by| format!("    NEW.{by} := {value};\n"))
    };
    let no_reason = reason.map_or_else(String::new, |reason| format!("    NEW.{} := NULL;\n", id(reason)));
    let keep_by = by
        .as_ref()
        .map_or_else(String::new, |by| format!("    NEW.{by} := OLD.{by};\n"));
    let insert = format!(
        "IF NEW.{when} IS NULL THEN\n{}    NEW.{batch} := NULL;\nELSE\n    NEW.{when} := now();\n{}    NEW.{batch} := gen_random_uuid();\nEND IF;",
        set_by("NULL"),
        set_by("actor"),
    );
    let update = format!(
        "IF OLD.{when} IS NULL AND NEW.{when} IS NOT NULL THEN
    NEW.{when} := now();
{}    -- what falls with its parent has the parent's batch
    IF NEW.{batch} IS NULL OR current_user <> {guard} THEN
        NEW.{batch} := gen_random_uuid();
    END IF;
ELSIF OLD.{when} IS NOT NULL AND NEW.{when} IS NULL THEN
{}{no_reason}    NEW.{batch} := NULL;
ELSE
    NEW.{when} := OLD.{when};
{keep_by}    NEW.{batch} := OLD.{batch};
END IF;",
        set_by("actor"),
        set_by("NULL"),
    );
    let uses_actor = deleted_by.is_some();
    let Some(code) = r.code_of(at.table, at.origin) else {
        return;
    };
    for (sections, title, lines) in [
        (&mut code.insert, "a row that arrives dead", insert),
        (&mut code.update, "deletion and restoration", update),
    ] {
        sections.push(Section {
            part: Part::SoftDelete,
            title: title.to_owned(),
            lines,
            uses_actor,
        });
    }
}

fn fall(r: &mut Realiser<'_>, at: Place<'_>, deleted_at: &Ident, batch: &Ident, children: &[SoftChild]) {
    let mut falls = String::new();
    let mut rises = String::new();
    // Refusals first: nothing is touched before it is certain that the row may go.
    for action in [
        SoftAction::Restrict,
        SoftAction::Destroy,
        SoftAction::SetNull,
        SoftAction::Cascade,
    ] {
        for child in children.iter().filter(|child| child.action == action) {
            let (down, up) = of_child(r, at.table, deleted_at, batch, child);
            falls.push_str(&down);
            rises.push_str(&up);
        }
    }
    if falls.is_empty() {
        return;
    }
    let up = if rises.is_empty() {
        String::new()
    } else {
        format!("    ELSE\n{}", indented(&rises, 8))
    };
    let body = format!(
        "
BEGIN
    IF NEW.{when} IS NOT NULL THEN
        -- a snapshot taken before others wrote would not see their children
        IF current_setting('transaction_isolation') = 'repeatable read' THEN
            RAISE EXCEPTION USING
                ERRCODE = 'feature_not_supported',
                MESSAGE = 'soft deletion needs READ COMMITTED or SERIALIZABLE, or it would miss children that others have just added',
                TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA;
        END IF;

{falls}{up}    END IF;
    RETURN NULL;
END
",
        when = id(deleted_at),
        falls = indented(&falls, 8),
    );
    let function = r.private_of(at.table, "after_soft_delete");
    r.add_trigger_function(
        function.clone(),
        RunsAs::Guard,
        body,
        format!(
            "What the deletion and the restoration of a row of {} do to its children.",
            qualified(at.table)
        ),
        at.origin,
    );
    r.add_trigger(
        at.table,
        Hook {
            name: "t60_soft_delete",
            timing: Timing::After,
            events: vec![TriggerEvent::Update(Vec::new())],
            per_row: true,
            when: Some(when_life_changes(deleted_at)),
            function,
            arguments: Vec::new(),
            comment: "What deletion and restoration do to children.".to_owned(),
            origin: at.origin,
        },
    );
}

fn when_life_changes(deleted_at: &Ident) -> String {
    changed(deleted_at)
}

/// What happens to one kind of children when the row falls, and when it comes back.
fn of_child(
    r: &mut Realiser<'_>,
    parent: &Name,
    deleted_at: &Ident,
    batch: &Ident,
    child: &SoftChild,
) -> (String, String) {
    let table = qualified(&child.table);
    let theirs = pairs("c", &child.columns, "NEW", &child.referenced);
    let living = child.deleted_at.as_ref().map_or_else(String::new, |deleted_at| {
        format!(" AND c.{} IS NULL", id(deleted_at))
    });
    r.guard(&child.table, Privilege::Select, &[]);
    match child.action {
        SoftAction::Restrict => {
            let constraint = r.foreign_key_name(&child.table, child.columns.first(), parent);
            let raise = Refusal {
                code: "foreign_key_violation",
                message: &format!(
                    "the row is still referred to, by foreign key constraint \"{constraint}\" on table \"{}\"",
                    child.table.name
                ),
                table: &child.table,
                column: None,
                constraint: &constraint,
            }
            .raise();
            let down = format!(
                "IF EXISTS (SELECT FROM {table} AS c WHERE {theirs}{living}) THEN\n{}END IF;\n",
                indented(&raise, 4)
            );
            (down, String::new())
        }
        SoftAction::Destroy => {
            r.guard(&child.table, Privilege::Delete, &[]);
            (
                format!("DELETE FROM {table} AS c WHERE {theirs};\n"),
                String::new(),
            )
        }
        SoftAction::SetNull => {
            r.guard(&child.table, Privilege::Update, &child.set_null);
            let emptied: Vec<String> = child
                .set_null
                .iter()
                .map(|column| format!("{} = NULL", id(column)))
                .collect();
            if emptied.is_empty() {
                return (String::new(), String::new());
            }
            (
                format!("UPDATE {table} AS c SET {} WHERE {theirs};\n", emptied.join(", ")),
                String::new(),
            )
        }
        SoftAction::Cascade => {
            let (Some(dead), Some(group)) = (&child.deleted_at, &child.batch) else {
                return (String::new(), String::new());
            };
            r.guard(&child.table, Privilege::Update, &[dead.clone(), group.clone()]);
            let (dead, group) = (id(dead), id(group));
            let down = format!(
                "UPDATE {table} AS c SET {dead} = NEW.{}, {group} = NEW.{batch}\nWHERE {theirs}{living};\n",
                id(deleted_at),
                batch = id(batch),
            );
            let up = format!(
                "UPDATE {table} AS c SET {dead} = NULL\nWHERE {theirs} AND c.{dead} IS NOT NULL AND c.{group} = OLD.{};\n",
                id(batch)
            );
            (down, up)
        }
        SoftAction::Leave => (String::new(), String::new()),
    }
}
