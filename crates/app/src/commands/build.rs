//! `architrave build`

use project::{Change, Generated, Outputs, Standing};
use state::revisions;

use super::findings;
use crate::cli::{Build, FindingFormat};
use crate::{Context, Outcome};

pub(crate) fn run(context: Context, arguments: &Build) -> Outcome {
    let mut checked = state::check(&context.machine, &arguments.path);
    let mut found = std::mem::take(&mut checked.diagnostics);
    let mut files = Vec::new();
    let mut behind = false;
    if !found.has_errors() {
        let built = state::build(&checked);
        found.extend(built.diagnostics.iter().cloned());
        files = state::emit(&checked, &built, env!("CARGO_PKG_VERSION"));
        let (settled, told) = revisions::settle(&context.machine, (&checked, &built), files);
        files = settled;
        behind = !told.is_empty();
        found.extend(told);
    }
    let found = found.into_sorted();
    if findings::show(context, arguments.format, &checked.loaded.sources, &found) == Outcome::Wrong {
        return Outcome::Wrong;
    }
    let written = write(context, arguments, &checked.loaded.root.output_folder(), files);
    // Revisions are nothing that a build can mend.
    match written {
        Outcome::Holds if behind && arguments.check => Outcome::Wrong,
        other => other,
    }
}

fn write(context: Context, arguments: &Build, folder: &std::path::Path, files: Vec<Generated>) -> Outcome {
    let outputs = Outputs::new(&context.machine, folder);
    let plan = match outputs.plan(files) {
        Ok(plan) => plan,
        Err(error) => {
            findings::complain(context, &error.to_string(), None);
            return Outcome::Failed;
        }
    };
    let text = arguments.format == FindingFormat::Text;
    if arguments.check {
        if text {
            context.terminal.print(&listing(&plan.changes));
        }
        return if plan.is_fresh() {
            Outcome::Holds
        } else {
            Outcome::Wrong
        };
    }
    if !arguments.overwrite && plan.in_the_way().next().is_some() {
        refuse(context, plan.in_the_way());
        return Outcome::Wrong;
    }
    if let Err(error) = outputs.write(&plan) {
        findings::complain(
            context,
            &error.to_string(),
            Some("every file is whole, old or new; build again when there is room"),
        );
        return Outcome::Failed;
    }
    if text {
        context.terminal.print(&listing(&plan.changes));
    }
    Outcome::Holds
}

/// Says which files hold somebody's work, and what to do.
fn refuse<'c>(context: Context, changes: impl Iterator<Item = &'c Change>) {
    let mut foreign = false;
    for change in changes {
        let path = &change.path;
        let message = match change.standing {
            Standing::Foreign => format!("`{path}` is there already, and was not made by architrave"),
            Standing::Hidden => {
                let package = path.trim_end_matches(".py");
                format!("`{path}` could not be imported any more: the package `{package}/` would hide it")
            }
            _ => format!("`{path}` was edited after it was generated"),
        };
        foreign |= matches!(change.standing, Standing::Foreign | Standing::Hidden) && path.ends_with(".py");
        findings::complain(context, &message, None);
    }
    let help = if foreign {
        "give the models a folder that is free (`folder` or `support` under `[models]` in `architrave.toml`), rename the entity, or move your file; \
         `--overwrite` loses what is there; nothing was written"
    } else {
        "move your changes into the schema, or say `--overwrite` to lose them; nothing was written"
    };
    findings::complain(context, "a build would lose what somebody wrote", Some(help));
}

/// What is not as it would be generated, a line each; nothing when all is fresh.
fn listing(changes: &[Change]) -> String {
    let mut text = String::new();
    for change in changes {
        let word = match change.standing {
            Standing::Fresh => continue,
            Standing::New => "new",
            Standing::Stale => "stale",
            Standing::Edited => "edited",
            Standing::Foreign => "foreign",
            Standing::Hidden => "hidden",
            Standing::Gone => "gone",
            // Somebody's work is never removed.
            Standing::GoneEdited => "kept",
        };
        text.push_str(&format!("{word:<8}{}\n", change.path));
    }
    text
}
