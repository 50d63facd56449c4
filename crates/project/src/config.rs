//! `architrave.toml`: optional, and only paths. What the schema *is* stands in the schema.

use std::path::Path;

use diagnostics::{Diagnostic, Diagnostics};
use serde::Deserialize;

use crate::{System, codes};

/// The settings of `architrave.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The folder with the `.arch` files, relative to the project.
    pub schema: String,
    /// The folder under which generated files are written, relative to the project.
    pub output: String,
    /// About the models.
    pub models: Models,
}

/// The settings under `[models]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Models {
    /// The folder of the package, relative to the output folder: that of the application, for example.
    pub folder: String,
}

impl Default for Models {
    fn default() -> Self {
        Self {
            folder: "models".to_owned(),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            schema: "schema".to_owned(),
            output: ".".to_owned(),
            models: Models::default(),
        }
    }
}

/// The name of the file.
pub(crate) const FILE: &str = "architrave.toml";

/// Reads the configuration; the defaults stand in for what is missing or wrong.
pub(crate) fn read(system: &dyn System, root: &Path, diagnostics: &mut Diagnostics) -> Config {
    let path = root.join(FILE);
    if !system.exists(&path) {
        return Config::default();
    }
    let text = match system.read(&path).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => {
            diagnostics.push(Diagnostic::global(
                &codes::NOT_UTF8,
                format!("`{FILE}` is not UTF-8 text"),
            ));
            return Config::default();
        }
        Err(error) => {
            diagnostics.push(Diagnostic::global(
                &codes::UNREADABLE,
                format!("`{FILE}` cannot be read: {error}"),
            ));
            return Config::default();
        }
    };
    match toml::from_str(&text) {
        Ok(config) => confined(config, diagnostics),
        Err(error) => {
            let place = error.span().map(|span| line_of(&text, span.start)).unwrap_or(1);
            let message = format!("`{FILE}` line {place}: {}", error.message());
            diagnostics.push(
                Diagnostic::global(&codes::BAD_CONFIG, message)
                    .help("it knows `schema`, the folder with the .arch files; `output`, the folder for generated files; and `folder` under `[models]`"),
            );
            Config::default()
        }
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

fn confined(config: Config, diagnostics: &mut Diagnostics) -> Config {
    let mut result = config;
    for (name, value, standard) in [
        ("schema", &mut result.schema, "schema"),
        ("output", &mut result.output, "."),
        ("models.folder", &mut result.models.folder, "models"),
    ] {
        if crate::root::is_confined(Path::new(value.as_str())) {
            continue;
        }
        diagnostics.push(
            Diagnostic::global(
                &codes::OUTSIDE,
                format!("`{name} = \"{value}\"` in `{FILE}` leads out of the project"),
            )
            .help("write a path below the project's folder"),
        );
        *value = standard.to_owned();
    }
    result
}
