//! Addresses of MariaDB: `mariadb://user:password@host:port/database`, and `mysql://` for the same.

use std::fmt;
use std::path::PathBuf;

use super::{HostAndPort, Secret, decode, encode, is_host, is_loopback, split_authority};
use crate::error::EngineError;

const PORT: u16 = 3306;

/// The parts of a `mariadb://` address.
#[derive(Clone, PartialEq, Eq)]
pub struct MariadbAddress {
    pub(crate) host: MariadbHost,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) password: Option<Secret>,
    /// Empty where only the server is meant.
    pub(crate) database: String,
    pub(crate) connect_timeout: Option<u32>,
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MariadbHost {
    /// A unix socket.
    Socket(PathBuf),
    /// A name or address.
    Network(String),
}

impl fmt::Display for MariadbAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mariadb://{}", encode(&self.user))?;
        if self.password.is_some() {
            f.write_str(":***")?;
        }
        match &self.host {
            MariadbHost::Network(host) if host.contains(':') => write!(f, "@[{host}]:{}", self.port)?,
            MariadbHost::Network(host) => write!(f, "@{host}:{}", self.port)?,
            MariadbHost::Socket(_) => f.write_str("@")?,
        }
        write!(f, "/{}", encode(&self.database))?;
        match &self.host {
            MariadbHost::Socket(path) => write!(f, "?socket={}", path.display()),
            MariadbHost::Network(_) => Ok(()),
        }
    }
}

impl fmt::Debug for MariadbAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What the query part of the address may say, collected before it is judged.
#[derive(Default)]
struct Parameters {
    socket: Option<String>,
    user: Option<String>,
    password: Option<Secret>,
    tls: Option<String>,
    connect_timeout: Option<String>,
}

/// Parameters of other clients that we do not have.
const IGNORED: &[&str] = &[
    "allowLocalInfile",
    "allowPublicKeyRetrieval",
    "autocommit",
    "compress",
    "connection_limit",
    "local_infile",
    "pool_timeout",
    "read_timeout",
    "serverTimezone",
    "sslaccept",
    "sslcert",
    "sslidentity",
    "sslpassword",
    "ssl_ca",
    "ssl_cert",
    "ssl_key",
    "timezone",
    "useSSL",
    "write_timeout",
];

/// Reads what follows `mariadb://`.
pub(super) fn parse(rest: &str) -> Result<MariadbAddress, EngineError> {
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    // The last `@` ends the credentials: a password with a bare `@` must not end up in the host, which is printed.
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
        given.user = Some(read(user)?).filter(|user| !user.is_empty()).or(given.user);
        if let Some(password) = password {
            given.password = Some(Secret(read(password)?));
        }
    }
    let place = split_authority(authority).map_err(|_| malformed("its host"))?;
    finish(given, place, read(database)?)
}

fn finish(
    given: Parameters,
    (host, port): HostAndPort,
    database: String,
) -> Result<MariadbAddress, EngineError> {
    let host = match (given.socket, host.filter(|host| !host.is_empty())) {
        (Some(path), _) if path.starts_with('/') => MariadbHost::Socket(PathBuf::from(path)),
        (Some(_), _) => return Err(malformed("`socket` is not the whole path of a socket")),
        (None, Some(names)) if names.contains(',') => {
            return Err(EngineError::unsupported(
                "addresses with several hosts are not supported by this build",
                "name one host",
            ));
        }
        (None, Some(name)) if !is_host(&name) => {
            return Err(malformed(
                "the host contains what no name or address of a host does",
            ));
        }
        (None, Some(name)) => MariadbHost::Network(name),
        (None, None) => MariadbHost::Network("localhost".to_owned()),
    };
    let port = match port.filter(|port| !port.is_empty()) {
        Some(port) => port
            .parse()
            .map_err(|_| malformed("the port is not a number from 0 to 65535"))?,
        None => PORT,
    };
    let connect_timeout = match given.connect_timeout {
        Some(seconds) => Some(
            seconds
                .parse()
                .map_err(|_| malformed("`connect_timeout` is not a number of seconds"))?,
        ),
        None => None,
    };
    guard_transport(&host, given.tls.as_deref())?;
    let address = MariadbAddress {
        host,
        port,
        user: given.user.ok_or_else(|| malformed("the address names no user"))?,
        password: given.password,
        database,
        connect_timeout,
    };
    let texts = [&address.user, &address.database];
    if texts.iter().any(|text| text.contains('\0')) {
        return Err(malformed("the address contains a NUL byte"));
    }
    Ok(address)
}

/// Refuses what would send rows, and what a password can be guessed from, over a network in plain text.
fn guard_transport(host: &MariadbHost, tls: Option<&str>) -> Result<(), EngineError> {
    let local = match host {
        MariadbHost::Socket(_) => true,
        MariadbHost::Network(name) => is_loopback(name),
    };
    let wanted = tls.map(str::to_ascii_lowercase);
    match wanted.as_deref() {
        Some(
            "required" | "require" | "verify_ca" | "verify-ca" | "verify_identity" | "verify-identity"
            | "verify-full" | "true" | "1",
        ) => Err(EngineError::unsupported(
            "`ssl-mode` demands TLS, which is not supported by this build",
            "reach the server through a local tunnel (`ssh -L 3306:localhost:3306 …`) and give that address",
        )),
        Some("disabled" | "disable" | "false" | "0") => Ok(()),
        None | Some("preferred" | "prefer") if local => Ok(()),
        None | Some("preferred" | "prefer") => Err(EngineError::refused(
            "the server is on another machine, and this build has no TLS: all would travel in plain text",
            "reach it through a local tunnel, or accept plain text by writing `ssl-mode=disabled`",
        )),
        Some(_) => Err(malformed(
            "`ssl-mode` is none of disabled, preferred, required, verify_ca, verify_identity",
        )),
    }
}

fn parameters(query: &str) -> Result<Parameters, EngineError> {
    let mut given = Parameters::default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = read(value)?;
        match key {
            "socket" | "unix_socket" => given.socket = Some(value),
            "user" => given.user = Some(value),
            "password" => given.password = Some(Secret(value)),
            "ssl-mode" | "sslmode" | "ssl_mode" | "ssl" => given.tls = Some(value),
            "connect_timeout" => given.connect_timeout = Some(value),
            // What we speak anyway.
            "charset" if value.eq_ignore_ascii_case("utf8mb4") => {}
            _ => {
                // Only names that we know are repeated: a `?` in a password makes a piece of it look like one.
                let known = IGNORED.iter().find(|name| **name == key);
                let which = known.map_or("a parameter".to_owned(), |name| format!("the parameter `{name}`"));
                return Err(EngineError::unsupported(
                    format!("{which} of the address is not supported by this build"),
                    "known are socket, user, password, ssl-mode, connect_timeout, charset=utf8mb4",
                ));
            }
        }
    }
    Ok(given)
}

fn read(text: &str) -> Result<String, EngineError> {
    decode(text).map_err(|_| malformed("what follows a `%` is no character"))
}

fn malformed(what: &str) -> EngineError {
    EngineError::refused(
        format!("the database address cannot be read: {what}"),
        "write it as mariadb://user:password@host:port/database, with `?socket=/path` for a socket; other characters as %XX",
    )
}
