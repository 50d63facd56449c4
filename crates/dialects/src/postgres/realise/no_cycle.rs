//! Trees stay trees.

use physical::{Ident, Privilege};

use super::Place;
use super::code::{Reference, changed};
use super::emit::{Refusal, bounded, id, indented, qualified, text};
use super::realiser::Realiser;

/// Walks up from the new parent, and refuses to meet the row itself.
///
/// Moves within one table wait for each other, or two of them could close a cycle that neither sees. The rows on the way are
/// locked: under REPEATABLE READ one that has moved since the snapshot then fails the transaction and does not fool it.
pub(super) fn realise(r: &mut Realiser<'_>, at: Place<'_>, key: &Ident, parent: &Ident) {
    let constraint = bounded(&format!("{}_{parent}_cycle", at.table.name));
    let raise = Refusal {
        code: "check_violation",
        message: "the row would be above itself",
        table: at.table,
        column: Some(parent),
        constraint: &constraint,
    }
    .raise();
    let table = qualified(at.table);
    let key_name = id(key);
    let parent_name = id(parent);
    let lines = format!(
        "IF NEW.{parent_name} IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.{parent_name} IS DISTINCT FROM OLD.{parent_name}) THEN
    IF TG_OP = 'UPDATE' THEN
        PERFORM pg_advisory_xact_lock({}::regclass::oid::integer, 1);
    END IF;
    above := NEW.{parent_name};
    WHILE above IS NOT NULL LOOP
        IF above = NEW.{key_name} THEN
{}        END IF;
        SELECT t.{parent_name} INTO above FROM {table} AS t WHERE t.{key_name} = above FOR SHARE;
    END LOOP;
END IF;",
        text(&table),
        indented(&raise, 12),
    );
    let ty = r.type_of(at.table, key);
    r.guard(at.table, Privilege::Select, &[]);
    r.guard(at.table, Privilege::Update, std::slice::from_ref(parent));
    let Some(code) = r.code_of(at.table, at.origin) else {
        return;
    };
    code.references.push(Reference {
        title: format!("{parent} makes no cycle"),
        declare: vec![format!("above {ty}")],
        lines,
        when: vec![changed(parent)],
    });
}
