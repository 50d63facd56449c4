//! Running migrations: one at a time in a database, one entry in the ledger for each statement, so that a run that ended in the
//! middle goes on exactly where it ended.
//!
//! **Invariants.** A statement that runs in a transaction commits together with its entry. One that cannot has an entry before it
//! and one after it, and what lies between is decided by looking at the database, or by a person, never guessed. Nothing here
//! removes what a user has made; an invalid index that a run of ours left is not that.

mod baseline;
mod batches;
mod execute;
mod inspect;
mod kept;
mod lease;
mod preflight;
mod repair;
mod report;
mod run;
mod schema;
mod stop;
mod store;
mod survey;

pub use baseline::baseline;
pub use kept::{Aside, contract};
pub use repair::{Repair, repair};
pub use run::{apply, rollback};
pub use schema::{plan_hash, schema_hash};
pub use stop::{Cause, Stop};
pub use survey::{Drift, Survey, Unfinished, survey};

use std::time::Duration;

use engine::{CancelToken, Connection, DatabaseKind, DatabaseUrl};
use journal::{Language, Migration};
use plan::Relational;
use project::System;

/// What a run is about.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// Clock and chance.
    pub system: &'a dyn System,
    /// The database.
    pub url: &'a DatabaseUrl,
    /// Its product.
    pub dialect: &'static Relational,
    /// The migrations of the folder, in order.
    pub migrations: &'a [Migration],
    /// How it is done.
    pub settings: &'a Settings,
}

/// How a run is done.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Who runs it, for the history and for whoever waits: a user, a machine.
    pub actor: String,
    /// The machine.
    pub host: String,
    /// This process.
    pub process: u32,
    /// How long to wait for another run to end.
    pub patience: Duration,
    /// How long a statement may wait for a lock.
    pub lock_timeout: Duration,
    /// How often what can be tried again is tried.
    pub tries: u32,
    /// What made the hashes of schemas: those of another version are not compared.
    pub maker: String,
    /// Go on although the schema is not what the last migration left.
    pub accept_drift: bool,
    /// Apply also what has a lower number than what is applied.
    pub out_of_order: bool,
    /// By which the run is given up before the next statement; the next run goes on there.
    pub cancel: CancelToken,
}

/// What a run tells while it goes on.
#[derive(Debug)]
pub enum Told<'a> {
    /// Another run has the database.
    Waiting(&'a str),
    /// A migration begins, or goes on.
    Begins {
        /// Its number and name.
        title: &'a str,
        /// Whether it is rolled back.
        back: bool,
        /// How many of its statements are done already.
        done: usize,
        /// How many it has.
        statements: usize,
    },
    /// A statement begins.
    Statement {
        /// Its position, from 1.
        position: usize,
        /// Its text.
        text: &'a str,
    },
    /// Statements, up to this position, are done and in the ledger.
    Recorded(usize),
    /// Something is tried again.
    Again {
        /// Which try was in vain, from 1.
        attempt: u32,
        /// Why.
        reason: String,
        /// After how long.
        pause: Duration,
    },
    /// A batch of a statement is done.
    Batch {
        /// How many rows were changed so far.
        changed: u64,
    },
    /// A migration is done.
    Finished(&'a str),
    /// Something to know.
    Note(String),
}

/// Who is told.
pub type Tell<'a> = &'a mut dyn FnMut(Told<'_>);

/// Whose SQL a connection speaks.
fn language(connection: &Connection) -> Language {
    match connection.kind() {
        DatabaseKind::Postgres => Language::Postgres,
        // `preflight` refuses MariaDB before anything of it is read.
        DatabaseKind::Sqlite | DatabaseKind::Mariadb => Language::Sqlite,
    }
}
