//! Writes generated files: confined to the project, all looked at before the first is written, edits never overwritten in silence.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::manifest::{self, Entry, Manifest, sha256};
use crate::{System, root};

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// Relative to the output folder, `/` between parts.
    pub path: String,
    /// What is generated of it.
    pub text: String,
    /// What made it: `sql postgres`.
    pub generator: String,
    /// What is not.
    pub keeps: Keeps,
}

/// What a build leaves as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    /// Nothing: the file is ours.
    Nothing,
    /// What stands below the last line of the generated text: it belongs to the user, and is no edit.
    Below,
    /// The file, when there is one: it is made once, for whoever has none.
    WhatIsThere,
}

/// How a file on disk stands to what would be generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The same.
    Fresh,
    /// Not there yet.
    New,
    /// As it was generated, but the schema has changed since.
    Stale,
    /// Somebody changed it after it was generated.
    Edited,
    /// There, and not made by us.
    Foreign,
    /// There, and not made by us: a module of Python that a generated package of its name would hide.
    Hidden,
    /// Generated once, and no longer: to be removed.
    Gone,
    /// Generated once, changed by somebody, and no longer generated.
    GoneEdited,
}

/// One file and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Relative to the output folder.
    pub path: String,
    /// How it stands.
    pub standing: Standing,
}

/// Why files could not be written. What was written before stays whole.
#[derive(Debug)]
pub enum OutputError {
    /// A path leads out of the output folder, by itself or by a link.
    Outside(String),
    /// The operating system refused.
    Io(PathBuf, std::io::Error),
}

impl std::fmt::Display for OutputError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Outside(path) => write!(f, "`{path}` leads out of the output folder"),
            Self::Io(path, error) => write!(f, "`{}` cannot be written: {error}", path.display()),
        }
    }
}

impl std::error::Error for OutputError {}

/// The output folder of a project.
#[derive(Debug)]
pub struct Outputs<'s> {
    system: &'s dyn SystemRef,
    folder: PathBuf,
}

/// What [`Outputs::plan`] found: how every file stands, and what to write.
#[derive(Debug)]
pub struct Plan {
    /// Every file that is generated, was generated, or is in the way; sorted by path.
    pub changes: Vec<Change>,
    files: Vec<Generated>,
    manifest: Manifest,
    known: Manifest,
}

impl Plan {
    /// Whether a build would change nothing.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.changes
            .iter()
            .all(|change| change.standing == Standing::Fresh)
    }

    /// The known manifest with what is about to be written.
    fn announced(&self) -> Manifest {
        let mut manifest = self.known.clone();
        for (path, entry) in &self.manifest.files {
            let known = manifest
                .files
                .entry(path.clone())
                .or_insert_with(|| entry.clone());
            known.next = Some(entry.sha256.clone());
        }
        manifest
    }

    /// Files that hold somebody's work, which a build would lose.
    pub fn in_the_way(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| {
            matches!(
                change.standing,
                Standing::Edited | Standing::Foreign | Standing::Hidden | Standing::GoneEdited
            )
        })
    }
}

/// A [`System`] that can stand in a `Debug` type.
trait SystemRef: System + std::fmt::Debug {}
impl<T: System + std::fmt::Debug> SystemRef for T {}

impl<'s> Outputs<'s> {
    /// The outputs of a folder.
    pub fn new<S: System + std::fmt::Debug>(system: &'s S, folder: &Path) -> Self {
        Self {
            system,
            folder: folder.to_owned(),
        }
    }

    /// Looks at every file; writes nothing.
    ///
    /// # Errors
    /// When a path leads out of the folder, or a file that is there cannot be read.
    pub fn plan(&self, files: Vec<Generated>) -> Result<Plan, OutputError> {
        let known = self
            .read(manifest::FILE)?
            .and_then(|bytes| Manifest::parse(&bytes))
            .unwrap_or_default();
        let mut manifest = Manifest::default();
        let mut changes = Vec::new();
        let mut written = Vec::new();
        let mut filled = BTreeSet::new();
        for file in files {
            confine(self.system, &self.folder, &file.path)?;
            let bytes = self.read(&file.path)?;
            let other = bytes
                .as_deref()
                .is_some_and(|bytes| bytes != file.text.as_bytes());
            if file.keeps == Keeps::WhatIsThere && other {
                filled.insert(file.path);
                continue;
            }
            let line = below(&file);
            // An empty file (`__init__.py`, most often) holds nobody's work.
            let blank = bytes
                .as_deref()
                .is_some_and(|bytes| bytes.trim_ascii().is_empty());
            let fresh = sha256(file.text.as_bytes());
            let disk = bytes.map(|bytes| match split(&bytes, line).0 {
                same if same == file.text.as_bytes() => fresh.clone(),
                other => sha256(other),
            });
            let standing = match (disk.as_deref(), known.files.get(&file.path)) {
                (None, _) => Standing::New,
                (Some(hash), _) if hash == fresh => Standing::Fresh,
                (Some(hash), Some(entry)) if entry.wrote(hash) => Standing::Stale,
                (Some(_), Some(_)) => Standing::Edited,
                (Some(_), None) if blank => Standing::New,
                (Some(_), None) => Standing::Foreign,
            };
            changes.push(Change {
                path: file.path.clone(),
                standing,
            });
            manifest.files.insert(
                file.path.clone(),
                Entry {
                    sha256: fresh,
                    generator: file.generator.clone(),
                    below: line.map(str::to_owned),
                    next: None,
                },
            );
            written.push(file);
        }
        let made = |path: &String| manifest.files.contains_key(path) || filled.contains(path);
        for (path, entry) in known.files.iter().filter(|(path, _)| !made(path)) {
            changes.extend(self.gone(path, entry)?);
        }
        changes.extend(self.hidden(&written));
        changes.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(Plan {
            changes,
            files: written,
            manifest,
            known,
        })
    }

