//! `architrave fmt`

use super::findings;
use crate::cli::Fmt;
use crate::{Context, Outcome};

pub(crate) fn run(context: Context, arguments: &Fmt) -> Outcome {
    let loaded = project::load(&context.machine, &arguments.path);
    let mut outcome = Outcome::Holds;
    let mut broken = loaded.diagnostics;
    for ((file, source), path) in loaded.sources.iter().zip(&loaded.paths) {
        let parse = syntax::parse(file, &source.text);
        let Some(formatted) = syntax::format(&parse) else {
            // A broken file keeps the form that its author gave it.
            broken.append(parse.diagnostics);
            continue;
        };
        if formatted == source.text {
            continue;
        }
        if arguments.check {
            context.terminal.print(&format!("{}\n", source.path));
            outcome = Outcome::Wrong;
        } else if let Err(error) = findings::rewrite(context, path, &formatted) {
            findings::complain(
                context,
                &format!("`{}` cannot be written: {error}", path.display()),
                None,
            );
            return Outcome::Failed;
        }
    }
    let found = broken.into_sorted();
    let errors = findings::show(context, crate::cli::FindingFormat::Text, &loaded.sources, &found);
    if errors == Outcome::Holds { outcome } else { errors }
}
