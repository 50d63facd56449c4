//! Typed views of the tree: two words wide, copied freely, made on demand.
//!
//! Whatever broken input may lack is an `Option`; whoever reads the tree skips what is absent, since the
//! parser has complained about it.

mod expr;
mod item;
mod part;
mod query;

pub use expr::{
    Between, BoolOp, Call, Compare, CompareOp, DurationExpr, EmptyList, Expr, In, InList, IsNull, Literal,
    LiteralValue, Neg, Negatable, Not, Param, Paren, Path, Product, Sum, TextMatch, TextOp,
};
pub use item::{
    Chain, Doc, Entity, Enum, File, Group, Item, Member, OwnsSelf, Policy, Project, Public, Reason, Role,
    Setting, Shape, Value, ValueKind, Without,
};
pub use part::{
    Allow, AllowWhen, Arg, ArgValue, Args, Attr, Check, Default, Field, Index, Key, Names, Part, Range,
    Reference, Retain, Sql, Type, Unique,
};
pub use query::{Count, Expect, Limit, LimitValue, Order, Query, Rate, Select, Sort, Volume, Where};

use crate::decode;
use crate::{NodeKind, NodeRef, TokenKind, TokenRef};
use diagnostics::Span;

/// A name as it is written, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name<'t> {
    /// The word, without `$` and quotes.
    pub text: &'t str,
    /// Where it stands.
    pub span: Span,
}

impl<'t> Name<'t> {
    fn of(token: TokenRef<'t>) -> Self {
        Self {
            text: token.text(),
            span: token.span(),
        }
    }
}

impl std::fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text)
    }
}

/// A string literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<'t> {
    /// As it is written, with its quotes.
    pub raw: &'t str,
    /// Where it stands.
    pub span: Span,
}

impl<'t> Text<'t> {
    fn of(token: TokenRef<'t>) -> Self {
        Self {
            raw: token.text(),
            span: token.span(),
        }
    }

    /// What it stands for: escapes decoded, quotes removed.
    #[must_use]
    pub fn value(&self) -> String {
        if let Some(inner) = self.raw.strip_prefix("\"\"\"") {
            return inner.strip_suffix("\"\"\"").unwrap_or(inner).to_owned();
        }
        let Some(quote) = self.raw.chars().next() else {
            return String::new();
        };
        let inner = self.raw.strip_prefix(quote).unwrap_or(self.raw);
        decode::string(inner.strip_suffix(quote).unwrap_or(inner), |_| {})
    }
}

macro_rules! views {
    ($($(#[$doc:meta])* $name:ident = $($kind:ident)|+;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name<'t>(pub(crate) crate::NodeRef<'t>);

        impl<'t> $name<'t> {
            /// The view of a node, if it is of the right kind.
            #[must_use]
            pub fn cast(node: crate::NodeRef<'t>) -> Option<Self> {
                matches!(node.kind(), $(crate::NodeKind::$kind)|+).then_some(Self(node))
            }

            /// The node underneath.
            #[must_use]
            pub const fn node(self) -> crate::NodeRef<'t> {
                self.0
            }

            /// Where it stands, documentation included.
            #[must_use]
            pub fn span(self) -> diagnostics::Span {
                self.0.span()
            }
        }
    )*};
}
pub(crate) use views;

/// The words that are the node's own, keywords included.
fn words<'t>(node: NodeRef<'t>) -> impl Iterator<Item = TokenRef<'t>> + Clone {
    node.own_tokens().filter(|token| token.kind().is_word())
}

/// The `n`th word of a node, counted from zero.
fn nth_word<'t>(node: NodeRef<'t>, n: usize) -> Option<Name<'t>> {
    words(node).nth(n).map(Name::of)
}

fn own<'t>(node: NodeRef<'t>, kind: TokenKind) -> Option<TokenRef<'t>> {
    node.own_tokens().find(|token| token.kind() == kind)
}

fn has(node: NodeRef<'_>, kind: TokenKind) -> bool {
    own(node, kind).is_some()
}

/// The first own token of the text, among words.
fn keyword<'t>(node: NodeRef<'t>, word: &str) -> Option<TokenRef<'t>> {
    words(node).find(|token| token.text() == word)
}

fn attrs<'t>(node: NodeRef<'t>) -> impl Iterator<Item = Attr<'t>> + Clone {
    node.children().filter_map(Attr::cast)
}

fn doc<'t>(node: NodeRef<'t>) -> Option<Doc<'t>> {
    node.child(NodeKind::Doc).map(Doc)
}

fn reason<'t>(node: NodeRef<'t>) -> Option<Text<'t>> {
    node.child(NodeKind::Reason).and_then(|node| Reason(node).text())
}
