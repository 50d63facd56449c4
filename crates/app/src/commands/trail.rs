//! What `seal` and `verify` share: the schema, the keys, the connection.

use std::path::{Path, PathBuf};

use crypto::Key;
use dialects::by_name;
use engine::{Access, ConnectOptions, Connection, DatabaseUrl};
use physical::Blueprint;
use plan::Relational;
use project::System as _;

use super::findings;
use crate::cli::FindingFormat;
use crate::{Context, Outcome};

/// A trail that can be worked on.
pub(crate) struct Trail {
    pub(crate) blueprint: Blueprint,
    pub(crate) dialect: &'static Relational,
    pub(crate) connection: Connection,
    /// Keys with their ids, in the order in which they were named.
    pub(crate) keys: Vec<(String, Key)>,
}

/// Reads the schema and the keys, and connects.
pub(crate) fn open(
    context: Context,
    path: &Path,
    on: &str,
    keys: &[PathBuf],
    access: Access,
) -> Result<Trail, Outcome> {
    let checked = state::check(&context.machine, path);
    if checked.diagnostics.has_errors() {
        let found = checked.diagnostics.into_sorted();
        return Err(findings::show(
            context,
            FindingFormat::Text,
            &checked.loaded.sources,
            &found,
        ));
    }
    let blueprint = state::build(&checked).designed.blueprint;
    let keys = keys
        .iter()
        .map(|file| read_key(context, file))
        .collect::<Result<Vec<_>, _>>()?;
    let url = address(context, on)?;
    let name = match url {
        DatabaseUrl::Postgres(_) => "postgres",
        DatabaseUrl::Sqlite(_) => "sqlite",
        DatabaseUrl::Mariadb(_) => "mariadb",
    };
    let Some(dialect) = by_name(name) else {
        return Err(Outcome::Failed);
    };
    match Connection::open(
        &url,
        &ConnectOptions {
            access,
            ..ConnectOptions::default()
        },
    ) {
        Ok(connection) => Ok(Trail {
            blueprint,
            dialect,
            connection,
            keys,
        }),
        Err(error) => {
            findings::complain(context, &error.to_string(), error.help());
            Err(Outcome::Failed)
        }
    }
}

/// The address of a database: as written, or in the variable of the environment that `env:NAME` names, so that no password
/// has to stand where every user of the machine can read it.
pub(crate) fn address(context: Context, on: &str) -> Result<DatabaseUrl, Outcome> {
    let text = match on.strip_prefix("env:") {
        Some(name) => match context.machine.variable(name) {
            Some(text) => text,
            None => {
                findings::complain(
                    context,
                    &format!("the environment has no variable `{name}`"),
                    None,
                );
                return Err(Outcome::Misused);
            }
        },
        None => on.to_owned(),
    };
    let url = DatabaseUrl::parse(&text).map_err(|error| {
        findings::complain(context, &error.to_string(), error.help());
        Outcome::Misused
    })?;
    if matches!(url, DatabaseUrl::Mariadb(_)) && by_name("mariadb").is_none() {
        let message = "MariaDB and MySQL (`mariadb://`, `mysql://`) are not supported by this build";
        findings::complain(context, message, Some("name a PostgreSQL or a SQLite database"));
        return Err(Outcome::Misused);
    }
    Ok(url)
}

fn read_key(context: Context, file: &Path) -> Result<(String, Key), Outcome> {
    let shown = file.display();
    let bytes = context.machine.read(file).map_err(|error| {
        let help = "make one with `openssl rand -hex 32`, and keep it where the database cannot read it";
        findings::complain(
            context,
            &format!("the key `{shown}` cannot be read: {error}"),
            Some(help),
        );
        Outcome::Failed
    })?;
    let key = std::str::from_utf8(&bytes)
        .ok()
        .and_then(|text| parse_key(text.trim()));
    match key {
        Some(key) => Ok((crypto::key_id(&key), key)),
        None => {
            let help = "it holds 64 hexadecimal digits, as `openssl rand -hex 32` prints them";
            findings::complain(context, &format!("`{shown}` holds no key"), Some(help));
            Err(Outcome::Misused)
        }
    }
}

fn parse_key(hex: &str) -> Option<Key> {
    if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0_u8; 32];
    for (slot, at) in key.iter_mut().zip((0..64).step_by(2)) {
        *slot = u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()?;
    }
    Some(Key::new(key))
}

#[cfg(test)]
mod tests {
    use super::parse_key;

    #[test]
    fn a_key_is_exactly_64_hexadecimal_digits() {
        assert_eq!(parse_key(&"0f".repeat(32)), Some(crypto::Key::new([15; 32])));
        for wrong in [
            String::new(),
            "0f".repeat(31),
            "0f".repeat(33),
            "+f".repeat(32),
            "é".repeat(32),
        ] {
            assert_eq!(parse_key(&wrong), None, "{wrong}");
        }
    }
}
