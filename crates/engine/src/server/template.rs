//! The data folder that `initdb` makes, made once and kept: each server starts from a copy.

use std::fs;
use std::io;
use std::os::unix::fs::chown;
use std::path::Path;

use super::archive;
use super::binaries::{Binaries, Version};
use super::identity::Identity;
use super::store::{Recipe, Store, Template};
use crate::error::EngineError;
use crate::scratch::Scratch;

/// The superuser of every temporary server.
pub(crate) const SUPERUSER: &str = "postgres";

/// How templates of PostgreSQL are kept.
pub(crate) const RECIPE: Recipe = Recipe {
    prefix: "postgres-",
    number: 1,
    title: "PostgreSQL",
    first_tells: false,
};

/// What a template is made with and kept in.
pub(crate) struct TemplateStore<'a> {
    pub(crate) binaries: &'a Binaries,
    pub(crate) cache: &'a Path,
    pub(crate) base: &'a Path,
}

/// The version of a server program, as its template tells it.
pub(crate) fn known_version(cache: &Path, postgres: &Path) -> Option<Version> {
    RECIPE.known_version(cache, postgres)
}

impl TemplateStore<'_> {
    fn store(&self) -> Store<'_> {
        Store {
            recipe: RECIPE,
            program: &self.binaries.postgres,
            version: self.binaries.version,
            cache: self.cache,
        }
    }

    /// The template, made now if there is none that is intact. Starters that come at once make it once.
    pub(crate) fn get(
        &self,
        initdb: &dyn Fn() -> Result<Identity, EngineError>,
    ) -> Result<Template, EngineError> {
        self.store().get(&|| self.make(initdb()?))
    }

    /// Forgets the template, because no server starts from it.
    pub(crate) fn discard(&self) {
        self.store().discard();
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
        let log = oldest_segments(&data).map_err(|e| self.store().failed(&e))?;
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
        RECIPE.run(scratch, command, "initdb", None)
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
        RECIPE.run(scratch, command, "postgres --single", Some(commands))
    }
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
