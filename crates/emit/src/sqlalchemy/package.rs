//! What the package as a whole has: its support, its lists, and what its databases call things.

use std::collections::BTreeMap;

use physical::{ContextMode, Name, Purpose, TableInfo};

use super::imports::from;
use super::names::{import_order, natural};
use super::py::{Py, docstring, statement, string};
use super::units::Units;
use super::{GENERATED, Input, Keeps, Module, schemas, support};

/// The support package: the same text for every project. Where a package goes into an application, [`support::placed`] says what differs.
const CORE: &[(&str, &str)] = &[
    ("crypto", include_str!("core/crypto.py")),
    ("database", include_str!("core/database.py")),
    ("errors", include_str!("core/errors.py")),
    ("logging", include_str!("core/logging.py")),
    ("migrations", include_str!("core/migrations.py")),
    ("paging", include_str!("core/paging.py")),
    ("schemas", include_str!("core/schemas.py")),
    ("scope", include_str!("core/scope.py")),
    ("session", include_str!("core/session.py")),
    ("types", include_str!("core/types.py")),
];

/// The support package, with what differs between projects.
pub(super) fn core(input: &Input<'_>) -> Vec<Module> {
    let place = &input.place;
    let mut files: Vec<Module> = support::above(place).map(once).collect();
    let mut add = |name: &str, text: String| files.push(whole(&format!("{}/{name}.py", place.support), text));
    add("__init__", String::new());
    add("project", project(input));
    for (name, text) in CORE {
        add(name, support::placed(place, name, text));
    }
    for (name, text) in support::of_the_application(place) {
        add(name, text);
    }
    files
}

/// The mark of a package, which an application may have filled.
fn once(path: String) -> Module {
    Module {
        path,
        text: String::new(),
        keeps: Keeps::WhatIsThere,
    }
}

fn whole(path: &str, text: String) -> Module {
    Module {
        path: path.to_owned(),
        text,
        keeps: Keeps::Nothing,
    }
}

fn project(input: &Input<'_>) -> String {
    let blueprint = input.blueprint;
    let mut text = docstring(
        0,
        &format!("What the databases of this project call things.\n\n{GENERATED}"),
    );
    text.push_str("\nfrom typing import Final\n\n");
    let mut constant = |about: &str, name: &str, ty: &str, value: String| {
        text.push_str(&format!("#: {about}\n"));
        text.push_str(&statement(
            0,
            &format!("{name}: Final{ty} = "),
            &Py::Atom(value),
            "",
        ));
    };
    let flag = |value: bool| if value { "True" } else { "False" }.to_owned();
    let optional = |name: Option<&str>| name.map_or_else(|| "None".to_owned(), string);
    let about = "The schema of the tables. SQLite knows none: there the tables stand by themselves.";
    constant(about, "SCHEMA", "", string(blueprint.schema.as_str()));
    let about = "The schema of functions, context and keys; on SQLite a prefix.";
    constant(about, "PRIVATE", "", string(blueprint.private_schema.as_str()));
    let about = "The schema of the audit trail and the security events; on SQLite a prefix.";
    constant(about, "AUDIT", "", string(blueprint.audit_schema.as_str()));
    constant(
        "The name under which the context is signed.",
        "PROJECT",
        "",
        string(blueprint.project.as_str()),
    );
    let about = "What row-level security trusts: a setting of the transaction, or a signed context.";
    constant(
        about,
        "SIGNED_CONTEXT",
        "",
        flag(blueprint.context == ContextMode::Signed),
    );
    let tenants = blueprint.tenant.as_ref().map(|name| name.name.as_str());
    constant(
        "The table of the tenants, if rows belong to one.",
        "TENANTS",
        "[str | None]",
        optional(tenants),
    );
    constant(
        "By what the context names a tenant.",
        "TENANT_NAME",
        "",
        string(named(input, blueprint.tenant.as_ref())),
    );
    let actors = acting(input);
    let table = actors.map(|name| name.name.as_str());
    constant(
        "The table of those who act: pseudonyms, or people themselves.",
        "ACTORS",
        "[str | None]",
        optional(table),
    );
    constant(
        "By what the context names one of them.",
        "ACTOR_NAME",
        "",
        string(named(input, actors)),
    );
    let user = match (&blueprint.actors, actors) {
        (Some(actors), _) if actors.user.is_some() => "a.user_id",
        (None, Some(_)) => "a.id",
        _ => "NULL",
    };
    constant("Who it is that acts.", "ACTING_USER", "", string(user));
    let mut own = super::raw::names(&blueprint.raw);
    own.extend(super::raw::found(&blueprint.found));
    let value = match own.is_empty() {
        true => Py::atom("frozenset()"),
        false => Py::call(
            "frozenset",
            [Py::Listed(
                "{",
                own.iter().map(|name| Py::Atom(string(name))).collect(),
                "}",
            )],
        ),
    };
    text.push_str("#: Indexes and tables that the schema's own SQL makes, or that are as they were found: no model speaks of them.\n");
    text.push_str(&statement(0, "OWN_SQL: Final[frozenset[str]] = ", &value, ""));
    text
}

