//! `architrave verify`

use engine::Access;
use project::System as _;
use prove::seal::VerifyReport;

use super::{findings, seal, trail};
use crate::cli::{Format, Verify};
use crate::{Context, Outcome};

pub(crate) fn run(context: Context, arguments: &Verify) -> Outcome {
    let anchors = match &arguments.anchors {
        None => String::new(),
        Some(file) => match context.machine.read(file).map(String::from_utf8) {
            Ok(Ok(text)) => text,
            Ok(Err(_)) => {
                findings::complain(context, &format!("`{}` is not text", file.display()), None);
                return Outcome::Misused;
            }
            Err(error) => {
                findings::complain(
                    context,
                    &format!("`{}` cannot be read: {error}", file.display()),
                    None,
                );
                return Outcome::Failed;
            }
        },
    };
    let mut trail = match trail::open(
        context,
        &arguments.path,
        &arguments.on,
        &arguments.key,
        Access::ReadOnly,
    ) {
        Ok(trail) => trail,
        Err(outcome) => return outcome,
    };
    let verified = prove::seal::verify(
        &mut trail.connection,
        &trail.blueprint,
        trail.dialect,
        &trail.keys,
        &anchors,
    );
    let report = match verified {
        Ok(report) => report,
        Err(error) => {
            findings::complain(context, &error.to_string(), seal::help(&error));
            return Outcome::Failed;
        }
    };
    context.terminal.print(&match arguments.format {
        Format::Text => text(context, &report),
        Format::Json => format!("{}\n", serde_json::to_string_pretty(&report).unwrap_or_default()),
    });
    if report.faults.is_empty() {
        Outcome::Holds
    } else {
        Outcome::Wrong
    }
}

fn text(context: Context, report: &VerifyReport) -> String {
    let (red, green, off) = if context.terminal.color {
        ("\x1b[1;31m", "\x1b[1;32m", "\x1b[0m")
    } else {
        ("", "", "")
    };
    let mut text = String::new();
    for fault in &report.faults {
        text.push_str(&format!("{red}✗{off} {fault}\n"));
    }
    if report.faults.is_empty() {
        text.push_str(&format!(
            "{green}✓{off} {} entries under {} seals are as they were sealed\n",
            report.entries, report.seals
        ));
    }
    match report.anchored {
        Some(seal) => text.push_str(&format!("  anchored up to seal {seal}\n")),
        None => text.push_str("  no anchor: a tail that was cut off cannot be noticed\n"),
    }
    match (&report.open.since, report.open.entries) {
        (_, 0) => {}
        (Some(since), entries) => {
            text.push_str(&format!("  {entries} entries since {since} are not sealed yet\n"))
        }
        (None, entries) => text.push_str(&format!("  {entries} entries are not sealed yet\n")),
    }
    text
}
