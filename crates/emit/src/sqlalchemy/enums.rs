//! Enums, with the moves that the database will accept.

use model::Enum;

use super::py::{Py, docstring, statement, string};
use super::units::Units;
use super::{GENERATED, Input};

/// The module of all enums; `None` when there is none.
pub(super) fn module(input: &Input<'_>, units: &Units<'_>) -> Option<String> {
    if input.model.enums.is_empty() {
        return None;
    }
    let moving = input.model.enums.iter().any(|one| !one.moves.is_empty());
    let mut text = docstring(0, &format!("The enums of the schema.\n\n{GENERATED}"));
    text.push_str("\nfrom __future__ import annotations\n\nimport enum\n");
    if moving {
        text.push_str("from typing import Final\n");
    }
    let mut tables = String::new();
    for ((one, class), members) in input.model.enums.iter().zip(&units.enums).zip(&units.members) {
        text.push_str("\n\n");
        text.push_str(&enumeration(one, class, members));
        if !one.moves.is_empty() {
            tables.push_str(&moves(one, class, members));
        }
    }
    if !tables.is_empty() {
        text.push_str("\n\n");
        text.push_str(&tables);
    }
    Some(text)
}

fn enumeration(one: &Enum, class: &str, members: &[String]) -> String {
    let mut text = format!("class {class}(enum.StrEnum):\n");
    if let Some(doc) = one.doc.as_ref().filter(|doc| !doc.trim().is_empty()) {
        text.push_str(&docstring(4, doc));
        text.push('\n');
    }
    for (member, name) in one.members.iter().zip(members) {
        text.push_str(&statement(
            4,
            &format!("{name} = "),
            &Py::Atom(string(&member.value)),
            "",
        ));
    }
    if !one.moves.is_empty() {
        text.push_str("\n    @property\n");
        text.push_str(&format!("    def moves(self) -> frozenset[{class}]:\n"));
        text.push_str("        \"\"\"The states that may follow.\"\"\"\n");
        text.push_str(&format!("        return {}[self]\n", table(class)));
    }
    text
}

fn table(class: &str) -> String {
    format!("_{}", model::naming::snake(class).to_ascii_uppercase())
}

fn moves(one: &Enum, class: &str, members: &[String]) -> String {
    let name = |at: u32| members.get(at as usize).map(|name| format!("{class}.{name}"));
    let mut items = Vec::new();
    for at in 0..members.len() as u32 {
        let next: Vec<Py> = one
            .moves
            .iter()
            .filter(|(from, _)| *from == at)
            .filter_map(|(_, to)| name(*to))
            .map(Py::Atom)
            .collect();
        let Some(from) = name(at) else { continue };
        let next = if next.is_empty() {
            Py::call(format!("frozenset[{class}]"), [])
        } else {
            Py::call("frozenset", [Py::Listed("{", next, "}")])
        };
        items.push(Py::Before(format!("{from}: "), Box::new(next)));
    }
    // A table stands a line to a state, however short it is.
    let mut text = format!("{}: Final = {{\n", table(class));
    for item in &items {
        text.push_str(&statement(4, "", item, ","));
    }
    text.push_str("}\n");
    text
}