/// The table whose rows act.
fn acting<'a>(input: &Input<'a>) -> Option<&'a Name> {
    match &input.blueprint.actors {
        Some(actors) => Some(&actors.table),
        None => {
            let user = input.model.policy.actor.value?;
            let own = |info: &&TableInfo| info.purpose == Purpose::Entity(user);
            input.blueprint.tables.iter().find(own).map(|info| &info.name)
        }
    }
}

/// The column by which rows are known outside.
fn named(input: &Input<'_>, table: Option<&Name>) -> &'static str {
    let table = table.and_then(|name| input.blueprint.database.table(name));
    match table {
        Some(table) if table.column("public_id").is_none() => "id",
        _ => "public_id",
    }
}

/// `models/__init__.py`
pub(super) fn models(input: &Input<'_>, units: &Units<'_>) -> Module {
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for unit in &units.all {
        names
            .entry(unit.module.clone())
            .or_default()
            .push(unit.class.clone());
    }
    if !units.enums.is_empty() {
        names.insert("enums".to_owned(), units.enums.clone());
    }
    let about = format!("The models of {}.\n\n{GENERATED}", input.blueprint.project);
    let first = format!("from ..{}.database import Base\n", input.place.support_module());
    whole("models/__init__.py", list(&about, &first, &names, &["Base"]))
}

/// `schemas/__init__.py`
pub(super) fn of_schemas(input: &Input<'_>, units: &Units<'_>) -> Module {
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for unit in units.all.iter().filter(|unit| unit.entity().is_some()) {
        names.insert(unit.module.clone(), schemas::classes(&unit.class).to_vec());
    }
    if !units.shapes.is_empty() {
        names.insert("shapes".to_owned(), units.shapes.clone());
    }
    let about = format!(
        "What crosses the border, for each entity of {}.\n\n{GENERATED}",
        input.blueprint.project
    );
    whole("schemas/__init__.py", list(&about, "", &names, &[]))
}

/// A module that imports names from others, and lists them.
fn list(about: &str, first: &str, names: &BTreeMap<String, Vec<String>>, more: &[&str]) -> String {
    let mut text = docstring(0, about);
    text.push('\n');
    text.push_str(first);
    let mut modules: Vec<&String> = names.keys().collect();
    modules.sort_by_key(|module| natural(module));
    for module in modules {
        let members = names.get(module).map(Vec::as_slice).unwrap_or_default();
        let members = members.iter().map(|name| import_order(name)).collect();
        text.push_str(&from(0, &format!(".{module}"), &members));
    }
    let mut all: Vec<&str> = names
        .values()
        .flatten()
        .map(String::as_str)
        .chain(more.iter().copied())
        .collect();
    all.sort_by_key(|name| {
        let (kind, _, name) = import_order(name);
        (kind, natural(&name))
    });
    let all: Vec<Py> = all.into_iter().map(|name| Py::Atom(string(name))).collect();
    if !names.is_empty() {
        text.push('\n');
    }
    text.push_str(&statement(0, "__all__ = ", &Py::list(all), ""));
    text
}
