//! Workflow commands, which GitHub shows beside the changed lines.

use super::Options;
use super::place::Places;
use crate::{Diagnostic, Severity, Sources};
use std::fmt::Write as _;

/// `::error file=…,line=…::message`
#[must_use]
pub fn github(sources: &Sources, diagnostics: &[Diagnostic], _: &Options) -> String {
    let mut places = Places::new(sources);
    let mut out = String::new();
    for found in diagnostics {
        let command = if found.severity == Severity::Note {
            "notice"
        } else {
            found.severity.name()
        };
        let _ = write!(out, "::{command} ");
        if let Some(label) = &found.primary {
            let (start, end) = (places.start(label.span), places.end(label.span));
            let _ = write!(
                out,
                "file={},line={},",
                property(places.path(label.span.file)),
                start.line
            );
            if start.line == end.line {
                let _ = write!(out, "col={},endColumn={},", start.column, end.column);
            } else {
                let _ = write!(out, "endLine={},", end.line);
            }
        }
        let title = property(&format!("{} {}", found.rule.code, found.rule.name));
        let mut message = found.message.clone();
        for help in &found.help {
            let _ = write!(message, "\nhelp: {help}");
        }
        let _ = writeln!(out, "title={title}::{}", data(&message));
    }
    out
}

/// The text of a command, as the runner unescapes it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::{Options, samples};
    use super::github;
    use crate::{Diagnostic, Sources, Span};

    #[test]
    fn one_command_for_each() {
        let (sources, found) = samples::three();
        let expect = "\
::error file=schema/auth.arch,line=3,col=16,endColumn=26,title=SEC004 plain-text-secret::`reset_token` stores a secret in plain text%0Ahelp: use `Token`: the database keeps a SHA-256 of it
::warning file=schema/auth.arch,line=4,col=3,endColumn=8,title=MOD002 duplicate-field::`email` is declared twice
::notice title=MOD009 no-policy::no file has a policy%0Ahelp: the secure defaults apply
";
        assert_eq!(github(&sources, &found, &Options::default()), expect);
    }

    #[test]
    fn nothing_in_a_path_or_message_ends_the_command() {
        let mut sources = Sources::default();
        let file = sources.add("a,line=9::b%\n.arch", "x\ny");
        let found = [Diagnostic::new(
            &samples::SECRET,
            Span::new(file, 0, 3),
            "50%\r\n::error::no",
        )];
        let expect = "::error file=a%2Cline=9%3A%3Ab%25%0A.arch,line=1,endLine=2,title=SEC004 plain-text-secret::50%25%0D%0A::error::no\n";
        assert_eq!(github(&sources, &found, &Options::default()), expect);
    }
}
