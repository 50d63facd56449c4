//! PostgreSQL.

use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_sink::Sink as _;
use physical::{Rows, Value};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{
    AsyncMessage, Client, Config, NoTls, SimpleQueryMessage, SimpleQueryRow, Socket, Statement,
};

use super::decode::{Parameter, Raw, binary, is_binary, text, text_of};
use super::{Access, ConnectOptions, Notice, quote_literal};
use crate::error::{EngineError, SqlError};
use crate::scratch::lock;
use crate::server::Version;
use crate::url::{Host, PostgresAddress, Secret};

/// How long after its own time limit a server may stay silent before we take it for dead.
const GRACE: Duration = Duration::from_secs(5);
/// No session remembers more notices than this; a loop that raises them must not fill our memory.
const MOST_NOTICES: usize = 10_000;

/// What we rely on to read values.
const SETTINGS: &[&str] = &[
    "standard_conforming_strings = on",
    "DateStyle = ISO",
    "IntervalStyle = postgres",
    "TimeZone = 'UTC'",
    "bytea_output = hex",
    "extra_float_digits = 1",
];

/// What only a server takes: a pooler refuses it, or does not pass it on.
const MARK: &str = "-c architrave.direct=yes";

/// Who answers, and whether it knows the mark.
const WHO: &str = "SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('architrave.direct', true)";

const READ_ONLY: &str = "default_transaction_read_only = on";
/// The same for one transaction.
const READ_ONLY_HERE: &str = "transaction_read_only = on";

pub(super) struct Postgres {
    runtime: Runtime,
    client: Client,
    shared: Arc<Shared>,
    limit: Option<Duration>,
    version: Version,
    backend_pid: i64,
    prepared: u64,
    silent: bool,
    /// Whether a pooler stands between, which may give us another session for each transaction.
    pooled: bool,
    /// Whether a transaction of ours is open, as far as we know.
    open: bool,
    read_only: bool,
}

/// What the task that drives the connection leaves for the calls.
#[derive(Debug, Default)]
struct Shared {
    notices: Mutex<Vec<Notice>>,
    last_words: Mutex<Option<String>>,
    cancelled: AtomicBool,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres")
            .field("backend_pid", &self.backend_pid)
            .finish_non_exhaustive()
    }
}

#[derive(Clone)]
pub(super) struct Cancel {
    token: tokio_postgres::CancelToken,
    shared: Arc<Shared>,
}

impl fmt::Debug for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The token could stop the statement, and holds the address.
        f.write_str("Cancel")
    }
}

impl Cancel {
    pub(super) fn cancel(&self) -> Result<(), EngineError> {
        self.shared.cancelled.store(true, Ordering::SeqCst);
        let result =
            runtime()?.block_on(async { tokio::time::timeout(GRACE, self.token.cancel_query(NoTls)).await });
        match result {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(EngineError::lost(error.to_string())),
            Err(_) => Err(EngineError::lost("the server does not answer")),
        }
    }
}

fn runtime() -> Result<Runtime, EngineError> {
    Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|e| EngineError::io("preparing a connection", &e))
}

fn config(address: &PostgresAddress, options: &ConnectOptions, direct: bool) -> Config {
    let mut config = Config::new();
    config
        .user(&address.user)
        .dbname(&address.database)
        .port(address.port);
    config.application_name(address.application.as_deref().unwrap_or(&options.application));
    if direct {
        config.options(MARK);
    }
    match &address.host {
        Host::Socket(path) => config.host_path(path),
        Host::Network(name) => config.host(name),
    };
    if let Some(password) = &address.password {
        config.password(password.expose());
    }
    config
}

