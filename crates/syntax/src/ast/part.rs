//! Parts of entities: fields, attributes, constraints, queries, retention, access.

use super::{
    Doc, Expr, Name, Query, Sort, Text, Volume, attrs, doc, has, keyword, nth_word, own, reason, views, words,
};
use crate::decode;
use crate::{NodeKind, NodeRef, TokenKind};

views! {
    /// `name Type …`
    Field = Field;
    /// `Type(args)` or `[Type(args)]`
    Type = Type;
    /// `= constant`
    Default = Default;
    /// `@name(args) because "…"`
    Attr = Attr;
    /// `(…)` behind a name.
    Args = Args;
    /// One argument.
    Arg = Arg;
    /// `lo..hi`, both ends included.
    Range = Range;
    /// `unique (names)`
    Unique = Unique;
    /// `index (sorts)`
    Index = Index;
    /// `key (names)`
    Key = Key;
    /// `reference name (names) -> Type (names)`
    Reference = Reference;
    /// `check (expr)`
    Check = Check;
    /// `purge 1 day after expires_at`, `anonymise 30 days after deleted`
    Retain = Retain;
    /// `allow read to analyst when owner`
    Allow = Allow;
    /// `sql postgres first """…""" undo """…"""`
    Sql = Sql;
    /// `a, b, c`
    Names = Names;
}

/// What stands in the body of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'t> {
    /// `name Type`
    Field(Field<'t>),
    /// `unique (…)`
    Unique(Unique<'t>),
    /// `index (…)`
    Index(Index<'t>),
    /// `key (…)`
    Key(Key<'t>),
    /// `reference …`
    Reference(Reference<'t>),
    /// `check (…)`
    Check(Check<'t>),
    /// `query … { … }`
    Query(Query<'t>),
    /// `volume …`
    Volume(Volume<'t>),
    /// `purge …`, `anonymise …`
    Retain(Retain<'t>),
    /// `allow …`
    Allow(Allow<'t>),
    /// `sql …`
    Sql(Sql<'t>),
}

impl<'t> Part<'t> {
    pub(super) fn cast(node: NodeRef<'t>) -> Option<Self> {
        Some(match node.kind() {
            NodeKind::Field => Self::Field(Field(node)),
            NodeKind::Unique => Self::Unique(Unique(node)),
            NodeKind::Index => Self::Index(Index(node)),
            NodeKind::Key => Self::Key(Key(node)),
            NodeKind::Reference => Self::Reference(Reference(node)),
            NodeKind::Check => Self::Check(Check(node)),
            NodeKind::Query => Self::Query(Query(node)),
            NodeKind::Volume => Self::Volume(Volume(node)),
            NodeKind::Retain => Self::Retain(Retain(node)),
            NodeKind::Allow => Self::Allow(Allow(node)),
            NodeKind::Sql => Self::Sql(Sql(node)),
            _ => return None,
        })
    }

    /// The node underneath.
    #[must_use]
    pub const fn node(self) -> NodeRef<'t> {
        match self {
            Self::Field(it) => it.node(),
            Self::Unique(it) => it.node(),
            Self::Index(it) => it.node(),
            Self::Key(it) => it.node(),
            Self::Reference(it) => it.node(),
            Self::Check(it) => it.node(),
            Self::Query(it) => it.node(),
            Self::Volume(it) => it.node(),
            Self::Retain(it) => it.node(),
            Self::Allow(it) => it.node(),
            Self::Sql(it) => it.node(),
        }
    }

    /// The documentation before it.
    #[must_use]
    pub fn doc(self) -> Option<Doc<'t>> {
        doc(self.node())
    }
}

impl<'t> Field<'t> {
    /// The field's name.
    #[must_use]
    pub fn name(self) -> Option<Name<'t>> {
        nth_word(self.0, 0)
    }

    /// The documentation before it.
    #[must_use]
    pub fn doc(self) -> Option<Doc<'t>> {
        doc(self.0)
    }

    /// The field's type.
    #[must_use]
    pub fn ty(self) -> Option<Type<'t>> {
        self.0.child(NodeKind::Type).map(Type)
    }

    /// Whether `?` stands behind the type.
    #[must_use]
    pub fn is_optional(self) -> bool {
        has(self.0, TokenKind::Question)
    }

    /// The attributes, in the order of the text.
    pub fn attrs(self) -> impl Iterator<Item = Attr<'t>> + Clone {
        attrs(self.0)
    }

    /// The default.
    #[must_use]
    pub fn default(self) -> Option<Default<'t>> {
        self.0.child(NodeKind::Default).map(Default)
    }
}

impl<'t> Type<'t> {
    /// The name of the type, or of the members of the list.
    #[must_use]
    pub fn name(self) -> Option<Name<'t>> {
        nth_word(self.0, 0)
    }

    /// Whether it stands in brackets.
    #[must_use]
    pub fn is_list(self) -> bool {
        has(self.0, TokenKind::LBracket)
    }

    /// The arguments behind the name.
    #[must_use]
    pub fn args(self) -> Option<Args<'t>> {
        self.0.child(NodeKind::Args).map(Args)
    }
}

impl<'t> Default<'t> {
    /// The constant: a literal, a negated one, a path of one word, a call without arguments, or `[]`.
    #[must_use]
    pub fn value(self) -> Option<Expr<'t>> {
        self.0.children().find_map(Expr::cast)
    }
}

