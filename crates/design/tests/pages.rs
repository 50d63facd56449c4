//! The pages of the design's findings under `docs/rules` are run: each block finds what it marks, exactly there.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

use std::collections::BTreeSet;

use diagnostics::{FileId, Severity, Source, Sources};

type Mark = (usize, &'static str, String);

fn blocks(page: &str) -> Vec<String> {
    let after = page.split("```arch\n").skip(1);
    after
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

fn marks(text: &str) -> BTreeSet<Mark> {
    let mut marks = BTreeSet::new();
    for (at, line) in text.lines().enumerate() {
        let Some((_, mark)) = line.rsplit_once("// ") else {
            continue;
        };
        for severity in ["error", "warning", "note"] {
            let codes = mark
                .strip_prefix(severity)
                .and_then(|rest| rest.strip_prefix(": ["))
                .and_then(|rest| rest.strip_suffix(']'));
            marks.extend(
                codes
                    .into_iter()
                    .flat_map(|codes| codes.split(", "))
                    .map(|code| (at + 1, severity, code.to_owned())),
            );
        }
    }
    marks
}

fn found(text: &str) -> BTreeSet<Mark> {
    let mut sources = Sources::default();
    let file = sources.add("block.arch", text);
    let project = "project example { database postgres }\n";
    let other = sources.add("project.arch", project);
    let parses = [
        (file, syntax::parse(file, text)),
        (other, syntax::parse(other, project)),
    ];
    let files: Vec<(FileId, &syntax::Parse)> = parses.iter().map(|(file, parse)| (*file, parse)).collect();
    let (model, resolved) = model::resolve(&files);
    let designed = design::design(&model);
    let all = parses
        .iter()
        .flat_map(|(_, parse)| parse.diagnostics.iter())
        .chain(resolved.iter())
        .chain(designed.diagnostics.iter());
    let told = all.filter(|found| found.severity == Severity::Error || found.rule.code.starts_with("DES"));
    told.map(|found| {
        let line = found.primary.as_ref().map_or(1, |label| {
            let source: &Source = sources.get(label.span.file).unwrap();
            source.position(label.span.start).line as usize + 1
        });
        let severity = match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        (line, severity, found.rule.code.to_owned())
    })
    .collect()
}

#[test]
fn every_page_does_what_it_says() {
    let mut wrong = Vec::new();
    for rule in design::codes::ALL {
        let path = format!("{}/../../docs/rules/{}.md", env!("CARGO_MANIFEST_DIR"), rule.code);
        let page = std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{path} is missing"));
        assert_eq!(
            page.lines().next(),
            Some(format!("# {} {}", rule.code, rule.name).as_str())
        );
        let blocks = blocks(&page);
        assert!(blocks.len() >= 2, "{path} needs a bad and a good example");
        assert!(
            marks(&blocks[0]).iter().any(|(_, _, code)| code == rule.code),
            "{path} does not show its own finding"
        );
        assert!(
            blocks[1..]
                .iter()
                .any(|block| marks(block).iter().all(|(_, _, code)| code != rule.code)),
            "{path} shows no way out"
        );
        for block in &blocks {
            let (marked, found) = (marks(block), found(block));
            if marked != found {
                wrong.push(format!("{path}: marked {marked:?}, found {found:?}\n{block}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
