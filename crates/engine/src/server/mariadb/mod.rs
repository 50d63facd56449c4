//! A private MariaDB that exists as long as a value does.
//!
//! It listens on a unix socket in a folder that only we can enter, never on a network, reads no file of settings, and shares
//! nothing with servers that already run. See `scratch` for how it is made sure to end, and `identity` for as whom it runs.

mod binaries;
mod template;

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::archive::Archive;
use super::identity::{self, Identity};
use super::{Durability, StartOptions, Version, base_folder};
use crate::connection::{ConnectOptions, Connection, quote_backticks};
use crate::error::EngineError;
use crate::scratch::{Ending, Scratch, check_open, lock};
use crate::url::{DatabaseUrl, MariadbAddress, MariadbHost};
use binaries::Binaries;
pub use binaries::OLDEST_MARIADB;
use template::{FAST, RECIPE, SUPERUSER, TemplateStore, common};

const SOCKET: &str = "mariadb.sock";
const READY: &str = ": ready for connections.";

/// A temporary MariaDB. It stops, and its folder goes, when this value does.
///
/// Its only account is the superuser, who has no password; whoever can reach the socket could rewrite the data files as well.
/// Accounts that are made on it are for `localhost`.
#[derive(Debug)]
pub struct MariadbServer {
    // Before the scratch folder: the connection should end before its server does.
    maintenance: Mutex<Option<Connection>>,
    scratch: Scratch,
    binaries: Binaries,
    identity: Identity,
    options: StartOptions,
}

impl MariadbServer {
    /// The version of the MariaDB that [`MariadbServer::start`] would start; starts nothing.
    ///
    /// # Errors
    /// [`EngineError::Unavailable`] when there is none, or only one that is too old.
    pub fn available(options: &StartOptions) -> Result<Version, EngineError> {
        Self::found(options).map(|binaries| binaries.version)
    }

    fn found(options: &StartOptions) -> Result<Binaries, EngineError> {
        binaries::find(&options.search, &|server| {
            RECIPE.known_version(&options.cache, server)
        })
    }

    /// Starts a server from the cached template (made first when there is none) and returns when it answers.
    /// [`StartOptions::search`] is for programs of MariaDB here, [`StartOptions::settings`] are options of `mariadbd`.
    ///
    /// # Errors
    /// [`EngineError::Unavailable`] when no usable MariaDB is found or it does not start,
    /// [`EngineError::DiskFull`], [`EngineError::Timeout`], [`EngineError::Cancelled`].
    pub fn start(options: &StartOptions) -> Result<Self, EngineError> {
        check_open()?;
        let binaries = Self::found(options)?;
        let own_uid = rustix::process::geteuid().as_raw();
        let (base, open) = base_folder(&options.temporary, own_uid)?;
        let mut refusal = None;
        for identity in identity::server_identities(&binaries.server, own_uid, open) {
            match Self::start_as(options, &binaries, identity, &base) {
                // The program itself works as this identity, so the fault is elsewhere.
                Err(error) if identity::works(identity, &binaries.server) => return Err(error),
                Err(error) => refusal = refusal.or(Some(error)),
                started => return started,
            }
        }
        Err(EngineError::unavailable(
            match refusal {
                Some(error) if own_uid != 0 => error.to_string(),
                _ => "MariaDB refuses to run as root, and no other account can be used".to_owned(),
            },
            "run as another user, or let other accounts reach the programs of MariaDB and the temporary folder",
        ))
    }

    fn start_as(
        options: &StartOptions,
        binaries: &Binaries,
        identity: Identity,
        base: &Path,
    ) -> Result<Self, EngineError> {
        let store = TemplateStore {
            binaries,
            cache: &options.cache,
            base,
        };
        let template = store.get(identity)?;
        match Self::launch(options, binaries, identity, base, &template.archive) {
            // A damaged template, or one that this server does not start from.
            Err(EngineError::Unavailable { .. }) if !template.fresh => {
                store.discard();
                let template = store.get(identity)?;
                Self::launch(options, binaries, identity, base, &template.archive)
            }
            other => other,
        }
    }

