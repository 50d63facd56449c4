//! The pages under `docs/rules` are run: each bad block finds what it marks, exactly there, and each good block finds nothing.
//!
//! A block is fenced as `arch`. A mark stands at the end of its line: `// error: [CODE]`, `// warning: [CODE]`, `// note: [CODE]`;
//! several codes are separated by commas. The line `// and 900 more fields` stands for as many. A block without `project` is given one, in a file of its own, unless its fence says
//! `arch no-project`. Findings without a place count as being on the first line.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::string_slice,
    reason = "a test may fail loudly"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use diagnostics::{Diagnostic, Rule, Severity, Sources, render};

fn rules() -> BTreeMap<&'static str, &'static Rule> {
    let lints = rules::ALL.iter().map(|lint| lint.rule);
    let all: Vec<&Rule> = syntax::codes::ALL
        .iter()
        .copied()
        .chain(model::codes::ALL.iter().copied())
        .chain(lints)
        .collect();
    let by_code: BTreeMap<&str, &Rule> = all.iter().map(|rule| (rule.code, *rule)).collect();
    assert_eq!(by_code.len(), all.len(), "two rules share a code");
    let names: BTreeSet<&str> = all.iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), all.len(), "two rules share a name");
    by_code
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules")
}

/// A finding as it is marked: line, severity, code.
type Mark = (usize, &'static str, String);

struct Block {
    line: usize,
    text: String,
    needs_project: bool,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (at, line) in page.lines().enumerate() {
        match &mut open {
            None if line.starts_with("```arch") => {
                open = Some(Block {
                    line: at + 1,
                    text: String::new(),
                    needs_project: line != "```arch no-project",
                });
            }
            Some(_) if line == "```" => blocks.extend(open.take()),
            // Nobody would read them all.
            Some(block) if line.trim() == "// and 900 more fields" => {
                let fields: Vec<String> = (0..900).map(|at| format!("f{at} Int")).collect();
                block.text.push_str(&fields.join(" "));
                block.text.push('\n');
            }
            Some(block) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            None => {}
        }
    }
    assert!(open.is_none(), "a block is never closed");
    blocks
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
            for code in codes.into_iter().flat_map(|codes| codes.split(", ")) {
                marks.insert((at + 1, severity, code.to_owned()));
            }
        }
    }
    marks
}

fn run(block: &Block) -> (Vec<Diagnostic>, Sources) {
    let mut sources = Sources::default();
    let file = sources.add("block.arch", block.text.clone());
    let mut parses = vec![(file, syntax::parse(file, &block.text))];
    let declares = block
        .text
        .lines()
        .any(|line| line.trim_start().starts_with("project "));
    if block.needs_project && !declares {
        let text = "project example { database postgres }\n";
        let file = sources.add("project.arch", text);
        parses.push((file, syntax::parse(file, text)));
    }
    let files: Vec<_> = parses.iter().map(|(file, parse)| (*file, parse)).collect();
    let (model, mut found) = model::resolve(&files);
    found.append(rules::check(&model));
    drop(files);
    for (_, parse) in parses {
        found.append(parse.diagnostics);
    }
    (found.into_sorted(), sources)
}

fn mark_of(found: &Diagnostic, sources: &Sources) -> Mark {
    let line = found.primary.as_ref().map_or(1, |label| {
        sources
            .get(label.span.file)
            .unwrap()
            .position(label.span.start)
            .line as usize
            + 1
    });
    (line, found.severity.name(), found.rule.code.to_owned())
}

fn check_block(page: &str, code: &str, block: &Block) -> Result<bool, String> {
    let (found, sources) = run(block);
    let marked = marks(&block.text);
    let told: BTreeSet<&str> = marked
        .iter()
        .map(|(_, _, code)| code.as_str())
        .chain([code])
        .collect();
    let is_told = |it: &&Diagnostic| told.contains(it.rule.code) || it.severity == Severity::Error;
    let got: BTreeSet<Mark> = found
        .iter()
        .filter(is_told)
        .map(|it| mark_of(it, &sources))
        .collect();
    if got == marked {
        return Ok(marked.iter().any(|(_, _, marked)| marked == code));
    }
    let shown = render::concise(&sources, &found, &render::Options::default());
    Err(format!(
        "{page}, block at line {}: marked {marked:?}, but found\n{shown}",
        block.line
    ))
}

#[test]
fn every_page_does_what_it_says() {
    let rules = rules();
    let mut wrong = Vec::new();
    for (code, rule) in &rules {
        let path = folder().join(format!("{code}.md"));
        let Ok(page) = std::fs::read_to_string(&path) else {
            wrong.push(format!("{code} {} has no page", rule.name));
            continue;
        };
        let title = format!("# {code} {}", rule.name);
        if page.lines().next() != Some(title.as_str()) {
            wrong.push(format!("{code}.md must begin with `{title}`"));
        }
        let (mut good, mut bad) = (0, 0);
        for block in blocks(&page) {
            match check_block(&format!("{code}.md"), code, &block) {
                Ok(true) => bad += 1,
                Ok(false) => good += 1,
                Err(why) => wrong.push(why),
            }
        }
        if good == 0 || bad == 0 {
            wrong.push(format!(
                "{code}.md has {bad} bad and {good} good examples that hold, and needs one of each"
            ));
        }
    }
    assert!(wrong.is_empty(), "{} faults\n\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_page_has_a_rule() {
    let rules = rules();
    let groups: BTreeSet<String> = rules
        .keys()
        .map(|code| code.trim_end_matches(char::is_numeric).to_owned())
        .collect();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(code) = name.strip_suffix(".md") else {
            continue;
        };
        let ours = groups.contains(code.trim_end_matches(char::is_numeric));
        assert!(
            !ours || rules.contains_key(code),
            "{name} is about a rule that does not exist"
        );
    }
}

#[test]
fn every_file_is_a_listed_lint() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let list = std::fs::read_to_string(source.join("lib.rs")).unwrap();
    let mut count = 0;
    for folder in ["integrity", "naming", "performance", "privacy", "security"] {
        for entry in std::fs::read_dir(source.join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let stem = name.strip_suffix(".rs").unwrap();
            assert!(
                list.contains(&format!("&{folder}::{stem}::LINT")),
                "{folder}/{name} is not listed in lib.rs"
            );
            count += 1;
        }
    }
    assert_eq!(count, rules::ALL.len());
    for lint in rules::ALL {
        let code = lint.rule.code;
        assert!(
            code.len() == 6 && code[3..].bytes().all(|byte| byte.is_ascii_digit()),
            "{code}"
        );
        assert!(!lint.rule.summary.ends_with('.'), "{code}");
    }
}
