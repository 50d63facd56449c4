//! A pseudonym for every new user.

use physical::{Ident, Name, Privilege, Timing, TriggerEvent};

use super::Place;
use super::emit::{id, qualified};
use super::realiser::{Hook, Realiser, RunsAs};

/// Adds a row of kind `user` to the actors.
pub(super) fn realise(r: &mut Realiser<'_>, at: Place<'_>, actors: &Name, link: &Ident, key: &Ident) {
    let body = format!(
        "\nBEGIN\n    INSERT INTO {} (kind, {}) VALUES ('user', NEW.{});\n    RETURN NULL;\nEND\n",
        qualified(actors),
        id(link),
        id(key)
    );
    let function = r.private_of(at.table, "make_actor");
    r.add_trigger_function(
        function.clone(),
        RunsAs::Guard,
        body,
        format!(
            "Gives a new row of {} the pseudonym under which it acts.",
            qualified(at.table)
        ),
        at.origin,
    );
    r.guard(actors, Privilege::Insert, &["kind".into(), link.clone()]);
    r.add_trigger(
        at.table,
        Hook {
            name: "t70_make_actor",
            timing: Timing::After,
            events: vec![TriggerEvent::Insert],
            per_row: true,
            when: None,
            function,
            arguments: Vec::new(),
            comment: "Gives a new user the pseudonym under which they act.".to_owned(),
            origin: at.origin,
        },
    );
}