    fn launch(
        options: &StartOptions,
        binaries: &Binaries,
        identity: Identity,
        base: &Path,
        template: &Archive,
    ) -> Result<Self, EngineError> {
        let scratch = Scratch::create(base)?;
        template
            .unpack(&scratch.path().join("data"), identity)
            .map_err(|e| match e.kind() {
                std::io::ErrorKind::InvalidData => EngineError::unavailable(
                    "the template of a data folder is damaged",
                    "remove the cache folder",
                ),
                _ => EngineError::io("copying the template of a data folder", &e),
            })?;
        if let Some((uid, gid)) = identity.owner() {
            chown(scratch.path(), Some(uid), Some(gid))
                .map_err(|e| EngineError::io("giving a folder to the server's account", &e))?;
        }
        let server = Self {
            maintenance: Mutex::new(None),
            scratch,
            binaries: binaries.clone(),
            identity,
            options: options.clone(),
        };
        server.run()?;
        Ok(server)
    }

    /// Runs the server program on the folder and waits until it takes connections.
    fn run(&self) -> Result<(), EngineError> {
        let failed = |e: std::io::Error| EngineError::io("opening the log of the server", &e);
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_path())
            .map_err(failed)?;
        let said_before = log.metadata().map_err(failed)?.len();
        let mut command = self.identity.command(&self.binaries.server);
        common(&mut command, &self.binaries, self.folder());
        for (name, value) in self.settings() {
            command.arg(format!("--{name}={value}"));
        }
        let within = |name: &str, file: &str| {
            let mut option = std::ffi::OsString::from(format!("--{name}="));
            option.push(self.folder().join(file));
            option
        };
        // Last, so that nothing above can open the server to others or make it leave something behind.
        command
            .arg(within("socket", SOCKET))
            .arg(within("pid-file", "data/server.pid"))
            .arg(within("secure-file-priv", ""))
            .args([
                "--skip-networking",
                "--skip-slave-start",
                "--skip-log-error",
                "--local-infile=0",
            ])
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(log);
        self.scratch.spawn_ending(&mut command, Ending::Killed)?;
        self.wait_until_ready(said_before)
    }

    fn settings(&self) -> Vec<(&str, &str)> {
        let mut settings: Vec<(&str, &str)> = vec![
            ("max-connections", "60"),
            ("innodb-buffer-pool-size", "32M"),
            ("innodb-buffer-pool-load-at-startup", "0"),
            ("innodb-buffer-pool-dump-at-shutdown", "0"),
            // The kernel's own queues are few, and shared by the machine.
            ("innodb-use-native-aio", "0"),
            ("performance-schema", "0"),
            ("max-allowed-packet", "1G"),
            ("character-set-server", "utf8mb4"),
            ("default-time-zone", "+00:00"),
            ("default-storage-engine", "InnoDB"),
        ];
        if self.options.durability == Durability::Durable {
            settings.extend([
                ("innodb-flush-log-at-trx-commit", "1"),
                ("innodb-flush-method", "O_DIRECT"),
                ("innodb-doublewrite", "1"),
            ]);
        } else {
            settings.extend(FAST);
        }
        let more = self.options.settings.iter();
        settings.extend(more.map(|(name, value)| (name.as_str(), value.as_str())));
        settings
    }

    /// The server says in its log when it takes connections; asking that is cheaper than connections that wait.
    fn wait_until_ready(&self, said_before: u64) -> Result<(), EngineError> {
        let deadline = Instant::now() + self.options.patience;
        loop {
            let ended = self.scratch.exited()?.is_some();
            let said = self.log_from(said_before);
            if ended {
                return Err(RECIPE.failed("mariadbd", &said));
            }
            if said.contains(READY) {
                return Ok(());
            }
            if self.options.cancel.is_cancelled() {
                return Err(EngineError::Cancelled);
            }
            if Instant::now() >= deadline {
                let message = format!("the server did not start within {:?}", self.options.patience);
                return Err(EngineError::Timeout { message });
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn log_from(&self, offset: u64) -> String {
        let read = || -> std::io::Result<Vec<u8>> {
            let mut file = File::open(self.log_path())?;
            file.seek(SeekFrom::Start(offset))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        read()
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// The version of the server.
    #[must_use]
    pub fn version(&self) -> Version {
        self.binaries.version
    }

    /// The process id of the server.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.scratch.process_id()
    }

    /// The server's folder, which goes with it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// Where an account finds a database on this server; without a name, the server alone.
    #[must_use]
    pub fn url(&self, database: &str, user: &str) -> DatabaseUrl {
        DatabaseUrl::Mariadb(MariadbAddress {
            host: MariadbHost::Socket(self.folder().join(SOCKET)),
            port: 3306,
            user: user.to_owned(),
            password: None,
            database: database.to_owned(),
            connect_timeout: None,
        })
    }

    /// The name of the superuser.
    #[must_use]
    pub fn superuser(&self) -> &'static str {
        SUPERUSER
    }

    /// A connection of the superuser; without a name of a database, to the server alone.
    ///
    /// # Errors
    /// As [`Connection::open`].
    pub fn superuser_connection(&self, database: &str) -> Result<Connection, EngineError> {
        self.connect(database, SUPERUSER)
    }

    /// A connection of any account that has no password.
    ///
    /// # Errors
    /// As [`Connection::open`].
    pub fn connect(&self, database: &str, user: &str) -> Result<Connection, EngineError> {
        Connection::open(&self.url(database, user), &ConnectOptions::default())
    }

    /// Makes an empty database.
    ///
    /// # Errors
    /// What the server says, for example that the name is taken.
    pub fn create_database(&self, name: &str) -> Result<(), EngineError> {
        self.maintain(&format!("CREATE DATABASE {}", quote_backticks(name)))
    }

    /// Drops a database, ending whoever is connected to it. One that is not there is no error.
    ///
    /// # Errors
    /// What the server says.
    pub fn drop_database(&self, name: &str) -> Result<(), EngineError> {
        self.with_maintenance(|connection| {
            let sql = "SELECT id FROM information_schema.processlist WHERE db = ?";
            let found = connection.query(sql, &[physical::Value::Text(name.to_owned())])?;
            for id in found.rows.iter().filter_map(|row| row.first()?.as_int()) {
                // Who is gone already cannot be ended, and need not be.
                let _ = connection.batch(&format!("KILL HARD {id}"));
            }
            connection.batch(&format!("DROP DATABASE IF EXISTS {}", quote_backticks(name)))
        })
    }

    /// Runs one statement of administration, on a connection that is kept for it.
    fn maintain(&self, sql: &str) -> Result<(), EngineError> {
        self.with_maintenance(|connection| connection.batch(sql))
    }

    fn with_maintenance(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let mut kept = lock(&self.maintenance);
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => self.superuser_connection("")?,
        };
        let result = work(&mut connection);
        if !result.as_ref().is_err_and(EngineError::is_connection_lost) {
            *kept = Some(connection);
        }
        result.map_err(|error| self.explain(error))
    }

    /// What the server has written to its log so far.
    #[must_use]
    pub fn server_log(&self) -> String {
        self.log_from(0)
    }

    fn log_path(&self) -> PathBuf {
        self.folder().join("server.log")
    }

    /// Makes the most of an error: a server that gave up because its disk is full only drops its connections, and
    /// says why in its log.
    #[must_use]
    pub fn explain(&self, error: EngineError) -> EngineError {
        if !error.is_connection_lost() {
            return error;
        }
        let log = self.server_log();
        let full = |line: &&str| line.contains("No space left on device") || line.contains("Disk is full");
        match log.lines().rev().find(full) {
            Some(line) => EngineError::DiskFull {
                message: line.to_owned(),
            },
            None => error,
        }
    }

    /// Whether the server still runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(self.scratch.exited(), Ok(None))
    }

    /// Kills the server at once, as a crash would. [`MariadbServer::restart`] brings it back.
    pub fn kill9(&self) {
        *lock(&self.maintenance) = None;
        self.scratch.kill(Signal::KILL);
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline && self.is_running() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Starts the server again on its data, after [`MariadbServer::kill9`] or a crash.
    ///
    /// # Errors
    /// As [`MariadbServer::start`]; [`EngineError::Refused`] while it still runs.
    pub fn restart(&self) -> Result<(), EngineError> {
        if self.is_running() {
            return Err(EngineError::refused("the server still runs", "stop it first"));
        }
        // The socket of the killed one is in the way.
        let _ = fs::remove_file(self.folder().join(SOCKET));
        self.run()
    }

    /// Stops the server and removes its folder now.
    pub fn stop(self) {
        self.end();
    }

    fn end(&self) {
        *lock(&self.maintenance) = None;
        self.scratch.close();
    }
}

impl Drop for MariadbServer {
    fn drop(&mut self) {
        self.end();
    }
}
