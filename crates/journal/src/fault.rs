//! What is wrong with a folder of migrations.

use std::fmt;

/// Something that keeps a migration from being run, told before anything is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file or folder, as it was named.
    pub file: String,
    /// Line and column, from 1, where it is in a text.
    pub place: Option<(u32, u32)>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Fault {
    /// A fault of a whole file or folder.
    #[must_use]
    pub fn of(file: &str, message: impl Into<String>, help: &str) -> Self {
        Self {
            file: file.to_owned(),
            place: None,
            message: message.into(),
            help: Some(help.to_owned()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some((line, column)) => write!(f, "{}:{line}:{column}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

impl std::error::Error for Fault {}
