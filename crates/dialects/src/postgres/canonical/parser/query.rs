//! Queries of the simple kind.

use super::super::lexer::Token;
use super::super::tree::{From, Node, Select};
use super::{CLAUSE, Parser};

impl Parser {
    pub(super) fn select(&mut self) -> Option<Select> {
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
