//! One module of the models: a class, its relations, its rules and its declared queries.

use super::columns::{Class, columns};
use super::constraints::arguments;
use super::finders::{Needed, finders};
use super::imports::Imports;
use super::mixins::Bases;
use super::py::{Py, comment, docstring, statement, yours};
use super::relations::relations;
use super::rights::rights;
use super::units::{Of, Unit, Units};
use super::{Input, heading};

/// What the functions of a module need of others.
pub(super) fn needed(input: &Input<'_>, units: &Units<'_>, unit: &Unit<'_>) -> Needed {
    let bases = Bases::of(input.blueprint, unit);
    let class = Class {
        input,
        units,
        unit,
        bases: &bases,
    };
    finders(&class, &Needed::new(), &mut Imports::default()).1
}

/// The text of a module, up to where the user's part begins.
pub(super) fn module(input: &Input<'_>, units: &Units<'_>, unit: &Unit<'_>, late: &Needed) -> String {
    let bases = Bases::of(input.blueprint, unit);
    let class = Class {
        input,
        units,
        unit,
        bases: &bases,
    };
    let mut imports = Imports::default();
    let mut body = head(&class, &mut imports);
    let columns = columns(&class, &mut imports);
    let relations = relations(&class, &mut imports);
    let arguments = arguments(input, unit, &bases, &mut imports);
    for part in [columns, relations] {
        if !part.is_empty() {
            body.push('\n');
            body.push_str(&part);
        }
    }
    if let Some(arguments) = table_arguments(arguments) {
        body.push('\n');
        body.push_str(&statement(4, "__table_args__ = ", &arguments, ""));
    }
    body.push_str(&rights(&class, &mut imports));
    body.push_str(&finders(&class, late, &mut imports).0);
    let mut text = heading(&source(input, unit));
    text.push_str("from __future__ import annotations\n\n");
    text.push_str(&imports.render(&input.place));
    text.push('\n');
    text.push_str(&body);
    text.push('\n');
    text.push_str(&yours(4));
    text
}

/// A dictionary alone is no tuple.
fn table_arguments(arguments: Vec<Py>) -> Option<Py> {
    match arguments.as_slice() {
        [] => None,
        [only @ Py::Listed(..)] => Some(only.clone()),
        _ => Some(Py::Tuple(arguments)),
    }
}

/// Where the class is declared.
pub(super) fn source(input: &Input<'_>, unit: &Unit<'_>) -> String {
    let span = match unit.of {
        Of::Entity(entity) => Some(entity.name.span),
        Of::Link(link) => input.model.field(link.field).map(|field| field.name.span),
        Of::Actors => input.model.project.as_ref().map(|project| project.name.span),
    };
    span.map_or_else(|| "the schema".to_owned(), |span| comment(&(input.source)(span)))
}

fn head(class: &Class<'_, '_>, imports: &mut Imports) -> String {
    let unit = class.unit;
    imports.own("..core.database", "Base");
    for base in &class.bases.classes {
        imports.own("..core.database", base);
    }
    let bases = class
        .bases
        .classes
        .iter()
        .map(|base| Py::atom(*base))
        .chain([Py::atom("Base")]);
    let mut body = statement(0, "", &Py::call(format!("class {}", unit.class), bases), ":");
    if let Some(about) = &unit.table.comment {
        body.push_str(&docstring(4, about));
        body.push('\n');
    }
    body.push_str(&format!(
        "    __tablename__ = {}\n",
        super::py::string(unit.table.name.name.as_str())
    ));
    if let Some(owner) = &unit.info.owner {
        let owner = super::py::string(&unit.attribute(owner.as_str()));
        body.push_str(&format!("    __owner__ = {owner}\n"));
    }
    if class.bases.classes.contains(&"IdentifiedByUuid") && is_timed(unit) {
        body.push_str("    __timed__ = True\n");
    }
    if let Some(touches) = touches(class) {
        body.push_str(&format!("    __touches__ = {}\n", super::py::string(&touches)));
    }
    body
}

/// Whether the key tells when the row was made.
fn is_timed(unit: &Unit<'_>) -> bool {
    unit.table
        .column("id")
        .is_some_and(|column| column.default == Some(physical::DefaultValue::Uuid7))
}

/// The function that counts reads, where it is not called as the class is.
fn touches(class: &Class<'_, '_>) -> Option<String> {
    let own = class.unit.services.iter().copied();
    let name = own.filter_map(|service| match service {
        physical::Service::TouchAccess { name, .. } => Some(name.to_string()),
        _ => None,
    });
    name.into_iter()
        .find(|name| *name != format!("touch_{}", model::naming::snake(&class.unit.class)))
}
