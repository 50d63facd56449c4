//! Where the programs of a MariaDB are, and which version they are of.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::EngineError;
use crate::server::binaries::{BinarySearch, Version, numbered};

/// The oldest version of MariaDB that the product speaks.
pub const OLDEST_MARIADB: Version = Version {
    major: 10,
    minor: 11,
    patch: 0,
};

const SERVER: &str = "mariadbd";
const INSTALLER: &str = "mariadb-install-db";

/// The programs of one MariaDB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binaries {
    pub(crate) server: PathBuf,
    pub(crate) installer: PathBuf,
    /// The folder that `bin` or `sbin` is in, where the server would not find its own messages without a word.
    pub(crate) root: Option<PathBuf>,
    pub(crate) version: Version,
}

/// The first MariaDB that is new enough. `known` may know the version of a program without running it.
pub(crate) fn find(
    search: &BinarySearch,
    known: &dyn Fn(&Path) -> Option<Version>,
) -> Result<Binaries, EngineError> {
    let (mut too_old, mut half) = (None, None);
    let folders = folders(search);
    for folder in &folders {
        let Ok(server) = std::fs::canonicalize(folder.join(SERVER)) else {
            continue;
        };
        let Some(version) = known(&server).or_else(|| version_of(&server)) else {
            continue;
        };
        if version < OLDEST_MARIADB {
            too_old = too_old.max(Some((version, server)));
            continue;
        }
        let Some(installer) = installer(&server, &folders) else {
            half = half.or(Some(server));
            continue;
        };
        let root = root(&server);
        return Ok(Binaries {
            server,
            installer,
            root,
            version,
        });
    }
    Err(missing(search, too_old, half))
}

fn missing(search: &BinarySearch, too_old: Option<(Version, PathBuf)>, half: Option<PathBuf>) -> EngineError {
    let help = format!(
        "install MariaDB {OLDEST_MARIADB} or newer (`apt install mariadb-server-core mariadb-client-core`, which starts no service; \
         `brew install mariadb`), or name the folder of its programs"
    );
    let message = match (half, too_old, &search.folder) {
        (Some(server), ..) => format!(
            "`{}` has no `{INSTALLER}`, which makes its data folder",
            server.display()
        ),
        (None, Some((version, server)), _) => {
            format!(
                "the MariaDB `{}` is {version}, which is too old",
                server.display()
            )
        }
        (None, None, Some(folder)) => format!(
            "the folder `{}` does not hold `{SERVER}` and `{INSTALLER}`",
            folder.display()
        ),
        (None, None, None) => "no MariaDB was found on this machine".to_owned(),
    };
    EngineError::unavailable(message, help)
}

fn folders(search: &BinarySearch) -> Vec<PathBuf> {
    if let Some(folder) = &search.folder {
        // The folder of the programs, or the one that holds it.
        return ["", "sbin", "bin", "scripts", "usr/sbin", "usr/bin"]
            .iter()
            .map(|part| folder.join(part))
            .collect();
    }
    let mut folders: Vec<PathBuf> = search
        .path
        .iter()
        .flat_map(|path| std::env::split_paths(path).collect::<Vec<_>>())
        .collect();
    // The server is a program of the administrator's, which the `PATH` of others seldom holds.
    for folder in [
        "/usr/sbin",
        "/usr/bin",
        "/usr/libexec",
        "/usr/local/sbin",
        "/usr/local/bin",
        "/usr/local/mariadb/bin",
        "/usr/local/mariadb/scripts",
        "/opt/mariadb/bin",
        "/opt/mariadb/scripts",
    ] {
        folders.push(PathBuf::from(folder));
    }
    for prefix in ["/opt/homebrew/opt", "/usr/local/opt"] {
        folders.push(Path::new(prefix).join("mariadb/bin"));
        folders.extend(numbered(prefix, "mariadb@", "bin"));
    }
    // A relative folder in PATH would make what runs depend on where the user stands.
    folders.retain(|folder| folder.is_absolute());
    folders
}

/// The program that makes data folders: beside the server, or in one of the folders around it, or anywhere.
fn installer(server: &Path, folders: &[PathBuf]) -> Option<PathBuf> {
    let home = server.parent()?;
    let around = ["", "../bin", "../scripts"].iter().map(|part| home.join(part));
    around
        .chain(folders.iter().cloned())
        .map(|folder| folder.join(INSTALLER))
        .find(|path| path.is_file())
        .and_then(|path| std::fs::canonicalize(path).ok())
}

/// The root of an installation that was not made for its place; `/usr` is where packages are made for.
fn root(server: &Path) -> Option<PathBuf> {
    let root = server.parent()?.parent()?;
    let messages = ["share/mysql", "share/mariadb", "share"];
    let has = messages
        .iter()
        .any(|share| root.join(share).join("english/errmsg.sys").is_file());
    (has && root != Path::new("/usr")).then(|| root.to_owned())
}

/// `…/mariadbd  Ver 10.11.19-MariaDB-… for debian-linux-gnu`; other servers of the family do not say MariaDB.
fn version_of(server: &Path) -> Option<Version> {
    let output = Command::new(server)
        .args(["--no-defaults", "--version"])
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (_, version) = text.split_once(" Ver ")?;
    (output.status.success() && version.contains("MariaDB"))
        .then(|| Version::find(version))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let search = BinarySearch {
            folder: Some(folder.path().to_owned()),
            ..BinarySearch::default()
        };
        let said = |known: Option<Version>| find(&search, &|_| known).unwrap_err();
        assert!(said(None).to_string().contains("does not hold `mariadbd`"));
        std::fs::write(folder.path().join(SERVER), "").unwrap();
        let old = Version::find("10.5.3");
        assert!(said(old).to_string().contains("is 10.5.3, which is too old"));
        let new = Version::find("11.4.2");
        // Its `bin` may be anywhere; here no folder around has the other program.
        let error = said(new);
        assert!(
            error.to_string().contains("has no `mariadb-install-db`"),
            "{error}"
        );
        assert!(error.help().unwrap().contains("mariadb-server-core"));
        std::fs::write(folder.path().join(INSTALLER), "").unwrap();
        assert_eq!(find(&search, &|_| new).unwrap().version, new.unwrap());
    }
}
