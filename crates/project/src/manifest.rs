//! The manifest of generated files: what was written, so that an edit is noticed and a file that is no longer made is removed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Where the manifest lies, relative to the output folder.
pub(crate) const FILE: &str = ".architrave.json";

/// Version of its form.
const SCHEMA: &str = "architrave.manifest/1";

/// One generated file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// SHA-256 of what was generated of it, in hex.
    pub sha256: String,
    /// What made it: `sql postgres`.
    pub generator: String,
    /// The line below which it belongs to the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<String>,
    /// SHA-256 of what a build was about to write; there only while one runs, or after it was cut off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Entry {
    /// Whether we wrote these bytes.
    pub(crate) fn wrote(&self, sha256: &str) -> bool {
        self.sha256 == sha256 || self.next.as_deref() == Some(sha256)
    }
}

/// All generated files, by path relative to the output folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    schema: String,
    /// The files.
    pub files: BTreeMap<String, Entry>,
}

impl Default for Manifest {
    fn default() -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            files: BTreeMap::new(),
        }
    }
}

impl Manifest {
    /// Reads one; `None` when it is not one, or of a form that we do not know.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let manifest: Self = serde_json::from_slice(bytes).ok()?;
        (manifest.schema == SCHEMA).then_some(manifest)
    }

    /// As it is written: sorted, indented, with a final line end.
    #[must_use]
    pub fn render(&self) -> String {
        // A map of strings always serialises.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// SHA-256 in hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
