//! Where a database is, as the user writes it, with everything secret kept out of sight.

mod mariadb;

use std::fmt;
use std::path::{Path, PathBuf};

pub use mariadb::MariadbAddress;
pub(crate) use mariadb::MariadbHost;

use crate::error::EngineError;

/// A text that is never shown: both `Debug` and `Display` print `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Takes the secret out of a text that somebody else wrote, plain and percent-encoded.
    pub(crate) fn scrub(&self, text: &str) -> String {
        if self.0.is_empty() {
            return text.to_owned();
        }
        text.replace(&self.0, "***").replace(&encode(&self.0), "***")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The address of a database: `postgres://…`, `mariadb://…` (or `mysql://…`), `sqlite:path`, or the path of a file.
///
/// `Debug` and `Display` show the address without its password, and can be printed anywhere.
///
/// This build has no TLS. A server that is not on this machine is therefore refused unless the address says
/// `sslmode=disable` (MariaDB: `ssl-mode=disabled`), and an address that demands TLS (`sslmode=require`, `verify-ca`,
/// `verify-full`; `ssl-mode=required`) is refused always: a password never crosses a network in plain text unless the user wrote that it may.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A PostgreSQL server.
    Postgres(PostgresAddress),
    /// A MariaDB server, or a MySQL one.
    Mariadb(MariadbAddress),
    /// A SQLite file.
    Sqlite(PathBuf),
}

/// The parts of a `postgres://` address.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresAddress {
    pub(crate) host: Host,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) password: Option<Secret>,
    pub(crate) database: String,
    pub(crate) application: Option<String>,
    pub(crate) connect_timeout: Option<u32>,
}

/// How a foreign program logs in. It holds a password, so it can neither be printed nor compared.
#[expect(
    missing_debug_implementations,
    reason = "a password must not be printed by accident"
)]
pub struct Login {
    /// A name, an address, or the folder of a socket; with MariaDB the socket itself.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Who.
    pub user: String,
    /// The password, if one is needed.
    pub password: Option<String>,
    /// Where.
    pub database: String,
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    /// The folder of a unix socket.
    Socket(PathBuf),
    /// A name or address.
    Network(String),
}

impl DatabaseUrl {
    /// Reads an address. What is wrong with it is said without ever repeating the password.
    ///
    /// # Errors
    /// [`EngineError::Unsupported`] for what this build cannot do, [`EngineError::Refused`] for what is malformed
    /// or would send a password over a network in plain text.
    pub fn parse(text: &str) -> Result<Self, EngineError> {
        if let Some(rest) = text
            .strip_prefix("postgres://")
            .or_else(|| text.strip_prefix("postgresql://"))
        {
            return parse_postgres(rest).map(Self::Postgres);
        }
        if let Some(rest) = text
            .strip_prefix("mariadb://")
            .or_else(|| text.strip_prefix("mysql://"))
        {
            return mariadb::parse(rest).map(Self::Mariadb);
        }
        if let Some(rest) = text.strip_prefix("sqlite:") {
            return parse_sqlite(rest.strip_prefix("//").unwrap_or(rest));
        }
        if let Some((scheme, _)) = text.split_once("://") {
            let kind = OTHERS.iter().find(|kind| kind.eq_ignore_ascii_case(scheme));
            return Err(EngineError::unsupported(
                match kind {
                    Some(kind) => format!("databases of the kind `{kind}` are not supported by this build"),
                    None => "the address begins with a kind of database that is not known".to_owned(),
                },
                "give a `postgres://` or `mariadb://` address, `sqlite:` and a path, or the path of a SQLite file",
            ));
        }
        // A mistyped address of a server must not become the name of a file, which is shown and perhaps made.
        if text.split_once(':').is_some_and(|(_, rest)| rest.contains('@')) {
            return Err(malformed(
                "it looks like one of a server, and does not begin with `postgres://` or `mariadb://`",
            ));
        }
        parse_sqlite(text)
    }

    /// The name of the database: what follows the host, or the stem of the file.
    #[must_use]
    pub fn database(&self) -> String {
        match self {
            Self::Postgres(address) => address.database.clone(),
            Self::Mariadb(address) => address.database.clone(),
            Self::Sqlite(path) => path
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
                .unwrap_or_default(),
        }
    }

    /// The same server with another database.
    #[must_use]
    pub fn with_database(&self, database: &str) -> Self {
        match self {
            Self::Postgres(address) => Self::Postgres(PostgresAddress {
                database: database.to_owned(),
                ..address.clone()
            }),
            Self::Mariadb(address) => Self::Mariadb(MariadbAddress {
                database: database.to_owned(),
                ..address.clone()
            }),
            Self::Sqlite(path) => Self::Sqlite(path.clone()),
        }
    }

    /// The same database as another role.
    #[must_use]
    pub fn with_user(&self, user: &str, password: Option<Secret>) -> Self {
        match self {
            Self::Postgres(address) => Self::Postgres(PostgresAddress {
                user: user.to_owned(),
                password,
                ..address.clone()
            }),
            Self::Mariadb(address) => Self::Mariadb(MariadbAddress {
                user: user.to_owned(),
                password,
                ..address.clone()
            }),
            Self::Sqlite(path) => Self::Sqlite(path.clone()),
        }
    }

