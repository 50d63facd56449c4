//! Migrations for Alembic: its environment, and a revision that builds the schema and takes it away again.
//!
//! A revision says what Alembic has a word for (`op.create_table`, `op.create_index`) in that word, read from the physical schema,
//! and runs everything else (triggers, functions, policies, rights) as the statements of the plan, in the plan's order. What an
//! administrator runs stays out of it. Files come out as `ruff format` would leave them.

mod index;
mod names;
mod revision;
mod settings;
mod table;
mod text;
mod types;

use physical::Database;
use plan::{Plan, Relational};

use crate::Placement;
use crate::sqlalchemy::{Keeps, Module};

/// What migrations are made from.
#[derive(Debug, Clone, Copy)]
pub struct Migrations<'a> {
    /// The project's name.
    pub project: &'a str,
    /// Where the package of the models lies, and where the migrations go.
    pub place: Placement<'a>,
    /// One for each relational database of the project.
    pub targets: &'a [Target<'a>],
}

/// A schema for one database product.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The product.
    pub dialect: &'a Relational,
    /// What shall exist.
    pub database: &'a Database,
    /// How it is made from nothing.
    pub plan: &'a Plan,
}

/// What SQLAlchemy knows, by its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flavour {
    Postgresql,
    Sqlite,
}

impl Flavour {
    /// SQLAlchemy's name of the product.
    const fn name(self) -> &'static str {
        match self {
            Self::Postgresql => "postgresql",
            Self::Sqlite => "sqlite",
        }
    }
}

impl Target<'_> {
    /// `None` for a product of which everything is said in SQL.
    fn flavour(&self) -> Option<Flavour> {
        match self.dialect.name {
            "postgres" => Some(Flavour::Postgresql),
            "sqlite" => Some(Flavour::Sqlite),
            _ => None,
        }
    }

    /// SQLAlchemy's name of the product.
    fn name(&self) -> &'static str {
        self.flavour().map_or(self.dialect.name, Flavour::name)
    }
}

impl Migrations<'_> {
    /// The import of a module of the support package.
    fn import(&self, module: &str) -> String {
        format!(
            "from {}.{}.{module}",
            self.place.package,
            self.place.support_module()
        )
    }
}

/// The environment in its folder and `alembic.ini`, relative to the output folder.
#[must_use]
pub fn alembic(input: &Migrations<'_>) -> Vec<Module> {
    let folder = input.place.migrations;
    let files = [
        (
            settings::path(&input.place),
            settings::ini(&input.place),
            Keeps::WhatIsThere,
        ),
        (
            format!("{folder}/env.py"),
            settings::environment(&input.place),
            Keeps::Nothing,
        ),
        (
            format!("{folder}/script.py.mako"),
            include_str!("script.py.mako").to_owned(),
            Keeps::WhatIsThere,
        ),
        (
            format!("{folder}/versions/0001_first_build.py"),
            revision::first_build(input),
            Keeps::Nothing,
        ),
    ];
    files
        .into_iter()
        .map(|(path, text, keeps)| Module { path, text, keeps })
        .collect()
}
