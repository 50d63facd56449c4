//! Entities, shapes, and their parts.

use super::{Broken, Mark, Parsed, Parser};
use crate::case::{known_type, snake};
use crate::kind::{NodeKind, TokenKind};
use crate::{PART_WORDS, codes};
use diagnostics::{Certainty, Diagnostic, Edit, did_you_mean};

impl Parser<'_> {
    /// `"entity" UPPER { head } "{" { { DOC } part } "}"`
    pub(super) fn entity(&mut self) -> NodeKind {
        self.bump();
        if self.is(TokenKind::LBrace) {
            self.complain_nameless("the name of an entity");
        } else {
            let _ = self.upper("the name of an entity");
        }
        let heads = self.heads();
        drop(heads);
        let open = self.open_brace("an entity");
        while !self.at_block_end() {
            self.part(true);
        }
        self.close_brace(open);
        NodeKind::Entity
    }

    /// `"shape" UPPER "{" { { DOC } field } "}"`
    pub(super) fn shape(&mut self) -> NodeKind {
        self.bump();
        if self.is(TokenKind::LBrace) {
            self.complain_nameless("the name of a shape");
        } else {
            let _ = self.upper("the name of a shape");
        }
        let open = self.open_brace("a shape");
        while !self.at_block_end() {
            self.part(false);
        }
        self.close_brace(open);
        NodeKind::Shape
    }

    fn heads(&mut self) -> Parsed {
        loop {
            let mark = self.mark();
            match self.kind() {
                TokenKind::At => self.attr()?,
                TokenKind::Lower => match self.word() {
                    "owns" => {
                        self.bump();
                        let itself = self.eat_word("self");
                        self.close(mark, NodeKind::OwnsSelf);
                        if !itself {
                            return Err(self.unexpected("`self`"));
                        }
                    }
                    "public" => {
                        self.bump();
                        self.reason("`public`");
                        self.close(mark, NodeKind::Public);
                    }
                    "without" => {
                        self.bump();
                        let names = self.names("what to leave out");
                        if names.is_ok() {
                            self.reason("`without`");
                        }
                        self.close(mark, NodeKind::Without);
                        names?;
                    }
                    _ => return Ok(()),
                },
                _ => return Ok(()),
            }
        }
    }

    fn part(&mut self, entity: bool) {
        let mark = self.mark();
        let doc = self.at;
        self.docs();
        if self.at_block_end() {
            return self.useless_docs(doc);
        }
        let first = self.at;
        let (second, same_line, index) = self.second();
        let query = self.is_word("query") && self.behind(index).0 == TokenKind::LBrace;
        let field =
            self.is(TokenKind::Lower) && matches!(second, TokenKind::Upper | TokenKind::LBracket) && !query;
        let (kind, parsed) = if field && same_line {
            (NodeKind::Field, self.field())
        } else if let Some(found) = self.clause_part(entity) {
            found
        } else {
            (NodeKind::Error, self.no_part(entity, field && !same_line))
        };
        let kind = if matches!(parsed, Ok(true)) && kind == NodeKind::Error {
            NodeKind::Field
        } else {
            kind
        };
        if parsed.is_ok() && !self.fresh && matches!(self.kind(), TokenKind::Semicolon | TokenKind::Comma) {
            self.foreign_separator("a line end is all the separator there is");
        }
        self.close(mark, kind);
        if parsed.is_err() && (!self.fresh || self.at == first) {
            self.skip_line();
        }
    }

    /// The part that begins with a clause word here.
    fn clause_part(&mut self, entity: bool) -> Option<(NodeKind, Result<bool, Broken>)> {
        if !entity || !self.is(TokenKind::Lower) || !PART_WORDS.contains(&self.word()) {
            return None;
        }
        let (kind, parsed) = self.known_part(self.word());
        Some((kind, parsed.map(|()| false)))
    }

    fn known_part(&mut self, word: &str) -> (NodeKind, Parsed) {
        match word {
            "unique" => (NodeKind::Unique, self.names_part("unique")),
            "key" => (NodeKind::Key, self.names_part("id")),
            "index" => (NodeKind::Index, self.index()),
            "reference" => (NodeKind::Reference, self.reference()),
            "check" => (NodeKind::Check, self.check()),
            "query" => (NodeKind::Query, self.query()),
            "volume" => (NodeKind::Volume, self.volume()),
            "purge" | "anonymise" => (NodeKind::Retain, self.retain()),
            "allow" => (NodeKind::Allow, self.allow()),
            _ => (NodeKind::Sql, self.sql()),
        }
    }

    /// `LOWER type [ "?" ] { attr | default }`; answers that it was a field.
    fn field(&mut self) -> Result<bool, Broken> {
        self.lower("the name of a field")?;
        self.field_tail()?;
        Ok(true)
    }

    fn field_tail(&mut self) -> Parsed {
        self.type_name()?;
        self.eat(TokenKind::Question);
        let mut default = None;
        loop {
            match self.kind() {
                TokenKind::At => self.attr()?,
                TokenKind::Eq => {
                    let span = self.span();
                    if let Some(first) = default {
                        self.push(
                            Diagnostic::new(&codes::DUPLICATE_DEFAULT, span, "this field has two defaults")
                                .also(first, "the first one"),
                        );
                    }
                    default = Some(span);
                    self.default()?;
                }
                TokenKind::Question => {
                    let _ = self.complain(|p| {
                        Diagnostic::new(&codes::UNEXPECTED, p.span(), "`?` stands right behind the type")
                    });
                    self.bump();
                }
                TokenKind::Colon if !self.fresh => return Err(self.unexpected("an attribute or a default")),
                _ => return Ok(()),
            }
        }
    }

    /// `UPPER [ args ] | "[" UPPER [ args ] "]"`
    fn type_name(&mut self) -> Parsed {
        let mark = self.mark();
        if self.fresh {
            return Err(self.expected(&codes::MISSING_TYPE, "a type"));
        }
        let open = self.span();
        let list = self.eat(TokenKind::LBracket);
        let parsed = self.bare_type();
        let parsed = if list {
            self.close_paren(parsed, open, TokenKind::RBracket)
        } else {
            parsed
        };
        if !list && parsed.is_ok() && !self.fresh && self.is(TokenKind::LBracket) {
            self.postfix_list(mark);
        }
        self.close(mark, NodeKind::Type);
        parsed
    }

    fn bare_type(&mut self) -> Parsed {
        match self.kind() {
            TokenKind::Upper => self.bump(),
            TokenKind::Lower => {
                self.complain_lower("a type");
                self.bump();
            }
            _ => return Err(self.expected(&codes::MISSING_TYPE, "a type")),
        }
        if self.is(TokenKind::LParen) {
            self.args()
        } else {
            Ok(())
        }
    }

    /// `Text[]` for `[Text]`.
    fn postfix_list(&mut self, mark: Mark) {
        let inner = self.span_of(mark.token).to(self.span_of(self.last()));
        let text = self.text.get(inner.range()).unwrap_or("");
        let list = self.mark();
        let open = self.span();
        self.bump();
        let closed = self.eat(TokenKind::RBracket);
        let whole = inner.to(self.span_of(self.last()));
        let found = Diagnostic::new(
            &codes::UNEXPECTED,
            open.to(whole),
            "the brackets of a list stand around its type",
        );
        let fixed = format!("[{text}]");
        self.push(if closed && !text.contains('\n') {
            found.replace(Certainty::Certain, format!("write `{fixed}`"), whole, fixed)
        } else {
            found.help("write `[Type]`")
        });
        self.close(list, NodeKind::Error);
    }

    /// `"=" constant`
    fn default(&mut self) -> Parsed {
        let mark = self.mark();
        self.bump();
        let parsed = self.constant();
        self.close(mark, NodeKind::Default);
        parsed?;
        let operator = matches!(
            self.kind(),
            TokenKind::Plus
                | TokenKind::Minus
                | TokenKind::Star
                | TokenKind::Slash
                | TokenKind::AndAnd
                | TokenKind::OrOr
        );
        if operator || self.is(TokenKind::Dot) {
            return Err(self.complain(|p| {
                Diagnostic::new(&codes::OPERATOR_DEFAULT, p.span(), "a default is one constant")
                    .help("a value that follows from other fields is `@computed(…)`; `now()` and the like are constants")
            }));
        }
        Ok(())
    }

    /// `[ "-" ] NUMBER | STRING | "true" | "false" | "null" | WORD [ "(" ")" ] | "[" "]"`
    fn constant(&mut self) -> Parsed {
        let mark = self.mark();
        let (second, same_line, _) = self.second();
        if self.fresh && same_line && matches!(second, TokenKind::Upper | TokenKind::LBracket) {
            return Err(self.expected(&codes::MISSING_VALUE, "a constant"));
        }
        match self.kind() {
            TokenKind::Minus => {
                self.bump();
                let number = self.mark();
                if !self.eat(TokenKind::Number) {
                    return Err(self.expected(&codes::MISSING_VALUE, "a number"));
                }
                self.close(number, NodeKind::Literal);
                self.close(mark, NodeKind::Neg);
            }
            TokenKind::Amount => {
                let _ = self.complain(|p| {
                    Diagnostic::new(
                        &codes::BAD_UNIT,
                        p.span(),
                        format!("`{}` is no constant", p.shown(p.at)),
                    )
                    .help("write the number out, without a unit")
                });
                self.bump();
                self.close(mark, NodeKind::Literal);
            }
            TokenKind::Number | TokenKind::String => {
                self.bump();
                self.close(mark, NodeKind::Literal);
            }
            TokenKind::Lower if matches!(self.word(), "true" | "false" | "null") => {
                self.bump();
                self.close(mark, NodeKind::Literal);
            }
            TokenKind::Lower | TokenKind::Upper => self.word_constant(mark)?,
            TokenKind::LBracket => {
                let open = self.span();
                self.bump();
                let inside = if self.is(TokenKind::RBracket) {
                    Ok(())
                } else {
                    Err(self.expected_with(&codes::OPERATOR_DEFAULT, "`]`", |found| {
                        found.help("the only list that can be a default is the empty one, `[]`")
                    }))
                };
                self.close_paren(inside, open, TokenKind::RBracket)?;
                self.close(mark, NodeKind::EmptyList);
            }
            _ => return Err(self.expected(&codes::MISSING_VALUE, "a constant")),
        }
        Ok(())
    }

    fn word_constant(&mut self, mark: Mark) -> Parsed {
        self.bump();
        self.close(mark, NodeKind::Path);
        if self.is(TokenKind::LParen) {
            let args = self.mark();
            let open = self.span();
            self.bump();
            let inside = if self.is(TokenKind::RParen) {
                Ok(())
            } else {
                Err(self.expected_with(&codes::OPERATOR_DEFAULT, "`)`", |found| {
                    found.help("the functions of defaults take no arguments")
                }))
            };
            let parsed = self.close_paren(inside, open, TokenKind::RParen);
            self.close(args, NodeKind::Args);
            self.close(mark, NodeKind::Call);
            return parsed;
        }
        Ok(())
    }

    /// `"unique" "(" names ")" { attr }`, `"key" …`; for one field there is an attribute.
    fn names_part(&mut self, attribute: &str) -> Parsed {
        let word = self.word();
        self.bump();
        if !self.is(TokenKind::LParen) {
            return Err(
                self.expected_with(&codes::UNEXPECTED, "`(` and the names of fields", |found| {
                    found.help(format!(
                        "write `{word} (a, b)`; a single field takes `@{attribute}` instead"
                    ))
                }),
            );
        }
        self.parens("the names of fields", |p| p.names("the name of a field"))?;
        self.attrs()
    }

    /// `"index" "(" sorts ")" { attr }`
    fn index(&mut self) -> Parsed {
        self.bump();
        self.parens("the names of fields", Self::sorts)?;
        self.attrs()
    }

    /// `"reference" LOWER "(" names ")" "->" UPPER "(" names ")" { attr }`
    fn reference(&mut self) -> Parsed {
        self.bump();
        self.lower_on_line("the name of a reference")?;
        self.parens("the names of fields", |p| p.names("the name of a field"))?;
        if !self.eat(TokenKind::Arrow) {
            return Err(self.unexpected("`->` and an entity"));
        }
        self.upper("the name of an entity")?;
        self.parens("the names of its fields", |p| p.names("the name of a field"))?;
        self.attrs()
    }

    /// `"check" "(" expr ")" { attr }`
    fn check(&mut self) -> Parsed {
        self.bump();
        self.condition()?;
        self.attrs()
    }

    /// `"volume" count [ "grows" rate ] [ "updates" rate ]`
    fn volume(&mut self) -> Parsed {
        self.bump();
        self.count("a count such as `5M`")?;
        for word in ["grows", "updates"] {
            if self.is_tail(word) {
                self.bump();
                self.rate()?;
            }
        }
        Ok(())
    }

    /// `( "purge" | "anonymise" ) duration "after" LOWER`
    fn retain(&mut self) -> Parsed {
        self.bump();
        self.duration()?;
        if !self.eat_word("after") {
            return Err(self.unexpected("`after` and the name of a field"));
        }
        self.lower("the name of a field")
    }

    /// `"allow" LOWER { "," LOWER } [ "to" names ] [ "when" ( LOWER | "(" expr ")" ) ]`
    fn allow(&mut self) -> Parsed {
        self.bump();
        self.names("`read`, `create`, `update` or `delete`")?;
        if self.is_tail("to") {
            self.bump();
            self.names("the name of a role")?;
        }
        if !self.is_tail("when") {
            return Ok(());
        }
        self.bump();
        if self.is(TokenKind::LParen) {
            self.condition()
        } else {
            self.lower("a condition")
        }
    }

    /// `"sql" LOWER [ "first" ] ( STRING | RAW ) [ "undo" ( STRING | RAW ) ]`
    pub(super) fn sql(&mut self) -> Parsed {
        self.bump();
        self.lower_on_line("the name of a database")?;
        if self.is_tail("first") {
            self.bump();
        }
        self.statement()?;
        if self.is_tail("undo") {
            self.bump();
            self.statement()?;
        }
        Ok(())
    }

    fn statement(&mut self) -> Parsed {
        if matches!(self.kind(), TokenKind::String | TokenKind::Raw) {
            self.bump();
            return Ok(());
        }
        Err(
            self.expected_with(&codes::MISSING_VALUE, "a statement in quotes", |found| {
                found.help("a statement of several lines stands between `\"\"\"`")
            }),
        )
    }

    /// What begins neither a field nor a clause; answers whether it was taken as a field all the same.
    fn no_part(&mut self, entity: bool, type_below: bool) -> Result<bool, Broken> {
        let (second, same_line, _) = self.second();
        if type_below {
            return Err(self.type_on_next_line());
        }
        match self.kind() {
            TokenKind::Upper if same_line && matches!(second, TokenKind::Upper | TokenKind::LBracket) => {
                self.complain_upper("the name of a field");
                self.bump();
                self.field_tail().map(|()| true)
            }
            TokenKind::Upper if same_line && second == TokenKind::Lower => Err(self.swapped()),
            TokenKind::Lower | TokenKind::Upper if same_line && second == TokenKind::Colon => {
                if self.is(TokenKind::Upper) {
                    self.complain_upper("the name of a field");
                }
                self.bump();
                self.foreign_separator("the type stands right behind the name of the field");
                self.field_tail().map(|()| true)
            }
            TokenKind::Lower if entity || !PART_WORDS.contains(&self.word()) => {
                self.no_clause(entity, second, same_line)
            }
            TokenKind::Lower => Err(self.complain(|p| {
                let message = format!("`{}` cannot stand in a shape", p.shown(p.at));
                Diagnostic::new(&codes::UNKNOWN_PART, p.span(), message)
                    .help("a shape has only fields: `name Text`")
            })),
            _ => Err(self.complain(|p| {
                let message = format!("expected a field or a clause, found `{}`", p.shown(p.at));
                Diagnostic::new(&codes::UNKNOWN_PART, p.span(), message)
                    .help("a field is a name and a type: `name Text`")
            })),
        }
    }

    /// A name and its type that stand on different lines: the second line is taken with the first.
    fn type_on_next_line(&mut self) -> Broken {
        self.bump();
        let broken = self.expected(&codes::MISSING_TYPE, "a type");
        if self.is(TokenKind::Upper) && !self.second().1 {
            let mark = self.mark();
            self.bump();
            self.close(mark, NodeKind::Error);
        }
        broken
    }

    /// `Text name`, as in C.
    fn swapped(&mut self) -> Broken {
        let first = self.at;
        let second = self.second().2;
        let (name, kind) = (self.text_of(second), self.text_of(first));
        let edit = |span, text: &str| Edit {
            span,
            text: text.to_owned(),
        };
        let edits = vec![edit(self.span_of(first), name), edit(self.span_of(second), kind)];
        self.complain(|p| {
            let message = format!("the name of a field stands before its type: `{name} {kind}`");
            Diagnostic::new(&codes::UPPER_CASE_NAME, p.span(), message)
                .help("a field is a name and a type: `name Text`")
                .fix(Certainty::Suggested, format!("write `{name} {kind}`"), edits)
        })
    }

    /// A lower case word that is no clause: a misspelled one, or a field without a proper type.
    fn no_clause(&mut self, entity: bool, second: TokenKind, same_line: bool) -> Result<bool, Broken> {
        let word = self.word();
        let second_text = self.text_of(self.second().2);
        let typed = second == TokenKind::Lower && known_type(second_text).is_some();
        let near = did_you_mean(word, &PART_WORDS)
            .and_then(|near| PART_WORDS.iter().copied().find(|known| *known == near));
        if let Some(meant) = near.filter(|_| entity && same_line && !typed) {
            let _ = self.complain(|p| {
                Diagnostic::new(
                    &codes::UNKNOWN_PART,
                    p.span(),
                    format!("`{word}` is no clause of an entity"),
                )
                .help(format!("did you mean `{meant}`?"))
                .replace(Certainty::Suggested, format!("write `{meant}`"), p.span(), meant)
            });
            return self.known_part(meant).1.map(|()| false);
        }
        if same_line && second == TokenKind::Lower {
            self.bump();
            return self.field_tail().map(|()| true);
        }
        if !same_line
            || matches!(
                second,
                TokenKind::At | TokenKind::Eq | TokenKind::Question | TokenKind::RBrace
            )
        {
            self.bump();
            return Err(self.expected_with(&codes::MISSING_TYPE, "a type", |found| {
                found.help("a field is a name and a type: `name Text`")
            }));
        }
        Err(self.complain(|p| {
            Diagnostic::new(
                &codes::UNKNOWN_PART,
                p.span(),
                format!("`{word}` begins neither a field nor a clause"),
            )
            .help(format!("a field is a name and a type: `{} Text`", snake(word)))
        }))
    }
}
