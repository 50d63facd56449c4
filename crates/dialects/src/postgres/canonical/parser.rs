//! Reads SQL expressions and simple queries by PostgreSQL's own precedence. What it does not know, it refuses: the caller
//! then compares token by token.

use super::lexer::{Token, tokens};
use super::tree::{Node, Select};

mod atom;
mod query;

const DEPTH: usize = 128;

/// Words that end an operand where an operator or a clause is awaited, and can be no alias.
const CLAUSE: &[&str] = &[
    "from",
    "where",
    "group",
    "having",
    "order",
    "limit",
    "offset",
    "for",
    "union",
    "intersect",
    "except",
    "window",
    "fetch",
    "join",
    "left",
    "right",
    "inner",
    "full",
    "cross",
    "natural",
    "on",
    "using",
];

/// Reads one expression; `None` when it is not understood to its end.
pub(crate) fn expression(sql: &str) -> Option<Node> {
    let mut parser = Parser::new(sql)?;
    let node = parser.expr()?;
    parser.end().then_some(node)
}

/// Reads one query; a final semicolon is allowed.
pub(crate) fn query(sql: &str) -> Option<Select> {
    let mut parser = Parser::new(sql)?;
    let select = parser.select()?;
    parser.punct(';');
    parser.end().then_some(select)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn new(sql: &str) -> Option<Self> {
        Some(Self {
            tokens: tokens(sql)?,
            at: 0,
            depth: 0,
        })
    }

    fn end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn ahead(&self, count: usize) -> Option<&Token> {
        self.tokens.get(self.at + count)
    }

    fn punct(&mut self, c: char) -> bool {
        let found = self.peek() == Some(&Token::Punct(c));
        self.at += usize::from(found);
        found
    }

    fn need(&mut self, c: char) -> Option<()> {
        self.punct(c).then_some(())
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.is_word(word));
        self.at += usize::from(found);
        found
    }

    /// All of these words, or none.
    fn words(&mut self, words: &[&str]) -> bool {
        let found = words
            .iter()
            .enumerate()
            .all(|(index, word)| self.ahead(index).is_some_and(|token| token.is_word(word)));
        if found {
            self.at += words.len();
        }
        found
    }

    fn is_word(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| token.is_word(word))
    }

    fn op(&mut self, among: impl Fn(&str) -> bool) -> Option<String> {
        let Some(Token::Op(op)) = self.peek() else {
            return None;
        };
        let op = if op == "!=" { "<>" } else { op.as_str() };
        if !among(op) {
            return None;
        }
        let op = op.to_owned();
        self.at += 1;
        Some(op)
    }

    fn name(&mut self) -> Option<String> {
        let name = match self.peek()? {
            Token::Word(name) | Token::Quoted(name) => name.clone(),
            _ => return None,
        };
        self.at += 1;
        Some(name)
    }

    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth >= DEPTH {
            return None;
        }
        self.depth += 1;
        let out = parse(self);
        self.depth -= 1;
        out
    }

    fn expr(&mut self) -> Option<Node> {
        self.nested(|p| p.junction(false))
    }

    fn junction(&mut self, and: bool) -> Option<Node> {
        let (word, mut items) = if and {
            ("and", vec![self.not()?])
        } else {
            ("or", vec![self.junction(true)?])
        };
        while self.word(word) {
            items.push(if and { self.not()? } else { self.junction(true)? });
        }
        if items.len() == 1 {
            return items.pop();
        }
        Some(Node::Junction(and, items))
    }

    fn not(&mut self) -> Option<Node> {
        if self.word("not") {
            return self.nested(|p| Some(Node::Not(Box::new(p.not()?))));
        }
        self.is()
    }

    fn is(&mut self) -> Option<Node> {
        let mut value = self.compare()?;
        loop {
            if self.word("isnull") {
                value = Node::Is(Box::new(value), "null".to_owned());
            } else if self.word("notnull") {
                value = Node::Is(Box::new(value), "not null".to_owned());
            } else if self.words(&["is", "distinct", "from"]) {
                value = self.distinct("is distinct from", value)?;
            } else if self.words(&["is", "not", "distinct", "from"]) {
                value = Node::Not(Box::new(self.distinct("is distinct from", value)?));
            } else if self.word("is") {
                let not = if self.word("not") { "not " } else { "" };
                let what = self.name()?;
                if !matches!(what.as_str(), "null" | "true" | "false" | "unknown") {
                    return None;
                }
                value = Node::Is(Box::new(value), format!("{not}{what}"));
            } else {
                return Some(value);
            }
        }
    }

    fn distinct(&mut self, op: &str, left: Node) -> Option<Node> {
        let right = self.compare()?;
        Some(Node::Binary(op.to_owned(), Box::new(left), Box::new(right)))
    }

    fn compare(&mut self) -> Option<Node> {
        let left = self.range()?;
        let Some(op) = self.op(is_comparison) else {
            return Some(left);
        };
        self.right_side(left, op, Self::range)
    }

    /// The right side of an operator: another operand, or `ANY (…)`.
    fn right_side(
        &mut self,
        left: Node,
        op: String,
        operand: impl FnOnce(&mut Self) -> Option<Node>,
    ) -> Option<Node> {
        let all = self.is_word("all");
        let quantified = all || self.is_word("any") || self.is_word("some");
        if quantified && self.ahead(1) == Some(&Token::Punct('(')) {
            self.at += 2;
            let array = if self.is_word("select") {
                Node::Query("", Box::new(self.select()?))
            } else {
                self.expr()?
            };
            self.need(')')?;
            return Some(Node::Quantified {
                op,
                all,
                value: Box::new(left),
                array: Box::new(array),
            });
        }
        let right = operand(self)?;
        Some(Node::Binary(op, Box::new(left), Box::new(right)))
    }

    fn range(&mut self) -> Option<Node> {
        let value = self.operator()?;
        let negated = self.is_word("not");
        let start = self.at;
        self.at += usize::from(negated);
        if self.word("between") {
            if self.is_word("symmetric") {
                return None;
            }
            let low = self.operator()?;
            self.word("and").then_some(())?;
            let high = self.operator()?;
            return Some(between(value, low, high, negated));
        }
        if self.word("in") {
            return self.in_list(value, negated);
        }
        let op = if self.word("like") {
            "~~"
        } else if self.word("ilike") {
            "~~*"
        } else if self.words(&["similar", "to"]) {
            let pattern = Node::call("similar_to_escape", vec![self.operator()?]);
            let op = if negated { "!~" } else { "~" };
            return Some(Node::Binary(op.to_owned(), Box::new(value), Box::new(pattern)));
        } else {
            self.at = start;
            return Some(value);
        };
        let op = if negated { format!("!{op}") } else { op.to_owned() };
        let right = self.operator()?;
        if self.word("escape") {
            let escape = self.operator()?;
            let pattern = Node::call("like_escape", vec![right, escape]);
            return Some(Node::Binary(op, Box::new(value), Box::new(pattern)));
        }
        Some(Node::Binary(op, Box::new(value), Box::new(right)))
    }

    fn in_list(&mut self, value: Node, negated: bool) -> Option<Node> {
        self.need('(')?;
        if self.is_word("select") {
            let array = Box::new(Node::Query("", Box::new(self.select()?)));
            self.need(')')?;
            let any = Node::Quantified {
                op: "=".to_owned(),
                all: false,
                value: Box::new(value),
                array,
            };
            // The server keeps `NOT IN (SELECT …)` as the negation of `= ANY`.
            return Some(if negated { Node::Not(Box::new(any)) } else { any });
        }
        let items = self.items(')')?;
        Some(Node::In {
            value: Box::new(value),
            items,
            negated,
        })
    }

    /// Expressions with commas between, and the closing bracket.
    fn items(&mut self, close: char) -> Option<Vec<Node>> {
        let mut items = Vec::new();
        if self.punct(close) {
            return Some(items);
        }
        loop {
            items.push(self.expr()?);
            if !self.punct(',') {
                self.need(close)?;
                return Some(items);
            }
        }
    }

    fn operator(&mut self) -> Option<Node> {
        let mut left = if let Some(op) = self.op(is_other) {
            Node::Unary(op, Box::new(self.sum()?))
        } else {
            self.sum()?
        };
        loop {
            let op = if let Some(op) = self.op(is_other) {
                op
            } else if self.is_word("operator") && self.ahead(1) == Some(&Token::Punct('(')) {
                self.at += 2;
                let mut op = None;
                while op.is_none() {
                    op = self.op(|_| true);
                    if op.is_none() {
                        self.name()?;
                        self.need('.')?;
                    }
                }
                self.need(')')?;
                op?
            } else {
                return Some(left);
            };
            left = self.right_side(left, op, Self::sum)?;
        }
    }

    fn sum(&mut self) -> Option<Node> {
        let mut left = self.product()?;
        while let Some(op) = self.op(|op| matches!(op, "+" | "-")) {
            left = Node::Binary(op, Box::new(left), Box::new(self.product()?));
        }
        Some(left)
    }

    fn product(&mut self) -> Option<Node> {
        let mut left = self.power()?;
        while let Some(op) = self.op(|op| matches!(op, "*" | "/" | "%")) {
            left = Node::Binary(op, Box::new(left), Box::new(self.power()?));
        }
        Some(left)
    }

    fn power(&mut self) -> Option<Node> {
        let mut left = self.zone()?;
        while let Some(op) = self.op(|op| op == "^") {
            left = Node::Binary(op, Box::new(left), Box::new(self.zone()?));
        }
        Some(left)
    }

    fn zone(&mut self) -> Option<Node> {
        let mut value = self.unary()?;
        loop {
            if self.words(&["at", "time", "zone"]) {
                let zone = self.unary()?;
                value = Node::call("timezone", vec![zone, value]);
            } else if self.word("collate") {
                value = Node::Collate(Box::new(value), self.path()?);
            } else {
                return Some(value);
            }
        }
    }

    fn unary(&mut self) -> Option<Node> {
        let Some(op) = self.op(|op| matches!(op, "+" | "-")) else {
            return self.postfix();
        };
        let value = self.nested(Self::unary)?;
        Some(match (op.as_str(), value) {
            ("-", Node::Number(text)) if !text.starts_with('-') => Node::Number(format!("-{text}")),
            (_, value) => Node::Unary(op, Box::new(value)),
        })
    }

    fn postfix(&mut self) -> Option<Node> {
        let mut value = self.atom()?;
        loop {
            if self.op(|op| op == "::").is_some() {
                value = Node::Cast(Box::new(value), self.type_name()?);
            } else if self.punct('[') {
                value = self.subscript(value)?;
            } else if self.peek() == Some(&Token::Punct('.')) {
                self.at += 1;
                value = Node::Field(Box::new(value), self.name()?);
            } else {
                return Some(value);
            }
        }
    }

    fn subscript(&mut self, value: Node) -> Option<Node> {
        let mut items = vec![self.bound()?];
        if self.punct(':') {
            items.push(self.bound()?);
        }
        self.need(']')?;
        Some(Node::Subscript(Box::new(value), items))
    }

    #[expect(
        clippy::option_option,
        reason = "an absent bound is legal; a broken one is not"
    )]
    fn bound(&mut self) -> Option<Option<Node>> {
        if matches!(self.peek(), Some(Token::Punct(':' | ']'))) {
            return Some(None);
        }
        self.expr().map(Some)
    }

    fn path(&mut self) -> Option<Vec<String>> {
        let mut parts = vec![self.name()?];
        while self.punct('.') {
            parts.push(self.name()?);
        }
        Some(parts)
    }
}

fn between(value: Node, low: Node, high: Node, negated: bool) -> Node {
    let (lower, upper) = if negated { ("<", ">") } else { (">=", "<=") };
    Node::Junction(
        !negated,
        vec![
            Node::Binary(lower.to_owned(), Box::new(value.clone()), Box::new(low)),
            Node::Binary(upper.to_owned(), Box::new(value), Box::new(high)),
        ],
    )
}

fn is_comparison(op: &str) -> bool {
    matches!(op, "=" | "<>" | "<" | ">" | "<=" | ">=")
}

fn is_other(op: &str) -> bool {
    !is_comparison(op) && !matches!(op, "+" | "-" | "*" | "/" | "%" | "^" | "::")
}
