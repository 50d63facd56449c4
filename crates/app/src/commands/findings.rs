//! Prints findings, in the form that was asked for.

use std::path::Path;

use diagnostics::render::{self, Options};
use diagnostics::{Diagnostic, Severity, Sources};
use project::System as _;

use crate::cli::FindingFormat;
use crate::{Context, Outcome};

/// Prints findings and says what they come to. People are told nothing when there is nothing; programs get their document.
pub(crate) fn show(
    context: Context,
    format: FindingFormat,
    sources: &Sources,
    found: &[Diagnostic],
) -> Outcome {
    let text = rendered(format, sources, found, context.terminal.color);
    context.terminal.print(&text);
    outcome(found)
}

/// Findings in a form, with colours or without.
pub(crate) fn rendered(
    format: FindingFormat,
    sources: &Sources,
    found: &[Diagnostic],
    color: bool,
) -> String {
    let options = Options {
        color,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..Options::default()
    };
    match format {
        FindingFormat::Text => render::terminal(sources, found, &options),
        FindingFormat::Concise => render::concise(sources, found, &options),
        FindingFormat::Json => render::json(sources, found, &options),
        FindingFormat::Sarif => render::sarif(sources, found, &options),
        FindingFormat::Github => render::github(sources, found, &options),
    }
}

/// Whether there is any error.
pub(crate) fn outcome(found: &[Diagnostic]) -> Outcome {
    if found.iter().any(|finding| finding.severity == Severity::Error) {
        Outcome::Wrong
    } else {
        Outcome::Holds
    }
}

/// Writes a source file again. A link stays one: what it points to is written.
pub(crate) fn rewrite(context: Context, path: &Path, text: &str) -> std::io::Result<()> {
    let file = context.machine.resolve(path)?;
    context.machine.write(&file, text.as_bytes())
}

/// An error that is not about the schema's text.
pub(crate) fn complain(context: Context, message: &str, help: Option<&str>) {
    let (bold, off) = if context.terminal.error_color {
        ("\x1b[1;31m", "\x1b[0m")
    } else {
        ("", "")
    };
    let mut text = format!("{bold}error{off}: {}\n", render::visible(message));
    if let Some(help) = help {
        text.push_str(&format!("  = help: {}\n", render::visible(help)));
    }
    context.terminal.complain(&text);
}
