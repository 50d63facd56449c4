//! What was decided, and why.

use std::borrow::Cow;

use diagnostics::Span;
use model::Opted;
use serde::Serialize;

use crate::Kind;

/// One decision about one thing.
#[derive(Debug, Clone, Serialize)]
pub struct Decision {
    /// Which decision this is: the name of its file.
    pub id: &'static str,
    /// What is decided, as a title.
    pub title: &'static str,
    /// What it was decided for, in the words of the source: `Order`, `Order.public_id`.
    pub subject: String,
    /// Names of tables, columns, constraints, indexes, policies, functions that it led to.
    pub names: Vec<String>,
    /// What was chosen.
    pub choice: String,
    /// Why this is the default, or why it is right here.
    pub reason: Cow<'static, str>,
    /// Where the source says so; `None` for a default.
    #[serde(skip)]
    pub said: Option<Span>,
    /// The reason that the user gave for leaving the default.
    pub because: Option<String>,
    /// What else there is, and how to get it.
    pub alternatives: &'static [Alternative],
    /// Against whom it stands.
    pub attacker: Option<Attacker>,
}

/// Another choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Alternative {
    /// What it is.
    pub option: &'static str,
    /// How to say it.
    pub how: &'static str,
}

/// Against whom a decision stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum Attacker {
    /// An outsider with an account, who knows the ids of others.
    A1,
    /// The application's own forgotten filter.
    A2,
    /// SQL injection as the application's role.
    A3,
    /// Someone with the reader role, a log, or a backup.
    A4,
    /// The owner or a superuser; only detection is promised.
    A5,
}

impl Attacker {
    /// Who that is, in words.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::A1 => "an outsider with an account, who knows the ids of others",
            Self::A2 => "the application's own forgotten filter",
            Self::A3 => "SQL injection as the application's role",
            Self::A4 => "someone with the reader role, a log, or a backup",
            Self::A5 => "the owner or a superuser, against whom only detection is promised",
        }
    }
}

impl Decision {
    /// A decision of a kind, with the kind's own reason.
    pub(crate) fn new(kind: &Kind, subject: impl Into<String>, choice: impl Into<String>) -> Self {
        Self {
            id: kind.id,
            title: kind.title,
            subject: subject.into(),
            names: Vec::new(),
            choice: choice.into(),
            reason: Cow::Borrowed(kind.reason),
            said: None,
            because: None,
            alternatives: kind.alternatives,
            attacker: kind.attacker,
        }
    }

    /// Adds a name that it led to.
    pub(crate) fn name(mut self, name: impl std::fmt::Display) -> Self {
        self.names.push(name.to_string());
        self
    }

    /// Adds names of columns or constraints, qualified by their table.
    pub(crate) fn members<'i>(
        mut self,
        table: &physical::Name,
        members: impl IntoIterator<Item = &'i physical::Ident>,
    ) -> Self {
        let table = table.name.as_str();
        self.names.extend(
            members
                .into_iter()
                .map(|member| [table, ".", member.as_str()].concat()),
        );
        self
    }

    /// A reason other than the kind's own.
    pub(crate) fn why(mut self, reason: impl Into<Cow<'static, str>>) -> Self {
        self.reason = reason.into();
        self
    }

    /// Where the source says it.
    pub(crate) fn at(mut self, span: Span) -> Self {
        self.said = Some(span);
        self
    }

    /// Where the source says it and why, when it does.
    pub(crate) fn opted<T>(mut self, opted: &Opted<T>) -> Self {
        self.said = opted.said;
        self.because.clone_from(&opted.because);
        self
    }

    /// The user's own reason.
    pub(crate) fn because(mut self, reason: Option<&str>) -> Self {
        self.because = reason.map(str::to_owned);
        self
    }
}
