//! Models of the frameworks that a project names.

use diagnostics::Span;
use emit::sqlalchemy::{Input, Keeps};
use model::ModelsTarget;

use crate::{Built, Checked};

/// The package for SQLAlchemy, when the project asks for it; relative to the output folder.
pub(crate) fn sqlalchemy(checked: &Checked, built: &Built) -> Vec<project::Generated> {
    let asked = checked
        .model
        .project
        .as_ref()
        .is_some_and(|project| project.models.contains(&ModelsTarget::Sqlalchemy));
    // Expressions of the metadata are PostgreSQL's, whichever databases the project names.
    let Some(postgres) = dialects::by_name("postgres").filter(|_| asked) else {
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
    let files = emit::sqlalchemy::sqlalchemy(&input)
        .into_iter()
        .map(|module| project::Generated {
            path: format!("{folder}{}", module.path),
            text: module.text,
            generator: "models sqlalchemy".to_owned(),
            keeps: match module.keeps {
                Keeps::Nothing => project::Keeps::Nothing,
                Keeps::Below => project::Keeps::Below,
                Keeps::WhatIsThere => project::Keeps::WhatIsThere,
            },
        });
    files.collect()
}

/// A folder as the beginning of a path.
fn folder(folder: &str) -> String {
    let parts = folder
        .split(['/', '\\'])
        .filter(|part| !part.is_empty() && *part != ".");
    parts.map(|part| format!("{part}/")).collect()
}
