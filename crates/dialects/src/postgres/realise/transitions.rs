//! First states and moves.

use physical::{Behaviour, Ident};

use super::Place;
use super::code::{Part, Section};
use super::emit::{Refusal, bounded, id, indented, text, texts};
use super::realiser::Realiser;

/// Refuses first states and moves that are not declared, and stamps those that are.
pub(super) fn realise(r: &mut Realiser<'_>, at: Place<'_>, behaviour: &Behaviour) {
    let Behaviour::Transitions {
        column,
        initial,
        moves,
        changed_at,
        changed_by,
    } = behaviour
    else {
        return;
    };
    let constraint = bounded(&format!("{}_{column}_transition", at.table.name));
    let refuse = |message: &str| {
        let refusal = Refusal {
            code: "check_violation",
            message,
            table: at.table,
            column: Some(column),
            constraint: &constraint,
        };
        indented(&refusal.raise(), 4)
    };
    let stamps = stamps(changed_at.as_ref(), changed_by.as_ref());
    let name = id(column);
    let first = if initial.is_empty() {
        String::new()
    } else {
        format!(
            "IF NEW.{name}::text NOT IN ({}) THEN\n{}END IF;\n",
            texts(initial),
            refuse("a new row cannot start in this state")
        )
    };
    let allowed = if moves.is_empty() {
        "true".to_owned()
    } else {
        let pairs: Vec<String> = moves
            .iter()
            .map(|(from, to)| format!("    ({}, {})", text(from), text(to)))
            .collect();
        format!(
            "(OLD.{name}::text, NEW.{name}::text) NOT IN (\n{}\n)",
            pairs.join(",\n")
        )
    };
    let kept: String = changed_at
        .iter()
        .chain(changed_by)
        .map(|column| format!("    NEW.{0} := OLD.{0};\n", id(column)))
        .collect();
    let otherwise = if kept.is_empty() {
        String::new()
    } else {
        format!("ELSE\n{kept}")
    };
    let update = format!(
        "IF NEW.{name} IS DISTINCT FROM OLD.{name} THEN\n{}{}{otherwise}END IF;",
        indented(
            &format!(
                "IF {allowed} THEN\n{}END IF;",
                refuse("the state cannot move there from where it is")
            ),
            4
        ),
        indented(&stamps, 4),
    );
    let uses_actor = changed_by.is_some();
    let Some(code) = r.code_of(at.table, at.origin) else {
        return;
    };
    let insert = format!("{first}{stamps}");
    if !insert.is_empty() {
        code.insert.push(Section {
            part: Part::Transition,
            title: format!("first states of {column}"),
            lines: insert,
            uses_actor,
        });
    }
    code.update.push(Section {
        part: Part::Transition,
        title: format!("moves of {column}"),
        lines: update,
        uses_actor,
    });
}

fn stamps(changed_at: Option<&Ident>, changed_by: Option<&Ident>) -> String {
    let mut out = String::new();
    if let Some(column) = changed_at {
        out.push_str(&format!("NEW.{} := now();\n", id(column)));
    }
    if let Some(column) = changed_by {
        out.push_str(&format!("NEW.{} := actor;\n", id(column)));
    }
    out
}
