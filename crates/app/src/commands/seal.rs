//! `architrave seal`

use engine::Access;
use project::System as _;

use super::{findings, trail};
use crate::cli::{Format, Seal};
use crate::{Context, Outcome};

pub(crate) fn run(context: Context, arguments: &Seal) -> Outcome {
    let keys = std::slice::from_ref(&arguments.key);
    let mut trail = match trail::open(context, &arguments.path, &arguments.on, keys, Access::Existing) {
        Ok(trail) => trail,
        Err(outcome) => return outcome,
    };
    let Some((key_id, key)) = trail.keys.first() else {
        return Outcome::Misused;
    };
    let now = i64::try_from(context.machine.now()).unwrap_or(i64::MAX);
    let sealed = prove::seal::seal(
        &mut trail.connection,
        &trail.blueprint,
        trail.dialect,
        key,
        key_id,
        now,
    );
    let report = match sealed {
        Ok(report) => report,
        Err(error) => {
            findings::complain(context, &error.to_string(), help(&error));
            return Outcome::Failed;
        }
    };
    context.terminal.print(&match arguments.format {
        Format::Text => text(&report),
        Format::Json => format!("{}\n", serde_json::to_string_pretty(&report).unwrap_or_default()),
    });
    let Some(file) = &arguments.anchors else {
        return Outcome::Holds;
    };
    if let Err(error) = context.machine.append(file, report.lines().as_bytes()) {
        let message = format!("the anchors cannot be appended to `{}`: {error}", file.display());
        findings::complain(
            context,
            &message,
            Some("the seals are made; keep the lines printed above by hand"),
        );
        return Outcome::Failed;
    }
    Outcome::Holds
}

fn text(report: &prove::seal::SealReport) -> String {
    if report.anchors.is_empty() {
        return String::from("nothing new to seal\n");
    }
    let plural = if report.entries == 1 { "entry" } else { "entries" };
    format!("sealed {} {plural}\n{}", report.entries, report.lines())
}

/// What to do about an error of the trail.
pub(super) fn help(error: &prove::seal::SealError) -> Option<&str> {
    match error {
        prove::seal::SealError::Engine(error) => error.help(),
        _ => None,
    }
}
