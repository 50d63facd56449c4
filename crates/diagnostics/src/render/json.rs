//! The versioned JSON form; `docs/schemas/diagnostics-1.schema.json` describes it.

use super::place::{Places, Point};
use super::{Options, count};
use crate::{Certainty, Diagnostic, Label, Severity, Sources, Span};
use serde::Serialize;

/// The value of the `schema` key.
pub const SCHEMA: &str = "architrave.diagnostics/1";

#[derive(Serialize)]
struct Report<'d> {
    schema: &'static str,
    diagnostics: Vec<Finding<'d>>,
    summary: Summary,
}

#[derive(Serialize)]
struct Finding<'d> {
    code: &'d str,
    name: &'d str,
    severity: Severity,
    message: &'d str,
    page: String,
    primary: Option<Place<'d>>,
    labels: Vec<Place<'d>>,
    help: &'d [String],
    fix: Option<Fix<'d>>,
}

#[derive(Serialize)]
struct Place<'d> {
    path: &'d str,
    start: Point,
    end: Point,
    text: &'d str,
}

#[derive(Serialize)]
struct Fix<'d> {
    title: &'d str,
    certainty: Certainty,
    edits: Vec<Place<'d>>,
}

#[derive(Serialize)]
struct Summary {
    errors: usize,
    warnings: usize,
    notes: usize,
}

/// All findings as one JSON document, with a line end behind it.
#[must_use]
pub fn json(sources: &Sources, diagnostics: &[Diagnostic], options: &Options) -> String {
    let mut places = Places::new(sources);
    let report = Report {
        schema: SCHEMA,
        diagnostics: diagnostics
            .iter()
            .map(|found| finding(&mut places, found, options))
            .collect(),
        summary: Summary {
            errors: count(diagnostics, Severity::Error),
            warnings: count(diagnostics, Severity::Warning),
            notes: count(diagnostics, Severity::Note),
        },
    };
    // Strings and integers always serialise, so there is no failure to report.
    let mut text = serde_json::to_string_pretty(&report).unwrap_or_default();
    text.push('\n');
    text
}

fn finding<'d>(places: &mut Places<'d>, found: &'d Diagnostic, options: &Options) -> Finding<'d> {
    let mut label = |label: &'d Label| place(places, label.span, &label.text);
    let primary = found.primary.as_ref().map(&mut label);
    let labels = found.secondary.iter().map(label).collect();
    let fix = found.fix.as_ref().map(|fix| Fix {
        title: &fix.title,
        certainty: fix.certainty,
        edits: fix
            .edits
            .iter()
            .map(|edit| place(places, edit.span, &edit.text))
            .collect(),
    });
    Finding {
        code: found.rule.code,
        name: found.rule.name,
        severity: found.severity,
        message: &found.message,
        page: options.page(found.rule),
        primary,
        labels,
        help: &found.help,
        fix,
    }
}

fn place<'d>(places: &mut Places<'d>, span: Span, text: &'d str) -> Place<'d> {
    Place {
        path: places.path(span.file),
        start: places.start(span),
        end: places.end(span),
        text,
    }
}
