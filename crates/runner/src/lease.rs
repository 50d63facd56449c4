//! One run at a time.
//!
//! Two things hold others off. On PostgreSQL the connection that runs the statements has an advisory lock, which is polled for: one
//! that is waited for in the server deadlocks with CREATE INDEX CONCURRENTLY. Beside it, on every product, there is a lease: a row
//! with a token and a time at which it expires, renewed while the run lives. A pooler between us and the server can lose the lock or
//! strand it; it cannot lose the row.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use engine::{ConnectOptions, Connection, DatabaseKind, EngineError, process_runs};
use physical::Value;

use crate::store::{Store, int, text};
use crate::{Job, Settings, Stop, Tell, Told};

/// How long a lease holds when it is not renewed.
const TERM: i64 = 30;
/// How often it is renewed.
const BEAT: Duration = Duration::from_secs(5);
/// How often the lock and the lease are asked for.
const POLL: Duration = Duration::from_millis(200);
/// The advisory lock: the first eight bytes of `architrave`, as a number.
const LOCK: i64 = 0x6172_6368_6974_7261;

/// The right to run in a database, as long as the value lives.
#[derive(Debug)]
pub(crate) struct Lease {
    token: String,
    store: Store,
    kind: DatabaseKind,
    lost: Arc<AtomicBool>,
    guard: Option<(Sender<()>, JoinHandle<()>)>,
}

/// Waits until no other run has the database, and takes it.
pub(crate) fn acquire(connection: &mut Connection, job: &Job<'_>, tell: Tell<'_>) -> Result<Lease, Stop> {
    let store = Store::of(connection);
    let token = token(job)?;
    let began = Instant::now();
    // Behind a pooler the lock would stay with a session of the pool, and keep everybody out when the run has ended.
    let mut locked = connection.kind() == DatabaseKind::Sqlite || connection.is_pooled();
    loop {
        let holder = match attempt(connection, store, job.settings, &token, &mut locked) {
            Ok(None) => break,
            Ok(Some(holder)) => holder,
            Err(error) if is_race(&error) => format!("somebody is at the same place just now ({error})"),
            Err(error) => return Err(error.into()),
        };
        if began.elapsed() >= job.settings.patience {
            return Err(Stop::failed(
                format!("another run has the database: {holder}"),
                "wait until it ends, or give more time with `--wait SECONDS`; if it is certain that it is gone, \
                 `migrate repair --remove-lease` removes its lease",
            ));
        }
        tell(Told::Waiting(&holder));
        std::thread::sleep(POLL);
    }
    let lost = Arc::new(AtomicBool::new(false));
    let guard = match connection.kind() {
        DatabaseKind::Postgres => Some(guard(job, store, &token, &lost)?),
        // Nobody else can write to the file while we do; every transaction of ours renews the lease.
        DatabaseKind::Sqlite | DatabaseKind::Mariadb => None,
    };
    Ok(Lease {
        token,
        store,
        kind: connection.kind(),
        lost,
        guard,
    })
}

