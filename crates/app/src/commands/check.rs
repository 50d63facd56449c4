//! `architrave check`

use std::path::Path;

use diagnostics::{Diagnostic, apply_fixes};

use super::findings;
use crate::cli::{Check, FindingFormat};
use crate::{Context, Outcome};

/// How often fixes are applied: one fix may make another finding certain.
const ROUNDS: u32 = 8;

pub(crate) fn run(context: Context, arguments: &Check) -> Outcome {
    let mut checked = check_all(context, &arguments.path);
    if arguments.fix {
        match fix(context, &arguments.path, checked) {
            Ok(after) => checked = after,
            Err(outcome) => return outcome,
        }
    }
    let (checked, found) = checked;
    let outcome = findings::show(context, arguments.format, &checked.loaded.sources, &found);
    if arguments.format == FindingFormat::Text && found.is_empty() && context.terminal.color {
        context.terminal.print(&summary(&checked.model));
    }
    outcome
}

type Checked = (state::Checked, Vec<Diagnostic>);

/// Everything that can be found without a database, what dialects say included.
fn check_all(context: Context, path: &Path) -> Checked {
    let mut checked = state::check(&context.machine, path);
    let mut found = std::mem::take(&mut checked.diagnostics);
    if !found.has_errors() {
        found.append(state::build(&checked).diagnostics);
    }
    (checked, found.into_sorted())
}

/// Applies certain fixes until there are none.
fn fix(context: Context, path: &Path, first: Checked) -> Result<Checked, Outcome> {
    let mut now = first;
    for _ in 0..ROUNDS {
        let edited = apply_fixes(&now.0.loaded.sources, &now.1);
        if edited.is_empty() {
            break;
        }
        for (file, text) in edited {
            let Some(target) = now.0.loaded.paths.get(file.0 as usize) else {
                continue;
            };
            if let Err(error) = findings::rewrite(context, target, &text) {
                findings::complain(
                    context,
                    &format!("`{}` cannot be written: {error}", target.display()),
                    None,
                );
                return Err(Outcome::Failed);
            }
        }
        now = check_all(context, path);
    }
    Ok(now)
}

fn summary(model: &model::Model) -> String {
    let queries: usize = model.entities.iter().map(|entity| entity.queries.len()).sum();
    format!(
        "{} entities, {} enums, {queries} queries: nothing to complain of\n",
        model.entities.len(),
        model.enums.len()
    )
}