impl Postgres {
    pub(super) fn connect(address: &PostgresAddress, options: &ConnectOptions) -> Result<Self, EngineError> {
        let runtime = runtime()?;
        let patience = address
            .connect_timeout
            .map_or(options.patience, |seconds| Duration::from_secs(seconds.into()));
        let open = |direct| {
            let config = config(address, options, direct);
            runtime.block_on(async { tokio::time::timeout(patience, config.connect(NoTls)).await })
        };
        let mut result = open(true);
        if matches!(&result, Ok(Err(error)) if knows_no_options(error)) {
            result = open(false);
        }
        let (client, connection) = match result {
            Ok(Ok(pair)) => pair,
            Ok(Err(error)) => return Err(connect_error(&error, address)),
            Err(_) => {
                let message = format!("{address} does not answer within {patience:?}");
                return Err(EngineError::Unavailable { message, help: None });
            }
        };
        let version = connection.parameter("server_version").and_then(Version::find);
        let shared = Arc::new(Shared::default());
        runtime.spawn(drive(connection, Arc::clone(&shared)));
        let version = version.unwrap_or(Version {
            major: 0,
            minor: 0,
            patch: 0,
        });
        let mut it = Self {
            runtime,
            client,
            shared,
            limit: None,
            version,
            backend_pid: 0,
            prepared: 0,
            silent: false,
            pooled: false,
            open: false,
            read_only: options.access == Access::ReadOnly,
        };
        it.set_up(options)?;
        Ok(it)
    }

    /// What we rely on to read values, whatever the settings of the user, the role or the database.
    fn set_up(&mut self, options: &ConnectOptions) -> Result<(), EngineError> {
        let messages = self.call(async |client| client.simple_query(WHO).await)?;
        let row = messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let said = |position| row.and_then(|row| row.try_get(position).ok().flatten());
        self.backend_pid = said(0).and_then(|text: &str| text.parse().ok()).unwrap_or(0);
        self.pooled = said(1) != Some("yes");
        if !self.pooled {
            self.batch(&self.settings())?;
        }
        if options.statement_timeout.is_some() {
            self.set_statement_timeout(options.statement_timeout)?;
        }
        Ok(())
    }

    /// Whether a pooler stands between us and the server. What is set for the session would be set for whoever gets it next.
    pub(super) fn is_pooled(&self) -> bool {
        self.pooled
    }

    /// Begins a transaction. Behind a pooler what we rely on is set for it alone.
    pub(super) fn begin(&mut self, how: &str) -> Result<(), EngineError> {
        let settings = if self.pooled {
            self.settings_here()
        } else {
            String::new()
        };
        let sql = format!("BEGIN {how};{settings}");
        self.batch(&sql)?;
        self.open = true;
        Ok(())
    }

    pub(super) fn rollback(&mut self) -> Result<(), EngineError> {
        self.open = false;
        self.batch("ROLLBACK")
    }

