//! The machine, as far as a run of migrations asks for it: chance.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use project::{Listed, System};

/// It has no files.
pub(crate) struct Chance;

fn none<T>() -> io::Result<T> {
    Err(io::ErrorKind::Unsupported.into())
}

impl System for Chance {
    fn read(&self, _path: &Path) -> io::Result<Vec<u8>> {
        none()
    }

    fn list(&self, _folder: &Path) -> io::Result<Vec<Listed>> {
        none()
    }

    fn resolve(&self, _path: &Path) -> io::Result<PathBuf> {
        none()
    }

    fn is_dir(&self, _path: &Path) -> bool {
        false
    }

    fn exists(&self, _path: &Path) -> bool {
        false
    }

    fn write(&self, _path: &Path, _bytes: &[u8]) -> io::Result<()> {
        none()
    }

    fn remove(&self, _path: &Path) -> io::Result<()> {
        none()
    }

    fn remove_folder(&self, _path: &Path) -> io::Result<()> {
        none()
    }

    fn rename_folder(&self, _from: &Path, _to: &Path) -> io::Result<()> {
        none()
    }

    fn variable(&self, _name: &str) -> Option<String> {
        None
    }

    fn now(&self) -> u64 {
        0
    }

    fn random(&self, buffer: &mut [u8]) -> io::Result<()> {
        std::fs::File::open("/dev/urandom")?.read_exact(buffer)
    }
}
