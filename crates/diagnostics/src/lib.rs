//! Findings about a schema, and the renderers that print them.
//!
//! There is one [`Diagnostic`] type and many renderers; nothing else in the workspace formats a finding.
//! Parsing, resolving and designing never fail: they return what they understood, and diagnostics.

mod fix;
pub mod render;
mod similar;
mod sink;
mod source;

pub use fix::apply_fixes;
pub use similar::did_you_mean;
pub use sink::Diagnostics;
pub use source::{FileId, Position, Source, Sources, Span};

use serde::Serialize;

/// How much a finding matters. Only errors make a command answer 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing needs to be done.
    Note,
    /// Probably not what was meant, or accepted at a price.
    Warning,
    /// The schema does not hold as it is written.
    Error,
}

/// The static description of one kind of finding: what `docs/rules/CODE.md` has a page for.
///
/// `name` is the bad pattern in kebab case, so that "allow plain-text-secret" reads well.
#[derive(Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Rule {
    /// Stable, unique, never reused: a group of letters and three digits (`SEC004`).
    pub code: &'static str,
    /// The bad pattern, in kebab case.
    pub name: &'static str,
    /// How much it matters unless the finding says otherwise.
    pub severity: Severity,
    /// What is wrong, in one sentence without a final period.
    pub summary: &'static str,
}

/// A place in the source with a few words about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The words that are underlined.
    pub span: Span,
    /// What to say about them; may be empty.
    pub text: String,
}

/// Whether a fix can be applied without a person looking at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// The meaning stays what the author wrote, or becomes the only thing that can have been meant.
    Certain,
    /// Likely what was meant; shown, never applied by `--fix`.
    Suggested,
}

/// Replaces the text of one span. An empty span inserts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

/// A change of the source that would remove the finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What the fix does, as an order: "write `Token`".
    pub title: String,
    /// Whether `--fix` may apply it.
    pub certainty: Certainty,
    /// Non-overlapping edits.
    pub edits: Vec<Edit>,
}

/// One finding.
///
/// Wording: lower case, no final period, the user's words in backticks, what to do in `help`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of finding this is.
    pub rule: &'static Rule,
    /// Usually the rule's own severity.
    pub severity: Severity,
    /// What is wrong here, in a sentence.
    pub message: String,
    /// Where; absent for findings about the whole project.
    pub primary: Option<Label>,
    /// Other places that explain the finding.
    pub secondary: Vec<Label>,
    /// What to do about it.
    pub help: Vec<String>,
    /// A change that would remove the finding.
    pub fix: Option<Fix>,
}

/// More than this of a text is a name that is no name: megabytes of one word help nobody.
const LONGEST_TEXT: usize = 2_000;

/// A text as it is, or the beginning of one that is far too long to be read.
fn short(text: String) -> String {
    if text.len() <= LONGEST_TEXT {
        return text;
    }
    let mut cut: String = text.chars().take(LONGEST_TEXT / 4).collect();
    cut.push('…');
    cut
}

impl Diagnostic {
    /// A finding of the given kind at a place; the label is empty until [`Diagnostic::label`] gives one.
    #[must_use]
    pub fn new(rule: &'static Rule, span: Span, message: impl Into<String>) -> Self {
        Self {
            primary: Some(Label {
                span,
                text: String::new(),
            }),
            ..Self::global(rule, message)
        }
    }

    /// A finding about the whole project, without a place.
    #[must_use]
    pub fn global(rule: &'static Rule, message: impl Into<String>) -> Self {
        Self {
            rule,
            severity: rule.severity,
            message: short(message.into()),
            primary: None,
            secondary: Vec::new(),
            help: Vec::new(),
            fix: None,
        }
    }

    /// Says something beside the underlined words.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        if let Some(primary) = &mut self.primary {
            primary.text = short(text.into());
        }
        self
    }

    /// Points at another place that explains the finding.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Offers a change that removes the finding.
    #[must_use]
    pub fn fix(mut self, certainty: Certainty, title: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.fix = Some(Fix {
            title: title.into(),
            certainty,
            edits,
        });
        self
    }

    /// Offers to replace one span.
    #[must_use]
    pub fn replace(
        self,
        certainty: Certainty,
        title: impl Into<String>,
        span: Span,
        text: impl Into<String>,
    ) -> Self {
        self.fix(
            certainty,
            title,
            vec![Edit {
                span,
                text: text.into(),
            }],
        )
    }
}
