//! What stands in the text, before names mean anything.

use diagnostics::Span;

/// A word and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The word.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// What a block declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// Which database the schema is for.
    Datasource,
    /// What is made of the schema for programs.
    Generator,
    /// A table.
    Model,
    /// A view, which Prisma reads and does not make.
    View,
    /// An enumeration.
    Enum,
    /// A composite type of MongoDB.
    Type,
}

impl BlockKind {
    /// The kind that a keyword begins.
    #[must_use]
    pub fn of(keyword: &str) -> Option<Self> {
        Self::KEYWORDS
            .iter()
            .find(|(word, _)| *word == keyword)
            .map(|(_, kind)| *kind)
    }

    /// Every keyword.
    pub const KEYWORDS: [(&'static str, Self); 6] = [
        ("datasource", Self::Datasource),
        ("generator", Self::Generator),
        ("model", Self::Model),
        ("view", Self::View),
        ("enum", Self::Enum),
        ("type", Self::Type),
    ];

    /// Whether it is a list of settings.
    #[must_use]
    pub const fn has_settings(self) -> bool {
        matches!(self, Self::Datasource | Self::Generator)
    }
}

/// A block.
#[derive(Debug, Clone)]
pub struct Block {
    /// What it declares.
    pub kind: BlockKind,
    /// How it is called.
    pub name: Word,
    /// The `///` lines above it, without what marks them.
    pub docs: Option<String>,
    /// Settings of datasources and generators.
    pub settings: Vec<Setting>,
    /// Fields of models, views and types.
    pub fields: Vec<Field>,
    /// Members of an enum.
    pub members: Vec<Member>,
    /// `@@…`
    pub attributes: Vec<Attribute>,
}

/// `provider = "postgresql"`
#[derive(Debug, Clone)]
pub struct Setting {
    /// Which.
    pub name: Word,
    /// What it is set to.
    pub value: Value,
}

/// How many values a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arity {
    /// One.
    Required,
    /// One or none: `?`.
    Optional,
    /// Any number: `[]`.
    List,
}

/// A field.
#[derive(Debug, Clone)]
pub struct Field {
    /// How it is called.
    pub name: Word,
    /// Its type; of `Unsupported("…")` what is in the quotes.
    pub ty: Word,
    /// Whether the type is an `Unsupported("…")`.
    pub unsupported: bool,
    /// How many values.
    pub arity: Arity,
    /// `@…`
    pub attributes: Vec<Attribute>,
    /// The `///` lines above it, or behind it.
    pub docs: Option<String>,
}

/// A member of an enum.
#[derive(Debug, Clone)]
pub struct Member {
    /// How it is called.
    pub name: Word,
    /// `@…`
    pub attributes: Vec<Attribute>,
}

/// An attribute of a field or, with `@@`, of a block.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// Without `@`: `id`, `db.VarChar`. The span covers the `@` as well.
    pub name: Word,
    /// What is in the parentheses.
    pub arguments: Vec<Argument>,
}

/// An argument, maybe with a name.
#[derive(Debug, Clone)]
pub struct Argument {
    /// `map` in `map: "x"`.
    pub name: Option<Word>,
    /// The value.
    pub value: Value,
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Value {
    /// What it is.
    pub kind: ValueKind,
    /// Where.
    pub span: Span,
}

/// What a value is.
#[derive(Debug, Clone)]
pub enum ValueKind {
    /// A text, without quotes and escapes.
    Text(String),
    /// A number as written.
    Number(String),
    /// A word, or several with points between.
    Word(String),
    /// A function and its arguments.
    Call(String, Vec<Argument>),
    /// `[…]`
    List(Vec<Value>),
    /// `{ name: value }`
    Object(Vec<(Word, Value)>),
    /// Something that could not be read, and was told.
    Missing,
}

impl Value {
    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.kind {
            ValueKind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The word, if it is one.
    #[must_use]
    pub fn as_word(&self) -> Option<&str> {
        match &self.kind {
            ValueKind::Word(word) => Some(word),
            _ => None,
        }
    }
}
