//! As whom a temporary server runs.
//!
//! PostgreSQL refuses to run as root, and MariaDB does unless it is told otherwise. When we are root, the server gets
//! a user id that belongs to nobody else: one picked at random from the range that service managers use for such
//! accounts, without an entry in the account database and without any process. Its folder is closed to everybody but
//! that id and root, so no other account on the machine reaches the socket or the files. That is why local connections
//! need no password (`trust`): whoever can reach the socket could also rewrite the data files, and a password would
//! protect nothing.
//!
//! `initdb` looks its account up by name, so it alone runs as an existing one, in a folder of its own that nobody
//! connects to. Where switching accounts is impossible (a container with one user id, programs below a closed home
//! folder) the server runs in a user namespace of its own, in which it is not root.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, fchown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::EngineError;
use crate::scratch::random;

/// The ids that service managers hand out to accounts that exist only while something runs.
const EPHEMERAL: std::ops::Range<u32> = 61_184..65_520;

/// As whom a program of PostgreSQL runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identity {
    /// As ourselves.
    Own,
    /// As another user and group.
    Account(u32, u32),
    /// As ourselves, in a user namespace in which we are not root.
    Namespace,
}

/// As whom the server can be tried to run, best first, given whether any account may pass the folder it will live
/// in. Which of them works is seen when it starts; asking before costs more than the rest of a start's preparation.
pub(crate) fn server_identities(postgres: &Path, own_uid: u32, open: bool) -> Vec<Identity> {
    if own_uid != 0 {
        // The second helps where our user id has no account, as in many containers.
        return vec![Identity::Own, Identity::Namespace];
    }
    let accounts = [free_account, existing_account]
        .into_iter()
        .filter_map(|find| find());
    let reachable = open && open_to_others(postgres);
    accounts
        .filter(|_| reachable)
        .chain([Identity::Namespace])
        .collect()
}

/// Who runs `initdb` for a server that will run as `server`.
pub(crate) fn initdb_identity(postgres: &Path, server: Identity) -> Result<Identity, EngineError> {
    match server {
        Identity::Own | Identity::Namespace => Ok(server),
        Identity::Account(..) => existing_account()
            .filter(|account| works(*account, postgres))
            .ok_or_else(|| {
                EngineError::unavailable(
                    "`initdb` refuses to run as root, and this machine has no account `nobody` or `postgres`",
                    "make such an account, or run as another user",
                )
            }),
    }
}

impl Identity {
    /// A command that runs as this identity, with a small and fixed environment.
    pub(crate) fn command(self, program: &Path) -> Command {
        let mut command = match self {
            Self::Own | Self::Account(..) => Command::new(program),
            Self::Namespace => {
                let mut command = Command::new("unshare");
                command
                    .args(["-U", "--map-user=65534", "--map-group=65534"])
                    .arg(program);
                command
            }
        };
        if let Self::Account(uid, gid) = self {
            // The standard library drops the supplementary groups along with this.
            command.uid(uid).gid(gid);
        }
        for variable in [
            "PGDATA",
            "PGHOST",
            "PGPORT",
            "PGUSER",
            "PGDATABASE",
            "PGOPTIONS",
            "PGPASSWORD",
            "MYSQL_HOME",
            "MYSQL_UNIX_PORT",
            "MYSQL_TCP_PORT",
            "MYSQL_GROUP_SUFFIX",
            "MARIADB_HOME",
            "TMPDIR",
        ] {
            command.env_remove(variable);
        }
        command.env("LC_ALL", "C").env("TZ", "UTC").current_dir("/");
        command
    }

    /// Who must own the files, when that is not us.
    pub(crate) fn owner(self) -> Option<(u32, u32)> {
        match self {
            Self::Account(uid, gid) => Some((uid, gid)),
            Self::Own | Self::Namespace => None,
        }
    }

    /// Gives an open file or folder to this identity.
    pub(crate) fn give(self, file: &fs::File) -> std::io::Result<()> {
        match self.owner() {
            Some((uid, gid)) => fchown(file, Some(uid), Some(gid)),
            None => Ok(()),
        }
    }
}

/// Whether any account may reach a file: every folder above it can be passed, and it can be read or entered.
pub(crate) fn open_to_others(path: &Path) -> bool {
    let Ok(path) = fs::canonicalize(path) else {
        return false;
    };
    path.ancestors()
        .all(|part| fs::metadata(part).is_ok_and(|metadata| metadata.mode() & 0o001 != 0))
}

/// Whether a program can be run as this identity at all.
pub(crate) fn works(identity: Identity, postgres: &Path) -> bool {
    let mut command = identity.command(postgres);
    command
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// `nobody`, or else an account made for PostgreSQL.
fn existing_account() -> Option<Identity> {
    let accounts = accounts();
    ["nobody", "postgres", "_postgres", "daemon"]
        .iter()
        .find_map(|wanted| {
            let (_, uid, gid) = accounts.iter().find(|(name, ..)| name == wanted)?;
            (*uid != 0).then_some(Identity::Account(*uid, *gid))
        })
}

/// A user id that is neither in the account database nor used by any process.
fn free_account() -> Option<Identity> {
    let accounts = accounts();
    let span = u64::from(EPHEMERAL.end - EPHEMERAL.start);
    (0..16).find_map(|_| {
        let offset = u32::try_from(random().ok()? % span).ok()?;
        let uid = EPHEMERAL.start + offset;
        let taken = accounts.iter().any(|(_, other, _)| *other == uid) || in_use(uid);
        (!taken).then_some(Identity::Account(uid, uid))
    })
}

fn in_use(uid: u32) -> bool {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            entry
                .file_name()
                .to_string_lossy()
                .starts_with(|c: char| c.is_ascii_digit())
        })
        .any(|entry| entry.metadata().is_ok_and(|metadata| metadata.uid() == uid))
}

/// Name, user and group of the accounts of this machine.
fn accounts() -> Vec<(String, u32, u32)> {
    let text = fs::read_to_string("/etc/passwd").unwrap_or_default();
    text.lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?.to_owned();
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            Some((name, uid, gid))
        })
        .collect()
}
