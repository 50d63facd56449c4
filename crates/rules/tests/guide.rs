//! The guide of the language is run: each block resolves without errors, and without warnings but those that it marks, and stands in
//! the formatter's form; and what the compiler offers as a choice, the guide explains.
//!
//! A block is fenced as `arch`. `arch as NAME` gives it a name, `arch with NAME` reads the named block beside it. A block without
//! `project` is given one, in a file of its own.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    reason = "tests may fail loudly"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use diagnostics::{Diagnostic, FileId, Severity, Sources, render};

const PROJECT: &str = "project example { database postgres }\n";

/// What no help lists; the model's `Scalar` is the other copy.
const TYPES: [&str; 21] = [
    "Bool",
    "Int",
    "BigInt",
    "Float",
    "Decimal",
    "Money",
    "String",
    "Text",
    "Uuid",
    "Date",
    "Time",
    "Instant",
    "Duration",
    "Bytes",
    "Json",
    "Email",
    "Phone",
    "Url",
    "Ip",
    "PasswordHash",
    "Token",
];

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/language.md");
    std::fs::read_to_string(path).unwrap()
}

struct Block {
    line: usize,
    name: Option<String>,
    with: Vec<String>,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (at, line) in page.lines().enumerate() {
        match &mut open {
            None => {
                let Some(info) = line.strip_prefix("```arch") else {
                    continue;
                };
                let mut words = info.split_whitespace();
                let mut block = Block {
                    line: at + 1,
                    name: None,
                    with: Vec::new(),
                    text: String::new(),
                };
                match words.next() {
                    Some("as") => block.name = words.next().map(str::to_owned),
                    Some("with") => block.with = words.map(str::to_owned).collect(),
                    Some(other) => panic!("line {}: `{other}` says nothing", at + 1),
                    None => {}
                }
                open = Some(block);
            }
            Some(_) if line == "```" => blocks.extend(open.take()),
            Some(block) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
        }
    }
    assert!(open.is_none(), "a block is never closed");
    blocks
}

fn check(texts: &[&str]) -> (Vec<Diagnostic>, Sources) {
    let mut sources = Sources::default();
    let mut all: Vec<&str> = texts.to_vec();
    if !texts
        .iter()
        .any(|text| text.lines().any(|line| line.trim_start().starts_with("project ")))
    {
        all.push(PROJECT);
    }
    let parses: Vec<(FileId, syntax::Parse)> = all
        .iter()
        .enumerate()
        .map(|(at, text)| {
            let file = sources.add(format!("{at}.arch"), *text);
            (file, syntax::parse(file, text))
        })
        .collect();
    let files: Vec<_> = parses.iter().map(|(file, parse)| (*file, parse)).collect();
    let (model, mut found) = model::resolve(&files);
    found.append(rules::check(&model));
    drop(files);
    for (_, parse) in parses {
        found.append(parse.diagnostics);
    }
    (found.into_sorted(), sources)
}

/// Whether the line of a finding, in the block itself, says that it is meant.
fn is_marked(found: &Diagnostic, sources: &Sources, text: &str) -> bool {
    let Some(label) = &found.primary else { return false };
    let source = sources.get(label.span.file).unwrap();
    let line = source.position(label.span.start).line as usize;
    source.text == text
        && text
            .lines()
            .nth(line)
            .is_some_and(|line| line.ends_with(&format!("// warning: [{}]", found.rule.code)))
}

