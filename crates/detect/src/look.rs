//! The files of an application, as far as they may be read: below its folder, of a sensible size, and never what holds secrets.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use diagnostics::{Diagnostic, Diagnostics, FileId, Rule, Sources, Span};
use project::System;

use crate::clue::{Clue, Said};
use crate::{codes, mask};

/// A manifest or a module larger than this is none.
const LARGEST: u64 = 1024 * 1024;
/// How deep folders may stand in folders.
const DEEPEST: usize = 8;
/// How many files are listed at all.
const MOST: usize = 20_000;

/// Folders of other people's code, of what was built, and of what says nothing about the application itself.
const SKIPPED: &[&str] = &[
    "node_modules",
    "venv",
    "env",
    "site-packages",
    "__pycache__",
    "dist",
    "build",
    "target",
    "vendor",
    "tests",
    "test",
    "docs",
    "examples",
    "fixtures",
    "static",
    "versions",
];

/// What is looked at, and what was found so far.
pub(crate) struct Look<'s> {
    system: &'s dyn System,
    root: PathBuf,
    /// Every file, relative to the folder, `/` between parts.
    pub(crate) files: BTreeSet<String>,
    pub(crate) clues: Vec<Clue>,
    pub(crate) sources: Sources,
    pub(crate) diagnostics: Diagnostics,
}

impl<'s> Look<'s> {
    /// Lists the files below a folder.
    pub(crate) fn at(system: &'s dyn System, root: &Path) -> Self {
        let mut look = Self {
            system,
            root: root.to_owned(),
            files: BTreeSet::new(),
            clues: Vec::new(),
            sources: Sources::default(),
            diagnostics: Diagnostics::default(),
        };
        look.walk(root, "", DEEPEST);
        look
    }

    fn walk(&mut self, folder: &Path, prefix: &str, depth: usize) {
        let entries = match self.system.list(folder) {
            Ok(entries) => entries,
            // A system in memory knows no empty folder.
            Err(error) if prefix.is_empty() && error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => {
                let place = if prefix.is_empty() { "." } else { prefix };
                self.unread(place, &error.to_string());
                return;
            }
        };
        for entry in entries {
            if self.files.len() > MOST {
                return;
            }
            let Some(name) = entry.path.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            let relative = format!("{prefix}{name}");
            // A link to a folder may lead out, or around in a circle.
            if entry.is_link && self.system.is_dir(&entry.path) {
                continue;
            }
            if entry.is_dir {
                if name == "docs" {
                    // Of the documents, only what describes the application.
                    let context = entry.path.join("project-context");
                    if self.system.is_dir(&context) {
                        self.walk(&context, &format!("{relative}/project-context/"), 0);
                    }
                } else if depth > 0 && !name.starts_with('.') && !SKIPPED.contains(&name) {
                    self.walk(&entry.path, &format!("{relative}/"), depth - 1);
                }
            } else if self.files.len() < MOST {
                self.files.insert(relative);
            } else if self.files.len() == MOST {
                self.unread(
                    &relative,
                    &format!("there are more than {MOST} files, and no more are looked at"),
                );
                self.files.insert(String::new());
            }
        }
    }

    /// Files of these names, anywhere.
    pub(crate) fn named(&self, is: impl Fn(&str) -> bool) -> Vec<String> {
        let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        self.files
            .iter()
            .filter(|path| is(&name(path)))
            .cloned()
            .collect()
    }

    /// Whether there is anything below a folder.
    pub(crate) fn has_folder(&self, folder: &str) -> bool {
        let prefix = format!("{folder}/");
        self.files
            .range(prefix.clone()..)
            .next()
            .is_some_and(|file| file.starts_with(&prefix))
    }

    /// Whether nothing stands in a file; one that cannot be read holds something.
    pub(crate) fn is_blank(&self, path: &str) -> bool {
        self.text(path).is_ok_and(|text| text.trim().is_empty())
    }

