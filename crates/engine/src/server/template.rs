//! The data folder that `initdb` makes, made once and kept: each server starts from a copy.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::archive::{self, Archive};
use super::binaries::{Binaries, Version};
use super::identity::Identity;
use crate::error::EngineError;
use crate::scratch::{Scratch, random_hex};

/// The superuser of every temporary server.
pub(crate) const SUPERUSER: &str = "postgres";
/// Part of the name of a template: raise it when the way of making one changes.
const RECIPE: u32 = 1;
const PREFIX: &str = "postgres-";
const PATIENCE: Duration = Duration::from_secs(60);

/// What a template is made with and kept in.
pub(crate) struct TemplateStore<'a> {
    pub(crate) binaries: &'a Binaries,
    pub(crate) cache: &'a Path,
    pub(crate) base: &'a Path,
}

/// A template, and whether it was just made.
pub(crate) struct Template {
    pub(crate) archive: Archive,
    pub(crate) fresh: bool,
}

/// What tells one server program from another, also from the same one rebuilt: each has a template of its own.
fn mark(postgres: &Path) -> io::Result<String> {
    let metadata = fs::metadata(postgres)?;
    let place = archive::digest(postgres.as_os_str().as_encoded_bytes());
    let build = format!(
        "{RECIPE} {} {} {}",
        metadata.mtime(),
        metadata.mtime_nsec(),
        metadata.len()
    );
    Ok(format!("{place:016x}-{:016x}", archive::digest(build.as_bytes())))
}

/// The version of a server program, as its template tells it: cheaper than asking the program.
pub(crate) fn known_version(cache: &Path, postgres: &Path) -> Option<Version> {
    let mark = mark(postgres).ok()?;
    fs::read_dir(cache).ok()?.flatten().find_map(|entry| {
        let name = entry.file_name();
        let version = name
            .to_str()?
            .strip_prefix(PREFIX)?
            .strip_suffix(&mark)?
            .strip_suffix('-')?;
        Version::find(version)
    })
}

impl TemplateStore<'_> {
    /// The template, made now if there is none that is intact. Starters that come at once make it once.
    pub(crate) fn get(
        &self,
        initdb: &dyn Fn() -> Result<Identity, EngineError>,
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
        let bytes = self.make(initdb()?)?;
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

    fn failed(&self, error: &io::Error) -> EngineError {
        EngineError::io(
            format_args!("keeping a template in `{}`", self.cache.display()),
            error,
        )
    }

    fn path(&self) -> Result<PathBuf, EngineError> {
        let mark = mark(&self.binaries.postgres).map_err(|e| self.failed(&e))?;
        Ok(self
            .cache
            .join(format!("{PREFIX}{}-{mark}", self.binaries.version)))
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
            archive::digest(self.binaries.postgres.as_os_str().as_encoded_bytes())
        );
        for entry in fs::read_dir(self.cache).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let stale = name
                .to_str()
                .is_some_and(|it| it.starts_with(PREFIX) && it.contains(&place));
            if stale && entry.path() != kept {
                // One that stays only takes space.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn make(&self, identity: Identity) -> Result<Vec<u8>, EngineError> {
        let scratch = Scratch::create(self.base)?;
        if let Some((uid, gid)) = identity.owner() {
            chown(scratch.path(), Some(uid), Some(gid))
                .map_err(|e| EngineError::io("giving a folder to the server's account", &e))?;
        }
        match self.initdb(&scratch, identity, self.locale()) {
            Err(EngineError::Unavailable { message, .. }) if message.contains("invalid locale name") => {
                // Plain C is everywhere; it only knows the case of ASCII letters.
                self.initdb(&scratch, identity, &["--locale=C"])?;
            }
            other => other?,
        }
        self.slim(&scratch, identity)?;
        let data = scratch.path().join("data");
        let log = oldest_segments(&data).map_err(|e| self.failed(&e))?;
        let keep = |path: &str| match path.strip_prefix("pg_wal/") {
            Some(segment) if segment.len() == 24 => log.iter().any(|kept| kept == segment),
            _ => !matches!(path, "postmaster.pid" | "postmaster.opts"),
        };
        archive::pack(&data, &keep).map_err(|e| EngineError::io("packing a template", &e))
    }

    fn locale(&self) -> &'static [&'static str] {
        // Built in since 17; before, the operating system's, which sorts by code point too.
        if self.binaries.version.major >= 17 {
            &[
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
            ]
        } else {
            &["--locale=C.UTF-8"]
        }
    }

    fn initdb(&self, scratch: &Scratch, identity: Identity, locale: &[&str]) -> Result<(), EngineError> {
        let mut command = identity.command(&self.binaries.initdb);
        command.arg("-D").arg(scratch.path().join("data"));
        command.args([
            "-U",
            SUPERUSER,
            "-E",
            "UTF8",
            "--auth-local=trust",
            "--auth-host=reject",
        ]);
        command
            .args(["--no-sync", "--no-instructions", "--wal-segsize=1"])
            .args(locale);
        self.run(scratch, command, "initdb", None)
    }

    /// Drops the pristine second copy of the system catalogue, a third of what each start would have to copy.
    fn slim(&self, scratch: &Scratch, identity: Identity) -> Result<(), EngineError> {
        let mut command = identity.command(&self.binaries.postgres);
        command.arg("--single").arg("-D").arg(scratch.path().join("data"));
        command.args([
            "-F",
            "-c",
            "exit_on_error=on",
            "-c",
            "log_checkpoints=off",
            "template1",
        ]);
        let commands = "UPDATE pg_database SET datistemplate = false WHERE datname = 'template0'\n\
                        DROP DATABASE template0\n";
        self.run(scratch, command, "postgres --single", Some(commands))
    }

    fn run(
        &self,
        scratch: &Scratch,
        mut command: std::process::Command,
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
        Err(server_failed(name, &fs::read_to_string(&log).unwrap_or_default()))
    }
}

/// The error for a program of the server that gave up, from what it wrote.
pub(crate) fn server_failed(name: &str, log: &str) -> EngineError {
    let telling = |line: &&str| {
        ["FATAL", "PANIC", "ERROR", "error:"]
            .iter()
            .any(|word| line.contains(word))
    };
    let line = log
        .lines()
        .rev()
        .find(telling)
        .or_else(|| log.lines().last())
        .unwrap_or("it said nothing");
    if log.contains("No space left on device") {
        return EngineError::DiskFull {
            message: line.to_owned(),
        };
    }
    EngineError::unavailable(
        format!("`{name}` failed: {line}"),
        "see whether this PostgreSQL runs by itself; its programs may be damaged or not fit this machine",
    )
}

/// After a clean stop, recovery starts in the oldest segment of the write-ahead log, and the stop's own record may
/// reach into the next one. The others are empty, kept by the server for use later.
fn oldest_segments(data: &Path) -> io::Result<Vec<String>> {
    let mut names: Vec<String> = fs::read_dir(data.join("pg_wal"))?
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.len() == 24)
        .collect();
    names.sort();
    names.truncate(2);
    Ok(names)
}
