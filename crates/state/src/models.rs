//! Models of the frameworks that a project names.

use diagnostics::Span;
use emit::Placement;
use emit::alembic::{Migrations, Target};
use emit::sqlalchemy::{Input, Keeps, Module};
use model::ModelsTarget;

use crate::revisions::{self, Goal};
use crate::{Built, Checked};

/// The settings of a project, as the emitters take them.
#[derive(Debug)]
pub(crate) struct Settings<'c> {
    models: &'c project::Models,
    import: String,
    support: String,
    root: String,
    migrations: String,
}

impl<'c> Settings<'c> {
    pub(crate) fn of(checked: &'c Checked) -> Self {
        let models = &checked.loaded.root.config.models;
        Self {
            models,
            import: models.import(),
            support: models.support_below(),
            root: models.root(),
            migrations: models.migrations_place().trim_end_matches('/').to_owned(),
        }
    }

    pub(crate) fn place(&self) -> Placement<'_> {
        Placement {
            package: &self.import,
            support: &self.support,
            root: &self.root,
            migrations: &self.migrations,
            base: self.models.base.as_deref(),
            log: self.models.log.as_deref(),
        }
    }
}

/// The package for SQLAlchemy, when the project asks for it; relative to the output folder.
pub(crate) fn sqlalchemy(checked: &Checked, built: &Built) -> Vec<project::Generated> {
    let settings = Settings::of(checked);
    let folder = settings.models.place();
    let files = modules(checked, built, settings.place()).into_iter();
    files
        .map(|module| generated(&folder, module, "models sqlalchemy"))
        .collect()
}

/// The modules of the package, when the project asks for it; relative to the package.
fn modules(checked: &Checked, built: &Built, place: Placement<'_>) -> Vec<Module> {
    // Expressions of the metadata are PostgreSQL's, whichever databases the project names.
    let Some(postgres) = dialects::by_name("postgres").filter(|_| asked(checked)) else {
        return Vec::new();
    };
    let scripts = built
        .targets
        .iter()
        .flat_map(|target| (target.dialect.scripts)(&built.designed.blueprint));
    let scripts: Vec<(String, String)> = scripts.collect();
    let source = |span: Span| {
        let source = checked.loaded.sources.get(span.file);
        source.map_or_else(
            || "the schema".to_owned(),
            |source| source.path.replace('\\', "/"),
        )
    };
    let input = Input {
        model: &checked.model,
        blueprint: &built.designed.blueprint,
        postgres,
        scripts: &scripts,
        source: &source,
        place,
    };
    emit::sqlalchemy::sqlalchemy(&input)
}

/// The migrations of a project with models for SQLAlchemy, in the output folder itself: from there the package is imported.
pub(crate) fn alembic(checked: &Checked, built: &Built) -> Vec<project::Generated> {
    let Some(project) = checked.model.project.as_ref().filter(|_| asked(checked)) else {
        return Vec::new();
    };
    let targets = built.targets.iter().map(|target| Target {
        dialect: target.dialect,
        database: &target.realised.database,
        plan: &target.plan,
    });
    let targets: Vec<Target<'_>> = targets.collect();
    let settings = Settings::of(checked);
    let input = Migrations {
        project: &project.name.text,
        place: settings.place(),
        targets: &targets,
    };
    let environment = emit::alembic::environment(&input).into_iter();
    let environment = environment.map(|module| generated("", module, "alembic"));
    let first = emit::alembic::first_build(&input)
        .into_iter()
        .chain([goal(&input, built)]);
    let first = first.map(|module| generated("", module, FIRST));
    environment.chain(first).collect()
}

/// The generator of what is made once: the first revision and what lies beside it.
pub(crate) const FIRST: &str = "alembic, first revision";

/// Which schema the first revision leads to.
fn goal(input: &Migrations<'_>, built: &Built) -> Module {
    let title = emit::alembic::FIRST;
    Module {
        path: revisions::goal_path(&input.place, title),
        text: Goal::of("0001", built).render(),
        keeps: Keeps::Nothing,
    }
}

/// Whether the project asks for models for SQLAlchemy.
pub(crate) fn asked(checked: &Checked) -> bool {
    let project = checked.model.project.as_ref();
    project.is_some_and(|project| project.models.contains(&ModelsTarget::Sqlalchemy))
}

fn generated(folder: &str, module: Module, generator: &str) -> project::Generated {
    project::Generated {
        path: format!("{folder}{}", module.path),
        text: module.text,
        generator: generator.to_owned(),
        keeps: match module.keeps {
            Keeps::Nothing => project::Keeps::Nothing,
            Keeps::Below => project::Keeps::Below,
            Keeps::WhatIsThere => project::Keeps::WhatIsThere,
        },
    }
}

/// The package by itself, as it is imported when the project asks for one: its name, and path and text of each file. It has its usual form:
/// where it lies in an application, and what it takes of it, is the application's to try.
#[must_use]
pub fn package(checked: &Checked, built: &Built) -> Option<(String, Vec<(String, String)>)> {
    let place = Placement::default();
    let files = modules(checked, built, place).into_iter();
    let inside: Vec<(String, String)> = files
        .map(|file| (format!("{}/{}", place.package, file.path), file.text))
        .collect();
    (!inside.is_empty()).then(|| (place.package.to_owned(), inside))
}
