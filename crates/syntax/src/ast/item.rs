//! Items of a file, and settings.

use super::{Args, Attr, Field, Name, Names, Part, Sql, Text, attrs, doc, has, nth_word, own, reason, views};
use crate::decode::{Amount, Number};
use crate::{NodeKind, NodeRef, TokenKind};

views! {
    /// A whole file.
    File = File;
    /// The `///` lines before an item or member.
    Doc = Doc;
    /// `project name { … }`
    Project = Project;
    /// `policy { … }`
    Policy = Policy;
    /// `name value, value`
    Setting = Setting;
    /// One value of a setting.
    Value = Value;
    /// `role name because "…"`
    Role = Role;
    /// `enum Name { … }`
    Enum = Enum;
    /// `a, b -> c`: groups with arrows between them.
    Chain = Chain;
    /// `a, b`
    Group = Group;
    /// A member of an enum, where it is mentioned.
    Member = Member;
    /// `entity Name … { … }`
    Entity = Entity;
    /// `owns self`
    OwnsSelf = OwnsSelf;
    /// `public because "…"`
    Public = Public;
    /// `without names because "…"`
    Without = Without;
    /// `because "…"`
    Reason = Reason;
    /// `shape Name { … }`
    Shape = Shape;
}

/// Something that stands at the top of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item<'t> {
    /// `project`
    Project(Project<'t>),
    /// `policy`
    Policy(Policy<'t>),
    /// `enum`
    Enum(Enum<'t>),
    /// `entity`
    Entity(Entity<'t>),
    /// `shape`
    Shape(Shape<'t>),
    /// `role`
    Role(Role<'t>),
    /// `sql`
    Sql(Sql<'t>),
}

impl<'t> Item<'t> {
    fn cast(node: NodeRef<'t>) -> Option<Self> {
        Some(match node.kind() {
            NodeKind::Project => Self::Project(Project(node)),
            NodeKind::Policy => Self::Policy(Policy(node)),
            NodeKind::Enum => Self::Enum(Enum(node)),
            NodeKind::Entity => Self::Entity(Entity(node)),
            NodeKind::Shape => Self::Shape(Shape(node)),
            NodeKind::Role => Self::Role(Role(node)),
            NodeKind::Sql => Self::Sql(Sql(node)),
            _ => return None,
        })
    }

    /// The node underneath.
    #[must_use]
    pub const fn node(self) -> NodeRef<'t> {
        match self {
            Self::Project(it) => it.node(),
            Self::Policy(it) => it.node(),
            Self::Enum(it) => it.node(),
            Self::Entity(it) => it.node(),
            Self::Shape(it) => it.node(),
            Self::Role(it) => it.node(),
            Self::Sql(it) => it.node(),
        }
    }
}

impl<'t> File<'t> {
    /// The items, in the order of the text.
    pub fn items(self) -> impl Iterator<Item = Item<'t>> + Clone {
        self.0.children().filter_map(Item::cast)
    }
}

impl Doc<'_> {
    /// The lines without `///` and without one blank behind it, joined by line ends.
    #[must_use]
    pub fn text(self) -> String {
        let lines = self.0.own_tokens().filter(|token| token.kind() == TokenKind::Doc);
        let mut text = String::new();
        for line in lines {
            if !text.is_empty() {
                text.push('\n');
            }
            let line = line.text().trim_start_matches('/');
            text.push_str(line.strip_prefix(' ').unwrap_or(line).trim_end());
        }
        text
    }
}

impl<'t> Project<'t> {
    /// The project's name.
    #[must_use]
    pub fn name(self) -> Option<Name<'t>> {
        nth_word(self.0, 1)
    }

    /// The documentation before it.
    #[must_use]
    pub fn doc(self) -> Option<Doc<'t>> {
        doc(self.0)
    }

    /// The settings, in the order of the text.
    pub fn settings(self) -> impl Iterator<Item = Setting<'t>> + Clone {
        self.0.children().filter_map(Setting::cast)
    }
}

impl<'t> Policy<'t> {
    /// The documentation before it.
    #[must_use]
    pub fn doc(self) -> Option<Doc<'t>> {
        doc(self.0)
    }

    /// The settings, in the order of the text.
    pub fn settings(self) -> impl Iterator<Item = Setting<'t>> + Clone {
        self.0.children().filter_map(Setting::cast)
    }
}

impl<'t> Setting<'t> {
    /// What is set.
    #[must_use]
    pub fn name(self) -> Option<Name<'t>> {
        nth_word(self.0, 0)
    }

    /// What it is set to.
    pub fn values(self) -> impl Iterator<Item = Value<'t>> + Clone {
        self.0.children().filter_map(Value::cast)
    }
}

/// What a value of a setting is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueKind<'t> {
    /// `postgres`, `dual(uuid4)`
    Word(Name<'t>),
    /// `1`
    Number(Number),
    /// `35%`
    Amount(Amount),
    /// `"…"`
    Text(Text<'t>),
}

impl<'t> Value<'t> {
    /// What it is; none if the literal does not decode.
    #[must_use]
    pub fn kind(self) -> Option<ValueKind<'t>> {
        let token = self.0.own_tokens().next()?;
        Some(match token.kind() {
            TokenKind::Lower | TokenKind::Upper => ValueKind::Word(Name::of(token)),
            TokenKind::Number => ValueKind::Number(Number::decode(token.text())?),
            TokenKind::Amount => ValueKind::Amount(Amount::decode(token.text())?),
            TokenKind::String => ValueKind::Text(Text::of(token)),
            _ => return None,
        })
    }

    /// The word, if it is one.
    #[must_use]
    pub fn word(self) -> Option<Name<'t>> {
        match self.kind() {
            Some(ValueKind::Word(name)) => Some(name),
            _ => None,
        }
    }

    /// The arguments behind a word.
    #[must_use]
    pub fn args(self) -> Option<Args<'t>> {
        self.0.child(NodeKind::Args).map(Args)
    }
}

