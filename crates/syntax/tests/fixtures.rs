//! The fixture folders: `ok` has no findings, `err` has those in the `.txt` beside it, `fmt` is formatted as in
//! the `.formatted` beside it. `UPDATE_FIXTURES=1` writes both.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::string_slice,
    reason = "a test may fail loudly"
)]

mod support;

use diagnostics::{FileId, Sources, apply_fixes};
use std::path::Path;
use support::{check_any, files, parse, report};

/// Compares with a file beside the fixture, or writes it.
fn compare(path: &Path, extension: &str, got: &str) {
    let expected = path.with_extension(extension);
    if std::env::var("UPDATE_FIXTURES").is_ok() {
        std::fs::write(&expected, got).unwrap();
        return;
    }
    let expect = std::fs::read_to_string(&expected).unwrap_or_default();
    assert_eq!(got, expect, "\n{} is not\n{got}", expected.display());
}

#[test]
fn ok_has_no_findings() {
    for (path, text) in files("ok") {
        assert_eq!(report(&text), "", "{}", path.display());
        check_any(&text);
    }
}

#[test]
fn err_has_the_expected_findings() {
    for (path, text) in files("err") {
        let got = report(&text);
        assert_ne!(got, "", "{} has no finding", path.display());
        compare(&path, "txt", &got);
        check_any(&text);
    }
}

#[test]
fn fmt_is_formatted_as_expected() {
    for (path, text) in files("fmt") {
        assert_eq!(report(&text).matches("error[").count(), 0, "{}", path.display());
        compare(&path, "formatted", &syntax::format(&parse(&text)).unwrap());
        check_any(&text);
    }
}

#[test]
fn a_file_with_errors_is_not_formatted() {
    for (path, text) in files("err")
        .into_iter()
        .filter(|(path, _)| !path.ends_with("trailing_doc.arch"))
    {
        assert_eq!(syntax::format(&parse(&text)), None, "{}", path.display());
    }
}

#[test]
fn every_rule_has_a_fixture_and_a_number_of_its_own() {
    let reports: String = files("err").iter().map(|(_, text)| report(text)).collect();
    for (at, rule) in syntax::codes::ALL.iter().enumerate() {
        assert_eq!(rule.code, format!("SYN{:03}", at + 1));
        assert!(
            reports.contains(&format!("[{}]", rule.code)),
            "{} {} has no fixture in err",
            rule.code,
            rule.name
        );
    }
}

#[test]
fn certain_fixes_end_and_remove_what_they_mend() {
    for (path, mut text) in files("err") {
        for round in 0.. {
            let mut sources = Sources::default();
            sources.add("test.arch", text.as_str());
            let before = parse(&text).diagnostics.into_sorted();
            let Some((FileId(0), fixed)) = apply_fixes(&sources, &before).pop() else {
                break;
            };
            let after = parse(&fixed).diagnostics;
            assert!(
                after.len() < before.len(),
                "{}: a fix mends nothing\n{fixed}\n{}",
                path.display(),
                report(&fixed)
            );
            assert!(round < 10, "{}: fixes never end", path.display());
            text = fixed;
        }
    }
}
