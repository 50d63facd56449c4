//! Migrations for Alembic: its environment, a revision that builds the schema and takes it away again, and those that change it.
//!
//! A revision says what Alembic has a word for (`op.create_table`, `op.create_index`) in that word, read from the physical schema,
//! and runs everything else (triggers, functions, policies, rights) as the statements of the plan, in the plan's order. What an
//! administrator runs stays out of it. Files come out as `ruff format` would leave them.

mod change;
mod index;
mod names;
mod revision;
mod settings;
mod table;
mod text;
mod types;

pub use change::{Branch, Change, How, Said, change};

use physical::Database;
use plan::{Direction, Plan, Relational};

use crate::Placement;
use crate::sqlalchemy::{Keeps, Module};
use crate::way::{self, Journey};

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

impl Flavour {
    /// That of a dialect; `None` for a product of which everything is said in SQL.
    fn of(dialect: &str) -> Option<Self> {
        match dialect {
            "postgres" => Some(Self::Postgresql),
            "sqlite" => Some(Self::Sqlite),
            _ => None,
        }
    }
}

impl Target<'_> {
    /// `None` for a product of which everything is said in SQL.
    fn flavour(&self) -> Option<Flavour> {
        Flavour::of(self.dialect.name)
    }

    /// SQLAlchemy's name of the product.
    fn name(&self) -> &'static str {
        self.flavour().map_or(self.dialect.name, Flavour::name)
    }
}

/// The environment in its folder and `alembic.ini`, relative to the output folder.
#[must_use]
pub fn environment(input: &Migrations<'_>) -> Vec<Module> {
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
    ];
    files
        .into_iter()
        .map(|(path, text, keeps)| Module { path, text, keeps })
        .collect()
}

/// What the first revision is called, its number in front.
pub const FIRST: &str = "0001_first_build";

/// The first revision, and beside it for each database the same in SQL, from which it is known later where the revision has led.
#[must_use]
pub fn first_build(input: &Migrations<'_>) -> Vec<Module> {
    let place = &input.place;
    let python = (revision_path(place, FIRST), revision::first_build(input));
    let targets = input.targets.iter();
    let sql = targets.map(|target| {
        let folder = sql_folder(place, target.dialect.name);
        (format!("{folder}/{FIRST}/up.sql"), first_sql(input, target))
    });
    let files = [python].into_iter().chain(sql);
    files
        .map(|(path, text)| Module {
            path,
            text,
            keeps: Keeps::Nothing,
        })
        .collect()
}

/// Where a revision lies, relative to the output folder.
#[must_use]
pub fn revision_path(place: &Placement<'_>, title: &str) -> String {
    format!("{}/versions/{title}.py", place.migrations)
}

/// Where the SQL of the revisions lies for one database, relative to the output folder: a folder of migrations.
#[must_use]
pub fn sql_folder(place: &Placement<'_>, dialect: &str) -> String {
    format!("{}/sql/{dialect}", place.migrations)
}

fn first_sql(input: &Migrations<'_>, target: &Target<'_>) -> String {
    let heading = [
        format!("{FIRST}: the first build of {}", input.project),
        format!(
            "What the revision of this name does, in SQL for {}: `architrave migrate new` runs it on a temporary database.",
            target.dialect.title
        ),
    ];
    let legs = target.plan.way(Direction::Forth);
    let journey = Journey {
        dialect: target.dialect.name,
        title: target.dialect.title,
        direction: Direction::Forth,
        from: "empty",
        to: FIRST,
        prelude: &[],
        legs: &legs,
        notes: &[],
    };
    way::migration(&journey, &heading)
}