fn token(job: &Job<'_>) -> Result<String, Stop> {
    let mut bytes = [0; 16];
    job.system.random(&mut bytes).map_err(|error| {
        Stop::failed(
            format!("no random bytes: {error}"),
            "see whether the machine has `/dev/urandom`",
        )
    })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Two runs made the tables, or took the lease, in the same moment.
fn is_race(error: &EngineError) -> bool {
    const CODES: &[&str] = &[
        "23505",
        "42P06",
        "42P07",
        "40001",
        "40P01",
        "XX000",
        "SQLITE_BUSY",
        "SQLITE_BUSY_SNAPSHOT",
    ];
    error.code().is_some_and(|code| CODES.contains(&code))
}

/// Tries once; answers who is in the way.
fn attempt(
    connection: &mut Connection,
    store: Store,
    settings: &Settings,
    token: &str,
    locked: &mut bool,
) -> Result<Option<String>, EngineError> {
    if !*locked {
        let got = connection.query("SELECT pg_catalog.pg_try_advisory_lock($1)", &[Value::Int(LOCK)])?;
        *locked = got.scalar().and_then(Value::as_bool) == Some(true);
    }
    if !*locked {
        return lock_holder(connection, store).map(Some);
    }
    if !store.exists(connection)? {
        store.create(connection)?;
    }
    connection.transaction(|connection| {
        if let Some(holder) = living_holder(connection, store, settings)? {
            return Ok(Some(holder));
        }
        connection.execute(&store.sql("DELETE FROM {p}lease"))?;
        let (backend, start) = backend(connection)?;
        let sql = store.sql(
            "INSERT INTO {p}lease (one, token, holder, host, process, backend, backend_start, expires) \
             VALUES (1, $1, $2, $3, $4, $5, $6, {now} + $7)",
        );
        let values = [
            Value::Text(token.to_owned()),
            Value::Text(settings.actor.clone()),
            Value::Text(settings.host.clone()),
            Value::Int(settings.process.into()),
            Value::Int(backend),
            Value::Text(start),
            Value::Int(TERM),
        ];
        connection.execute_with(&sql, &values)?;
        Ok(None)
    })
}

/// Our process on the server, and when it began: a number alone can come back.
fn backend(connection: &mut Connection) -> Result<(i64, String), EngineError> {
    if connection.kind() == DatabaseKind::Sqlite {
        return Ok((0, String::new()));
    }
    let rows = connection.query(
        "SELECT a.pid::bigint, a.backend_start::text FROM pg_catalog.pg_stat_activity a WHERE a.pid = pg_catalog.pg_backend_pid()",
        &[],
    )?;
    let row = rows.rows.first().map_or(&[][..], Vec::as_slice);
    Ok((int(row, 0), text(row, 1)))
}

/// Who has the lease, when it has not expired and its holder may live.
fn living_holder(
    connection: &mut Connection,
    store: Store,
    settings: &Settings,
) -> Result<Option<String>, EngineError> {
    let sql =
        store.sql("SELECT holder, host, process, backend, backend_start, expires - {now} FROM {p}lease");
    let rows = connection.query(&sql, &[])?;
    let Some(row) = rows.rows.first() else {
        return Ok(None);
    };
    let (host, process, left) = (text(row, 1), int(row, 2), int(row, 5));
    if left <= 0 {
        return Ok(None);
    }
    let lives = match connection.kind() {
        DatabaseKind::Postgres => backend_lives(connection, int(row, 3), &text(row, 4))?,
        DatabaseKind::Sqlite | DatabaseKind::Mariadb => {
            host != settings.host || u32::try_from(process).is_ok_and(process_runs)
        }
    };
    let holder = format!(
        "{}, process {process} on {host}, for another {left} s unless it renews",
        text(row, 0)
    );
    Ok(lives.then_some(holder))
}

/// Whether the session that the holder's statements run in is there: a run that was killed has none, unless a pooler keeps it.
fn backend_lives(connection: &mut Connection, pid: i64, start: &str) -> Result<bool, EngineError> {
    let sql = "SELECT count(*) FROM pg_catalog.pg_stat_activity a WHERE a.pid = $1::bigint \
               AND (a.backend_start IS NULL OR a.backend_start::text = $2)";
    let values = [Value::Int(pid), Value::Text(start.to_owned())];
    let count = connection.query(sql, &values)?.scalar().and_then(Value::as_int);
    Ok(count.is_none_or(|count| count > 0))
}

/// Who has the advisory lock, as far as we may see it.
fn lock_holder(connection: &mut Connection, store: Store) -> Result<String, EngineError> {
    let sql = "SELECT coalesce(a.usename::text, '?'), coalesce(nullif(a.application_name, ''), '?'), l.pid::bigint, \
                      coalesce(a.client_addr::text, 'this machine'), coalesce(a.state, '?') \
                 FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
                WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 \
                  AND (l.classid::bigint << 32) | l.objid::bigint = $1 \
                  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())";
    let rows = connection.query(sql, &[Value::Int(LOCK)])?;
    let mut holder = match rows.rows.first() {
        None => "somebody who is gone by now".to_owned(),
        Some(row) => format!(
            "{} ({}), server process {}, from {}, {}",
            text(row, 0),
            text(row, 1),
            int(row, 2),
            text(row, 3),
            text(row, 4)
        ),
    };
    // A stranger to the history may see the lock and not the lease.
    if let Ok(rows) = connection.query(&store.sql("SELECT holder, host, process FROM {p}lease"), &[])
        && let Some(row) = rows.rows.first()
    {
        holder = format!(
            "{holder}; {}, process {} on {}",
            text(row, 0),
            int(row, 2),
            text(row, 1)
        );
    }
    Ok(holder)
}