    /// The folder and port of a unix socket (MariaDB: the socket itself), for programs that want to be told them; never a password.
    #[must_use]
    pub fn socket(&self) -> Option<(&Path, u16)> {
        match self {
            Self::Postgres(PostgresAddress {
                host: Host::Socket(path),
                port,
                ..
            }) => Some((path, *port)),
            Self::Mariadb(MariadbAddress {
                host: MariadbHost::Socket(path),
                port,
                ..
            }) => Some((path, *port)),
            _ => None,
        }
    }

    /// All that a foreign program needs to log in, the password in plain text; `None` for a file.
    #[must_use]
    pub fn login(&self) -> Option<Login> {
        match self {
            Self::Postgres(address) => Some(Login {
                host: match &address.host {
                    Host::Socket(path) => path.display().to_string(),
                    Host::Network(name) => name.clone(),
                },
                port: address.port,
                user: address.user.clone(),
                password: address.password.as_ref().map(|secret| secret.expose().to_owned()),
                database: address.database.clone(),
            }),
            Self::Mariadb(address) => Some(Login {
                host: match &address.host {
                    MariadbHost::Socket(path) => path.display().to_string(),
                    MariadbHost::Network(name) => name.clone(),
                },
                port: address.port,
                user: address.user.clone(),
                password: address.password.as_ref().map(|secret| secret.expose().to_owned()),
                database: address.database.clone(),
            }),
            Self::Sqlite(_) => None,
        }
    }

    /// The user that logs in.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::Postgres(address) => Some(&address.user),
            Self::Mariadb(address) => Some(&address.user),
            Self::Sqlite(_) => None,
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres(address) => address.fmt(f),
            Self::Mariadb(address) => address.fmt(f),
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
        }
    }
}

impl fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgres://{}", encode(&self.user))?;
        if self.password.is_some() {
            f.write_str(":***")?;
        }
        match &self.host {
            Host::Network(host) if host.contains(':') => write!(f, "@[{host}]:{}", self.port)?,
            Host::Network(host) => write!(f, "@{host}:{}", self.port)?,
            Host::Socket(_) => f.write_str("@")?,
        }
        write!(f, "/{}", encode(&self.database))?;
        match &self.host {
            Host::Socket(path) => write!(f, "?host={}&port={}", path.display(), self.port),
            Host::Network(_) => Ok(()),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for DatabaseUrl {
    type Err = EngineError;

    fn from_str(text: &str) -> Result<Self, EngineError> {
        Self::parse(text)
    }
}

fn parse_sqlite(path: &str) -> Result<DatabaseUrl, EngineError> {
    if path.is_empty() || path.contains('\0') {
        return Err(EngineError::refused(
            "the address names no file",
            "write `sqlite:` and the path of a database file",
        ));
    }
    Ok(DatabaseUrl::Sqlite(PathBuf::from(path)))
}

/// Kinds of databases that addresses are commonly given for, and that are not ours.
const OTHERS: &[&str] = &[
    "mongodb",
    "mongodb+srv",
    "mssql",
    "sqlserver",
    "oracle",
    "redis",
    "http",
    "https",
    "file",
];

/// Parameters of PostgreSQL's own tools that we do not have.
const IGNORED: &[&str] = &[
    "channel_binding",
    "client_encoding",
    "gssencmode",
    "hostaddr",
    "keepalives",
    "options",
    "passfile",
    "schema",
    "service",
    "sslcert",
    "sslcrl",
    "sslkey",
    "sslnegotiation",
    "sslpassword",
    "sslrootcert",
    "target_session_attrs",
];

/// What the query part of the address may say, collected before it is judged.
#[derive(Default)]
struct Parameters {
    host: Option<String>,
    port: Option<String>,
    user: Option<String>,
    password: Option<Secret>,
    database: Option<String>,
    sslmode: Option<String>,
    application: Option<String>,
    connect_timeout: Option<String>,
}

fn parse_postgres(rest: &str) -> Result<PostgresAddress, EngineError> {
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    // The last `@` ends the credentials: passwords with a bare `@` are common, and must not end up in the host,
    // from where they would be printed.
    let (credentials, rest) = match rest.rsplit_once('@') {
        Some((credentials, rest)) => (Some(credentials), rest),
        None => (None, rest),
    };
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    if database.contains(['=', '&']) {
        return Err(malformed(
            "the name of the database contains `=` or `&`: parameters begin with `?`",
        ));
    }
    let mut given = parameters(query)?;
    if let Some(credentials) = credentials {
        let (user, password) = match credentials.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (credentials, None),
        };
        given.user = Some(decode(user)?).filter(|user| !user.is_empty()).or(given.user);
        if let Some(password) = password {
            given.password = Some(Secret(decode(password)?));
        }
    }
    let (host, port) = split_authority(authority)?;
    given.host = given.host.or(host);
    given.port = given.port.or(port);
    given.database = Some(decode(database)?)
        .filter(|name| !name.is_empty())
        .or(given.database);
    finish(given)
}

