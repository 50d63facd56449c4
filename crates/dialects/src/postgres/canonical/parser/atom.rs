//! Operands: constants, columns, calls, types.

use super::super::lexer::Token;
use super::super::tree::Node;
use super::{CLAUSE, Parser};
use crate::postgres::types;

impl Parser {
    pub(super) fn atom(&mut self) -> Option<Node> {
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

    pub(super) fn column_or_call(&mut self) -> Option<Node> {
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
    pub(super) fn type_name(&mut self) -> Option<String> {
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
