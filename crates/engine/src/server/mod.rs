//! A private PostgreSQL that exists as long as a value does.
//!
//! It listens on a unix socket in a folder that only we can enter, never on a network, and it shares nothing with
//! servers that already run. See `scratch` for how it is made sure to end, and `identity` for as whom it runs.

mod archive;
mod binaries;
mod identity;
mod mariadb;
mod store;
mod template;

use std::fs::{self, File};
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process, test_kill_process};

use archive::Archive;
use binaries::Binaries;
pub use binaries::{BinarySearch, OLDEST_MAJOR, Version};
use identity::{Identity, initdb_identity};
pub use mariadb::{MariadbServer, OLDEST_MARIADB};
use template::{RECIPE, SUPERUSER, TemplateStore, known_version};

use crate::connection::{ConnectOptions, Connection, quote_identifier};
use crate::error::EngineError;
use crate::scratch::{Scratch, check_open, lock, pid};
use crate::url::{DatabaseUrl, Host, PostgresAddress};

const PORT: u16 = 5432;
/// The operating system allows about 107 bytes for the path of a socket; macOS 103.
const LONGEST_BASE: usize = 60;

/// What a temporary server promises about its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Nothing is forced to disk: fast, and lost if the machine loses power.
    #[default]
    Fast,
    /// As in production: what is committed survives a crash. For proofs about crashes.
    Durable,
}

/// A flag by which another thread asks long work to stop.
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// Asks for the end.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether somebody asked for the end.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// How to start a temporary server.
#[derive(Debug, Clone)]
pub struct StartOptions {
    /// Where to look for the programs of the server.
    pub search: BinarySearch,
    /// Where the template is kept between runs. It must be the user's own folder.
    pub cache: PathBuf,
    /// Where the server's folder is made. `/tmp` is used instead when this is too long for the path of a socket, or
    /// closed to the account that the server runs as.
    pub temporary: PathBuf,
    /// What the server promises about its data.
    pub durability: Durability,
    /// More settings, which go before ours.
    pub settings: Vec<(String, String)>,
    /// How long a start may take.
    pub patience: Duration,
    /// By which a start can be given up.
    pub cancel: CancelToken,
}

impl StartOptions {
    /// The usual: found anywhere, fast, thirty seconds.
    #[must_use]
    pub fn new(cache: impl Into<PathBuf>, temporary: impl Into<PathBuf>) -> Self {
        Self {
            search: BinarySearch::default(),
            cache: cache.into(),
            temporary: temporary.into(),
            durability: Durability::default(),
            settings: Vec::new(),
            patience: Duration::from_secs(30),
            cancel: CancelToken::default(),
        }
    }
}

/// A temporary PostgreSQL. It stops, and its folder goes, when this value does.
#[derive(Debug)]
pub struct Server {
    // Before the scratch folder: the connection should end before its server does.
    maintenance: Mutex<Option<Connection>>,
    scratch: Scratch,
    binaries: Binaries,
    identity: Identity,
    options: StartOptions,
}

impl Server {
    /// The version of the PostgreSQL that [`Server::start`] would start; starts nothing.
    ///
    /// # Errors
    /// [`EngineError::Unavailable`] when there is none, or only one that is too old.
    pub fn available(options: &StartOptions) -> Result<Version, EngineError> {
        let found = options
            .search
            .find(&|postgres| known_version(&options.cache, postgres))?;
        Ok(found.version)
    }

