//! The real machine: the only place that reads files, environment, clock and chance.
#![allow(clippy::disallowed_methods, reason = "this is the one place that the ban of ambient input and output points to")]

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use project::{Listed, System};

/// The machine that the program runs on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Machine;

impl Machine {
    /// A folder for what may be made again: the template of a temporary server.
    pub(crate) fn cache(self) -> PathBuf {
        let base = self.variable("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let home = || self.variable("HOME").map(|home| PathBuf::from(home).join(".cache"));
        base.or_else(home).unwrap_or_else(std::env::temp_dir).join("architrave")
    }

    /// Appends to a file, which may lie on a medium that takes nothing else, and waits until it is written.
    pub(crate) fn append(self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = fs::OpenOptions::new().append(true).create(true).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    }
}

impl System for Machine {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let kind = fs::metadata(path)?.file_type();
        if !kind.is_file() {
            // A pipe or a device would never end.
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
        }
        fs::read(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            entries.push(Listed { path: entry.path(), is_dir: kind.is_dir(), is_link: kind.is_symlink() });
        }
        entries.sort();
        Ok(entries)
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path)
    }

    fn is_dir(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        // Made with a random name and O_EXCL; removed by its own Drop when anything below fails.
        let mut file = tempfile::Builder::new().prefix(".architrave-").tempfile_in(folder)?;
        file.write_all(bytes)?;
        keep_mode(path, file.as_file())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    fn now(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    fn random(&self, buffer: &mut [u8]) -> io::Result<()> {
        getrandom::fill(buffer).map_err(|error| io::Error::other(error.to_string()))
    }
}

/// A file that is written again keeps its mode; a new one gets what the umask leaves of 0644.
#[cfg(unix)]
fn keep_mode(path: &Path, file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = match fs::metadata(path) {
        Ok(there) => there.permissions().mode() & 0o777,
        Err(_) => 0o644,
    };
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn keep_mode(_path: &Path, _file: &fs::File) -> io::Result<()> {
    Ok(())
}
