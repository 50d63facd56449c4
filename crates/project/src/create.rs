//! Writes the first files of a project: all of them or none, and none that is there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::output::confine;
use crate::{OutputError, System};

/// Writes files that must not be there yet, below a folder; paths are relative to it, `/` between parts.
///
/// # Errors
/// When a path leads out of the folder or is taken, or as the operating system says. What was written by then is removed, with the
/// folders that were made for it.
pub fn create(system: &dyn System, folder: &Path, files: &[(&str, &str)]) -> Result<(), OutputError> {
    for (path, _) in files {
        confine(system, folder, path)?;
        let whole = folder.join(path);
        if system.exists(&whole) {
            let taken = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
            return Err(OutputError::Io(whole, taken));
        }
    }
    write(system, folder, files)
}

/// The same over files of an earlier time. Those that may be there and are not among the new ones go.
///
/// # Errors
/// When a path leads out of the folder, or as the operating system says.
pub fn replace(
    system: &dyn System,
    folder: &Path,
    files: &[(&str, &str)],
    known: &[&str],
) -> Result<(), OutputError> {
    let paths = files.iter().map(|(path, _)| path);
    for path in paths.chain(known) {
        confine(system, folder, path)?;
    }
    for (path, text) in files {
        let whole = folder.join(path);
        system
            .write(&whole, text.as_bytes())
            .map_err(|error| OutputError::Io(whole, error))?;
    }
    let gone = known
        .iter()
        .filter(|known| files.iter().all(|(path, _)| path != *known));
    for whole in gone
        .map(|path| folder.join(path))
        .filter(|whole| system.exists(whole))
    {
        system
            .remove(&whole)
            .map_err(|error| OutputError::Io(whole, error))?;
    }
    Ok(())
}

fn write(system: &dyn System, folder: &Path, files: &[(&str, &str)]) -> Result<(), OutputError> {
    let made = missing_folders(system, folder, files);
    for (count, (path, text)) in files.iter().enumerate() {
        let whole = folder.join(path);
        let Err(error) = system.write(&whole, text.as_bytes()) else {
            continue;
        };
        // The first error is the one to tell; what cannot be removed either is whole.
        for (written, _) in files.iter().take(count) {
            let _ = system.remove(&folder.join(written));
        }
        for folder in made.iter().rev() {
            let _ = system.remove_folder(folder);
        }
        return Err(OutputError::Io(whole, error));
    }
    Ok(())
}

/// The folders that are made for these files; each stands behind the one that it is in.
fn missing_folders(system: &dyn System, folder: &Path, files: &[(&str, &str)]) -> BTreeSet<PathBuf> {
    let mut missing = BTreeSet::new();
    for (path, _) in files {
        let whole = folder.join(path);
        let parents = whole.ancestors().skip(1);
        let below = parents.take_while(|parent| *parent != folder && !system.exists(parent));
        missing.extend(below.map(Path::to_owned));
    }
    missing
}