    /// Does work in a transaction of its own where a pooler might otherwise change the session under it.
    fn in_one_session<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        if !self.pooled || self.open {
            return work(self);
        }
        self.begin("")?;
        match work(self) {
            Ok(value) => self.commit().map(|()| value),
            Err(error) => {
                // The first error tells why.
                let _ = self.rollback();
                Err(error)
            }
        }
    }

    /// Lets the client work until it answers, at most until well past the limit for statements.
    fn call<T>(
        &mut self,
        work: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, EngineError> {
        let limit = self.limit.map(|limit| limit + GRACE);
        self.call_within(limit, work)
    }

    fn call_within<T>(
        &mut self,
        limit: Option<Duration>,
        work: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, EngineError> {
        if self.silent {
            return Err(EngineError::lost("the server stopped answering"));
        }
        self.shared.cancelled.store(false, Ordering::SeqCst);
        // What the server said while nobody listened comes first: that it ended the connection, above all, or the
        // reason would be lost in the failure to send.
        self.runtime.block_on(listen());
        if let Some(said) = &*lock(&self.shared.last_words) {
            return Err(EngineError::lost(said.clone()));
        }
        let result = self.runtime.block_on(within(limit, work(&self.client)));
        match result {
            Some(result) => result.map_err(|error| self.error(&error)),
            None => {
                self.silent = true;
                Err(EngineError::lost("the server stopped answering"))
            }
        }
    }

    pub(super) fn version(&self) -> Version {
        self.version
    }

    pub(super) fn backend_pid(&self) -> i64 {
        self.backend_pid
    }

    pub(super) fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut *lock(&self.shared.notices))
    }

    pub(super) fn cancel_handle(&self) -> Cancel {
        Cancel {
            token: self.client.cancel_token(),
            shared: Arc::clone(&self.shared),
        }
    }

    pub(super) fn set_statement_timeout(&mut self, limit: Option<Duration>) -> Result<(), EngineError> {
        let milliseconds = limit.map_or(0, milliseconds);
        match (self.pooled, self.open) {
            (true, false) => {}
            (true, true) => self.batch(&format!("SET LOCAL statement_timeout = {milliseconds}"))?,
            (false, _) => self.batch(&format!("SET statement_timeout = {milliseconds}"))?,
        }
        self.limit = limit;
        Ok(())
    }

    pub(super) fn reset_session(&mut self) -> Result<(), EngineError> {
        match self.pooled {
            true => Ok(()),
            false => self.batch(&format!("RESET ROLE; RESET ALL; {}", self.settings())),
        }
    }

    /// For the session.
    fn settings(&self) -> String {
        let more = self.read_only.then_some(READ_ONLY);
        let all = SETTINGS.iter().copied().chain(more);
        all.map(|setting| format!("SET {setting};")).collect()
    }

    /// For one transaction.
    fn settings_here(&self) -> String {
        let limit = self.limit.map(milliseconds);
        let limit = limit.map(|limit| format!("SET LOCAL statement_timeout = {limit};"));
        let more = self.read_only.then_some(READ_ONLY_HERE);
        let all = SETTINGS.iter().copied().chain(more);
        let set: String = all.map(|setting| format!("SET LOCAL {setting};")).collect();
        set + &limit.unwrap_or_default()
    }

    pub(super) fn batch(&mut self, sql: &str) -> Result<(), EngineError> {
        check_text(sql)?;
        // A batch is as many statements as the user wrote; the server's own limit holds for each of them.
        self.call_within(None, async |client| client.batch_execute(sql).await)
    }

    pub(super) fn commit(&mut self) -> Result<(), EngineError> {
        // The answer to COMMIT names what was done, but this client keeps it to itself; a failed transaction shows
        // in that it refuses any statement.
        let result = self.batch("SELECT 1");
        self.open = false;
        match result {
            Err(error) if error.code() == Some(SqlState::IN_FAILED_SQL_TRANSACTION.code()) => {
                self.batch("ROLLBACK")?;
                Err(error)
            }
            Err(error) if error.is_connection_lost() => Err(error),
            _ => self.batch("COMMIT"),
        }
    }

    pub(super) fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, EngineError> {
        self.in_one_session(|it| it.execute_here(sql, parameters))
    }

    fn execute_here(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, EngineError> {
        check_text(sql)?;
        check_values(parameters)?;
        let parameters: Vec<Parameter<'_>> = parameters.iter().map(Parameter).collect();
        self.call(async |client| {
            let statement = client.prepare(sql).await?;
            if statement.params().is_empty() && parameters.is_empty() {
                // No result is wanted, and some statements are only accepted this way.
                let messages = client.simple_query(sql).await?;
                return Ok(messages.iter().rev().find_map(changed).unwrap_or(0));
            }
            client.execute_raw(&statement, parameters).await
        })
    }

    pub(super) fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Rows, EngineError> {
        self.in_one_session(|it| it.query_here(sql, parameters))
    }

    fn query_here(&mut self, sql: &str, parameters: &[Value]) -> Result<Rows, EngineError> {
        check_text(sql)?;
        check_values(parameters)?;
        let statement = self.call(async |client| client.prepare(sql).await)?;
        let columns: Vec<String> = statement
            .columns()
            .iter()
            .map(|it| it.name().to_owned())
            .collect();
        let types: Vec<Type> = statement.columns().iter().map(|it| it.type_().clone()).collect();
        let rows = if types.iter().all(is_binary) {
            self.binary_rows(&statement, parameters)?
        } else if parameters.is_empty() {
            self.text_rows(sql, &types)?
        } else {
            let name = self.next_name();
            let arguments: Vec<String> = parameters.iter().map(literal).collect();
            // The line break ends a comment that the statement may end with.
            let sql = format!(
                "PREPARE {name} AS {sql}\n; EXECUTE {name}({}); DEALLOCATE {name}",
                arguments.join(", ")
            );
            self.text_rows(&sql, &types)?
        };
        Ok(Rows { columns, rows })
    }

    fn next_name(&mut self) -> String {
        self.prepared += 1;
        format!("architrave_{}", self.prepared)
    }

    fn binary_rows(
        &mut self,
        statement: &Statement,
        parameters: &[Value],
    ) -> Result<Vec<Vec<Value>>, EngineError> {
        let parameters: Vec<Parameter<'_>> = parameters.iter().map(Parameter).collect();
        let parameters: Vec<&(dyn ToSql + Sync)> = parameters
            .iter()
            .map(|it| -> &(dyn ToSql + Sync) { it })
            .collect();
        let rows = self.call(async |client| client.query(statement, &parameters).await)?;
        rows.iter()
            .map(|row| {
                let columns = row.columns().iter().enumerate();
                columns
                    .map(|(position, column)| {
                        let raw: Raw<'_> = row.try_get(position).map_err(|error| self.error(&error))?;
                        binary(column.type_(), raw.0).ok_or_else(|| malformed(column.name()))
                    })
                    .collect()
            })
            .collect()
    }

    fn text_rows(&mut self, sql: &str, types: &[Type]) -> Result<Vec<Vec<Value>>, EngineError> {
        let messages = self.call(async |client| client.simple_query(sql).await)?;
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        Ok(rows.map(|row| text_row(row, types)).collect())
    }

    pub(super) fn copy_in(
        &mut self,
        sql: &str,
        chunks: &mut dyn Iterator<Item = Vec<u8>>,
    ) -> Result<u64, EngineError> {
        check_text(sql)?;
        self.call_within(None, async |client| {
            let sink = client.copy_in(sql).await?;
            let mut sink = std::pin::pin!(sink);
            for chunk in chunks {
                poll_fn(|context| sink.as_mut().poll_ready(context)).await?;
                sink.as_mut().start_send(BytesMut::from(chunk.as_slice()))?;
            }
            sink.finish().await
        })
    }

    fn error(&self, error: &tokio_postgres::Error) -> EngineError {
        if let Some(error) = error.as_db_error() {
            return self.database_error(error);
        }
        let said = lock(&self.shared.last_words).clone();
        if error.is_closed() || self.client.is_closed() {
            return EngineError::lost(said.unwrap_or_else(|| chain(error)));
        }
        EngineError::Sql(Box::new(SqlError {
            message: chain(error),
            ..SqlError::default()
        }))
    }

    fn database_error(&self, error: &DbError) -> EngineError {
        let code = error.code();
        if *code == SqlState::QUERY_CANCELED {
            return if self.shared.cancelled.swap(false, Ordering::SeqCst) {
                EngineError::Cancelled
            } else {
                EngineError::Timeout {
                    message: error.message().to_owned(),
                }
            };
        }
        from_database(error)
    }
}

