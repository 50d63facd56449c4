//! A survey as text and as JSON.

use std::fmt::Write as _;

use diagnostics::render::visible;
use journal::{Entry, Kind, Mode, Standing, Statement};
use runner::{Aside, Drift, Survey};
use serde_json::{Value, json};

/// The first line of the document.
const SCHEMA: &str = "architrave.migrate/1";

/// What differs between the schema and what the migrations make, or why nobody can say.
type Differences<'a> = Option<&'a Result<Vec<String>, String>>;

pub(super) fn differences(found: Differences<'_>) -> String {
    match found {
        None => String::new(),
        Some(Err(reason)) => format!("what differs cannot be said: {}\n", visible(reason)),
        Some(Ok(statements)) if statements.is_empty() => {
            "what differs cannot be said: the migrations, run anew, make just this schema\n".to_owned()
        }
        Some(Ok(statements)) => {
            let mut text = "what differs, as the statements that were not in the migrations:\n".to_owned();
            for line in statements.iter().flat_map(|it| it.lines()) {
                let _ = writeln!(text, "  {}", visible(line));
            }
            text
        }
    }
}

pub(super) fn json(survey: &Survey, faults: &[(String, String)], differences: Differences<'_>) -> String {
    let faults: Vec<Value> = faults
        .iter()
        .map(|(message, help)| json!({ "message": message, "help": help }))
        .collect();
    let mut document = json!({ "schema": SCHEMA, "holds": faults.is_empty() });
    if let (Some(document), Ok(Value::Object(survey))) =
        (document.as_object_mut(), serde_json::to_value(survey))
    {
        document.extend(survey);
        document.insert("faults".to_owned(), Value::Array(faults));
        if let Some(Ok(statements)) = differences {
            document.insert("differences".to_owned(), json!(statements));
        }
    }
    format!("{document:#}\n")
}

pub(super) fn text(survey: &Survey, faults: &[(String, String)], verify: bool) -> String {
    let mut text = String::new();
    if !verify {
        table(survey, &mut text);
    }
    if let Some(holder) = &survey.lease {
        let _ = writeln!(text, "lease: {}", visible(holder));
    }
    for (message, help) in faults {
        let _ = writeln!(text, "wrong: {}\n  = help: {}", visible(message), visible(help));
    }
    if let Some(it) = survey.unfinished.as_ref().filter(|it| !it.error.is_empty()) {
        let _ = writeln!(text, "it failed: {}", visible(&it.error));
    }
    for entry in survey
        .migrations
        .iter()
        .filter(|it| it.standing == Standing::LineEnds)
    {
        let _ = writeln!(
            text,
            "note: the files of {} differ from what was applied in line ends or a byte order mark only",
            visible(&entry.title())
        );
    }
    match &survey.drift {
        Drift::Unknown { reason } => {
            let _ = writeln!(text, "drift: not known: {reason}");
        }
        Drift::None => text.push_str("drift: none\n"),
        Drift::Differs { recorded, found } => {
            let _ = writeln!(text, "drift: recorded {recorded}, found {found}");
        }
    }
    if !verify && !survey.kept.is_empty() {
        text.push_str(&asides(&survey.kept, "set aside"));
    }
    if verify && faults.is_empty() {
        let count = survey
            .migrations
            .iter()
            .filter(|entry| entry.is_applied())
            .count();
        let _ = writeln!(
            text,
            "{count} applied migrations agree with their files, their history and the schema"
        );
    }
    text
}

/// What migrations have set aside, or what of it was destroyed.
pub(super) fn asides(found: &[Aside], what: &str) -> String {
    if found.is_empty() {
        return "nothing is set aside\n".to_owned();
    }
    let mut text = String::new();
    for aside in found {
        let count = match aside.tables.len() {
            1 => "1 table".to_owned(),
            count => format!("{count} tables"),
        };
        let size = aside
            .bytes
            .map_or(String::new(), |bytes| format!(", {}", size(bytes)));
        let by = match (aside.by, &aside.since) {
            (Some(number), Some(since)) => format!("migration {number}, {since}"),
            _ => "no migration that is applied".to_owned(),
        };
        let _ = writeln!(text, "{what}: {} ({count}{size}; {by})", visible(&aside.name));
    }
    text
}

/// Bytes, as people say them.
fn size(bytes: i64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes;
    let mut unit = 0;
    while value >= 10 * 1024 && unit + 1 < units.len() {
        value /= 1024;
        unit += 1;
    }
    format!("{value} {}", units.get(unit).copied().unwrap_or_default())
}

fn table(survey: &Survey, text: &mut String) {
    let rows: Vec<[String; 4]> = survey
        .migrations
        .iter()
        .map(|entry| {
            [
                visible(&entry.title()),
                state(entry, survey),
                entry.applied.clone().unwrap_or_default(),
                visible(entry.by.as_deref().unwrap_or("")),
            ]
        })
        .collect();
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let (first, second, third) = (width(0), width(1), width(2));
    for [title, state, when, by] in &rows {
        let line = format!("{title:first$}  {state:second$}  {when:third$}  {by}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    if rows.is_empty() {
        text.push_str("there are no migrations\n");
    }
}

fn state(entry: &Entry, survey: &Survey) -> String {
    if let Some(it) = survey.unfinished.as_ref().filter(|it| it.number == entry.number) {
        let what = if it.back { "rollback" } else { "apply" };
        let ended = if it.error.is_empty() {
            "unfinished"
        } else {
            "failed"
        };
        return format!("{what} {ended} after {} statements", it.done);
    }
    match &entry.standing {
        Standing::Applied | Standing::LineEnds => "applied",
        Standing::UpChanged => "applied, up.sql changed since",
        Standing::DownChanged => "applied, down.sql changed since",
        Standing::Missing => "applied, folder missing",
        Standing::Renamed(_) => "applied, folder renamed",
        Standing::Renumbered(_) => "applied under another number",
        Standing::Pending => "pending",
        Standing::OutOfOrder => "pending, out of order",
        Standing::Beside(_) => "pending, does not go on from the one before",
    }
    .to_owned()
}

/// The statements of a migration, as they would run.
pub(super) fn statements(title: &str, statements: &[Statement]) -> String {
    let mut text = format!("-- {title}: {} statements\n", statements.len());
    for statement in statements {
        let how = match statement.mode {
            _ if matches!(statement.kind, Kind::Batches { .. }) => {
                "-- in batches, each in a transaction of its own\n"
            }
            Mode::Together => "",
            Mode::Alone => "-- in a transaction of its own\n",
            Mode::Outside => "-- outside of a transaction\n",
        };
        let _ = writeln!(text, "{how}{};", statement.masked());
    }
    text.push('\n');
    text
}
