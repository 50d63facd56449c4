//! One line for each finding, as compilers and `grep` print them.

use super::place::Places;
use super::{Options, visible};
use crate::{Diagnostic, Sources};
use std::fmt::Write as _;

/// `path:line:col: error[CODE] message`
#[must_use]
pub fn concise(sources: &Sources, diagnostics: &[Diagnostic], _: &Options) -> String {
    let mut places = Places::new(sources);
    let mut out = String::new();
    for found in diagnostics {
        if let Some(label) = &found.primary {
            let at = places.start(label.span);
            let _ = write!(
                out,
                "{}:{}:{}: ",
                visible(places.path(label.span.file)),
                at.line,
                at.column
            );
        }
        let _ = writeln!(
            out,
            "{}[{}] {}",
            found.severity.name(),
            found.rule.code,
            visible(&found.message)
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::{Options, samples};
    use super::concise;

    #[test]
    fn one_line_for_each() {
        let (sources, found) = samples::three();
        let expect = "\
schema/auth.arch:3:16: error[SEC004] `reset_token` stores a secret in plain text
schema/auth.arch:4:3: warning[MOD002] `email` is declared twice
note[MOD009] no file has a policy
";
        assert_eq!(concise(&sources, &found, &Options::default()), expect);
    }
}
