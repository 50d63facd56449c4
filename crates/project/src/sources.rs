//! Finds and reads the `.arch` files of a project.

use std::path::{Path, PathBuf};

use diagnostics::{Diagnostic, Diagnostics, Sources};

use crate::{Root, System, codes};

/// A schema larger than this is a mistake (a dump, a log), not a schema.
const LARGEST: usize = 64 * 1024 * 1024;

/// How deep folders may stand in folders.
const DEEPEST: usize = 32;

/// The sources of a project, and what could not be read.
#[derive(Debug)]
pub struct Loaded {
    /// Where the project is.
    pub root: Root,
    /// Its files, sorted by path.
    pub sources: Sources,
    /// Where each source lies, in the same order.
    pub paths: Vec<PathBuf>,
    /// What was wrong.
    pub diagnostics: Diagnostics,
}

/// Reads every `.arch` file of the project at `path`. Never fails: what cannot be read becomes a finding.
#[must_use]
pub fn load(system: &dyn System, path: &Path) -> Loaded {
    let mut diagnostics = Diagnostics::default();
    let root = Root::at(system, path, &mut diagnostics);
    let mut found = Vec::new();
    match &root.only {
        Some(file) => found.push(file.clone()),
        None => walk(
            system,
            &root.schema_folder(),
            DEEPEST,
            &mut found,
            &mut diagnostics,
        ),
    }
    found.sort();
    let mut sources = Sources::default();
    let mut paths = Vec::new();
    for file in found {
        if let Some(text) = read(system, &root, &file, &mut diagnostics) {
            sources.add(shown(&root, &file), text);
            paths.push(file);
        }
    }
    if sources.is_empty() && diagnostics.is_empty() {
        let folder = root.schema_folder();
        diagnostics.push(
            Diagnostic::global(
                &codes::NO_SOURCES,
                format!("there is no `.arch` file in `{}`", folder.display()),
            )
            .help("write one, or name the folder that holds them"),
        );
    }
    Loaded {
        root,
        sources,
        paths,
        diagnostics,
    }
}

/// The path as the user is shown it: relative to the project's folder, `/` between parts.
fn shown(root: &Root, file: &Path) -> String {
    let relative = file.strip_prefix(&root.folder).unwrap_or(file);
    let parts: Vec<_> = relative
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/").replace("//", "/")
}

fn walk(
    system: &dyn System,
    folder: &Path,
    depth: usize,
    found: &mut Vec<PathBuf>,
    diagnostics: &mut Diagnostics,
) {
    let entries = match system.list(folder) {
        Ok(entries) => entries,
        Err(error) => {
            let message = format!("the folder `{}` cannot be read: {error}", folder.display());
            diagnostics.push(
                Diagnostic::global(&codes::UNREADABLE, message)
                    .help("check that it exists and that you may read it"),
            );
            return;
        }
    };
    for entry in entries {
        let hidden = entry
            .path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        // A link may lead out of the project, or around in a circle.
        if hidden || (entry.is_link && system.is_dir(&entry.path)) {
            continue;
        }
        if entry.is_dir {
            let skipped = entry
                .path
                .file_name()
                .is_some_and(|name| name == "node_modules" || name == "target");
            if depth > 0 && !skipped {
                walk(system, &entry.path, depth - 1, found, diagnostics);
            }
        } else if entry
            .path
            .extension()
            .is_some_and(|extension| extension == "arch")
        {
            found.push(entry.path);
        }
    }
}

fn read(system: &dyn System, root: &Root, file: &Path, diagnostics: &mut Diagnostics) -> Option<String> {
    let name = shown(root, file);
    if root.only.is_none() && leaves(system, root, file) {
        let message = format!("`{name}` is a link out of the project");
        diagnostics
            .push(Diagnostic::global(&codes::OUTSIDE, message).help("put the file itself into the project"));
        return None;
    }
    let bytes = match system.read(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            let message = format!("`{name}` cannot be read: {error}");
            diagnostics.push(
                Diagnostic::global(&codes::UNREADABLE, message)
                    .help("check that it exists and that you may read it"),
            );
            return None;
        }
    };
    if bytes.len() > LARGEST {
        let message = format!("`{name}` is {} MiB large", bytes.len() / 1024 / 1024);
        diagnostics.push(
            Diagnostic::global(&codes::TOO_LARGE, message).help("a schema file may have 64 MiB; split it"),
        );
        return None;
    }
    match String::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let line = error
                .as_bytes()
                .iter()
                .take(at)
                .filter(|byte| **byte == b'\n')
                .count()
                + 1;
            let message = format!("`{name}` is not UTF-8 text: the byte at line {line} is no character");
            diagnostics.push(Diagnostic::global(&codes::NOT_UTF8, message).help("save the file as UTF-8"));
            None
        }
    }
}

fn leaves(system: &dyn System, root: &Root, file: &Path) -> bool {
    match (system.resolve(&root.folder), system.resolve(file)) {
        (Ok(folder), Ok(file)) => !file.starts_with(folder),
        // What cannot be resolved cannot be read either, and says so there.
        _ => false,
    }
}
