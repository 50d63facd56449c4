//! Reads SQL expressions and simple queries by PostgreSQL's own precedence. What it does not know, it refuses: the caller
//! then compares token by token.

use super::lexer::{Token, tokens};
use super::tree::{From, Node, Select};
use crate::postgres::types;

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
        let op = if op == "!=" { "<>".to_owned() } else { op.clone() };
        if !among(&op) {
            return None;
        }
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

    fn atom(&mut self) -> Option<Node> {
        match self.peek()?.clone() {
            Token::Text(text) => {
                self.at += 1;
                Some(Node::Text(text))
            }
            Token::Number(text) => {
                self.at += 1;
                Some(Node::Number(text))
            }
            Token::Param(name) => {
                self.at += 1;
                Some(Node::Param(name))
            }
            Token::Op(op) if op == "*" => {
                self.at += 1;
                Some(Node::Star(Vec::new()))
            }
            Token::Punct('(') => self.parenthesis(),
            Token::Word(word) => self.keyword(&word),
            Token::Quoted(_) => self.column_or_call(),
            _ => None,
        }
    }

    fn parenthesis(&mut self) -> Option<Node> {
        self.need('(')?;
        if self.is_word("select") {
            let select = self.select()?;
            self.need(')')?;
            return Some(Node::Query("", Box::new(select)));
        }
        let mut items = self.items(')')?;
        if items.len() == 1 {
            return items.pop();
        }
        Some(Node::Row(items))
    }

    fn keyword(&mut self, word: &str) -> Option<Node> {
        let open = self.ahead(1) == Some(&Token::Punct('('));
        let node = match word {
            "null" => Node::Null,
            "true" => Node::Bool(true),
            "false" => Node::Bool(false),
            "current_timestamp" if !open => Node::call("now", Vec::new()),
            "current_date" | "current_user" | "session_user" | "current_role" | "user" | "current_schema"
            | "current_catalog" | "localtimestamp" | "localtime" | "current_time" | "default"
                if !open =>
            {
                Node::Word(word.to_owned())
            }
            "case" => return self.case(),
            "cast" if open => return self.cast(),
            "exists" if open => return self.query_behind("exists"),
            "array" if open => return self.query_behind("array"),
            "array" => {
                self.at += 1;
                return self.array();
            }
            "row" if open => {
                self.at += 2;
                return Some(Node::Row(self.items(')')?));
            }
            _ => return self.typed_constant().or_else(|| self.column_or_call()),
        };
        self.at += 1;
        Some(node)
    }

    /// `interval '1 day'`, `date '2024-01-01'`: a type right before a constant.
    fn typed_constant(&mut self) -> Option<Node> {
        let start = self.at;
        let found = self.type_name().and_then(|ty| match self.peek() {
            Some(Token::Text(text)) => Some((ty, text.clone())),
            _ => None,
        });
        let Some((ty, text)) = found else {
            self.at = start;
            return None;
        };
        self.at += 1;
        Some(Node::Cast(Box::new(Node::Text(text)), ty))
    }

    fn array(&mut self) -> Option<Node> {
        self.need('[')?;
        let mut items = Vec::new();
        if self.punct(']') {
            return Some(Node::Array(items));
        }
        loop {
            // An inner dimension may leave the word out.
            items.push(if self.peek() == Some(&Token::Punct('[')) {
                self.nested(Self::array)?
            } else {
                self.expr()?
            });
            if !self.punct(',') {
                self.need(']')?;
                return Some(Node::Array(items));
            }
        }
    }

    fn query_behind(&mut self, word: &'static str) -> Option<Node> {
        self.at += 1;
        self.need('(')?;
        let select = self.select()?;
        self.need(')')?;
        Some(Node::Query(word, Box::new(select)))
    }

    fn cast(&mut self) -> Option<Node> {
        self.at += 2;
        let value = self.expr()?;
        self.word("as").then_some(())?;
        let ty = self.type_name()?;
        self.need(')')?;
        Some(Node::Cast(Box::new(value), ty))
    }

    fn case(&mut self) -> Option<Node> {
        self.at += 1;
        let operand = if self.is_word("when") {
            None
        } else {
            Some(Box::new(self.expr()?))
        };
        let mut whens = Vec::new();
        while self.word("when") {
            let when = self.expr()?;
            self.word("then").then_some(())?;
            whens.push((when, self.expr()?));
        }
        let otherwise = if self.word("else") {
            Some(Box::new(self.expr()?))
        } else {
            None
        };
        self.word("end").then_some(())?;
        Some(Node::Case {
            operand,
            whens,
            otherwise,
        })
    }

    fn column_or_call(&mut self) -> Option<Node> {
        if let Some(Token::Word(word)) = self.peek()
            && CLAUSE.contains(&word.as_str())
            && self.ahead(1) != Some(&Token::Punct('('))
        {
            return None;
        }
        let mut parts = vec![self.name()?];
        while self.peek() == Some(&Token::Punct('.')) {
            self.at += 1;
            if self.op(|op| op == "*").is_some() {
                return Some(Node::Star(parts));
            }
            parts.push(self.name()?);
        }
        if !self.punct('(') {
            return Some(Node::Path(parts));
        }
        if parts.len() > 1 && parts.first().is_some_and(|schema| schema == "pg_catalog") {
            parts.remove(0);
        }
        let distinct = self.word("distinct");
        let args = self.call_arguments()?;
        // FILTER and OVER belong to aggregates: not understood here.
        if self.is_word("filter") || self.is_word("over") {
            return None;
        }
        Some(Node::Call {
            name: parts,
            distinct,
            args,
        })
    }

    fn call_arguments(&mut self) -> Option<Vec<(Option<String>, Node)>> {
        const WORDS: &[&str] = &[
            "from", "for", "in", "placing", "both", "leading", "trailing", "variadic",
        ];
        let mut args = Vec::new();
        if self.punct(')') {
            return Some(args);
        }
        let mut word: Option<String> = None;
        loop {
            if let Some(lead) = self.leading_word(WORDS) {
                word = Some(match word.take() {
                    Some(before) => format!("{before} {lead}"),
                    None => lead,
                });
                continue;
            }
            // `POSITION(a IN b)`: the list operator must not swallow the word.
            let position = self.ahead_is_position();
            let arg = if position { self.operator()? } else { self.expr()? };
            args.push((word.take(), arg));
            if self.punct(')') {
                return Some(args);
            }
            if !self.punct(',') && !self.at_any(WORDS) {
                return None;
            }
        }
    }

    fn at_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is_word(word))
    }

    fn leading_word(&mut self, words: &[&str]) -> Option<String> {
        let found = words.iter().find(|word| self.is_word(word))?;
        self.at += 1;
        Some((*found).to_owned())
    }

    /// Whether the call being read is `position(`.
    fn ahead_is_position(&self) -> bool {
        let name = self.at.checked_sub(2).and_then(|at| self.tokens.get(at));
        name.is_some_and(|token| token.is_word("position"))
    }

    /// A type in its canonical spelling.
    fn type_name(&mut self) -> Option<String> {
        let mut text = String::new();
        if self.words(&["double", "precision"]) {
            text.push_str("double precision");
        } else if self.words(&["character", "varying"]) || self.words(&["char", "varying"]) {
            text.push_str("character varying");
        } else if self.words(&["bit", "varying"]) {
            text.push_str("bit varying");
        } else {
            // A bare word is the type's own keyword; quoted, it would be somebody's type of that name.
            let bare = match (self.peek(), self.ahead(1)) {
                (Some(Token::Word(_)), Some(Token::Punct('.'))) => false,
                (Some(Token::Word(_)), _) => true,
                _ => false,
            };
            let path = self.path()?;
            if bare {
                text.push_str(&path.concat());
            } else {
                let parts: Vec<String> = path
                    .iter()
                    .map(|part| crate::postgres::ident::ident(part))
                    .collect();
                text.push_str(&parts.join("."));
            }
        }
        self.type_modifier(&mut text)?;
        for (words, suffix) in [
            (["with", "time", "zone"], " with time zone"),
            (["without", "time", "zone"], " without time zone"),
        ] {
            if self.words(&words) {
                text.push_str(suffix);
            }
        }
        while self.peek() == Some(&Token::Punct('[')) && self.ahead(1) == Some(&Token::Punct(']')) {
            self.at += 2;
            text.push_str("[]");
        }
        Some(types::spelled(&text))
    }

    fn type_modifier(&mut self, text: &mut String) -> Option<()> {
        if self.peek() != Some(&Token::Punct('(')) || !matches!(self.ahead(1), Some(Token::Number(_))) {
            return Some(());
        }
        self.at += 1;
        text.push('(');
        loop {
            let Some(Token::Number(number)) = self.peek().cloned() else {
                return None;
            };
            self.at += 1;
            text.push_str(&number);
            if self.punct(')') {
                text.push(')');
                return Some(());
            }
            self.need(',')?;
            text.push(',');
        }
    }
}

