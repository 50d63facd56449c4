//! Pairs of designs on SQLite: a database that was built from one becomes the other, and itself again.

use std::path::Path;

use dialects::sqlite::SQLITE;
use migrate::plan;
use physical::Database;
use project::Memory;

use crate::sqlite::Sqlite;
use crate::{Product, rest, root, told_apart};

fn design(text: &str) -> Database {
    let system = Memory::with([("/schema/a.arch", text)]);
    let checked = state::check(&system, Path::new("/schema"));
    assert!(!checked.diagnostics.has_errors(), "{:?}", checked.diagnostics);
    let mut built = state::build(&checked);
    assert!(!built.diagnostics.has_errors(), "{:?}", built.diagnostics);
    built.targets.remove(0).realised.database
}

fn fresh(goal: &Database) -> Sqlite {
    let mut made = Sqlite::build("fresh", "").unwrap();
    made.up(&plan(&Database::default(), goal, &SQLITE).unwrap())
        .unwrap();
    made
}

#[test]
fn designs_become_each_other() {
    for entry in std::fs::read_dir(root().join("fixtures/pairs/designed")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let (before, after) = text.split_once("// becomes\n").unwrap();
        let pairs = [(before, after), (after, before)];
        for (before, after) in pairs.map(|(before, after)| (design(before), design(after))) {
            let mut database = fresh(&before);
            rest(&mut database, &before).unwrap();
            let original = database.dump();
            let plan = plan(&database.read().unwrap(), &after, &SQLITE).unwrap();
            assert!(!plan.steps.is_empty());
            database.up(&plan).unwrap();
            rest(&mut database, &after).unwrap();
            told_apart(&database.dump(), &fresh(&after).dump()).unwrap();
            database.down(&plan).unwrap();
            rest(&mut database, &before).unwrap();
            told_apart(&database.dump(), &original).unwrap();
        }
    }
}
