//! Values and the arguments of attributes and functions.

use diagnostics::Diagnostic;

use super::Parser;
use crate::ast::{Argument, Value, ValueKind, Word};
use crate::codes;
use crate::lexer::TokenKind;

/// How deep values may nest. Two levels are what schemas need.
const DEEPEST: usize = 32;

impl Parser<'_> {
    /// What is in parentheses; the opening one is next.
    pub(super) fn arguments(&mut self, depth: usize) -> Vec<Argument> {
        self.at += 1;
        self.list(')', depth, |parser, depth| parser.argument(depth))
    }

    /// Things with commas between, up to what closes them; lines may end in between.
    fn list<T>(
        &mut self,
        close: char,
        depth: usize,
        mut item: impl FnMut(&mut Self, usize) -> Option<T>,
    ) -> Vec<T> {
        let open = self.before();
        let mut all = Vec::new();
        loop {
            self.skip_blanks();
            if self.eat(close) {
                return all;
            }
            let started = self.at;
            all.extend(item(self, depth));
            let ended = self.at;
            self.skip_blanks();
            if self.eat(',') || self.is(close) {
                continue;
            }
            // What goes on without a comma in another line is something else.
            let broken = self.at > ended;
            self.at = ended;
            if broken || self.is_end() || self.is('}') || self.at == started {
                let message = format!("`{close}` is missing");
                let finding = Diagnostic::new(&codes::UNREAD, open, message);
                self.found
                    .push(finding.help("close what is opened here, and put commas between its parts"));
                if !self.is('}') {
                    self.skip_line();
                }
                return all;
            }
            self.wrong("`,` is expected here", "parts of a list have commas between them");
        }
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), TokenKind::Line | TokenKind::Docs(_)) {
            self.at += 1;
        }
    }

    fn argument(&mut self, depth: usize) -> Option<Argument> {
        let named = matches!(
            self.tokens.get(self.at + 1).map(|token| &token.kind),
            Some(TokenKind::Mark(':'))
        );
        let name = if named { self.word() } else { None };
        if name.is_some() {
            self.at += 1;
            self.skip_blanks();
        }
        let value = self.value(depth + 1);
        let nothing = matches!(value.kind, ValueKind::Missing) && name.is_none();
        (!nothing).then_some(Argument { name, value })
    }

    /// A value. One that cannot be read is told, and is [`ValueKind::Missing`].
    pub(super) fn value(&mut self, depth: usize) -> Value {
        let start = self.span();
        if depth > DEEPEST {
            self.wrong("this is nested too deeply", "values nest at most 32 levels deep");
            self.skip_line();
            return Value {
                kind: ValueKind::Missing,
                span: start,
            };
        }
        let kind = match self.peek() {
            TokenKind::Text(text) => self.one(ValueKind::Text(text.clone())),
            TokenKind::Number(number) => self.one(ValueKind::Number(number.clone())),
            TokenKind::Word(_) => self.path(depth),
            TokenKind::Mark('[') => {
                self.at += 1;
                ValueKind::List(self.list(']', depth, |parser, depth| {
                    let value = parser.value(depth + 1);
                    (!matches!(value.kind, ValueKind::Missing)).then_some(value)
                }))
            }
            TokenKind::Mark('{') => {
                self.at += 1;
                ValueKind::Object(self.list('}', depth, Self::entry))
            }
            _ => {
                self.wrong(
                    "a value is expected here",
                    "write a text, a number, a name or a list",
                );
                ValueKind::Missing
            }
        };
        let end = self.before();
        let span = if end.start < start.start {
            start
        } else {
            start.to(end)
        };
        Value { kind, span }
    }

    fn one(&mut self, kind: ValueKind) -> ValueKind {
        self.at += 1;
        kind
    }

    /// A word, words with points between, or a call.
    fn path(&mut self, depth: usize) -> ValueKind {
        let mut text = self.word().map(|word| word.text).unwrap_or_default();
        while self.is('.') {
            self.at += 1;
            match self.word() {
                Some(part) => {
                    text.push('.');
                    text.push_str(&part.text);
                }
                None => self.wrong("a name is expected behind the point", "as in `address.street`"),
            }
        }
        if self.is('(') {
            return ValueKind::Call(text, self.arguments(depth));
        }
        ValueKind::Word(text)
    }

    fn entry(&mut self, depth: usize) -> Option<(Word, Value)> {
        let Some(name) = self.word() else {
            self.wrong("a name is expected here", "as in `{ active: true }`");
            return None;
        };
        if !self.eat(':') {
            self.wrong("`:` is expected here", "as in `{ active: true }`");
            return None;
        }
        Some((name, self.value(depth + 1)))
    }
}