/// Queries.
impl Parser {
    fn select(&mut self) -> Option<Select> {
        self.nested(Self::select_body)
    }

    fn select_body(&mut self) -> Option<Select> {
        self.word("select").then_some(())?;
        let distinct = self.word("distinct");
        if distinct && self.is_word("on") {
            return None;
        }
        let mut select = Select {
            distinct,
            items: Vec::new(),
            from: Vec::new(),
            filter: None,
            group: Vec::new(),
            order: Vec::new(),
            limit: None,
            locking: String::new(),
        };
        // `SELECT FROM t` shows nothing, which EXISTS likes.
        if !self.is_word("from") {
            self.select_items(&mut select)?;
        }
        if self.word("from") {
            select.from.push(self.joins()?);
            while self.punct(',') {
                select.from.push(self.joins()?);
            }
        }
        if self.word("where") {
            select.filter = Some(self.expr()?);
        }
        if self.words(&["group", "by"]) {
            select.group.push(self.expr()?);
            while self.punct(',') {
                select.group.push(self.expr()?);
            }
        }
        self.order(&mut select)?;
        if self.word("limit") {
            select.limit = Some(self.expr()?);
        }
        self.locking(&mut select);
        let closed = matches!(self.peek(), None | Some(Token::Punct(')' | ';')));
        closed.then_some(select)
    }

