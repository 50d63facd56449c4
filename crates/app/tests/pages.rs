//! Every code has a page, every page a code, and no code is used twice.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::collections::{BTreeMap, BTreeSet};

use diagnostics::Rule;

fn all() -> Vec<&'static Rule> {
    let lints: Vec<&'static Rule> = rules::ALL.iter().map(|lint| lint.rule).collect();
    [
        project::codes::ALL,
        detect::codes::ALL,
        syntax::codes::ALL,
        model::codes::ALL,
        &lints,
        design::codes::ALL,
        state::codes::ALL,
        prisma::codes::ALL,
    ]
    .concat()
}

#[test]
fn codes_and_names_are_unique() {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    let mut names = BTreeSet::new();
    for rule in all() {
        assert_eq!(
            seen.insert(rule.code, rule.name),
            None,
            "{} is used twice",
            rule.code
        );
        assert!(names.insert(rule.name), "the name {} is used twice", rule.name);
    }
    assert!(seen.len() >= 80, "{} findings", seen.len());
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/rules");
    let pages: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_stem().unwrap() != "README")
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let codes: BTreeSet<String> = all().iter().map(|rule| rule.code.to_owned()).collect();
    assert_eq!(
        codes.difference(&pages).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "codes without a page"
    );
    assert_eq!(
        pages.difference(&codes).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "pages without a code"
    );
    for rule in all() {
        let page = std::fs::read_to_string(format!("{folder}/{}.md", rule.code)).unwrap();
        let title = format!("# {} {}", rule.code, rule.name);
        assert_eq!(page.lines().next(), Some(title.as_str()));
    }
}

#[test]
fn wording_is_of_one_kind() {
    for rule in all() {
        assert!(!rule.summary.ends_with('.'), "{}: no final period", rule.code);
        assert!(
            rule.name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
            "{}",
            rule.name
        );
    }
}
