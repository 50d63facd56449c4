//! The JSON form against its published schema, and SARIF against what its readers require.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may fail loudly"
)]

use diagnostics::render::{JSON_SCHEMA, Options, json, sarif};
use diagnostics::{Certainty, Diagnostic, FileId, Rule, Severity, Sources, Span};
use serde_json::{Value, json as value};

static SECRET: Rule = Rule {
    code: "SEC004",
    name: "plain-text-secret",
    severity: Severity::Error,
    summary: "a secret in plain text",
};
static TWICE: Rule = Rule {
    code: "MOD002",
    name: "duplicate-field",
    severity: Severity::Warning,
    summary: "two fields of one name",
};
static HINT: Rule = Rule {
    code: "MOD009",
    name: "no-policy",
    severity: Severity::Note,
    summary: "no policy",
};

const TEXT: &str = "entity Größe {\n  email Email\n  reset String(64)\n  email Text\n}\n";

fn samples() -> (Sources, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    sources.add("schema/my auth.arch", TEXT);
    let span = |from: usize, words: &str| {
        let start = (from + TEXT[from..].find(words).unwrap()) as u32;
        Span::new(FileId(0), start, start + words.len() as u32)
    };
    let secret = span(0, "String(64)");
    let found = vec![
        Diagnostic::new(&SECRET, secret, "`reset` is \"plain\"")
            .label("anyone")
            .help("use `Token`")
            .replace(Certainty::Certain, "write `Token`", secret, "Token"),
        Diagnostic::new(&TWICE, span(40, "email"), "`email` is declared twice")
            .also(span(0, "email"), "the first one"),
        Diagnostic::global(&HINT, "no file has a policy"),
        Diagnostic::new(&SECRET, span(0, "Größe"), "again"),
    ];
    (sources, found)
}

#[test]
fn the_json_form_to_the_character() {
    let mut sources = Sources::default();
    let file = sources.add("a.arch", "x Int\n");
    let at = Span::new(file, 2, 5);
    let found = [Diagnostic::new(&SECRET, at, "no")
        .label("this")
        .help("do")
        .replace(Certainty::Certain, "write `Token`", at, "Token")];
    let expect = r#"{
  "schema": "architrave.diagnostics/1",
  "diagnostics": [
    {
      "code": "SEC004",
      "name": "plain-text-secret",
      "severity": "error",
      "message": "no",
      "page": "docs/rules/SEC004.md",
      "primary": {
        "path": "a.arch",
        "start": {
          "line": 1,
          "column": 3,
          "offset": 2
        },
        "end": {
          "line": 1,
          "column": 6,
          "offset": 5
        },
        "text": "this"
      },
      "labels": [],
      "help": [
        "do"
      ],
      "fix": {
        "title": "write `Token`",
        "certainty": "certain",
        "edits": [
          {
            "path": "a.arch",
            "start": {
              "line": 1,
              "column": 3,
              "offset": 2
            },
            "end": {
              "line": 1,
              "column": 6,
              "offset": 5
            },
            "text": "Token"
          }
        ]
      }
    }
  ],
  "summary": {
    "errors": 1,
    "warnings": 0,
    "notes": 0
  }
}
"#;
    assert_eq!(json(&sources, &found, &Options::default()), expect);
}

fn schema() -> Value {
    let text = include_str!("../../../docs/schemas/diagnostics-1.schema.json");
    serde_json::from_str(text).unwrap()
}

#[test]
fn the_json_form_holds_to_its_schema() {
    let (sources, found) = samples();
    let schema = schema();
    let report: Value = serde_json::from_str(&json(&sources, &found, &Options::default())).unwrap();
    assert_eq!(faults(&schema, &schema, &report, "$"), Vec::<String>::new());
    assert_eq!(schema["title"], JSON_SCHEMA);
    let empty: Value = serde_json::from_str(&json(&sources, &[], &Options::default())).unwrap();
    assert_eq!(faults(&schema, &schema, &empty, "$"), Vec::<String>::new());
}

#[test]
fn the_schema_rejects_what_is_not_the_json_form() {
    let (sources, found) = samples();
    let schema = schema();
    let good: Value = serde_json::from_str(&json(&sources, &found, &Options::default())).unwrap();
    let spoil: [(&str, Value); 6] = [
        ("/schema", value!("architrave.diagnostics/2")),
        ("/summary/errors", value!(-1)),
        ("/diagnostics/0/code", value!("sec4")),
        ("/diagnostics/0/severity", value!("fatal")),
        ("/diagnostics/0/primary", value!({})),
        ("/diagnostics/0/fix/edits/0/start/line", value!(0)),
    ];
    for (place, wrong) in spoil {
        let mut report = good.clone();
        *report.pointer_mut(place).unwrap() = wrong;
        assert!(!faults(&schema, &schema, &report, "$").is_empty(), "{place}");
    }
    let mut report = good;
    report.as_object_mut().unwrap().remove("summary");
    assert_eq!(
        faults(&schema, &schema, &report, "$"),
        ["$: `summary` is missing"]
    );
}

