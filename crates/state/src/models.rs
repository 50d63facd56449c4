//! Models of the frameworks that a project names.

use diagnostics::Span;
use emit::alembic::{Migrations, Target};
use emit::sqlalchemy::{Input, Keeps, Module};
use model::ModelsTarget;

use crate::{Built, Checked};

/// The package for SQLAlchemy, when the project asks for it; relative to the output folder.
pub(crate) fn sqlalchemy(checked: &Checked, built: &Built) -> Vec<project::Generated> {
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
    };
    let folder = folder(&checked.loaded.root.config.models.folder);
    let files = emit::sqlalchemy::sqlalchemy(&input).into_iter();
    files
        .map(|module| generated(&folder, module, "models sqlalchemy"))
        .collect()
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
    let folder = folder(&checked.loaded.root.config.models.folder);
    let input = Migrations {
        project: &project.name.text,
        package: &folder.trim_end_matches('/').replace('/', "."),
        targets: &targets,
    };
    let files = emit::alembic::alembic(&input).into_iter();
    files.map(|module| generated("", module, "alembic")).collect()
}

/// Whether the project asks for models for SQLAlchemy.
fn asked(checked: &Checked) -> bool {
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

/// The package as it is imported, when the project asks for one: its name, and path and text of each file. Its folder is the last one of
/// the path that the project sets, so that what is imported stands under one name.
#[must_use]
pub fn package(checked: &Checked, built: &Built) -> Option<(String, Vec<(String, String)>)> {
    let files = sqlalchemy(checked, built);
    let folder = folder(&checked.loaded.root.config.models.folder);
    let name = folder.trim_end_matches('/').rsplit('/').next()?;
    let name = if name.is_empty() { "package" } else { name };
    let inside = files.into_iter().map(|file| {
        let rest = file.path.strip_prefix(&folder).unwrap_or(&file.path);
        (format!("{name}/{rest}"), file.text)
    });
    let inside: Vec<(String, String)> = inside.collect();
    (!inside.is_empty()).then(|| (name.to_owned(), inside))
}

/// A folder as the beginning of a path.
fn folder(folder: &str) -> String {
    let parts = folder
        .split(['/', '\\'])
        .filter(|part| !part.is_empty() && *part != ".");
    parts.map(|part| format!("{part}/")).collect()
}
