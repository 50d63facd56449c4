//! Where the project is.

use std::path::{Component, Path, PathBuf};

use diagnostics::{Diagnostic, Diagnostics};

use crate::{Config, System, codes, config};

/// A project's folder with its configuration.
#[derive(Debug, Clone)]
pub struct Root {
    /// The folder.
    pub folder: PathBuf,
    /// Its configuration.
    pub config: Config,
    /// The only `.arch` file that belongs to it, when the user named a file in place of a folder.
    pub only: Option<PathBuf>,
}

impl Root {
    /// The project at a path: a folder, or one `.arch` file that is a project by itself.
    ///
    /// A folder without `architrave.toml` and without a `schema` folder, but with `.arch` files in it, is its own schema folder.
    pub fn at(system: &dyn System, path: &Path, diagnostics: &mut Diagnostics) -> Self {
        if path.extension().is_some_and(|extension| extension == "arch") && !system.is_dir(path) {
            let folder = path.parent().map(Path::to_owned).unwrap_or_default();
            return Self {
                folder,
                config: Config::default(),
                only: Some(path.to_owned()),
            };
        }
        let mut config = config::read(system, path, diagnostics);
        let standard = config == Config::default();
        if standard && !system.is_dir(&path.join(&config.schema)) {
            config.schema = ".".to_owned();
        }
        Self {
            folder: path.to_owned(),
            config,
            only: None,
        }
    }

    /// Where the `.arch` files are.
    #[must_use]
    pub fn schema_folder(&self) -> PathBuf {
        below(&self.folder, &self.config.schema)
    }

    /// Where generated files go.
    #[must_use]
    pub fn output_folder(&self) -> PathBuf {
        below(&self.folder, &self.config.output)
    }
}

fn below(folder: &Path, relative: &str) -> PathBuf {
    if relative == "." {
        folder.to_owned()
    } else {
        folder.join(relative)
    }
}

/// Whether a relative path stays below where it starts.
pub(crate) fn is_confined(path: &Path) -> bool {
    path.components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// The finding about a setting that does not.
pub(crate) fn outside(name: &str, value: &str) -> Diagnostic {
    let message = format!(
        "`{name} = \"{value}\"` in `{}` leads out of the project",
        config::FILE
    );
    Diagnostic::global(&codes::OUTSIDE, message).help("write a path below the project's folder")
}