    fn select_items(&mut self, select: &mut Select) -> Option<()> {
        loop {
            let item = self.expr()?;
            let alias = self.alias()?;
            select.items.push((item, alias));
            if !self.punct(',') {
                return Some(());
            }
        }
    }

    #[expect(clippy::option_option, reason = "no alias is legal; a broken one is not")]
    fn alias(&mut self) -> Option<Option<String>> {
        if self.word("as") {
            return self.name().map(Some);
        }
        match self.peek() {
            Some(Token::Quoted(_)) => self.name().map(Some),
            Some(Token::Word(word)) if !CLAUSE.contains(&word.as_str()) => self.name().map(Some),
            _ => Some(None),
        }
    }

    fn order(&mut self, select: &mut Select) -> Option<()> {
        if !self.words(&["order", "by"]) {
            return Some(());
        }
        loop {
            let key = self.expr()?;
            let mut how = String::new();
            if self.word("desc") {
                how.push_str(" DESC");
            } else {
                self.word("asc");
            }
            if self.words(&["nulls", "first"]) {
                how.push_str(" NULLS FIRST");
            } else if self.words(&["nulls", "last"]) {
                how.push_str(" NULLS LAST");
            }
            select.order.push((key, how));
            if !self.punct(',') {
                return Some(());
            }
        }
    }

    fn locking(&mut self, select: &mut Select) {
        if !self.is_word("for") {
            return;
        }
        while let Some(Token::Word(word)) = self.peek() {
            select.locking.push(' ');
            select.locking.push_str(&word.to_uppercase());
            self.at += 1;
        }
    }

    fn joins(&mut self) -> Option<From> {
        let mut left = self.nested(Self::source)?;
        loop {
            let kind = if self.word("join") || self.words(&["inner", "join"]) {
                "join"
            } else if self.words(&["left", "join"]) || self.words(&["left", "outer", "join"]) {
                "left join"
            } else if self.words(&["cross", "join"]) {
                "cross join"
            } else {
                return Some(left);
            };
            let right = self.nested(Self::source)?;
            let on = if kind == "cross join" {
                None
            } else {
                self.word("on").then_some(())?;
                Some(self.expr()?)
            };
            left = From::Join(Box::new(left), kind.to_owned(), Box::new(right), on);
        }
    }

    fn source(&mut self) -> Option<From> {
        self.word("only");
        if self.punct('(') {
            if self.is_word("select") {
                let select = Box::new(self.select()?);
                self.need(')')?;
                return Some(From::Query(select, self.alias()?));
            }
            let inner = self.joins()?;
            self.need(')')?;
            return Some(inner);
        }
        let node = self.column_or_call()?;
        let alias = self.alias()?;
        // A column list behind the alias is not understood.
        if self.peek() == Some(&Token::Punct('(')) {
            return None;
        }
        match node {
            Node::Path(name) => Some(From::Table(name, alias)),
            call @ Node::Call { .. } => Some(From::Call(call, alias)),
            _ => None,
        }
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
