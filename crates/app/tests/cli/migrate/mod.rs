//! Migrations run by the program, against databases of their own.

mod baseline;
mod batches;
mod branches;
mod concurrent;
mod edits;
mod files;
mod keep;
mod kill;
mod new;
mod pooler;
mod repair;
mod retype;
mod run;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use engine::{ConnectOptions, Connection, DatabaseUrl};

use crate::support::{Project, Ran, finish, root, server};

/// A project with migrations, and a database that is its own.
pub(super) struct Stage {
    pub(super) project: Project,
    pub(super) address: String,
}

static COUNT: AtomicUsize = AtomicUsize::new(0);

impl Stage {
    /// The migrations of a fixture, on a new database of its product.
    pub(super) fn fixture(product: &str) -> Self {
        let it = Self::empty(product);
        it.copy(&root().join("fixtures/migrate").join(product));
        it
    }

    pub(super) fn empty(product: &str) -> Self {
        let project = Project::new(&[]);
        let address = if product == "postgres" {
            let name = format!("migrate_{}", COUNT.fetch_add(1, Ordering::SeqCst));
            server().create_database(&name).unwrap();
            server().url(&name, server().superuser()).to_string()
        } else {
            project.at("database.sqlite").display().to_string()
        };
        fs::create_dir(project.at("migrations")).unwrap();
        Self { project, address }
    }

    fn copy(&self, from: &Path) {
        for migration in fs::read_dir(from).unwrap() {
            let migration = migration.unwrap();
            for file in fs::read_dir(migration.path()).unwrap() {
                let file = file.unwrap();
                let path = format!(
                    "migrations/{}/{}",
                    migration.file_name().to_str().unwrap(),
                    file.file_name().to_str().unwrap()
                );
                self.project.write(&path, fs::read(file.path()).unwrap());
            }
        }
    }

    pub(super) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        self.project.write(&format!("migrations/{path}"), text);
    }

    /// The command that runs `migrate` with these arguments on the database.
    pub(super) fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut all = vec!["migrate"];
        all.extend(arguments);
        let mut command = self.project.command(&all);
        command.env("DATABASE_URL", &self.address);
        command
    }

    pub(super) fn migrate(&self, arguments: &[&str]) -> Ran {
        finish(&mut self.command(arguments))
    }

    pub(super) fn connect(&self) -> Connection {
        let url = DatabaseUrl::parse(&self.address).unwrap();
        Connection::open(&url, &ConnectOptions::default()).unwrap()
    }

    pub(super) fn sql(&self, sql: &str) {
        self.connect().batch(sql).unwrap();
    }

    /// All rows of a query, as text.
    pub(super) fn rows(&self, sql: &str) -> Vec<String> {
        let rows = self.connect().query(sql, &[]).unwrap();
        rows.rows.iter().map(|row| format!("{row:?}")).collect()
    }

    pub(super) fn history(&self) -> &'static str {
        if self.address.starts_with("postgres") {
            "architrave_migrations.history"
        } else {
            "architrave_migrations_history"
        }
    }

    pub(super) fn ledger(&self) -> &'static str {
        if self.address.starts_with("postgres") {
            "architrave_migrations.ledger"
        } else {
            "architrave_migrations_ledger"
        }
    }
}

pub(super) const BOTH: [&str; 2] = ["postgres", "sqlite"];
