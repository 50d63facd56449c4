//! The data folder that `mariadb-install-db` makes, made once and kept: each server starts from a copy.

use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;

use super::binaries::Binaries;
use crate::error::EngineError;
use crate::scratch::Scratch;
use crate::server::archive;
use crate::server::identity::Identity;
use crate::server::store::{Recipe, Store, Template};

/// The superuser of every temporary server.
pub(crate) const SUPERUSER: &str = "root";

/// How templates of MariaDB are kept.
pub(crate) const RECIPE: Recipe = Recipe {
    prefix: "mariadb-",
    number: 1,
    title: "MariaDB",
    first_tells: true,
};

/// How files are laid out: as small as they can be, and the same when a server starts from them.
pub(super) const LAYOUT: &[(&str, &str)] = &[
    ("innodb-data-file-path", "ibdata1:10M:autoextend"),
    ("innodb-log-file-size", "4M"),
    ("innodb-temp-data-file-path", "ibtmp1:5M:autoextend"),
    ("innodb-undo-tablespaces", "0"),
    ("aria-log-file-size", "8M"),
];

/// What nothing on a temporary server needs: accounts for hosts that cannot reach it, and a schema of a hundred views, each a
/// file to be copied.
const SLIM: &str = "DELETE FROM mysql.global_priv WHERE Host <> 'localhost';\n\
                    DELETE FROM mysql.proxies_priv;\n\
                    DROP DATABASE IF EXISTS sys;\n\
                    DROP DATABASE IF EXISTS test;\n";

/// What a template is made with and kept in.
pub(super) struct TemplateStore<'a> {
    pub(super) binaries: &'a Binaries,
    pub(super) cache: &'a Path,
    pub(super) base: &'a Path,
}

impl TemplateStore<'_> {
    fn store(&self) -> Store<'_> {
        Store {
            recipe: RECIPE,
            program: &self.binaries.server,
            version: self.binaries.version,
            cache: self.cache,
        }
    }

    /// The template, made now if there is none that is intact. Starters that come at once make it once.
    pub(super) fn get(&self, identity: Identity) -> Result<Template, EngineError> {
        self.store().get(&|| self.make(identity))
    }

    /// Forgets the template, because no server starts from it.
    pub(super) fn discard(&self) {
        self.store().discard();
    }

    fn make(&self, identity: Identity) -> Result<Vec<u8>, EngineError> {
        let scratch = Scratch::create(self.base)?;
        if let Some((uid, gid)) = identity.owner() {
            chown(scratch.path(), Some(uid), Some(gid))
                .map_err(|e| EngineError::io("giving a folder to the server's account", &e))?;
        }
        RECIPE.run(
            &scratch,
            self.install(&scratch, identity),
            "mariadb-install-db",
            None,
        )?;
        RECIPE.run(
            &scratch,
            self.bootstrap(&scratch, identity),
            "mariadbd --bootstrap",
            Some(SLIM),
        )?;
        // What only says how a server last ran.
        let keep = |path: &str| !matches!(path, "ib_buffer_pool" | "server.pid" | "ddl_recovery.log");
        archive::pack(&scratch.path().join("data"), &keep)
            .map_err(|e| EngineError::io("packing a template", &e))
    }

    fn install(&self, scratch: &Scratch, identity: Identity) -> Command {
        let mut command = identity.command(&self.binaries.installer);
        common(&mut command, self.binaries, scratch.path());
        command.args([
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
        ]);
        command
    }

    fn bootstrap(&self, scratch: &Scratch, identity: Identity) -> Command {
        let mut command = identity.command(&self.binaries.server);
        common(&mut command, self.binaries, scratch.path());
        command.arg("--bootstrap");
        command
    }
}

/// What every program is told: the first of it is that no file of the machine's has a say.
pub(super) fn common(command: &mut Command, binaries: &Binaries, folder: &Path) {
    command.arg("--no-defaults");
    if let Some(root) = &binaries.root {
        command.arg(option("basedir", root));
    }
    command
        .arg(option("datadir", &folder.join("data")))
        .arg(option("tmpdir", folder));
    for (name, value) in LAYOUT.iter().chain(FAST) {
        command.arg(format!("--{name}={value}"));
    }
}

/// Nothing is forced to disk.
pub(super) const FAST: &[(&str, &str)] = &[
    ("innodb-flush-log-at-trx-commit", "0"),
    ("innodb-flush-method", "nosync"),
    ("innodb-doublewrite", "0"),
];

fn option(name: &str, value: &Path) -> std::ffi::OsString {
    let mut option = std::ffi::OsString::from(format!("--{name}="));
    option.push(value);
    option
}
