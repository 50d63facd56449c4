//! The kinds of tokens and nodes.

/// What a token is. The tokens of a tree, concatenated, are its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TokenKind {
    /// The empty token behind the last one.
    Eof,
    /// Blanks, tabs and a byte order mark, without a line end.
    Space,
    /// Blanks with at least one line end among them.
    LineBreak,
    /// `// …` to the end of the line.
    Comment,
    /// `/// …` to the end of the line: documentation of what follows.
    Doc,
    /// A word that begins with a lower case letter or `_`.
    Lower,
    /// A word that begins with an upper case letter.
    Upper,
    /// `12`, `1_000`, `0.5`.
    Number,
    /// A number and its unit without a blank: `5M`, `20ms`, `35%`.
    Amount,
    /// `"…"` on one line.
    String,
    /// `"""…"""`, without escapes, over any number of lines.
    Raw,
    /// `$name`.
    Param,
    /// `{`
    LBrace,
    /// `}`
    RBrace,
    /// `(`
    LParen,
    /// `)`
    RParen,
    /// `[`
    LBracket,
    /// `]`
    RBracket,
    /// `,`
    Comma,
    /// `:`
    Colon,
    /// `?`
    Question,
    /// `@`
    At,
    /// `.`
    Dot,
    /// `..`
    DotDot,
    /// `->`
    Arrow,
    /// `=`
    Eq,
    /// `!=`
    NotEq,
    /// `<`
    Lt,
    /// `<=`
    LtEq,
    /// `>`
    Gt,
    /// `>=`
    GtEq,
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Star,
    /// `/`
    Slash,
    /// `==`, of other languages.
    EqEq,
    /// `<>`, of other languages.
    LtGt,
    /// `&&`, of other languages.
    AndAnd,
    /// `||`, of other languages.
    OrOr,
    /// `!`, of other languages.
    Bang,
    /// `;`, of other languages.
    Semicolon,
    /// Characters that have no meaning here; reported by the lexer.
    Unknown,
}

impl TokenKind {
    /// Whether the grammar does not see tokens of this kind.
    #[must_use]
    pub const fn is_trivia(self) -> bool {
        matches!(self, Self::Space | Self::LineBreak | Self::Comment)
    }

    /// Whether this is a word.
    #[must_use]
    pub const fn is_word(self) -> bool {
        matches!(self, Self::Lower | Self::Upper)
    }
}

/// What a node is. Nodes begin and end with a token that is not trivia, except the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum NodeKind {
    /// The whole file.
    File,
    /// The `///` lines before an item or member.
    Doc,
    /// `project name { … }`
    Project,
    /// `policy { … }`
    Policy,
    /// `name value, value` in a project or policy.
    Setting,
    /// One value of a setting.
    Value,
    /// `role name because "…"`
    Role,
    /// `enum Name { … }`
    Enum,
    /// `a, b -> c` in an enum.
    Chain,
    /// `a, b` in a chain.
    Group,
    /// One member in a group.
    Member,
    /// `entity Name … { … }`
    Entity,
    /// `owns self`
    OwnsSelf,
    /// `public because "…"`
    Public,
    /// `without names because "…"`
    Without,
    /// `because "…"`
    Reason,
    /// `shape Name { … }`
    Shape,
    /// `name Type …`
    Field,
    /// `Type(args)` or `[Type]`
    Type,
    /// `= constant`
    Default,
    /// `@name(args) because "…"`
    Attr,
    /// `( … )` behind a name.
    Args,
    /// One argument.
    Arg,
    /// `lo..hi`, with either end absent.
    Range,
    /// `unique (names)`
    Unique,
    /// `index (sorts)`
    Index,
    /// `key (names)`
    Key,
    /// `reference name (names) -> Type (names)`
    Reference,
    /// `check (expr)`
    Check,
    /// `query name { … }`
    Query,
    /// `select names`
    Select,
    /// `where expr`
    Where,
    /// `order sorts`
    Order,
    /// `limit 50`
    Limit,
    /// `expect rate within duration`
    Expect,
    /// `volume 5M grows 20K/day`
    Volume,
    /// `purge 1 day after expires_at`, `anonymise …`
    Retain,
    /// `allow read to analyst when owner`
    Allow,
    /// `sql postgres """…""" undo """…"""`
    Sql,
    /// `path desc`
    Sort,
    /// `a, b, c`
    Names,
    /// `300/s`
    Rate,
    /// `5M`
    Count,
    /// `20ms`, `30 days`
    Duration,
    /// `a or b or c`
    Or,
    /// `a and b and c`
    And,
    /// `not a`
    Not,
    /// `a = b`
    Compare,
    /// `a in (b, c)`, `a not in $p`
    In,
    /// `a between b and c`
    Between,
    /// `a is not null`
    IsNull,
    /// `a starts with b`, `ends with`, `contains`, `matches`
    TextMatch,
    /// `a + b - c`
    Sum,
    /// `a * b / c`
    Product,
    /// `-a`
    Neg,
    /// A number, string, `true`, `false`, `null`, or a count such as `5M`.
    Literal,
    /// `$name`
    Param,
    /// `a.b.c`
    Path,
    /// `path(args)`
    Call,
    /// `(expr)`
    Paren,
    /// `[]` as a default.
    EmptyList,
    /// What the parser skipped; there is a diagnostic about it.
    Error,
}