impl<'t> Attr<'t> {
    /// The attribute's name, without `@`.
    #[must_use]
    pub fn name(self) -> Option<Name<'t>> {
        nth_word(self.0, 0)
    }

    /// The arguments in parentheses; absent without parentheses.
    #[must_use]
    pub fn arg_list(self) -> Option<Args<'t>> {
        self.0.child(NodeKind::Args).map(Args)
    }

    /// The arguments, none without parentheses.
    pub fn args(self) -> impl Iterator<Item = Arg<'t>> + Clone {
        self.0.children().filter_map(Args::cast).flat_map(Args::iter)
    }

    /// Why it stands here.
    #[must_use]
    pub fn reason(self) -> Option<Text<'t>> {
        reason(self.0)
    }
}

impl<'t> Args<'t> {
    /// The arguments, in the order of the text.
    pub fn iter(self) -> impl Iterator<Item = Arg<'t>> + Clone {
        self.0.children().filter_map(Arg::cast)
    }
}

/// What an argument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgValue<'t> {
    /// An expression.
    Expr(Expr<'t>),
    /// `lo..hi`
    Range(Range<'t>),
}

impl<'t> Arg<'t> {
    /// The label before the colon.
    #[must_use]
    pub fn label(self) -> Option<Name<'t>> {
        has(self.0, TokenKind::Colon)
            .then(|| nth_word(self.0, 0))
            .flatten()
    }

    /// What is given.
    #[must_use]
    pub fn value(self) -> Option<ArgValue<'t>> {
        self.0.children().find_map(|node| {
            Range::cast(node)
                .map(ArgValue::Range)
                .or_else(|| Expr::cast(node).map(ArgValue::Expr))
        })
    }

    /// What is given, if it is an expression.
    #[must_use]
    pub fn expr(self) -> Option<Expr<'t>> {
        self.0.children().find_map(Expr::cast)
    }
}

impl<'t> Range<'t> {
    fn dots(self) -> u32 {
        own(self.0, TokenKind::DotDot).map_or(0, |token| token.span().start)
    }

    /// The lower end, included.
    #[must_use]
    pub fn lo(self) -> Option<Expr<'t>> {
        self.0
            .children()
            .filter(|node| node.span().start < self.dots())
            .find_map(Expr::cast)
    }

    /// The upper end, included.
    #[must_use]
    pub fn hi(self) -> Option<Expr<'t>> {
        self.0
            .children()
            .filter(|node| node.span().start > self.dots())
            .find_map(Expr::cast)
    }
}

impl<'t> Names<'t> {
    /// The names, in the order of the text.
    pub fn iter(self) -> impl Iterator<Item = Name<'t>> + Clone {
        words(self.0).map(Name::of)
    }
}

pub(super) fn names<'t>(node: NodeRef<'t>) -> impl Iterator<Item = Name<'t>> + Clone {
    node.children()
        .find_map(Names::cast)
        .into_iter()
        .flat_map(Names::iter)
}

impl<'t> Unique<'t> {
    /// The fields.
    pub fn names(self) -> impl Iterator<Item = Name<'t>> + Clone {
        names(self.0)
    }

    /// The attributes behind it.
    pub fn attrs(self) -> impl Iterator<Item = Attr<'t>> + Clone {
        attrs(self.0)
    }
}

impl<'t> Key<'t> {
    /// The fields.
    pub fn names(self) -> impl Iterator<Item = Name<'t>> + Clone {
        names(self.0)
    }

    /// The attributes behind it.
    pub fn attrs(self) -> impl Iterator<Item = Attr<'t>> + Clone {
        attrs(self.0)
    }
}

