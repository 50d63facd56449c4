//! Migrations for Alembic: its environment, and a revision that builds the schema and takes it away again.
//!
//! A revision says what Alembic has a word for (`op.create_table`, `op.create_index`) in that word, read from the physical schema,
//! and runs everything else (triggers, functions, policies, rights) as the statements of the plan, in the plan's order. What an
//! administrator runs stays out of it. Files come out as `ruff format` would leave them.

mod index;
mod names;
mod revision;
mod table;
mod text;
mod types;

use physical::Database;
use plan::{Plan, Relational};

use crate::sqlalchemy::{Keeps, Module};

/// What migrations are made from.
#[derive(Debug, Clone, Copy)]
pub struct Migrations<'a> {
    /// The project's name.
    pub project: &'a str,
    /// The Python package of the models, as it is imported: `app`; empty when it has no name.
    pub package: &'a str,
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
    /// The import of a module of the package.
    fn import(&self, module: &str) -> String {
        match self.package {
            "" => format!("from {module}"),
            package => format!("from {package}.{module}"),
        }
    }
}

/// `alembic.ini` and the folder `migrations`, relative to the folder that holds the package.
#[must_use]
pub fn alembic(input: &Migrations<'_>) -> Vec<Module> {
    let environment = include_str!("env.py").replace("from app.", &input.import(""));
    let files = [
        (
            "alembic.ini",
            include_str!("alembic.ini").to_owned(),
            Keeps::WhatIsThere,
        ),
        ("migrations/env.py", environment, Keeps::Nothing),
        (
            "migrations/script.py.mako",
            include_str!("script.py.mako").to_owned(),
            Keeps::WhatIsThere,
        ),
        (
            "migrations/versions/0001_first_build.py",
            revision::first_build(input),
            Keeps::Nothing,
        ),
    ];
    let module = |(path, text, keeps): (&str, String, Keeps)| Module {
        path: path.to_owned(),
        text,
        keeps,
    };
    files.map(module).into()
}