/// Renews the lease on a connection of its own: that of the run is busy with a statement for as long as it takes.
fn guard(
    job: &Job<'_>,
    store: Store,
    token: &str,
    lost: &Arc<AtomicBool>,
) -> Result<(Sender<()>, JoinHandle<()>), Stop> {
    let options = ConnectOptions {
        application: "architrave migrate (lease)".to_owned(),
        statement_timeout: Some(BEAT),
        ..ConnectOptions::default()
    };
    let url = job.url.clone();
    let mut connection = Connection::open(&url, &options)?;
    let (stop, stopped) = channel::<()>();
    let (token, lost) = (token.to_owned(), Arc::clone(lost));
    let thread = std::thread::Builder::new()
        .name("lease".to_owned())
        .spawn(move || {
            let mut renewed = Instant::now();
            while stopped.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
                match renew(&mut connection, store, &token) {
                    Ok(true) => renewed = Instant::now(),
                    Ok(false) => lost.store(true, Ordering::SeqCst),
                    Err(_) => {
                        // What cannot be reached may be reached again; what has not been renewed in time belongs to others.
                        if renewed.elapsed() > Duration::from_secs(TERM.unsigned_abs()) - BEAT * 2 {
                            lost.store(true, Ordering::SeqCst);
                        }
                        if let Ok(fresh) = Connection::open(&url, &options) {
                            connection = fresh;
                        }
                    }
                }
            }
        })
        .map_err(|error| {
            Stop::failed(
                format!("no thread for the lease: {error}"),
                "see what limits this account's threads",
            )
        })?;
    Ok((stop, thread))
}

fn renew(connection: &mut Connection, store: Store, token: &str) -> Result<bool, EngineError> {
    let sql = store.sql("UPDATE {p}lease SET expires = {now} + $1 WHERE token = $2");
    let values = [Value::Int(TERM), Value::Text(token.to_owned())];
    connection.execute_with(&sql, &values).map(|changed| changed > 0)
}

impl Lease {
    /// Whether the lease is still ours: asked in every transaction before anything of it counts.
    pub(crate) fn hold(&self, connection: &mut Connection) -> Result<(), Stop> {
        let ours = match self.kind {
            DatabaseKind::Sqlite | DatabaseKind::Mariadb => renew(connection, self.store, &self.token)?,
            DatabaseKind::Postgres => {
                let sql = self.store.sql("SELECT count(*) FROM {p}lease WHERE token = $1");
                let values = [Value::Text(self.token.clone())];
                let count = connection.query(&sql, &values)?.scalar().and_then(Value::as_int);
                count == Some(1) && !self.lost.load(Ordering::SeqCst)
            }
        };
        if ours {
            return Ok(());
        }
        Err(Stop::failed(
            "another run has taken the database over: this one was silent for too long, or its lease was removed",
            "see `migrate status`, and run this again when the other has ended",
        ))
    }

    /// Gives the database back. What goes wrong here heals by itself: the lease expires, the lock goes with the session.
    pub(crate) fn release(mut self, connection: &mut Connection) {
        self.dismiss();
        let _ = connection.rollback();
        let sql = self.store.sql("DELETE FROM {p}lease WHERE token = $1");
        let _ = connection.execute_with(&sql, &[Value::Text(self.token.clone())]);
        if self.kind == DatabaseKind::Postgres && !connection.is_pooled() {
            let _ = connection.query("SELECT pg_catalog.pg_advisory_unlock($1)", &[Value::Int(LOCK)]);
        }
    }

    fn dismiss(&mut self) {
        if let Some((stop, thread)) = self.guard.take() {
            drop(stop);
            // It ends at once; waiting only collects it.
            let _ = thread.join();
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.dismiss();
    }
}

/// Removes the lease of whoever has it.
pub(crate) fn remove(connection: &mut Connection, store: Store) -> Result<Option<String>, EngineError> {
    connection.transaction(|connection| {
        let rows = connection.query(&store.sql("SELECT holder, host, process FROM {p}lease"), &[])?;
        connection.execute(&store.sql("DELETE FROM {p}lease"))?;
        Ok(rows
            .rows
            .first()
            .map(|row| format!("{}, process {} on {}", text(row, 0), int(row, 2), text(row, 1))))
    })
}

/// Who has the lease, expired or not.
pub(crate) fn holder(connection: &mut Connection, store: Store) -> Result<Option<String>, EngineError> {
    let sql = store.sql("SELECT holder, host, process, expires - {now} FROM {p}lease");
    let rows = connection.query(&sql, &[])?;
    Ok(rows.rows.first().map(|row| {
        let left = int(row, 3);
        let state = if left > 0 {
            format!("for another {left} s")
        } else {
            "expired".to_owned()
        };
        format!(
            "{}, process {} on {}, {state}",
            text(row, 0),
            int(row, 2),
            text(row, 1)
        )
    }))
}