    /// Starts a server from the cached template (made first when there is none) and returns when it answers.
    ///
    /// # Errors
    /// [`EngineError::Unavailable`] when no usable PostgreSQL is found or it does not start,
    /// [`EngineError::DiskFull`], [`EngineError::Timeout`], [`EngineError::Cancelled`].
    pub fn start(options: &StartOptions) -> Result<Self, EngineError> {
        check_open()?;
        let binaries = options
            .search
            .find(&|postgres| known_version(&options.cache, postgres))?;
        let own_uid = rustix::process::geteuid().as_raw();
        let (base, open) = base_folder(&options.temporary, own_uid)?;
        let mut refusal = None;
        for identity in identity::server_identities(&binaries.postgres, own_uid, open) {
            match Self::start_as(options, &binaries, identity, &base) {
                // The programs themselves work as this identity, so the fault is elsewhere.
                Err(error) if identity::works(identity, &binaries.postgres) && !has_no_account(&error) => {
                    return Err(error);
                }
                Err(error) => refusal = refusal.or(Some(error)),
                started => return started,
            }
        }
        Err(EngineError::unavailable(
            match refusal {
                Some(error) if own_uid != 0 => error.to_string(),
                _ => "PostgreSQL refuses to run as root, and no other account can be used".to_owned(),
            },
            "run as another user, or let other accounts reach the programs of PostgreSQL and the temporary folder",
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
        let initdb = || initdb_identity(&binaries.postgres, identity);
        let template = store.get(&initdb)?;
        match Self::launch(options, binaries, identity, base, &template.archive) {
            // A damaged template, or one that this server does not start from.
            Err(EngineError::Unavailable { .. }) if !template.fresh => {
                store.discard();
                let template = store.get(&initdb)?;
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
        let mut command = self.identity.command(&self.binaries.postgres);
        command
            .arg("-D")
            .arg(self.scratch.path().join("data"))
            .arg("-k")
            .arg(self.scratch.path());
        for (name, value) in self.settings() {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        command
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(log);
        self.scratch.spawn(&mut command)?;
        self.wait_until_ready()
    }

    fn settings(&self) -> Vec<(&str, &str)> {
        let mut settings: Vec<(&str, &str)> = vec![
            ("max_connections", "60"),
            ("shared_buffers", "32MB"),
            ("wal_level", "minimal"),
            ("max_wal_senders", "0"),
            ("log_checkpoints", "off"),
            ("log_timezone", "UTC"),
            ("timezone", "UTC"),
        ];
        if self.options.durability == Durability::Fast {
            settings.extend([
                ("fsync", "off"),
                ("synchronous_commit", "off"),
                ("full_page_writes", "off"),
            ]);
        }
        settings.extend(
            self.options
                .settings
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
        // Last, so that nothing above can open the server to others or make it leave something behind:
        // shared memory of this kind lives in the data folder and goes with it, also after `kill -9`.
        settings.extend([
            ("listen_addresses", ""),
            ("port", "5432"),
            ("unix_socket_permissions", "0700"),
            ("logging_collector", "off"),
            ("log_destination", "stderr"),
            ("dynamic_shared_memory_type", "mmap"),
        ]);
        settings
    }

    /// The server writes its state into a file; asking that is cheaper than connections that it turns away.
    fn wait_until_ready(&self) -> Result<(), EngineError> {
        let deadline = Instant::now() + self.options.patience;
        let state = self.scratch.path().join("data/postmaster.pid");
        let id = self.scratch.process_id().map(|id| id.to_string());
        loop {
            if self.scratch.exited()?.is_some() {
                return Err(RECIPE.failed("postgres", &self.server_log()));
            }
            let text = fs::read_to_string(&state).unwrap_or_default();
            // The first line tells a file of ours from one that a killed server left behind.
            if text.lines().next() == id.as_deref() && text.lines().last().map(str::trim) == Some("ready") {
                return Ok(());
            }
            if self.options.cancel.is_cancelled() {
                return Err(EngineError::Cancelled);
            }
            if Instant::now() >= deadline {
                let message = format!("the server did not start within {:?}", self.options.patience);
                return Err(EngineError::Timeout { message });
            }
            std::thread::sleep(Duration::from_millis(1));
        }
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

    /// Where a role finds a database on this server.
    #[must_use]
    pub fn url(&self, database: &str, role: &str) -> DatabaseUrl {
        DatabaseUrl::Postgres(PostgresAddress {
            host: Host::Socket(self.scratch.path().to_owned()),
            port: PORT,
            user: role.to_owned(),
            password: None,
            database: database.to_owned(),
            application: None,
            connect_timeout: None,
        })
    }

    /// The name of the superuser.
    #[must_use]
    pub fn superuser(&self) -> &'static str {
        SUPERUSER
    }

    /// A connection of the superuser.
    ///
    /// # Errors
    /// As [`Connection::open`].
    pub fn superuser_connection(&self, database: &str) -> Result<Connection, EngineError> {
        self.connect(database, SUPERUSER)
    }

    /// A connection of any role; on this server nobody needs a password.
    ///
    /// # Errors
    /// As [`Connection::open`].
    pub fn connect(&self, database: &str, role: &str) -> Result<Connection, EngineError> {
        Connection::open(&self.url(database, role), &ConnectOptions::default())
    }

    /// Makes an empty database.
    ///
    /// # Errors
    /// What the server says, for example that the name is taken.
    pub fn create_database(&self, name: &str) -> Result<(), EngineError> {
        self.maintain(&format!(
            "CREATE DATABASE {} STRATEGY {}",
            quote_identifier(name),
            self.strategy()
        ))
    }

    /// Makes a copy of a database to which nobody is connected.
    ///
    /// # Errors
    /// What the server says, for example that somebody is connected to the original.
    pub fn clone_database(&self, name: &str, original: &str) -> Result<(), EngineError> {
        self.maintain(&format!(
            "CREATE DATABASE {} TEMPLATE {} STRATEGY {}",
            quote_identifier(name),
            quote_identifier(original),
            self.strategy()
        ))
    }

    /// Copying files is faster, unless each of them is forced to disk.
    fn strategy(&self) -> &'static str {
        match self.options.durability {
            Durability::Fast => "FILE_COPY",
            Durability::Durable => "WAL_LOG",
        }
    }

    /// Drops a database, ending whoever is connected to it. One that is not there is no error.
    ///
    /// # Errors
    /// What the server says.
    pub fn drop_database(&self, name: &str) -> Result<(), EngineError> {
        self.maintain(&format!(
            "DROP DATABASE IF EXISTS {} WITH (FORCE)",
            quote_identifier(name)
        ))
    }

    /// Runs one statement of administration, on a connection that is kept for it.
    fn maintain(&self, sql: &str) -> Result<(), EngineError> {
        let mut kept = lock(&self.maintenance);
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => self.superuser_connection("postgres")?,
        };
        let result = connection.batch(sql);
        if !result.as_ref().is_err_and(EngineError::is_connection_lost) {
            *kept = Some(connection);
        }
        result.map_err(|error| self.explain(error))
    }

    /// What the server has written to its log so far.
    #[must_use]
    pub fn server_log(&self) -> String {
        fs::read(self.log_path())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.scratch.path().join("server.log")
    }

    /// Makes the most of an error: a server that gave up because its disk is full only drops its connections, and
    /// says why in its log.
    #[must_use]
    pub fn explain(&self, error: EngineError) -> EngineError {
        if !error.is_connection_lost() {
            return error;
        }
        match self
            .server_log()
            .lines()
            .rev()
            .find(|line| line.contains("No space left on device"))
        {
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

    /// Kills the server and all its processes at once, as a crash would. [`Server::restart`] brings it back.
    pub fn kill9(&self) {
        *lock(&self.maintenance) = None;
        let Some(id) = self.scratch.process_id() else {
            return;
        };
        let children = children(id);
        self.scratch.kill(Signal::KILL);
        for child in children.iter().filter_map(|id| pid(*id)) {
            // Errors mean that it is gone already.
            let _ = kill_process(child, Signal::KILL);
        }
        let deadline = Instant::now() + Duration::from_secs(5);
        let alive = |id: &u32| pid(*id).is_some_and(|pid| test_kill_process(pid).is_ok()) && !is_zombie(*id);
        while Instant::now() < deadline && (self.is_running() || children.iter().any(alive)) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Starts the server again on its data, after [`Server::kill9`] or a crash.
    ///
    /// # Errors
    /// As [`Server::start`]; [`EngineError::Refused`] while it still runs.
    pub fn restart(&self) -> Result<(), EngineError> {
        if self.is_running() {
            return Err(EngineError::refused("the server still runs", "stop it first"));
        }
        self.run()
    }

    /// Stops the server and removes its folder now.
    pub fn stop(self) {
        self.end();
    }

    fn end(&self) {
        *lock(&self.maintenance) = None;
        if !self.is_running() {
            release_shared_memory(self.scratch.path());
        }
        self.scratch.close();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// The folder to make the server's in, and whether any account may pass it.
pub(crate) fn base_folder(wanted: &Path, own_uid: u32) -> Result<(PathBuf, bool), EngineError> {
    let wanted = fs::canonicalize(wanted)
        .map_err(|e| EngineError::io(format_args!("the temporary folder `{}`", wanted.display()), &e))?;
    let common = fs::canonicalize("/tmp").unwrap_or_else(|_| PathBuf::from("/tmp"));
    let fits = |path: &&PathBuf| {
        let bytes = path.as_os_str().as_encoded_bytes();
        bytes.len() <= LONGEST_BASE && !bytes.iter().any(|byte| b",\"'".contains(byte)) && path.is_dir()
    };
    let candidates = [&wanted, &common];
    let passable = |path: &&PathBuf| identity::open_to_others(path);
    let open = candidates.into_iter().filter(fits).find(passable);
    if let (0, Some(open)) = (own_uid, open) {
        return Ok((open.clone(), true));
    }
    candidates
        .into_iter()
        .find(fits)
        .map(|path| (path.clone(), false))
        .ok_or_else(|| {
            EngineError::unavailable(
                format!(
                    "the path of the temporary folder `{}` is too long for a socket",
                    wanted.display()
                ),
                format!("point the temporary folder at one with at most {LONGEST_BASE} bytes"),
            )
        })
}

/// `initdb` looks up the account of its user, and there may be none.
fn has_no_account(error: &EngineError) -> bool {
    matches!(error, EngineError::Unavailable { message, .. } if message.contains("could not look up effective user"))
}

/// The processes that a process has started.
fn children(parent: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return children_by_pgrep(parent);
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let id: u32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            // The name in brackets may hold anything; the state and the parent follow the last one.
            let (_, fields) = stat.rsplit_once(')')?;
            let found: u32 = fields.split_whitespace().nth(1)?.parse().ok()?;
            (found == parent).then_some(id)
        })
        .collect()
}

/// Whether a process is dead and only waits for its parent to notice; who adopts orphans may never do so.
fn is_zombie(id: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit_once(')')
        .is_some_and(|(_, fields)| fields.trim_start().starts_with('Z'))
}

fn children_by_pgrep(parent: u32) -> Vec<u32> {
    let output = std::process::Command::new("pgrep")
        .args(["-P", &parent.to_string()])
        .output();
    let text = output
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default();
    text.lines().filter_map(|line| line.trim().parse().ok()).collect()
}

/// A server that was killed leaves a few bytes of System V shared memory, which it uses as a lock.
fn release_shared_memory(folder: &Path) {
    let Ok(text) = fs::read_to_string(folder.join("data/postmaster.pid")) else {
        return;
    };
    let Some(id) = text
        .lines()
        .nth(6)
        .and_then(|line| line.split_whitespace().nth(1))
    else {
        return;
    };
    // Where there is no such program, those bytes stay until the machine restarts; nothing else depends on them.
    let _ = std::process::Command::new("ipcrm")
        .args(["-m", id])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status();
}
