//! What a build may write, and what it must leave alone.

#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::path::Path;

use project::{Generated, Memory, OutputError, Outputs, Standing, System};

fn file(path: &str, text: &str) -> Generated {
    Generated {
        path: path.into(),
        text: text.into(),
        generator: "sql postgres".into(),
    }
}

fn standings(system: &Memory, files: Vec<Generated>) -> Vec<(String, Standing)> {
    let plan = Outputs::new(system, Path::new("/p")).plan(files).unwrap();
    plan.changes
        .into_iter()
        .map(|change| (change.path, change.standing))
        .collect()
}

fn build(system: &Memory, files: Vec<Generated>) {
    let outputs = Outputs::new(system, Path::new("/p"));
    outputs.write(&outputs.plan(files).unwrap()).unwrap();
}

#[test]
fn a_second_build_changes_nothing() {
    let system = Memory::with([("/p/a.arch", "")]);
    build(&system, vec![file("sql/a.sql", "one")]);
    assert_eq!(
        standings(&system, vec![file("sql/a.sql", "one")]),
        [("sql/a.sql".into(), Standing::Fresh)]
    );
}

#[test]
fn a_changed_schema_makes_files_stale_and_an_edit_is_told_apart() {
    let system = Memory::with([("/p/a.arch", "")]);
    build(&system, vec![file("a.sql", "one"), file("b.sql", "one")]);
    system.write(Path::new("/p/b.sql"), b"mine").unwrap();
    let expected = [
        ("a.sql".to_owned(), Standing::Stale),
        ("b.sql".to_owned(), Standing::Edited),
    ];
    assert_eq!(
        standings(&system, vec![file("a.sql", "two"), file("b.sql", "two")]),
        expected
    );
}

#[test]
fn a_file_that_we_did_not_make_is_in_the_way() {
    let system = Memory::with([("/p/a.sql", "mine")]);
    let plan = Outputs::new(&system, Path::new("/p"))
        .plan(vec![file("a.sql", "ours")])
        .unwrap();
    assert_eq!(plan.in_the_way().count(), 1);
}

#[test]
fn what_is_no_longer_generated_is_removed_unless_edited() {
    let system = Memory::with([("/p/a.arch", "")]);
    build(&system, vec![file("a.sql", "one"), file("b.sql", "one")]);
    system.write(Path::new("/p/b.sql"), b"mine").unwrap();
    build(&system, vec![]);
    assert!(!system.exists(Path::new("/p/a.sql")));
    assert_eq!(system.read(Path::new("/p/b.sql")).unwrap(), b"mine");
}

#[test]
fn a_path_out_of_the_project_is_refused() {
    let system = Memory::default();
    for path in ["../a.sql", "/etc/a.sql", "x/../../a.sql"] {
        let answer = Outputs::new(&system, Path::new("/p")).plan(vec![file(path, "")]);
        assert!(matches!(answer, Err(OutputError::Outside(_))), "{path}");
    }
}

/// A system whose disk is full after so many writes.
#[derive(Debug)]
struct Full {
    inner: Memory,
    left: std::cell::Cell<u32>,
}

impl System for Full {
    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        self.inner.read(path)
    }
    fn list(&self, folder: &Path) -> std::io::Result<Vec<project::Listed>> {
        self.inner.list(folder)
    }
    fn resolve(&self, path: &Path) -> std::io::Result<std::path::PathBuf> {
        self.inner.resolve(path)
    }
    fn is_dir(&self, path: &Path) -> bool {
        self.inner.is_dir(path)
    }
    fn exists(&self, path: &Path) -> bool {
        self.inner.exists(path)
    }
    fn write(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        if self.left.get() == 0 {
            return Err(std::io::Error::from(std::io::ErrorKind::StorageFull));
        }
        self.left.set(self.left.get() - 1);
        self.inner.write(path, bytes)
    }
    fn remove(&self, path: &Path) -> std::io::Result<()> {
        self.inner.remove(path)
    }
    fn variable(&self, _name: &str) -> Option<String> {
        None
    }
    fn now(&self) -> u64 {
        0
    }
    fn random(&self, _buffer: &mut [u8]) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_build_that_is_cut_off_anywhere_leaves_nothing_that_looks_edited() {
    let files = |text: &str| vec![file("a.sql", text), file("b.sql", text), file("c.sql", text)];
    for writes in 0..5 {
        let system = Full {
            inner: Memory::with([("/p/a.arch", "")]),
            left: std::cell::Cell::new(99),
        };
        let outputs = Outputs::new(&system, Path::new("/p"));
        outputs.write(&outputs.plan(files("one")).unwrap()).unwrap();
        system.left.set(writes);
        let cut = outputs.write(&outputs.plan(files("two")).unwrap());
        assert!(cut.is_err(), "{writes}");
        let after = outputs.plan(files("three")).unwrap();
        assert_eq!(
            after.in_the_way().count(),
            0,
            "after {writes} writes: {:?}",
            after.changes
        );
    }
}