/// The keywords that the schema uses; an unknown one is a fault, so that none is forgotten here.
fn faults(root: &Value, schema: &Value, it: &Value, at: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (keyword, rule) in schema.as_object().unwrap() {
        let holds = match keyword.as_str() {
            "$schema" | "title" | "description" | "$defs" => true,
            "const" => it == rule,
            "enum" => rule.as_array().unwrap().contains(it),
            "type" => match rule.as_str().unwrap() {
                "object" => it.is_object(),
                "array" => it.is_array(),
                "string" => it.is_string(),
                "integer" => it.is_i64(),
                "null" => it.is_null(),
                other => panic!("unknown type {other}"),
            },
            "minimum" => it.as_i64() >= rule.as_i64(),
            "minLength" => it
                .as_str()
                .is_some_and(|text| text.len() as u64 >= rule.as_u64().unwrap()),
            "pattern" => pattern(rule.as_str().unwrap(), it.as_str().unwrap_or("")),
            "anyOf" => rule
                .as_array()
                .unwrap()
                .iter()
                .any(|one| faults(root, one, it, at).is_empty()),
            "$ref" => {
                let target = root
                    .pointer(rule.as_str().unwrap().trim_start_matches('#'))
                    .unwrap();
                out.extend(faults(root, target, it, at));
                true
            }
            "required" => {
                for key in rule.as_array().unwrap().iter().map(|key| key.as_str().unwrap()) {
                    if it.get(key).is_none() {
                        out.push(format!("{at}: `{key}` is missing"));
                    }
                }
                true
            }
            "properties" => {
                for (key, inner) in rule.as_object().unwrap() {
                    if let Some(value) = it.get(key) {
                        out.extend(faults(root, inner, value, &format!("{at}.{key}")));
                    }
                }
                true
            }
            "items" => {
                for (index, value) in it.as_array().into_iter().flatten().enumerate() {
                    out.extend(faults(root, rule, value, &format!("{at}[{index}]")));
                }
                true
            }
            other => panic!("unknown keyword {other}"),
        };
        if !holds {
            out.push(format!("{at}: {keyword} does not hold"));
        }
    }
    out
}

/// The two patterns that the schema uses.
fn pattern(pattern: &str, text: &str) -> bool {
    match pattern {
        "^[A-Z]{3}[0-9]{3}$" => {
            let (letters, digits) = text.split_at_checked(3).unwrap_or(("", ""));
            letters.len() == 3
                && letters.bytes().all(|b| b.is_ascii_uppercase())
                && digits.len() == 3
                && digits.bytes().all(|b| b.is_ascii_digit())
        }
        "^[a-z0-9]+(-[a-z0-9]+)*$" => text.split('-').all(|word| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        }),
        other => panic!("unknown pattern {other}"),
    }
}

#[test]
fn sarif_names_rules_places_and_fixes() {
    let (sources, found) = samples();
    let options = Options {
        version: "1.2.3".to_owned(),
        ..Options::default()
    };
    let log: Value = serde_json::from_str(&sarif(&sources, &found, &options)).unwrap();
    let file = value!({ "uri": "schema/my%20auth.arch" });
    let expect = value!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "architrave", "version": "1.2.3", "rules": [
                { "id": "SEC004", "name": "plain-text-secret", "shortDescription": { "text": "a secret in plain text" },
                  "help": { "text": "see docs/rules/SEC004.md" }, "defaultConfiguration": { "level": "error" } },
                { "id": "MOD002", "name": "duplicate-field", "shortDescription": { "text": "two fields of one name" },
                  "help": { "text": "see docs/rules/MOD002.md" }, "defaultConfiguration": { "level": "warning" } },
                { "id": "MOD009", "name": "no-policy", "shortDescription": { "text": "no policy" },
                  "help": { "text": "see docs/rules/MOD009.md" }, "defaultConfiguration": { "level": "note" } },
            ] } },
            "columnKind": "unicodeCodePoints",
            "results": [
                { "ruleId": "SEC004", "ruleIndex": 0, "level": "error",
                  "message": { "text": "`reset` is \"plain\"\nhelp: use `Token`" },
                  "locations": [{
                      "physicalLocation": { "artifactLocation": file,
                          "region": { "startLine": 3, "startColumn": 9, "endLine": 3, "endColumn": 19 } },
                      "message": { "text": "anyone" } }],
                  "fixes": [{ "description": { "text": "write `Token`" }, "artifactChanges": [{
                      "artifactLocation": file,
                      "replacements": [{
                          "deletedRegion": { "startLine": 3, "startColumn": 9, "endLine": 3, "endColumn": 19 },
                          "insertedContent": { "text": "Token" } }] }] }] },
                { "ruleId": "MOD002", "ruleIndex": 1, "level": "warning",
                  "message": { "text": "`email` is declared twice" },
                  "locations": [{ "physicalLocation": { "artifactLocation": file,
                      "region": { "startLine": 4, "startColumn": 3, "endLine": 4, "endColumn": 8 } } }],
                  "relatedLocations": [{
                      "physicalLocation": { "artifactLocation": file,
                          "region": { "startLine": 2, "startColumn": 3, "endLine": 2, "endColumn": 8 } },
                      "message": { "text": "the first one" } }] },
                { "ruleId": "MOD009", "ruleIndex": 2, "level": "note", "message": { "text": "no file has a policy" } },
                { "ruleId": "SEC004", "ruleIndex": 0, "level": "error", "message": { "text": "again" },
                  "locations": [{ "physicalLocation": { "artifactLocation": file,
                      "region": { "startLine": 1, "startColumn": 8, "endLine": 1, "endColumn": 13 } } }] },
            ],
        }],
    });
    assert_eq!(log, expect, "{log:#}");
}

#[test]
fn pages_on_the_web_are_addresses() {
    let (sources, found) = samples();
    let options = Options {
        pages: "https://example.org/rules/".to_owned(),
        ..Options::default()
    };
    let log: Value = serde_json::from_str(&sarif(&sources, &found, &options)).unwrap();
    assert_eq!(
        log["runs"][0]["tool"]["driver"]["rules"][0]["helpUri"],
        "https://example.org/rules/SEC004.md"
    );
}
