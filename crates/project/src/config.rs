//! `architrave.toml`: optional, and only paths. What the schema *is* stands in the schema.

use std::path::Path;

use diagnostics::{Diagnostic, Diagnostics};
use serde::Deserialize;

use crate::models::Written;
use crate::{Models, System, codes, root};

/// The settings of `architrave.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The folder with the `.arch` files, relative to the project.
    pub schema: String,
    /// The folder under which generated files are written, relative to the project.
    pub output: String,
    /// About the models.
    pub models: Models,
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

/// The file as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    schema: Option<String>,
    output: Option<String>,
    models: Written,
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
    match toml::from_str::<File>(&text) {
        Ok(file) => judged(file, &text, diagnostics),
        Err(error) => {
            let place = error.span().map(|span| line_of(&text, span.start)).unwrap_or(1);
            let message = format!("`{FILE}` line {place}: {}", error.message());
            diagnostics.push(
                Diagnostic::global(&codes::BAD_CONFIG, message)
                    .help("it knows `schema`, the folder with the .arch files; `output`, the folder for generated files; and under `[models]` `folder`, `package`, `support`, `migrations`, `base` and `log`"),
            );
            Config::default()
        }
    }
}

pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

fn judged(file: File, text: &str, diagnostics: &mut Diagnostics) -> Config {
    let standard = Config::default();
    let mut result = Config {
        schema: file.schema.unwrap_or(standard.schema),
        output: file.output.unwrap_or(standard.output),
        models: file.models.judged(text, diagnostics),
    };
    for (name, value, standard) in [
        ("schema", &mut result.schema, "schema"),
        ("output", &mut result.output, "."),
    ] {
        if !root::is_confined(Path::new(value.as_str())) {
            diagnostics.push(root::outside(name, value));
            *value = standard.to_owned();
        }
    }
    result
}
