//! The real machine: the only place that reads files, environment, clock and chance.
#![allow(
    clippy::disallowed_methods,
    reason = "this is the one place that the ban of ambient input and output points to"
)]

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use project::{Listed, System};

/// Nothing that is read whole is larger: a mistake must not fill the memory.
const LARGEST: u64 = 1024 * 1024 * 1024;

/// The machine that the program runs on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Machine;

impl Machine {
    /// A folder for what may be made again: the template of a temporary server.
    pub(crate) fn cache(self) -> PathBuf {
        let base = self
            .variable("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute());
        let home = || {
            self.variable("HOME")
                .map(|home| PathBuf::from(home).join(".cache"))
        };
        base.or_else(home)
            .unwrap_or_else(std::env::temp_dir)
            .join("architrave")
    }

    /// Who runs this, and on which machine, as far as they say.
    pub(crate) fn person(self) -> (String, String) {
        let user = ["USER", "LOGNAME", "USERNAME"]
            .iter()
            .find_map(|name| self.variable(name));
        let host = fs::read_to_string("/proc/sys/kernel/hostname")
            .ok()
            .map(|text| text.trim().to_owned())
            .or_else(|| self.variable("HOSTNAME"));
        let known = |text: Option<String>| {
            text.filter(|text| !text.is_empty())
                .unwrap_or_else(|| "unknown".to_owned())
        };
        (known(user), known(host))
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
        let there = fs::metadata(path)?;
        if !there.is_file() {
            // A pipe or a device would never end.
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is not a regular file",
            ));
        }
        if there.len() > LARGEST {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "it is larger than 1 GiB",
            ));
        }
        fs::read(path)
    }

    fn size(&self, path: &Path) -> io::Result<u64> {
        fs::metadata(path).map(|there| there.len())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            entries.push(Listed {
                path: entry.path(),
                is_dir: kind.is_dir(),
                is_link: kind.is_symlink(),
            });
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
        if let Ok(there) = fs::metadata(path).map(|there| there.file_type())
            && !there.is_file()
        {
            return write_through(path, there, bytes);
        }
        let folder = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        // Made with a random name and O_EXCL; removed by its own Drop when anything below fails.
        let mut file = tempfile::Builder::new()
            .prefix(".architrave-")
            .tempfile_in(folder)?;
        file.write_all(bytes)?;
        keep_mode(path, file.as_file())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn rename_folder(&self, from: &Path, to: &Path) -> io::Result<()> {
        // Renaming onto an empty folder would replace it.
        if fs::symlink_metadata(to).is_ok() {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        fs::rename(from, to)
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    fn now(&self) -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    }

    fn random(&self, buffer: &mut [u8]) -> io::Result<()> {
        getrandom::fill(buffer).map_err(|error| io::Error::other(error.to_string()))
    }
}

/// What is there is no file: it must never be replaced by one, least of all when root says `--evidence /dev/null`.
#[cfg(unix)]
fn write_through(path: &Path, there: fs::FileType, bytes: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::FileTypeExt as _;
    if there.is_char_device() || there.is_fifo() {
        return fs::OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        "what is there is not a regular file",
    ))
}

#[cfg(not(unix))]
fn write_through(_path: &Path, _there: fs::FileType, _bytes: &[u8]) -> io::Result<()> {
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        "what is there is not a regular file",
    ))
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
