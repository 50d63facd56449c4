//! Where a physical object comes from.

use diagnostics::Span;

/// Every physical object knows the source or the decision it came from.
///
/// Origins are not part of what two schemas are compared by, nor of the canonical hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Written so in the source.
    Span(Span),
    /// Decided by the design: the decision's id (`identity`, `soft-delete`) and what it was decided for.
    Decision(&'static str, Option<Span>),
    /// Read from a database or a file that we did not write.
    Found,
}

impl Origin {
    /// The source that a reader should be shown.
    #[must_use]
    pub const fn span(self) -> Option<Span> {
        match self {
            Self::Span(span) => Some(span),
            Self::Decision(_, span) => span,
            Self::Found => None,
        }
    }
}
