//! Expressions. Operators of one level are one node with all their operands.

use super::{Args, Name, Text, has, nth_word, own, views, words};
use crate::decode::{self, Amount, Number, Unit};
use crate::{NodeKind, NodeRef, TokenKind, TokenRef};

views! {
    /// `a or b or c`, `a and b and c`
    BoolOp = Or | And;
    /// `not a`
    Not = Not;
    /// `a = b`
    Compare = Compare;
    /// `a in (b, c)`, `a not in $list`
    In = In;
    /// `a between b and c`
    Between = Between;
    /// `a is null`, `a is not null`
    IsNull = IsNull;
    /// `a starts with b`, `a ends with b`, `a contains b`, `a matches "…"`
    TextMatch = TextMatch;
    /// `a + b - c`
    Sum = Sum;
    /// `a * b / c`
    Product = Product;
    /// `-a`
    Neg = Neg;
    /// A number, string, `true`, `false`, `null`, or a count such as `5M`.
    Literal = Literal;
    /// `$name`
    Param = Param;
    /// `a.b.c`
    Path = Path;
    /// `path(args)`
    Call = Call;
    /// `(expr)`
    Paren = Paren;
    /// `20ms`, `30 days`
    DurationExpr = Duration;
    /// `[]`, only as a default.
    EmptyList = EmptyList;
}