impl<'t> Role<'t> {
    /// The role's name.
    #[must_use]
    pub fn name(self) -> Option<Name<'t>> {
        nth_word(self.0, 1)
    }

    /// The documentation before it.
    #[must_use]
    pub fn doc(self) -> Option<Doc<'t>> {
        doc(self.0)
    }

    /// Why it exists.
    #[must_use]
    pub fn reason(self) -> Option<Text<'t>> {
        reason(self.0)
    }
}

impl<'t> Reason<'t> {
    /// The reason in quotes.
    #[must_use]
    pub fn text(self) -> Option<Text<'t>> {
        own(self.0, TokenKind::String).map(Text::of)
    }
}

impl<'t> Enum<'t> {
    /// The enum's name.
    #[must_use]
    pub fn name(self) -> Option<Name<'t>> {
        nth_word(self.0, 1)
    }

    /// The documentation before it.
    #[must_use]
    pub fn doc(self) -> Option<Doc<'t>> {
        doc(self.0)
    }

    /// The attributes behind the name.
    pub fn attrs(self) -> impl Iterator<Item = Attr<'t>> + Clone {
        attrs(self.0)
    }

    /// The chains, in the order of the text.
    pub fn chains(self) -> impl Iterator<Item = Chain<'t>> + Clone {
        self.0.children().filter_map(Chain::cast)
    }
}

impl<'t> Chain<'t> {
    /// The documentation before it: of its first member.
    #[must_use]
    pub fn doc(self) -> Option<Doc<'t>> {
        doc(self.0)
    }

    /// The groups; there is an arrow between each and the next.
    pub fn groups(self) -> impl Iterator<Item = Group<'t>> + Clone {
        self.0.children().filter_map(Group::cast)
    }
}

impl<'t> Group<'t> {
    /// The members, in the order of the text.
    pub fn members(self) -> impl Iterator<Item = Member<'t>> + Clone {
        self.0.children().filter_map(Member::cast)
    }
}

impl<'t> Member<'t> {
    /// The name, if it is a word.
    #[must_use]
    pub fn name(self) -> Option<Name<'t>> {
        nth_word(self.0, 0)
    }

    /// The name, if it is a string.
    #[must_use]
    pub fn text(self) -> Option<Text<'t>> {
        own(self.0, TokenKind::String).map(Text::of)
    }

    /// The member's value: its word, or what its string stands for.
    #[must_use]
    pub fn value(self) -> Option<String> {
        self.name()
            .map(|name| name.text.to_owned())
            .or_else(|| self.text().map(|text| text.value()))
    }

    /// The attributes behind it.
    pub fn attrs(self) -> impl Iterator<Item = Attr<'t>> + Clone {
        attrs(self.0)
    }
}

impl<'t> Entity<'t> {
    /// The entity's name.
    #[must_use]
    pub fn name(self) -> Option<Name<'t>> {
        nth_word(self.0, 1)
    }

    /// The documentation before it.
    #[must_use]
    pub fn doc(self) -> Option<Doc<'t>> {
        doc(self.0)
    }

    /// The attributes in its head.
    pub fn attrs(self) -> impl Iterator<Item = Attr<'t>> + Clone {
        attrs(self.0)
    }

    /// `owns self`, wherever it stands in the head.
    #[must_use]
    pub fn owns_self(self) -> Option<OwnsSelf<'t>> {
        self.0.children().find_map(OwnsSelf::cast)
    }

    /// Every `public because "…"`; more than one is an error of the model.
    pub fn publics(self) -> impl Iterator<Item = Public<'t>> + Clone {
        self.0.children().filter_map(Public::cast)
    }

    /// The first `public because "…"`.
    #[must_use]
    pub fn public(self) -> Option<Public<'t>> {
        self.publics().next()
    }

    /// Every `without names because "…"`.
    pub fn without(self) -> impl Iterator<Item = Without<'t>> + Clone {
        self.0.children().filter_map(Without::cast)
    }

    /// The parts, in the order of the text.
    pub fn parts(self) -> impl Iterator<Item = Part<'t>> + Clone {
        self.0.children().filter_map(Part::cast)
    }

    /// The fields among the parts.
    pub fn fields(self) -> impl Iterator<Item = Field<'t>> + Clone {
        self.0.children().filter_map(Field::cast)
    }

    /// Whether the body was opened.
    #[must_use]
    pub fn has_body(self) -> bool {
        has(self.0, TokenKind::LBrace)
    }
}

impl<'t> Public<'t> {
    /// Why everybody may see it.
    #[must_use]
    pub fn reason(self) -> Option<Text<'t>> {
        reason(self.0)
    }
}

impl<'t> Without<'t> {
    /// What is left out.
    pub fn names(self) -> impl Iterator<Item = Name<'t>> + Clone {
        self.0.children().filter_map(Names::cast).flat_map(Names::iter)
    }

    /// Why.
    #[must_use]
    pub fn reason(self) -> Option<Text<'t>> {
        reason(self.0)
    }
}

impl<'t> Shape<'t> {
    /// The shape's name.
    #[must_use]
    pub fn name(self) -> Option<Name<'t>> {
        nth_word(self.0, 1)
    }

    /// The documentation before it.
    #[must_use]
    pub fn doc(self) -> Option<Doc<'t>> {
        doc(self.0)
    }

    /// The fields, in the order of the text.
    pub fn fields(self) -> impl Iterator<Item = Field<'t>> + Clone {
        self.0.children().filter_map(Field::cast)
    }
}
