//! SARIF 2.1.0, which code hosts and editors import.

use super::Options;
use super::place::Places;
use crate::{Diagnostic, Edit, FileId, Fix, Label, Rule, Sources, Span};
use serde_json::{Value, json};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// All findings as one run.
#[must_use]
pub fn sarif(sources: &Sources, diagnostics: &[Diagnostic], options: &Options) -> String {
    let mut places = Places::new(sources);
    let mut rules: Vec<&'static Rule> = Vec::new();
    let mut results = Vec::with_capacity(diagnostics.len());
    for found in diagnostics {
        let index = rules
            .iter()
            .position(|rule| rule.code == found.rule.code)
            .unwrap_or_else(|| {
                rules.push(found.rule);
                rules.len() - 1
            });
        results.push(result(&mut places, found, index));
    }
    let mut driver = json!({
        "name": "architrave",
        "rules": rules.iter().map(|rule| descriptor(rule, options)).collect::<Vec<_>>(),
    });
    if !options.version.is_empty() {
        insert(&mut driver, "version", json!(options.version));
    }
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{ "tool": { "driver": driver }, "columnKind": "unicodeCodePoints", "results": results }],
    });
    format!("{log:#}\n")
}

fn insert(object: &mut Value, key: &str, value: Value) {
    if let Some(map) = object.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
}

fn descriptor(rule: &Rule, options: &Options) -> Value {
    let page = options.page(rule);
    let mut value = json!({
        "id": rule.code,
        "name": rule.name,
        "shortDescription": { "text": rule.summary },
        "help": { "text": format!("see {page}") },
        "defaultConfiguration": { "level": rule.severity.name() },
    });
    // A relative address is no valid `helpUri`.
    if page.starts_with("https://") {
        insert(&mut value, "helpUri", json!(page));
    }
    value
}

fn result(places: &mut Places<'_>, found: &Diagnostic, index: usize) -> Value {
    let mut text = found.message.clone();
    for help in &found.help {
        text.push_str("\nhelp: ");
        text.push_str(help);
    }
    let mut value = json!({
        "ruleId": found.rule.code,
        "ruleIndex": index,
        "level": found.severity.name(),
        "message": { "text": text },
    });
    if let Some(label) = &found.primary {
        insert(&mut value, "locations", json!([location(places, label)]));
    }
    if !found.secondary.is_empty() {
        let related: Vec<_> = found
            .secondary
            .iter()
            .map(|label| location(places, label))
            .collect();
        insert(&mut value, "relatedLocations", json!(related));
    }
    if let Some(fix) = &found.fix {
        insert(&mut value, "fixes", json!([proposal(places, fix)]));
    }
    value
}

fn location(places: &mut Places<'_>, label: &Label) -> Value {
    let mut value = json!({
        "physicalLocation": {
            "artifactLocation": artifact(places, label.span.file),
            "region": region(places, label.span),
        },
    });
    if !label.text.is_empty() {
        insert(&mut value, "message", json!({ "text": label.text }));
    }
    value
}

fn artifact(places: &Places<'_>, file: FileId) -> Value {
    json!({ "uri": uri(places.path(file)) })
}

fn region(places: &mut Places<'_>, span: Span) -> Value {
    let (start, end) = (places.start(span), places.end(span));
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

/// A fix, with its edits by file.
fn proposal(places: &mut Places<'_>, fix: &Fix) -> Value {
    let mut files: Vec<FileId> = fix.edits.iter().map(|edit| edit.span.file).collect();
    files.sort_unstable();
    files.dedup();
    let changes: Vec<_> = files
        .into_iter()
        .map(|file| {
            let edits = fix.edits.iter().filter(|edit| edit.span.file == file);
            let replacements: Vec<_> = edits.map(|edit| replacement(places, edit)).collect();
            json!({ "artifactLocation": artifact(places, file), "replacements": replacements })
        })
        .collect();
    json!({ "description": { "text": fix.title }, "artifactChanges": changes })
}

fn replacement(places: &mut Places<'_>, edit: &Edit) -> Value {
    json!({ "deletedRegion": region(places, edit.span), "insertedContent": { "text": edit.text } })
}

/// A path as a relative URI reference.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
