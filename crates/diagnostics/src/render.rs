//! One module for each form that findings are printed in. All are pure: sources and findings in, text out.

mod concise;
mod github;
mod json;
mod place;
mod sarif;
mod terminal;
mod visible;

pub use concise::concise;
pub use github::github;
pub use json::{SCHEMA as JSON_SCHEMA, json};
pub use sarif::sarif;
pub use terminal::terminal;
pub use visible::visible;

use crate::{Certainty, Diagnostic, Rule, Severity};

/// What the caller may choose.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether the terminal renderer uses ANSI colours.
    pub color: bool,
    /// What stands before `CODE.md` in the address of a rule's page.
    pub pages: String,
    /// The version of the program, for formats that name it.
    pub version: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            color: false,
            pages: "docs/rules/".to_owned(),
            version: String::new(),
        }
    }
}

impl Options {
    /// Where the page of a rule is.
    fn page(&self, rule: &Rule) -> String {
        format!("{}{}.md", self.pages, rule.code)
    }
}

impl Severity {
    /// The word for it: `error`, `warning`, `note`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

fn count(diagnostics: &[Diagnostic], severity: Severity) -> usize {
    diagnostics.iter().filter(|d| d.severity == severity).count()
}

/// "2 errors, 1 warning; 1 can be fixed with --fix"; empty when nothing was found.
#[must_use]
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    let mut parts = Vec::new();
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        let count = count(diagnostics, severity);
        if count > 0 {
            let plural = if count == 1 { "" } else { "s" };
            parts.push(format!("{count} {}{plural}", severity.name()));
        }
    }
    let certain = |d: &&Diagnostic| {
        d.fix
            .as_ref()
            .is_some_and(|fix| fix.certainty == Certainty::Certain)
    };
    let fixable = diagnostics.iter().filter(certain).count();
    let mut text = parts.join(", ");
    if fixable > 0 {
        text.push_str(&format!("; {fixable} can be fixed with --fix"));
    }
    text
}

#[cfg(test)]
pub(crate) mod samples {
    //! Findings that the tests of all renderers share.

    use crate::{Certainty, Diagnostic, FileId, Rule, Severity, Sources, Span};

    pub(crate) static SECRET: Rule = Rule {
        code: "SEC004",
        name: "plain-text-secret",
        severity: Severity::Error,
        summary: "a field stores a secret in plain text",
    };
    pub(crate) static DUPLICATE: Rule = Rule {
        code: "MOD002",
        name: "duplicate-field",
        severity: Severity::Warning,
        summary: "an entity has two fields of one name",
    };
    pub(crate) static HINT: Rule = Rule {
        code: "MOD009",
        name: "no-policy",
        severity: Severity::Note,
        summary: "no file has a policy",
    };

    pub(crate) const TEXT: &str =
        "entity User {\n  email Email\n  reset_token  String(64)\n  email Text\n}\n";

    pub(crate) fn span(text: &str, words: &str) -> Span {
        let start = text.find(words).unwrap() as u32;
        Span::new(FileId(0), start, start + words.len() as u32)
    }

    /// One finding of each severity: with a fix, with a second label, and without a place.
    pub(crate) fn three() -> (Sources, Vec<Diagnostic>) {
        let mut sources = Sources::default();
        sources.add("schema/auth.arch", TEXT);
        let secret = span(TEXT, "String(64)");
        let second = span(TEXT, "email Text");
        let second = Span::new(FileId(0), second.start, second.start + 5);
        let found = vec![
            Diagnostic::new(&SECRET, secret, "`reset_token` stores a secret in plain text")
                .label("anyone who reads the table can take over accounts")
                .help("use `Token`: the database keeps a SHA-256 of it")
                .replace(Certainty::Certain, "write `Token`", secret, "Token"),
            Diagnostic::new(&DUPLICATE, second, "`email` is declared twice")
                .also(span(TEXT, "email"), "the first one")
                .replace(Certainty::Suggested, "remove it", second, ""),
            Diagnostic::global(&HINT, "no file has a policy").help("the secure defaults apply"),
        ];
        (sources, found)
    }
}

#[cfg(test)]
mod tests {
    use super::{samples, summary};

    #[test]
    fn the_summary_counts_by_severity_and_says_what_can_be_fixed() {
        let (_, found) = samples::three();
        assert_eq!(
            summary(&found),
            "1 error, 1 warning, 1 note; 1 can be fixed with --fix"
        );
        let twice = [found[0].clone(), found[0].clone()];
        assert_eq!(summary(&twice), "2 errors; 2 can be fixed with --fix");
        assert_eq!(summary(&[]), "");
    }
}