/// An expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expr<'t> {
    /// `a or b or c`
    Or(BoolOp<'t>),
    /// `a and b and c`
    And(BoolOp<'t>),
    /// `not a`
    Not(Not<'t>),
    /// `a = b`
    Compare(Compare<'t>),
    /// `a in (b, c)`
    In(In<'t>),
    /// `a between b and c`
    Between(Between<'t>),
    /// `a is null`
    IsNull(IsNull<'t>),
    /// `a starts with b`
    TextMatch(TextMatch<'t>),
    /// `a + b - c`
    Sum(Sum<'t>),
    /// `a * b / c`
    Product(Product<'t>),
    /// `-a`
    Neg(Neg<'t>),
    /// `5`, `"x"`, `true`, `null`
    Literal(Literal<'t>),
    /// `$name`
    Param(Param<'t>),
    /// `a.b.c`
    Path(Path<'t>),
    /// `path(args)`
    Call(Call<'t>),
    /// `(expr)`
    Paren(Paren<'t>),
    /// `30 days`
    Duration(DurationExpr<'t>),
    /// `[]`
    EmptyList(EmptyList<'t>),
}

impl<'t> Expr<'t> {
    /// The view of a node, if it is an expression.
    #[must_use]
    pub fn cast(node: NodeRef<'t>) -> Option<Self> {
        Some(match node.kind() {
            NodeKind::Or => Self::Or(BoolOp(node)),
            NodeKind::And => Self::And(BoolOp(node)),
            NodeKind::Not => Self::Not(Not(node)),
            NodeKind::Compare => Self::Compare(Compare(node)),
            NodeKind::In => Self::In(In(node)),
            NodeKind::Between => Self::Between(Between(node)),
            NodeKind::IsNull => Self::IsNull(IsNull(node)),
            NodeKind::TextMatch => Self::TextMatch(TextMatch(node)),
            NodeKind::Sum => Self::Sum(Sum(node)),
            NodeKind::Product => Self::Product(Product(node)),
            NodeKind::Neg => Self::Neg(Neg(node)),
            NodeKind::Literal => Self::Literal(Literal(node)),
            NodeKind::Param => Self::Param(Param(node)),
            NodeKind::Path => Self::Path(Path(node)),
            NodeKind::Call => Self::Call(Call(node)),
            NodeKind::Paren => Self::Paren(Paren(node)),
            NodeKind::Duration => Self::Duration(DurationExpr(node)),
            NodeKind::EmptyList => Self::EmptyList(EmptyList(node)),
            _ => return None,
        })
    }

    /// The node underneath.
    #[must_use]
    pub const fn node(self) -> NodeRef<'t> {
        match self {
            Self::Or(it) | Self::And(it) => it.node(),
            Self::Not(it) => it.node(),
            Self::Compare(it) => it.node(),
            Self::In(it) => it.node(),
            Self::Between(it) => it.node(),
            Self::IsNull(it) => it.node(),
            Self::TextMatch(it) => it.node(),
            Self::Sum(it) => it.node(),
            Self::Product(it) => it.node(),
            Self::Neg(it) => it.node(),
            Self::Literal(it) => it.node(),
            Self::Param(it) => it.node(),
            Self::Path(it) => it.node(),
            Self::Call(it) => it.node(),
            Self::Paren(it) => it.node(),
            Self::Duration(it) => it.node(),
            Self::EmptyList(it) => it.node(),
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn span(self) -> diagnostics::Span {
        self.node().span()
    }

    /// The word, if the expression is a path of one word: `cascade`, `global`, a field, a member.
    #[must_use]
    pub fn as_word(self) -> Option<Name<'t>> {
        match self {
            Self::Path(path) => path.single(),
            _ => None,
        }
    }

    /// The number, if the expression is a number that may be negated: `-5`.
    #[must_use]
    pub fn as_number(self) -> Option<Number> {
        match self {
            Self::Literal(literal) => match literal.value()? {
                LiteralValue::Number(number) => Some(number),
                _ => None,
            },
            Self::Neg(neg) => match neg.operand()? {
                Self::Literal(_) => {
                    let number = neg.operand()?.as_number()?;
                    Some(Number {
                        mantissa: -number.mantissa,
                        ..number
                    })
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The expression inside any parentheses around it.
    #[must_use]
    pub fn without_parens(self) -> Option<Self> {
        let mut expr = self;
        while let Self::Paren(paren) = expr {
            expr = paren.expr()?;
        }
        Some(expr)
    }
}

fn operands<'t>(node: NodeRef<'t>) -> impl Iterator<Item = Expr<'t>> + Clone {
    node.children().filter_map(Expr::cast)
}

/// The operand that stands behind a place.
fn operand_after<'t>(node: NodeRef<'t>, at: u32) -> Option<Expr<'t>> {
    node.children()
        .filter(|child| child.span().start > at)
        .find_map(Expr::cast)
}

fn operand_before<'t>(node: NodeRef<'t>, at: u32) -> Option<Expr<'t>> {
    node.children()
        .filter(|child| child.span().start < at)
        .find_map(Expr::cast)
}

/// A parameter's name without the `$`, with the span of the whole.
pub(super) fn param<'t>(token: TokenRef<'t>) -> Name<'t> {
    Name {
        text: token.text().trim_start_matches('$'),
        span: token.span(),
    }
}

impl<'t> BoolOp<'t> {
    /// The operands: two or more, unless the input is broken.
    pub fn operands(self) -> impl Iterator<Item = Expr<'t>> + Clone {
        operands(self.0)
    }
}

impl<'t> Not<'t> {
    /// What is negated.
    #[must_use]
    pub fn operand(self) -> Option<Expr<'t>> {
        operands(self.0).next()
    }
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// `=`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl CompareOp {
    const fn of(kind: TokenKind) -> Option<Self> {
        Some(match kind {
            TokenKind::Eq | TokenKind::EqEq => Self::Eq,
            TokenKind::NotEq | TokenKind::LtGt => Self::Ne,
            TokenKind::Lt => Self::Lt,
            TokenKind::LtEq => Self::Le,
            TokenKind::Gt => Self::Gt,
            TokenKind::GtEq => Self::Ge,
            _ => return None,
        })
    }
}

impl<'t> Compare<'t> {
    fn sign(self) -> Option<TokenRef<'t>> {
        self.0
            .own_tokens()
            .find(|token| CompareOp::of(token.kind()).is_some())
    }

    /// How it compares.
    #[must_use]
    pub fn op(self) -> Option<CompareOp> {
        CompareOp::of(self.sign()?.kind())
    }

    /// The left side.
    #[must_use]
    pub fn left(self) -> Option<Expr<'t>> {
        operand_before(self.0, self.sign()?.span().start)
    }

    /// The right side.
    #[must_use]
    pub fn right(self) -> Option<Expr<'t>> {
        operand_after(self.0, self.sign()?.span().start)
    }
}

/// Predicates that can be negated in the middle.
pub trait Negatable {
    /// Whether `not` stands inside: `not in`, `not between`, `is not null`.
    fn negated(&self) -> bool;
}

fn negated(node: NodeRef<'_>) -> bool {
    words(node).any(|token| token.text().eq_ignore_ascii_case("not"))
}

impl Negatable for In<'_> {
    fn negated(&self) -> bool {
        negated(self.0)
    }
}

impl Negatable for Between<'_> {
    fn negated(&self) -> bool {
        negated(self.0)
    }
}

impl Negatable for IsNull<'_> {
    fn negated(&self) -> bool {
        negated(self.0)
    }
}

/// What something is looked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InList<'t> {
    /// `in $list`
    Param(Name<'t>),
    /// `in (a, b)`; the values are [`In::values`].
    Values,
}

impl<'t> In<'t> {
    /// What is looked for.
    #[must_use]
    pub fn operand(self) -> Option<Expr<'t>> {
        operands(self.0).next()
    }

    /// Where it is looked for.
    #[must_use]
    pub fn list(self) -> InList<'t> {
        own(self.0, TokenKind::Param).map_or(InList::Values, |token| InList::Param(param(token)))
    }

    /// The values in parentheses.
    pub fn values(self) -> impl Iterator<Item = Expr<'t>> + Clone {
        let open = own(self.0, TokenKind::LParen).map_or(u32::MAX, |token| token.span().start);
        self.0
            .children()
            .filter(move |child| child.span().start > open)
            .filter_map(Expr::cast)
    }
}

impl<'t> Between<'t> {
    fn word(self, word: &str) -> Option<u32> {
        let found = words(self.0).find(|token| token.text().eq_ignore_ascii_case(word));
        let sign = || own(self.0, TokenKind::AndAnd).filter(|_| word == "and");
        Some(found.or_else(sign)?.span().start)
    }

    /// What is compared.
    #[must_use]
    pub fn operand(self) -> Option<Expr<'t>> {
        operands(self.0).next()
    }

    /// The lower end, included.
    #[must_use]
    pub fn lo(self) -> Option<Expr<'t>> {
        operand_after(self.0, self.word("between")?)
    }

    /// The upper end, included.
    #[must_use]
    pub fn hi(self) -> Option<Expr<'t>> {
        operand_after(self.0, self.word("and")?)
    }
}