/// Gives the task that drives the connection a chance to read what has arrived.
async fn listen() {
    // Once to look for what has arrived, once more for the task to take it.
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
}

/// Lets a future run until a limit; `None` when it did not end in time.
async fn within<T>(limit: Option<Duration>, work: impl Future<Output = T>) -> Option<T> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, work).await.ok(),
        None => Some(work.await),
    }
}

/// Drives a connection until it ends, keeping what the server says on its own.
async fn drive(
    mut connection: tokio_postgres::Connection<Socket, tokio_postgres::tls::NoTlsStream>,
    shared: Arc<Shared>,
) {
    loop {
        match poll_fn(|context| connection.poll_message(context)).await {
            Some(Ok(AsyncMessage::Notice(notice))) => {
                let mut notices = lock(&shared.notices);
                if notices.len() < MOST_NOTICES {
                    notices.push(Notice {
                        severity: notice.severity().to_owned(),
                        code: notice.code().code().to_owned(),
                        message: notice.message().to_owned(),
                        detail: notice.detail().map(str::to_owned),
                    });
                }
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                *lock(&shared.last_words) = Some(chain(&error));
                return;
            }
            None => return,
        }
    }
}

fn changed(message: &SimpleQueryMessage) -> Option<u64> {
    match message {
        SimpleQueryMessage::CommandComplete(rows) => Some(*rows),
        _ => None,
    }
}