impl<'t> Index<'t> {
    /// The fields, with their directions.
    pub fn sorts(self) -> impl Iterator<Item = Sort<'t>> + Clone {
        self.0.children().filter_map(Sort::cast)
    }

    /// The attributes behind it.
    pub fn attrs(self) -> impl Iterator<Item = Attr<'t>> + Clone {
        attrs(self.0)
    }
}

impl<'t> Reference<'t> {
    /// What the reference is called.
    #[must_use]
    pub fn name(self) -> Option<Name<'t>> {
        nth_word(self.0, 1)
    }

    /// The fields of this entity.
    pub fn from(self) -> impl Iterator<Item = Name<'t>> + Clone {
        names(self.0)
    }

    /// The entity that is referred to.
    #[must_use]
    pub fn target(self) -> Option<Name<'t>> {
        nth_word(self.0, 2)
    }

    /// The fields of that entity.
    pub fn to(self) -> impl Iterator<Item = Name<'t>> + Clone {
        self.0
            .children()
            .filter_map(Names::cast)
            .nth(1)
            .into_iter()
            .flat_map(Names::iter)
    }

    /// The attributes behind it.
    pub fn attrs(self) -> impl Iterator<Item = Attr<'t>> + Clone {
        attrs(self.0)
    }
}

impl<'t> Check<'t> {
    /// What must hold.
    #[must_use]
    pub fn expr(self) -> Option<Expr<'t>> {
        self.0.children().find_map(Expr::cast)
    }

    /// The attributes behind it.
    pub fn attrs(self) -> impl Iterator<Item = Attr<'t>> + Clone {
        attrs(self.0)
    }
}

impl<'t> Retain<'t> {
    /// Whether rows are emptied of the person and stay.
    #[must_use]
    pub fn anonymises(self) -> bool {
        nth_word(self.0, 0).is_some_and(|word| word.text == "anonymise")
    }

    /// How long they stay as they are.
    #[must_use]
    pub fn duration(self) -> Option<decode::Duration> {
        self.0.children().find_map(super::DurationExpr::cast)?.value()
    }

    /// From when on: a field, or `created`, `updated`, `deleted`, `accessed`.
    #[must_use]
    pub fn after(self) -> Option<Name<'t>> {
        keyword(self.0, "after")?;
        nth_word(self.0, 2)
    }
}

/// Under which condition something is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllowWhen<'t> {
    /// `when owner`
    Name(Name<'t>),
    /// `when (expr)`
    Expr(Expr<'t>),
}

impl<'t> Allow<'t> {
    /// What is allowed.
    pub fn operations(self) -> impl Iterator<Item = Name<'t>> + Clone {
        names(self.0)
    }

    /// To whom; empty when it says nothing.
    pub fn roles(self) -> impl Iterator<Item = Name<'t>> + Clone {
        let to = keyword(self.0, "to").map_or(u32::MAX, |token| token.span().start);
        let after = self.0.children().filter(move |node| node.span().start > to);
        after.filter_map(Names::cast).flat_map(Names::iter)
    }

    /// When.
    #[must_use]
    pub fn when(self) -> Option<AllowWhen<'t>> {
        let when = words(self.0).skip(1).find(|token| token.text() == "when")?;
        if let Some(expr) = self.0.children().find_map(Expr::cast) {
            return Some(AllowWhen::Expr(expr));
        }
        let name = words(self.0).find(|token| token.index() > when.index())?;
        Some(AllowWhen::Name(Name::of(name)))
    }
}

impl<'t> Sql<'t> {
    /// Which database it is for.
    #[must_use]
    pub fn database(self) -> Option<Name<'t>> {
        nth_word(self.0, 1)
    }

    /// Whether it is run before there are tables.
    #[must_use]
    pub fn is_first(self) -> bool {
        nth_word(self.0, 2).is_some_and(|word| word.text == "first")
    }

    /// The documentation before it.
    #[must_use]
    pub fn doc(self) -> Option<Doc<'t>> {
        doc(self.0)
    }

    fn statements(self) -> impl Iterator<Item = Text<'t>> + Clone {
        let text = |kind| matches!(kind, TokenKind::String | TokenKind::Raw);
        self.0
            .own_tokens()
            .filter(move |token| text(token.kind()))
            .map(Text::of)
    }

    /// What is run.
    #[must_use]
    pub fn statement(self) -> Option<Text<'t>> {
        self.statements().next()
    }

    /// What undoes it.
    #[must_use]
    pub fn undo(self) -> Option<Text<'t>> {
        self.statements().nth(1)
    }
}