impl<'t> IsNull<'t> {
    /// What is asked about.
    #[must_use]
    pub fn operand(self) -> Option<Expr<'t>> {
        operands(self.0).next()
    }
}

/// How two texts are matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextOp {
    /// `starts with`
    Starts,
    /// `ends with`
    Ends,
    /// `contains`
    Contains,
    /// `matches "…"`
    Matches,
}

impl<'t> TextMatch<'t> {
    /// How it is matched; none for an operator of another language.
    #[must_use]
    pub fn op(self) -> Option<TextOp> {
        Some(match nth_word(self.0, 0)?.text {
            "starts" => TextOp::Starts,
            "ends" => TextOp::Ends,
            "contains" => TextOp::Contains,
            "matches" => TextOp::Matches,
            _ => return None,
        })
    }

    /// What is searched.
    #[must_use]
    pub fn operand(self) -> Option<Expr<'t>> {
        operands(self.0).next()
    }

    /// What is searched for, except of `matches`.
    #[must_use]
    pub fn text(self) -> Option<Expr<'t>> {
        operands(self.0).nth(1)
    }

    /// The pattern of `matches`.
    #[must_use]
    pub fn pattern(self) -> Option<Text<'t>> {
        own(self.0, TokenKind::String).map(Text::of)
    }
}

