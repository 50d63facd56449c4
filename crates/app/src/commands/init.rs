//! `architrave init`

use std::path::Path;

use detect::{Found, Start, Wishes};
use diagnostics::render::visible;
use diagnostics::{Diagnostic, Severity};
use project::{Memory, System as _};
use serde_json::{Value, json};

use super::findings;
use crate::cli::{FindingFormat, Format, Init, Models, Product};
use crate::{Context, Outcome};

pub(crate) fn run(context: Context, arguments: &Init) -> Outcome {
    if !context.machine.is_dir(&arguments.path) {
        let message = format!("`{}` is not a folder", arguments.path.display());
        findings::complain(context, &message, Some("name the application's folder"));
        return Outcome::Misused;
    }
    if let Some(name) = arguments.name.as_deref().filter(|name| !detect::is_name(name)) {
        let message = format!("`{name}` cannot be the name of a project");
        let help = "it begins with a letter from a to z, and has such letters, digits and `_`, 40 at most";
        findings::complain(context, &message, Some(help));
        return Outcome::Misused;
    }
    let mut start = detect::detect(&context.machine, &arguments.path, &wishes(arguments));
    let found = std::mem::take(&mut start.diagnostics).into_sorted();
    if findings::outcome(&found) == Outcome::Wrong {
        return findings::show(context, format(arguments), &start.sources, &found);
    }
    if let Err(outcome) = holds(context, arguments, &start) {
        return outcome;
    }
    if !arguments.dry_run
        && let Err(error) = write(context, &arguments.path, &start)
    {
        findings::complain(context, &error.to_string(), Some("nothing was written"));
        return Outcome::Failed;
    }
    match arguments.format {
        Format::Json => context.terminal.print(&document(arguments, &start, &found)),
        Format::Text => {
            if !found.is_empty() {
                findings::show(context, FindingFormat::Text, &start.sources, &found);
            }
            context.terminal.print(&text(arguments, &start));
        }
    }
    Outcome::Holds
}

fn wishes(arguments: &Init) -> Wishes {
    let word = |product: &Product| match product {
        Product::Postgres => "postgres".to_owned(),
        Product::Sqlite => "sqlite".to_owned(),
    };
    let mut databases: Vec<String> = arguments.database.iter().map(word).collect();
    databases.dedup();
    Wishes {
        name: arguments.name.clone(),
        databases,
        models: arguments.models.map(|models| models == Models::Sqlalchemy),
        folder: arguments.folder.clone(),
    }
}

const fn format(arguments: &Init) -> FindingFormat {
    match arguments.format {
        Format::Text => FindingFormat::Text,
        Format::Json => FindingFormat::Json,
    }
}

/// What would be written is checked as the project that it will be: a name may be taken by the language, a folder by Python.
fn holds(context: Context, arguments: &Init, start: &Start) -> Result<(), Outcome> {
    let files = start
        .files
        .iter()
        .map(|file| (file.path.clone(), file.text.clone()));
    let checked = state::check(&Memory::with(files), Path::new(""));
    let found: Vec<Diagnostic> = checked.diagnostics.into_sorted();
    if findings::outcome(&found) == Outcome::Holds {
        return Ok(());
    }
    let found: Vec<Diagnostic> = found
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| finding.help("this is what `init` would have written: say another `--name` or `--folder`; nothing was written"))
        .collect();
    Err(findings::show(
        context,
        format(arguments),
        &checked.loaded.sources,
        &found,
    ))
}

fn write(context: Context, folder: &Path, start: &Start) -> Result<(), project::OutputError> {
    let files: Vec<(&str, &str)> = start
        .files
        .iter()
        .map(|file| (file.path.as_str(), file.text.as_str()))
        .collect();
    project::create(&context.machine, folder, &files)
}

/// What was found, what was not, and what was written; for people.
fn text(arguments: &Init, start: &Start) -> String {
    let mut text = String::new();
    for (title, found) in [
        ("found", &start.found),
        ("not there yet, and left out", &start.not_yet),
    ] {
        if !found.is_empty() {
            text.push_str(&format!("{title}\n"));
            let width = found
                .iter()
                .map(|found| found.value.chars().count())
                .max()
                .unwrap_or(0);
            found.iter().for_each(|found| text.push_str(&line(found, width)));
            text.push('\n');
        }
    }
    if !start.unknown.is_empty() {
        text.push_str("to know\n");
        start
            .unknown
            .iter()
            .for_each(|words| text.push_str(&format!("  {}\n", visible(words))));
        text.push('\n');
    }
    for file in &start.files {
        if arguments.dry_run {
            text.push_str(&format!("── {}\n{}\n", file.path, file.text));
        } else {
            text.push_str(&format!("new     {}\n", file.path));
        }
    }
    if arguments.dry_run {
        text.push_str("nothing was written (--dry-run)\n");
    } else {
        text.push_str("\nnext: `architrave check`, `architrave build`, `architrave prove`\n");
    }
    text
}

fn line(found: &Found, width: usize) -> String {
    let place = match (&found.path, found.line) {
        (Some(path), Some(line)) => format!("{path}:{line}: "),
        _ => String::new(),
    };
    let line = format!(
        "  {:<10}  {:<width$}  {place}{}",
        found.what, found.value, found.why
    );
    format!("{}\n", visible(&line))
}

/// The same for programs.
fn document(arguments: &Init, start: &Start, found: &[Diagnostic]) -> String {
    let files: Vec<Value> = start
        .files
        .iter()
        .map(|file| json!({"path": file.path, "text": file.text}))
        .collect();
    let unread: Vec<Value> = found
        .iter()
        .map(|finding| json!({"code": finding.rule.code, "message": finding.message, "help": finding.help}))
        .collect();
    let document = json!({
        "schema": "architrave.init/1",
        "written": !arguments.dry_run,
        "found": start.found.iter().map(value).collect::<Vec<_>>(),
        "not_yet": start.not_yet.iter().map(value).collect::<Vec<_>>(),
        "to_know": start.unknown,
        "findings": unread,
        "files": files,
    });
    format!("{document:#}\n")
}

fn value(found: &Found) -> Value {
    json!({"what": found.what, "value": found.value, "why": found.why, "path": found.path, "line": found.line})
}
