//! Everything ambient, behind one trait: files, environment, clock, chance.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// One entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Its path.
    pub path: PathBuf,
    /// Whether it is a folder (a link to one is not).
    pub is_dir: bool,
    /// Whether it is a symbolic link.
    pub is_link: bool,
}

/// What the machine offers. Errors are those of the operating system, to be told to the user with the path.
pub trait System {
    /// The bytes of a file.
    ///
    /// # Errors
    /// As the operating system says.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// How many bytes a file has, so that one that is far too large need not be read.
    ///
    /// # Errors
    /// As the operating system says.
    fn size(&self, path: &Path) -> io::Result<u64> {
        self.read(path).map(|bytes| bytes.len() as u64)
    }

    /// The entries of a folder, sorted by path.
    ///
    /// # Errors
    /// As the operating system says.
    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>>;

    /// The path with every link resolved.
    ///
    /// # Errors
    /// When it does not exist, or as the operating system says.
    fn resolve(&self, path: &Path) -> io::Result<PathBuf>;

    /// Whether it is a folder (links followed).
    fn is_dir(&self, path: &Path) -> bool;

    /// Whether it exists (links followed).
    fn exists(&self, path: &Path) -> bool;

    /// Writes a whole file or nothing: beside its final place, flushed to disk, then renamed. Makes missing folders.
    ///
    /// # Errors
    /// As the operating system says; nothing is left behind then.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// As the operating system says.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Removes a folder that is empty.
    ///
    /// # Errors
    /// When there is something in it, or as the operating system says.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;

    /// Gives a folder another name, in one step.
    ///
    /// # Errors
    /// When there is something at the new name, or as the operating system says; then nothing has changed.
    fn rename_folder(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// A variable of the environment, when it is set and is text.
    fn variable(&self, name: &str) -> Option<String>;

    /// Seconds since 1970.
    fn now(&self) -> u64;

    /// Fills the buffer from the system's cryptographic source.
    ///
    /// # Errors
    /// When the system has none.
    fn random(&self, buffer: &mut [u8]) -> io::Result<()>;
}

/// A system in memory, for tests and for editors that hold unsaved files.
#[derive(Debug, Default)]
pub struct Memory {
    files: Mutex<BTreeMap<PathBuf, Vec<u8>>>,
}

impl Memory {
    /// A system with these files.
    #[must_use]
    pub fn with<P: Into<PathBuf>, T: Into<Vec<u8>>>(files: impl IntoIterator<Item = (P, T)>) -> Self {
        let files = files
            .into_iter()
            .map(|(path, text)| (path.into(), text.into()))
            .collect();
        Self {
            files: Mutex::new(files),
        }
    }

    fn files(&self) -> std::sync::MutexGuard<'_, BTreeMap<PathBuf, Vec<u8>>> {
        self.files
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn missing(path: &Path) -> io::Error {
    io::Error::new(
        io::ErrorKind::NotFound,
        format!("{} does not exist", path.display()),
    )
}

impl System for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files().get(path).cloned().ok_or_else(|| missing(path))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>> {
        let mut entries: Vec<Listed> = Vec::new();
        for path in self.files().keys() {
            let Ok(rest) = path.strip_prefix(folder) else {
                continue;
            };
            let mut parts = rest.components();
            let Some(first) = parts.next() else { continue };
            let entry = Listed {
                path: folder.join(first),
                is_dir: parts.next().is_some(),
                is_link: false,
            };
            if entries.last() != Some(&entry) {
                entries.push(entry);
            }
        }
        if entries.is_empty() {
            Err(missing(folder))
        } else {
            Ok(entries)
        }
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        if self.exists(path) {
            Ok(path.to_owned())
        } else {
            Err(missing(path))
        }
    }

    fn is_dir(&self, path: &Path) -> bool {
        self.files()
            .keys()
            .any(|file| file != path && file.starts_with(path))
    }

    fn exists(&self, path: &Path) -> bool {
        self.files().keys().any(|file| file.starts_with(path))
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.files().insert(path.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.files().remove(path).map(drop).ok_or_else(|| missing(path))
    }

    /// Folders are there as long as something is in them.
    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        if self.is_dir(path) {
            return Err(io::Error::from(io::ErrorKind::DirectoryNotEmpty));
        }
        Err(missing(path))
    }

    fn rename_folder(&self, from: &Path, to: &Path) -> io::Result<()> {
        if self.exists(to) {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        if !self.is_dir(from) {
            return Err(missing(from));
        }
        let mut files = self.files();
        let renamed = std::mem::take(&mut *files).into_iter().map(|(path, bytes)| {
            let inside = path.strip_prefix(from).map(|inside| to.join(inside));
            (inside.unwrap_or(path), bytes)
        });
        *files = renamed.collect();
        Ok(())
    }

    fn variable(&self, _name: &str) -> Option<String> {
        None
    }

    fn now(&self) -> u64 {
        0
    }

    fn random(&self, _buffer: &mut [u8]) -> io::Result<()> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "a system in memory has no source of chance",
        ))
    }
}
