//! What is, without changing anything.

use engine::{Access, ConnectOptions, Connection};
use journal::{Entry, chain_fault, compare};
use serde::Serialize;

use crate::kept::{self, Aside};
use crate::store::Store;
use crate::{Job, Stop, lease, schema};

/// What a database and a folder say together.
#[derive(Debug, Clone, Serialize)]
pub struct Survey {
    /// Every migration of the folder and of the history, by number.
    pub migrations: Vec<Entry>,
    /// What has begun and has not ended.
    pub unfinished: Option<Unfinished>,
    /// Who has the database, or had it and did not say goodbye.
    pub lease: Option<String>,
    /// Where the history is not as it was written, and what is wrong there.
    pub history_fault: Option<(i64, String)>,
    /// The schema against what the last migration left.
    pub drift: Drift,
    /// What migrations have set aside.
    pub kept: Vec<Aside>,
}

/// A migration that has begun and has not ended.
#[derive(Debug, Clone, Serialize)]
pub struct Unfinished {
    /// Its number.
    pub number: i64,
    /// Its name.
    pub name: String,
    /// Whether it is rolled back.
    pub back: bool,
    /// How many statements are done.
    pub done: usize,
    /// Whether one began of which nobody knows whether it was done.
    pub open: bool,
    /// When it began.
    pub started: String,
    /// Who began it.
    pub by: String,
    /// What the database said when it failed; empty when it was ended from outside, or still runs.
    pub error: String,
}

/// The schema against what the last migration left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Drift {
    /// It is that.
    None,
    /// Nobody can say.
    Unknown {
        /// Why.
        reason: String,
    },
    /// It is another.
    Differs {
        /// The hash that was recorded.
        recorded: String,
        /// The hash of what is there.
        found: String,
    },
}

impl Survey {
    /// Everything that is not as it must be, with what to do.
    #[must_use]
    pub fn faults(&self) -> Vec<(String, String)> {
        let mut faults: Vec<(String, String)> = self.migrations.iter().filter_map(Entry::hindrance).collect();
        for entry in &self.migrations {
            if entry.standing == journal::Standing::DownChanged {
                faults.push((
                    format!(
                        "`down.sql` of {} was edited or removed after the migration was applied",
                        entry.title()
                    ),
                    format!(
                        "put it back, or consent: `migrate repair --accept-files {}`",
                        entry.number
                    ),
                ));
            }
        }
        if let Some((position, what)) = &self.history_fault {
            let stop = crate::run::edited_history(*position, what);
            faults.push((stop.message, stop.help.unwrap_or_default()));
        }
        if let Some(it) = &self.unfinished {
            let (what, command) = if it.back {
                ("rollback", "rollback")
            } else {
                ("apply", "apply")
            };
            faults.push((
                format!(
                    "the {what} of {:04}_{} has begun and has not ended; {} statements are done",
                    it.number, it.name, it.done
                ),
                format!("`migrate {command}` goes on with it"),
            ));
        }
        if let Drift::Differs { .. } = self.drift {
            faults.push((
                "the schema is not what the last migration left".to_owned(),
                "undo what `migrate verify` says, write it into a migration, or take it as it is with `migrate apply --accept-drift`".to_owned(),
            ));
        }
        faults
    }
}

/// Looks at a database and changes nothing.
///
/// # Errors
/// When it does not answer, or may not be read.
pub fn survey(job: &Job<'_>) -> Result<Survey, Stop> {
    let options = ConnectOptions {
        access: Access::ReadOnly,
        application: "architrave migrate".to_owned(),
        ..ConnectOptions::default()
    };
    let mut connection = Connection::open(job.url, &options)?;
    let store = Store::of(&connection);
    connection.begin_snapshot()?;
    let found = look(job, &mut connection, store);
    let _ = connection.rollback();
    found
}

fn look(job: &Job<'_>, connection: &mut Connection, store: Store) -> Result<Survey, Stop> {
    if !store.exists(connection)? {
        let reason = "nothing was ever applied by this tool".to_owned();
        return Ok(Survey {
            migrations: compare(job.migrations, &[]),
            unfinished: None,
            lease: None,
            history_fault: None,
            drift: Drift::Unknown { reason },
            kept: Vec::new(),
        });
    }
    let events = store.events(connection)?;
    let unfinished = unfinished(connection, store)?;
    let drift = match events.last() {
        None => Drift::Unknown {
            reason: "nothing was applied yet".to_owned(),
        },
        Some(last) if last.maker != job.settings.maker => Drift::Unknown {
            reason: format!("another version ({}) wrote the schema down", last.maker),
        },
        Some(_) if unfinished.as_ref().is_some_and(|it| it.done > 0 || it.open) => Drift::Unknown {
            reason: "a migration has begun and has not ended".to_owned(),
        },
        Some(last) => {
            let found = schema::see(connection, job.dialect)?.hash;
            if found == last.after {
                Drift::None
            } else {
                Drift::Differs {
                    recorded: last.after.clone(),
                    found,
                }
            }
        }
    };
    Ok(Survey {
        kept: kept::look(connection, job.migrations, &events)?,
        migrations: compare(job.migrations, &events),
        unfinished,
        lease: lease::holder(connection, store)?,
        history_fault: chain_fault(&events).map(|(position, what)| (position, what.to_owned())),
        drift,
    })
}

fn unfinished(connection: &mut Connection, store: Store) -> Result<Option<Unfinished>, Stop> {
    let Some(begun) = store.begun(connection)? else {
        return Ok(None);
    };
    let lines = store.lines(connection, begun.run)?;
    let done = lines.iter().filter(|line| !line.finished.is_empty()).count();
    Ok(Some(Unfinished {
        number: begun.number,
        name: begun.name,
        back: begun.back,
        done,
        open: done < lines.len(),
        started: begun.started,
        by: begun.actor,
        error: begun.error,
    }))
}