impl<'t> Sum<'t> {
    /// The terms, each with whether it is subtracted.
    pub fn terms(self) -> impl Iterator<Item = (bool, Expr<'t>)> + Clone {
        signed(self.0, TokenKind::Plus, TokenKind::Minus)
    }
}

impl<'t> Product<'t> {
    /// The factors, each with whether it divides.
    pub fn factors(self) -> impl Iterator<Item = (bool, Expr<'t>)> + Clone {
        signed(self.0, TokenKind::Star, TokenKind::Slash)
    }
}

/// Operands with whether the second of two operators stands before them.
fn signed<'t>(
    node: NodeRef<'t>,
    first: TokenKind,
    second: TokenKind,
) -> impl Iterator<Item = (bool, Expr<'t>)> + Clone {
    let mut signs = node
        .own_tokens()
        .filter(move |token| token.kind() == first || token.kind() == second);
    operands(node).enumerate().map(move |(at, operand)| {
        let inverse = at > 0 && signs.next().is_some_and(|token| token.kind() == second);
        (inverse, operand)
    })
}

impl<'t> Neg<'t> {
    /// What is negated.
    #[must_use]
    pub fn operand(self) -> Option<Expr<'t>> {
        operands(self.0).next()
    }
}

/// What a literal stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiteralValue<'t> {
    /// `5`, `0.25`
    Number(Number),
    /// `5M`, `35%`
    Amount(Amount),
    /// `"…"`
    Text(Text<'t>),
    /// `true`, `false`
    Bool(bool),
    /// `null`
    Null,
}

impl<'t> Literal<'t> {
    /// What it stands for; none if it does not decode.
    #[must_use]
    pub fn value(self) -> Option<LiteralValue<'t>> {
        let token = self.0.own_tokens().next()?;
        Some(match token.kind() {
            TokenKind::Number => LiteralValue::Number(Number::decode(token.text())?),
            TokenKind::Amount => LiteralValue::Amount(Amount::decode(token.text())?),
            TokenKind::String => LiteralValue::Text(Text::of(token)),
            _ => match token.text() {
                "true" => LiteralValue::Bool(true),
                "false" => LiteralValue::Bool(false),
                "null" => LiteralValue::Null,
                _ => return None,
            },
        })
    }
}

impl<'t> Param<'t> {
    /// The parameter's name without `$`; the span covers the `$`.
    #[must_use]
    pub fn name(self) -> Option<Name<'t>> {
        own(self.0, TokenKind::Param).map(param)
    }
}

impl<'t> Path<'t> {
    /// The words between the dots.
    pub fn names(self) -> impl Iterator<Item = Name<'t>> + Clone {
        words(self.0).map(Name::of)
    }

    /// The word, if there is only one.
    #[must_use]
    pub fn single(self) -> Option<Name<'t>> {
        if has(self.0, TokenKind::Dot) {
            None
        } else {
            nth_word(self.0, 0)
        }
    }
}

impl<'t> Call<'t> {
    /// What is called.
    #[must_use]
    pub fn path(self) -> Option<Path<'t>> {
        self.0.children().find_map(Path::cast)
    }

    /// What it is given.
    #[must_use]
    pub fn args(self) -> Option<Args<'t>> {
        self.0.child(NodeKind::Args).map(Args)
    }
}

impl<'t> Paren<'t> {
    /// What stands inside.
    #[must_use]
    pub fn expr(self) -> Option<Expr<'t>> {
        operands(self.0).next()
    }
}

impl DurationExpr<'_> {
    /// How long; none if it does not decode.
    #[must_use]
    pub fn value(self) -> Option<decode::Duration> {
        let token = self.0.own_tokens().next()?;
        if token.kind() == TokenKind::Amount {
            return match Amount::decode(token.text())? {
                Amount::Time(duration) => Some(duration),
                Amount::Count(_) | Amount::Percent(_) => None,
            };
        }
        let unit = Unit::from_word(nth_word(self.0, 0)?.text)?;
        Some(decode::Duration {
            amount: Number::decode(token.text())?,
            unit,
        })
    }
}