fn finish(given: Parameters) -> Result<PostgresAddress, EngineError> {
    let host = match given.host.filter(|host| !host.is_empty()) {
        Some(path) if path.starts_with('/') => Host::Socket(PathBuf::from(path)),
        Some(names) if names.contains(',') => {
            return Err(EngineError::unsupported(
                "addresses with several hosts are not supported by this build",
                "name one host",
            ));
        }
        Some(name) if !is_host(&name) => {
            return Err(malformed(
                "the host contains what no name or address of a host does",
            ));
        }
        Some(name) => Host::Network(name),
        None => Host::Network("localhost".to_owned()),
    };
    let port = match given.port.filter(|port| !port.is_empty()) {
        Some(port) => port
            .parse()
            .map_err(|_| malformed("the port is not a number from 0 to 65535"))?,
        None => 5432,
    };
    let connect_timeout = match given.connect_timeout {
        Some(seconds) => Some(
            seconds
                .parse()
                .map_err(|_| malformed("`connect_timeout` is not a number of seconds"))?,
        ),
        None => None,
    };
    guard_transport(&host, given.sslmode.as_deref())?;
    let user = given.user.ok_or_else(|| malformed("the address names no user"))?;
    let address = PostgresAddress {
        database: given.database.unwrap_or_else(|| user.clone()),
        host,
        port,
        user,
        password: given.password,
        application: given.application,
        connect_timeout,
    };
    let texts = [&address.user, &address.database];
    if texts.iter().any(|text| text.contains('\0'))
        || address
            .password
            .as_ref()
            .is_some_and(|secret| secret.0.contains('\0'))
    {
        return Err(malformed("the address contains a NUL byte"));
    }
    Ok(address)
}

/// Refuses what would send a password over a network in plain text.
fn guard_transport(host: &Host, sslmode: Option<&str>) -> Result<(), EngineError> {
    let local = match host {
        Host::Socket(_) => true,
        Host::Network(name) => is_loopback(name),
    };
    match sslmode {
        Some("require" | "verify-ca" | "verify-full") => Err(EngineError::unsupported(
            "`sslmode` demands TLS, which is not supported by this build",
            "reach the server through a local tunnel (`ssh -L 5432:localhost:5432 …`) and give that address",
        )),
        Some("disable") => Ok(()),
        None | Some("allow" | "prefer") if local => Ok(()),
        None | Some("allow" | "prefer") => Err(EngineError::refused(
            "the server is on another machine, and this build has no TLS: the password would travel in plain text",
            "reach it through a local tunnel, or accept plain text by writing `sslmode=disable`",
        )),
        Some(_) => Err(malformed(
            "`sslmode` is none of disable, allow, prefer, require, verify-ca, verify-full",
        )),
    }
}

/// Also so that a password which slipped out of its place is not taken for a host, and shown.
fn is_host(name: &str) -> bool {
    name.parse::<std::net::IpAddr>().is_ok()
        || name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

fn is_loopback(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn parameters(query: &str) -> Result<Parameters, EngineError> {
    let mut given = Parameters::default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decode(value)?;
        match key {
            "host" => given.host = Some(value),
            "port" => given.port = Some(value),
            "user" => given.user = Some(value),
            "password" => given.password = Some(Secret(value)),
            "dbname" => given.database = Some(value),
            "sslmode" => given.sslmode = Some(value),
            "application_name" => given.application = Some(value),
            "connect_timeout" => given.connect_timeout = Some(value),
            _ => {
                // Only names that we know are repeated: a `?` in a password makes a piece of it look like one.
                let known = IGNORED.iter().find(|name| **name == key);
                let which = known.map_or("a parameter".to_owned(), |name| format!("the parameter `{name}`"));
                return Err(EngineError::unsupported(
                    format!("{which} of the address is not supported by this build"),
                    "known are host, port, user, password, dbname, sslmode, application_name, connect_timeout",
                ));
            }
        }
    }
    Ok(given)
}

type HostAndPort = (Option<String>, Option<String>);

fn split_authority(authority: &str) -> Result<HostAndPort, EngineError> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, rest) = rest
            .split_once(']')
            .ok_or_else(|| malformed("a `[` has no `]`"))?;
        return Ok((Some(host.to_owned()), rest.strip_prefix(':').map(str::to_owned)));
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.to_owned())),
        None => (authority, None),
    };
    Ok((Some(decode(host)?).filter(|host| !host.is_empty()), port))
}

fn malformed(what: &str) -> EngineError {
    EngineError::refused(
        format!("the database address cannot be read: {what}"),
        "write it as postgres://user:password@host:port/database; other characters as %XX",
    )
}

fn decode(text: &str) -> Result<String, EngineError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut input = text.bytes();
    while let Some(byte) = input.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        match (input.next().and_then(hex), input.next().and_then(hex)) {
            (Some(high), Some(low)) => bytes.push(high * 16 + low),
            _ => return Err(malformed("a `%` is not followed by two hexadecimal digits")),
        }
    }
    String::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8 after decoding"))
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

fn encode(text: &str) -> String {
    use fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
