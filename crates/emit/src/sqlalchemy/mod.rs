//! Models for SQLAlchemy, and schemas for Pydantic: a package that an application imports as it stands.
//!
//! What exists (columns, nullability, constraints, indexes, comments) is read from the blueprint, so that the models agree with the
//! database; what it means (types, privacy, relations, queries) from the model. The support package (`core/`) is the same text for
//! every project, but for what it takes of the application. Files come out as `ruff format` would leave them.

mod columns;
mod conditions;
mod constraints;
mod entity;
mod enums;
mod fields;
mod finders;
mod imports;
mod mixins;
mod names;
mod package;
pub(crate) mod py;
mod raw;
mod relations;
mod rights;
mod schemas;
mod services;
mod shapes;
mod support;
mod types;
mod units;

use std::collections::{BTreeMap, BTreeSet};

use diagnostics::Span;
use model::Model;
use physical::Blueprint;
use plan::Relational;

use crate::Placement;

use finders::Needed;
use units::Units;

/// What a package is made from.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// What the schema means.
    pub model: &'a Model,
    /// What will exist.
    pub blueprint: &'a Blueprint,
    /// The dialect whose expressions stand in the metadata.
    pub postgres: &'a Relational,
    /// Services as statements, by name, for the database that stores no functions; empty when the project has none.
    pub scripts: &'a [(String, String)],
    /// The path of the source of a span, as it is shown.
    pub source: &'a dyn Fn(Span) -> String,
    /// Where the package goes.
    pub place: Placement<'a>,
}

impl std::fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Input({})", self.blueprint.project)
    }
}

/// What a rebuild leaves as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keeps {
    /// Nothing: the file is written anew.
    Nothing,
    /// What stands below the last line of the generated text.
    Below,
    /// The file, when there is one already.
    WhatIsThere,
}

/// A file of the package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// Relative to the package, or for migrations to the folder that holds it; with `/` between parts.
    pub path: String,
    /// What is generated of it.
    pub text: String,
    /// What is not.
    pub keeps: Keeps,
}

/// What the documentation of generated modules ends with.
pub(crate) const GENERATED: &str =
    "Made by architrave from schema/*.arch. Do not edit: change the schema and run `architrave build`.";

/// The first lines of a module that has a place for the user's own.
fn heading(source: &str) -> String {
    format!(
        "# Made by architrave from {source}. What stands below the line `yours` stays as it is; the rest is written anew.\n\n"
    )
}

/// The package: its support, a module of models and one of schemas for each entity, and the functions of the database.
#[must_use]
pub fn sqlalchemy(input: &Input<'_>) -> Vec<Module> {
    let units = Units::of(input);
    let mut files = package::core(input);
    let late = late(input, &units);
    let nothing = Needed::new();
    for unit in &units.all {
        let late = late.get(&unit.class).unwrap_or(&nothing);
        files.push(below(
            format!("models/{}.py", unit.module),
            entity::module(input, &units, unit, late),
        ));
        if let Some(text) = schemas::module(input, &units, unit) {
            files.push(below(format!("schemas/{}.py", unit.module), text));
        }
    }
    let whole = [
        ("models/enums.py", enums::module(input, &units)),
        ("models/services.py", services::module(input, &units)),
        ("schemas/shapes.py", shapes::module(input, &units)),
    ];
    files.extend(whole.into_iter().filter_map(|(path, text)| {
        Some(Module {
            path: path.to_owned(),
            text: text?,
            keeps: Keeps::Nothing,
        })
    }));
    files.push(package::models(input, &units));
    files.push(package::of_schemas(input, &units));
    files.sort_by(|left, right| left.path.cmp(&right.path));
    files
}

fn below(path: String, text: String) -> Module {
    Module {
        path,
        text,
        keeps: Keeps::Below,
    }
}

/// What each module may import only inside of its functions, because that module needs this one in turn.
fn late(input: &Input<'_>, units: &Units<'_>) -> BTreeMap<String, Needed> {
    let mut above: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut late: BTreeMap<String, Needed> = BTreeMap::new();
    for unit in units
        .all
        .iter()
        .filter(|unit| unit.entity().is_some_and(|entity| !entity.queries.is_empty()))
    {
        for (module, class) in entity::needed(input, units, unit) {
            if class != unit.class && reaches(&above, &class, &unit.class) {
                late.entry(unit.class.clone())
                    .or_default()
                    .insert((module, class));
            } else {
                above.entry(&unit.class).or_default().insert(class);
            }
        }
    }
    late
}

/// Whether a class leads to another by what modules import.
fn reaches(above: &BTreeMap<&str, BTreeSet<String>>, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(class) = open.pop() {
        if class == to {
            return true;
        }
        if seen.insert(class) {
            open.extend(above.get(class).into_iter().flatten().map(String::as_str));
        }
    }
    false
}