#[test]
fn every_block_resolves() {
    let page = page();
    let blocks = blocks(&page);
    assert!(blocks.len() > 20, "the guide has lost its examples");
    let named: BTreeMap<&str, &str> = blocks
        .iter()
        .filter_map(|block| Some((block.name.as_deref()?, block.text.as_str())))
        .collect();
    let mut wrong = Vec::new();
    for block in &blocks {
        let mut texts = vec![block.text.as_str()];
        texts.extend(block.with.iter().map(|name| {
            *named
                .get(name.as_str())
                .unwrap_or_else(|| panic!("line {}: no block is called `{name}`", block.line))
        }));
        let (found, sources) = check(&texts);
        let marks = block.text.matches("// warning: [").count();
        let (meant, faults): (Vec<_>, Vec<_>) = found
            .into_iter()
            .filter(|it| it.severity != Severity::Note)
            .partition(|it| it.severity == Severity::Warning && is_marked(it, &sources, &block.text));
        if meant.len() != marks {
            wrong.push(format!(
                "language.md, block at line {}: {marks} warnings are marked, {} are there",
                block.line,
                meant.len()
            ));
        }
        if !faults.is_empty() {
            let shown = render::concise(&sources, &faults, &render::Options::default());
            wrong.push(format!("language.md, block at line {}:\n{shown}", block.line));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} blocks are at fault\n\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_block_is_formatted() {
    for block in blocks(&page()) {
        let formatted = syntax::format(&syntax::parse(FileId(0), &block.text));
        assert_eq!(
            formatted.as_deref(),
            Some(block.text.as_str()),
            "language.md, block at line {}",
            block.line
        );
    }
}

/// The words in backticks that the help of a finding offers.
fn offered(text: &str, code: &str) -> BTreeSet<String> {
    let (found, _) = check(&[text]);
    let help: Vec<&str> = found
        .iter()
        .filter(|it| it.rule.code == code)
        .flat_map(|it| &it.help)
        .map(String::as_str)
        .collect();
    let words: BTreeSet<String> = help
        .join(" ")
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect();
    assert!(words.len() > 1, "{code} offers nothing for: {text}");
    words
}

fn has_word(page: &str, word: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
    page.match_indices(word).any(|(at, _)| {
        let before = page[..at].chars().next_back();
        let after = page[at + word.len()..].chars().next();
        !(before.is_some_and(inside) || after.is_some_and(inside))
    })
}

#[test]
fn whatever_the_compiler_offers_is_explained() {
    let mut words: BTreeSet<String> = TYPES.iter().map(|&name| name.to_owned()).collect();
    words.extend(offered("project example { qqqqqqqq postgres }", "POL004"));
    words.extend(offered("project example { database qqqqqqqq }", "POL005"));
    words.extend(offered("project example { models qqqqqqqq }", "POL005"));
    let settings = offered("policy { qqqqqqqq on }", "POL004");
    for setting in settings
        .iter()
        .filter(|it| !["actor", "tenant", "storage"].contains(&it.as_str()))
    {
        words.extend(offered(&format!("policy {{ {setting} qqqqqqqq }}"), "POL005"));
    }
    words.extend(settings);
    words.extend(offered("entity A owns self { a Int @qqqqqqqq }", "ATT001"));
    words.extend(offered("entity A owns self @qqqqqqqq { a Int }", "ATT001"));
    words.extend(offered("enum A { a @qqqqqqqq, b }", "ATT001"));
    words.extend(offered(
        "entity A owns self without qqqqqqqq because \"b\" { a Int }",
        "POL011",
    ));
    words.extend(offered(
        "entity A owns self { a Int @on_delete(b) }\nentity B owns self { a A @on_delete(b) }",
        "ATT004",
    ));
    words.extend(offered(
        "entity A owns self { a Int  check (qqqqqqqq(a) = 1) }",
        "TYP007",
    ));
    words.extend(offered("entity A owns self { a Date = qqqqqqqq() }", "TYP007"));
    words.extend(offered("entity A owns self { a Int  allow qqqqqqqq }", "OWN008"));
    words.extend(
        syntax::ITEM_WORDS
            .iter()
            .chain(&syntax::PART_WORDS)
            .chain(&syntax::CLAUSE_WORDS)
            .map(|&word| word.to_owned()),
    );
    let page = page();
    let missing: Vec<String> = words
        .into_iter()
        .filter(|word| !has_word(&page, word.trim_end_matches("()")))
        .collect();
    assert!(
        missing.is_empty(),
        "language.md does not speak of {}",
        missing.join(", ")
    );
}
