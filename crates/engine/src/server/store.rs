//! Where templates of data folders are kept: one file for each build of a server program, replaced in one step.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::archive::{self, Archive};
use super::binaries::Version;
use crate::error::EngineError;
use crate::scratch::{Scratch, random_hex};

const PATIENCE: Duration = Duration::from_secs(60);

/// What templates of one product are called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recipe {
    /// The beginning of their names.
    pub(crate) prefix: &'static str,
    /// Part of their names: raise it when the way of making one changes.
    pub(crate) number: u32,
    /// For people.
    pub(crate) title: &'static str,
    /// Whether the first error in a log tells what is wrong, and what follows only that all ends; or the last.
    pub(crate) first_tells: bool,
}

/// The place of the template of one server program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Store<'a> {
    pub(crate) recipe: Recipe,
    pub(crate) program: &'a Path,
    pub(crate) version: Version,
    pub(crate) cache: &'a Path,
}

/// A template, and whether it was just made.
pub(crate) struct Template {
    pub(crate) archive: Archive,
    pub(crate) fresh: bool,
}

impl Recipe {
    /// What tells one server program from another, also from the same one rebuilt: each has a template of its own.
    fn mark(self, program: &Path) -> io::Result<String> {
        let metadata = fs::metadata(program)?;
        let place = archive::digest(program.as_os_str().as_encoded_bytes());
        let build = format!(
            "{} {} {} {}",
            self.number,
            metadata.mtime(),
            metadata.mtime_nsec(),
            metadata.len()
        );
        Ok(format!("{place:016x}-{:016x}", archive::digest(build.as_bytes())))
    }

    /// The version of a server program, as its template tells it: cheaper than asking the program.
    pub(crate) fn known_version(self, cache: &Path, program: &Path) -> Option<Version> {
        let mark = self.mark(program).ok()?;
        fs::read_dir(cache).ok()?.flatten().find_map(|entry| {
            let name = entry.file_name();
            let version = name
                .to_str()?
                .strip_prefix(self.prefix)?
                .strip_suffix(&mark)?
                .strip_suffix('-')?;
            Version::find(version)
        })
    }

    /// The error for a program of the server that gave up, from what it wrote.
    pub(crate) fn failed(self, name: &str, log: &str) -> EngineError {
        let telling = |line: &&str| {
            ["FATAL", "PANIC", "ERROR", "error:"]
                .iter()
                .any(|word| line.contains(word))
        };
        let mut lines = log.lines().filter(telling);
        let line = match self.first_tells {
            true => lines.next(),
            false => lines.next_back(),
        };
        let line = line.or_else(|| log.lines().last()).unwrap_or("it said nothing");
        if log.contains("No space left on device") || log.contains("Disk is full") {
            return EngineError::DiskFull {
                message: line.to_owned(),
            };
        }
        EngineError::unavailable(
            format!("`{name}` failed: {line}"),
            format!(
                "see whether this {} runs by itself; its programs may be damaged or not fit this machine",
                self.title
            ),
        )
    }

    /// Runs a program of the server to its end, on a text.
    pub(crate) fn run(
        self,
        scratch: &Scratch,
        mut command: Command,
        name: &str,
        input: Option<&str>,
    ) -> Result<(), EngineError> {
        let failed = |e: io::Error| EngineError::io(format_args!("running `{name}`"), &e);
        let log = scratch.path().join("template.log");
        let output = File::create(&log).map_err(failed)?;
        let stdin = scratch.path().join("template.sql");
        fs::write(&stdin, input.unwrap_or_default()).map_err(failed)?;
        command.stdin(File::open(&stdin).map_err(failed)?);
        command.stdout(output.try_clone().map_err(failed)?).stderr(output);
        scratch.spawn(&mut command)?;
        if scratch.wait(Instant::now() + PATIENCE)? {
            return Ok(());
        }
        Err(self.failed(name, &fs::read_to_string(&log).unwrap_or_default()))
    }
}

impl Store<'_> {
    /// The template, made now if there is none that is intact. Starters that come at once make it once.
    pub(crate) fn get(
        &self,
        make: &dyn Fn() -> Result<Vec<u8>, EngineError>,
    ) -> Result<Template, EngineError> {
        let path = self.path()?;
        if let Ok(archive) = Archive::open(&path) {
            return Ok(Template {
                archive,
                fresh: false,
            });
        }
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(self.cache)
            .map_err(|e| self.failed(&e))?;
        let turn = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.cache.join("templates.lock"))
            .map_err(|e| self.failed(&e))?;
        turn.lock().map_err(|e| self.failed(&e))?;
        if let Ok(archive) = Archive::open(&path) {
            return Ok(Template {
                archive,
                fresh: false,
            });
        }
        let bytes = make()?;
        self.keep(&path, &bytes).map_err(|e| self.failed(&e))?;
        let archive = Archive::open(&path).map_err(|e| self.failed(&e))?;
        Ok(Template { archive, fresh: true })
    }

    /// Forgets the template, because no server starts from it.
    pub(crate) fn discard(&self) {
        if let Ok(path) = self.path() {
            // A template that cannot be removed fails the next start with its own error.
            let _ = fs::remove_file(path);
        }
    }

    pub(crate) fn failed(&self, error: &io::Error) -> EngineError {
        EngineError::io(
            format_args!("keeping a template in `{}`", self.cache.display()),
            error,
        )
    }

    fn path(&self) -> Result<PathBuf, EngineError> {
        let mark = self.recipe.mark(self.program).map_err(|e| self.failed(&e))?;
        Ok(self
            .cache
            .join(format!("{}{}-{mark}", self.recipe.prefix, self.version)))
    }

    /// Writes aside and renames: there is a whole template or none.
    fn keep(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let name = random_hex().map_err(|e| io::Error::other(e.to_string()))?;
        let aside = self.cache.join(format!("unfinished-{name}"));
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&aside)
            .and_then(|mut file| file.write_all(bytes))
            .and_then(|()| fs::rename(&aside, path));
        if written.is_err() {
            let _ = fs::remove_file(&aside);
        }
        written.map(|()| self.prune(path))
    }

    /// Removes templates of other builds of the same program, which is not there any more.
    fn prune(&self, kept: &Path) {
        let place = format!(
            "-{:016x}-",
            archive::digest(self.program.as_os_str().as_encoded_bytes())
        );
        for entry in fs::read_dir(self.cache).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let stale = name
                .to_str()
                .is_some_and(|it| it.starts_with(self.recipe.prefix) && it.contains(&place));
            if stale && entry.path() != kept {
                // One that stays only takes space.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}