    /// How a file stands that was generated once, and no longer.
    fn gone(&self, path: &str, entry: &Entry) -> Result<Option<Change>, OutputError> {
        confine(self.system, &self.folder, path)?;
        let Some(bytes) = self.read(path)? else {
            return Ok(None);
        };
        let (head, tail) = split(&bytes, entry.below.as_deref());
        let ours = entry.wrote(&sha256(head)) && tail.trim_ascii().is_empty();
        Ok(Some(Change {
            path: path.to_owned(),
            standing: if ours {
                Standing::Gone
            } else {
                Standing::GoneEdited
            },
        }))
    }

    /// Modules beside a folder of generated ones and of its name: Python would import the folder in their place.
    fn hidden(&self, files: &[Generated]) -> Vec<Change> {
        let folders: BTreeSet<&Path> = files
            .iter()
            .map(|file| Path::new(&file.path))
            .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
            .flat_map(|path| path.ancestors().skip(1))
            .filter(|folder| folder.file_name().is_some())
            .collect();
        let modules = folders.into_iter().map(|folder| folder.with_extension("py"));
        let there = modules.filter(|module| self.system.exists(&self.folder.join(module)));
        there
            .map(|module| Change {
                path: module.to_string_lossy().replace('\\', "/"),
                standing: Standing::Hidden,
            })
            .collect()
    }

    /// Writes what [`Outputs::plan`] found. A file that is in the way is overwritten: the caller has asked.
    ///
    /// What is about to be written stands in the manifest before the first file is, so that the next run does not take the
    /// files of a run that was cut off for edits.
    ///
    /// # Errors
    /// As the operating system says; every file is whole then, old or new.
    pub fn write(&self, plan: &Plan) -> Result<(), OutputError> {
        let complete = self.system.exists(&self.folder.join(manifest::FILE)) && plan.known == plan.manifest;
        if plan.is_fresh() && complete {
            return Ok(());
        }
        self.write_one(manifest::FILE, plan.announced().render().as_bytes())?;
        let fresh = plan
            .changes
            .iter()
            .filter(|change| change.standing == Standing::Fresh);
        let fresh: BTreeSet<&str> = fresh.map(|change| change.path.as_str()).collect();
        for file in &plan.files {
            if !fresh.contains(file.path.as_str()) {
                self.write_file(file)?;
            }
        }
        for change in plan
            .changes
            .iter()
            .filter(|change| change.standing == Standing::Gone)
        {
            let path = self.folder.join(&change.path);
            self.system
                .remove(&path)
                .map_err(|error| OutputError::Io(path, error))?;
        }
        self.write_one(manifest::FILE, plan.manifest.render().as_bytes())
    }

    /// Writes what is generated, and behind it what the user has written there.
    fn write_file(&self, file: &Generated) -> Result<(), OutputError> {
        let mut bytes = file.text.clone().into_bytes();
        if let Some(line) = below(file)
            && let Some(there) = self.read(&file.path)?
        {
            bytes.extend_from_slice(split(&there, Some(line)).1);
        }
        self.write_one(&file.path, &bytes)
    }

    fn write_one(&self, relative: &str, bytes: &[u8]) -> Result<(), OutputError> {
        let path = self.folder.join(relative);
        self.system
            .write(&path, bytes)
            .map_err(|error| OutputError::Io(path, error))
    }

    fn read(&self, relative: &str) -> Result<Option<Vec<u8>>, OutputError> {
        let path = self.folder.join(relative);
        match self.system.read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(OutputError::Io(path, error)),
        }
    }
}

/// Refuses a path that leaves the folder, by `..` or through a link.
pub(crate) fn confine(system: &dyn System, folder: &Path, relative: &str) -> Result<(), OutputError> {
    let path = Path::new(relative);
    if !root::is_confined(path) {
        return Err(OutputError::Outside(relative.to_owned()));
    }
    let Ok(real_folder) = system.resolve(folder) else {
        return Ok(());
    };
    let whole = folder.join(path);
    for parent in whole.ancestors().take_while(|parent| *parent != folder) {
        // What does not exist yet is made by us, below what exists.
        if let Ok(real) = system.resolve(parent) {
            if !real.starts_with(&real_folder) {
                return Err(OutputError::Outside(relative.to_owned()));
            }
            break;
        }
    }
    Ok(())
}

/// The line below which a file belongs to the user.
fn below(file: &Generated) -> Option<&str> {
    match file.keeps {
        Keeps::Below => file.text.lines().next_back(),
        Keeps::Nothing | Keeps::WhatIsThere => None,
    }
}

/// What was generated, down to a line and with it, and what the user wrote below. Without the line, everything counts as generated.
fn split<'b>(bytes: &'b [u8], line: Option<&str>) -> (&'b [u8], &'b [u8]) {
    let Some(line) = line else { return (bytes, &[]) };
    let mut end = 0;
    for each in bytes.split_inclusive(|byte| *byte == b'\n') {
        end += each.len();
        if each.strip_suffix(b"\n").unwrap_or(each) == line.as_bytes() {
            return bytes.split_at(end);
        }
    }
    (bytes, &[])
}