    /// A file that says what the application uses. When it cannot be read, nothing can be concluded, which is an error.
    pub(crate) fn manifest(&mut self, path: &str) -> Option<(FileId, String)> {
        match self.text(path) {
            Ok(text) => Some((self.sources.add(path, mask::addresses(&text)), text)),
            Err(why) => {
                self.diagnostics.push(
                    Diagnostic::global(&codes::BROKEN, format!("`{path}` cannot be read: {why}")).help(
                        "mend it, or move it away, and run `architrave init` again; nothing was written",
                    ),
                );
                None
            }
        }
    }

    /// A manifest whose values may be secrets: only names and schemes of it are ever shown.
    pub(crate) fn secretive(&mut self, path: &str) -> Option<(FileId, String)> {
        let (_, text) = self.manifest(path)?;
        Some((self.sources.add(path, mask::values(&text)), text))
    }

    /// A module among many: one that cannot be read is told and left out.
    pub(crate) fn module(&mut self, path: &str) -> Option<String> {
        match self.text(path) {
            Ok(text) => Some(text),
            Err(why) => {
                self.unread(path, &why);
                None
            }
        }
    }

    /// The text of a file, when it is one.
    fn text(&self, path: &str) -> Result<String, String> {
        let whole = self.root.join(path);
        if let (Ok(folder), Ok(file)) = (self.system.resolve(&self.root), self.system.resolve(&whole))
            && !file.starts_with(&folder)
        {
            return Err("it is a link out of the project".to_owned());
        }
        let size = self.system.size(&whole).map_err(|error| error.to_string())?;
        if size > LARGEST {
            return Err(format!("it is {} MiB large", size.div_ceil(1024 * 1024)));
        }
        let bytes = self.system.read(&whole).map_err(|error| error.to_string())?;
        String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())
    }

    fn unread(&mut self, path: &str, why: &str) {
        self.diagnostics.push(
            Diagnostic::global(&codes::NOT_READ, format!("`{path}` was not read: {why}"))
                .help("what it says was not taken into account"),
        );
    }

    /// A manifest that is not what its name says.
    pub(crate) fn broken(&mut self, file: FileId, at: usize, why: &str) {
        let span = Span::new(file, at as u32, at as u32);
        let path = self.sources.get(file).map_or("", |source| source.path.as_str());
        self.diagnostics.push(
            Diagnostic::new(&codes::BROKEN, span, format!("`{path}` cannot be understood"))
                .label(why)
                .help("mend it, or move it away, and run `architrave init` again; nothing was written"),
        );
    }

    /// Something that a file says, at the first place where these words stand in it.
    pub(crate) fn say(&mut self, file: FileId, words: &str, said: Said, why: impl Into<String>) {
        let text = self.sources.get(file).map_or("", |source| source.text.as_str());
        let start = text.find(words).unwrap_or(0);
        let span = Span::new(file, start as u32, (start + words.len()).min(text.len()) as u32);
        self.clues.push(Clue {
            said,
            span,
            why: why.into(),
        });
    }

    /// Something that a module says on a line; the module is kept, so that the place can be shown.
    pub(crate) fn say_of_module(
        &mut self,
        path: &str,
        text: &str,
        line: usize,
        said: Said,
        why: impl Into<String>,
    ) {
        let known = self
            .sources
            .iter()
            .find(|(_, source)| source.path == path)
            .map(|(id, _)| id);
        let file = known.unwrap_or_else(|| self.sources.add(path, mask::addresses(text)));
        let start = text.split_inclusive('\n').take(line).map(str::len).sum::<usize>();
        let length = text.lines().nth(line).map_or(0, str::len);
        self.clues.push(Clue {
            said,
            span: Span::new(file, start as u32, (start + length) as u32),
            why: why.into(),
        });
    }

    /// A finding with a place among what was read.
    pub(crate) fn found(
        &mut self,
        rule: &'static Rule,
        message: String,
        spans: &[(Span, String)],
        help: &str,
    ) {
        let mut finding = match spans.first() {
            Some((span, text)) => Diagnostic::new(rule, *span, message).label(text.clone()),
            None => Diagnostic::global(rule, message),
        };
        for (span, text) in spans.iter().skip(1) {
            finding = finding.also(*span, text.clone());
        }
        self.diagnostics.push(finding.help(help));
    }
}