fn text_row(row: &SimpleQueryRow, types: &[Type]) -> Vec<Value> {
    let values = types.iter().enumerate();
    values
        .map(|(position, ty)| text(ty, row.try_get(position).ok().flatten()))
        .collect()
}

fn literal(value: &Value) -> String {
    text_of(value).map_or_else(|| "NULL".to_owned(), |text| quote_literal(&text))
}

/// A NUL byte would end the text in the middle on its way to the server.
fn check_text(text: &str) -> Result<(), EngineError> {
    if !text.contains('\0') {
        return Ok(());
    }
    Err(EngineError::Sql(Box::new(SqlError {
        code: "22021".to_owned(),
        message: "a text contains a NUL byte, which PostgreSQL cannot hold".to_owned(),
        ..SqlError::default()
    })))
}

fn check_values(values: &[Value]) -> Result<(), EngineError> {
    values.iter().filter_map(Value::as_text).try_for_each(check_text)
}

fn malformed(column: &str) -> EngineError {
    EngineError::lost(format!(
        "the server sent a value of `{column}` that cannot be read"
    ))
}

/// What a driver says, with its causes.
fn chain(error: &tokio_postgres::Error) -> String {
    if let Some(error) = error.as_db_error() {
        return error.message().to_owned();
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

fn from_database(error: &DbError) -> EngineError {
    let code = error.code();
    let lost = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
    ];
    if lost.contains(code) || code.code().starts_with("08") {
        return EngineError::lost(error.message());
    }
    if *code == SqlState::DISK_FULL {
        return EngineError::DiskFull {
            message: error.message().to_owned(),
        };
    }
    let owned = |text: Option<&str>| text.map(str::to_owned);
    EngineError::Sql(Box::new(SqlError {
        code: code.code().to_owned(),
        number: None,
        message: error.message().to_owned(),
        detail: owned(error.detail()),
        hint: owned(error.hint()),
        context: owned(error.where_()),
        schema: owned(error.schema()),
        table: owned(error.table()),
        column: owned(error.column()),
        constraint: owned(error.constraint()),
        position: match error.position() {
            Some(ErrorPosition::Original(position)) => Some(*position),
            _ => None,
        },
    }))
}

/// An error from before there was a connection. The address is shown without its password, and the password is
/// taken out of whatever the driver and the server say.
/// Zero means no limit to the server; nobody who asks for less than a millisecond wants that.
fn milliseconds(limit: Duration) -> u128 {
    limit.as_millis().clamp(1, 2_000_000_000)
}

/// Whether a pooler refuses the connection because of settings that it cannot pass on.
fn knows_no_options(error: &tokio_postgres::Error) -> bool {
    let said = chain(error);
    said.contains("startup parameter") || said.contains("startup option")
}

fn connect_error(error: &tokio_postgres::Error, address: &PostgresAddress) -> EngineError {
    let scrub = |text: String| {
        address
            .password
            .as_ref()
            .map_or(text.clone(), |secret: &Secret| secret.scrub(&text))
    };
    let said = scrub(chain(error));
    let Some(database_error) = error.as_db_error() else {
        let refused = std::error::Error::source(error).is_none_or(|cause| !cause.is::<std::io::Error>());
        return if refused {
            EngineError::Refused {
                message: format!("{address} turned us away: {said}"),
                help: None,
            }
        } else {
            EngineError::unavailable(
                format!("{address} cannot be reached: {said}"),
                "see whether the server runs and listens there",
            )
        };
    };
    let code = database_error.code();
    if *code == SqlState::CANNOT_CONNECT_NOW {
        return EngineError::Unavailable {
            message: format!("{address}: {said}"),
            help: None,
        };
    }
    if *code == SqlState::DISK_FULL {
        return EngineError::DiskFull { message: said };
    }
    EngineError::Refused {
        message: format!("{address} turned us away: {said}"),
        help: None,
    }
}
