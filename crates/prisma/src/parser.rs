//! Reads tokens as blocks. Line by line, so that one that cannot be read costs no other.

use diagnostics::{Diagnostic, Diagnostics, FileId, Span, did_you_mean};

use crate::ast::{Arity, Attribute, Block, BlockKind, Field, Member, Setting, Word};
use crate::codes;
use crate::lexer::{Token, TokenKind, lex};

mod value;

/// The blocks of one file.
pub(crate) fn parse(file: FileId, text: &str, found: &mut Diagnostics) -> Vec<Block> {
    let tokens = lex(file, text, found);
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        found,
        docs: Vec::new(),
    };
    let mut blocks = Vec::new();
    while !parser.is_end() {
        parser.top(&mut blocks);
    }
    blocks
}

/// A reader of tokens.
pub(super) struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
    found: &'t mut Diagnostics,
    /// Documentation that waits for what follows it.
    docs: Vec<String>,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> &'t TokenKind {
        self.tokens
            .get(self.at)
            .map_or(&TokenKind::End, |token| &token.kind)
    }

    fn span(&self) -> Span {
        let token = self.tokens.get(self.at).or_else(|| self.tokens.last());
        token.map(|token| token.span).unwrap_or_default()
    }

    /// Where what was read last stands.
    fn before(&self) -> Span {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        last.map(|token| token.span).unwrap_or_default()
    }

    fn is_end(&self) -> bool {
        *self.peek() == TokenKind::End
    }

    fn is(&self, mark: char) -> bool {
        *self.peek() == TokenKind::Mark(mark)
    }

    fn eat(&mut self, mark: char) -> bool {
        let is = self.is(mark);
        self.at += usize::from(is);
        is
    }

    fn word(&mut self) -> Option<Word> {
        let TokenKind::Word(text) = self.peek() else {
            return None;
        };
        let word = Word {
            text: text.clone(),
            span: self.span(),
        };
        self.at += 1;
        Some(word)
    }

    fn wrong(&mut self, message: impl Into<String>, help: &str) {
        let finding = Diagnostic::new(&codes::UNREAD, self.span(), message);
        self.found.push(finding.help(help));
    }

    /// Goes to the end of the line, or to what closes the block.
    fn skip_line(&mut self) {
        let mut open = 0_usize;
        while !self.is_end() {
            match self.peek() {
                TokenKind::Line => return,
                TokenKind::Mark('{') => open += 1,
                TokenKind::Mark('}') if open == 0 => return,
                TokenKind::Mark('}') => open -= 1,
                _ => {}
            }
            self.at += 1;
        }
    }

    fn skip_lines(&mut self) {
        while matches!(self.peek(), TokenKind::Line) {
            self.at += 1;
        }
    }

    fn take_docs(&mut self) -> Option<String> {
        let lines = std::mem::take(&mut self.docs);
        let text = lines.join("\n").trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    /// One thing outside of blocks.
    fn top(&mut self, blocks: &mut Vec<Block>) {
        match self.peek() {
            TokenKind::Line => self.at += 1,
            TokenKind::Docs(text) => {
                self.docs.push(text.clone());
                self.at += 1;
            }
            TokenKind::Word(word) => match BlockKind::of(word) {
                Some(kind) => blocks.extend(self.block(kind)),
                None => self.no_block(word),
            },
            _ => {
                self.wrong(
                    "a block is expected here",
                    "blocks begin with `datasource`, `generator`, `model`, `view`, `enum` or `type`",
                );
                self.at += 1;
                self.skip_line();
            }
        }
    }

    /// What begins with a word that begins nothing: told, and left out to its end.
    fn no_block(&mut self, word: &str) {
        let known: Vec<&str> = BlockKind::KEYWORDS.iter().map(|(word, _)| *word).collect();
        let help = did_you_mean(word, &known).map_or_else(
            || "blocks begin with `datasource`, `generator`, `model`, `view`, `enum` or `type`".to_owned(),
            |meant| format!("did you mean `{meant}`?"),
        );
        self.wrong(format!("`{word}` begins no block"), &help);
        self.docs.clear();
        let mut open = 0_usize;
        while !self.is_end() {
            match self.peek() {
                TokenKind::Mark('{') => open += 1,
                TokenKind::Mark('}') if open <= 1 => {
                    self.at += 1;
                    return;
                }
                TokenKind::Mark('}') => open -= 1,
                TokenKind::Line if open == 0 => return,
                _ => {}
            }
            self.at += 1;
        }
    }

    fn block(&mut self, kind: BlockKind) -> Option<Block> {
        let docs = self.take_docs();
        self.at += 1;
        let Some(name) = self.word() else {
            self.wrong("the name of the block is missing", "write it behind the keyword");
            self.skip_line();
            return None;
        };
        let mut block = Block {
            kind,
            name,
            docs,
            settings: Vec::new(),
            fields: Vec::new(),
            members: Vec::new(),
            attributes: Vec::new(),
        };
        self.skip_lines();
        if !self.eat('{') {
            self.wrong("`{` is expected here", "what the block says stands in braces");
            self.skip_line();
            return Some(block);
        }
        while !self.eat('}') {
            if self.is_end() {
                let finding = Diagnostic::new(
                    &codes::UNREAD,
                    block.name.span,
                    format!("the block `{}` does not end", block.name.text),
                );
                self.found.push(finding.help("write `}` where it ends"));
                break;
            }
            self.line(&mut block);
        }
        self.docs.clear();
        Some(block)
    }

    /// One line of a block.
    fn line(&mut self, block: &mut Block) {
        match self.peek() {
            TokenKind::Line => self.at += 1,
            TokenKind::Docs(text) => {
                self.docs.push(text.clone());
                self.at += 1;
            }
            TokenKind::Ats => {
                self.docs.clear();
                block.attributes.extend(self.attribute());
                self.ends();
            }
            TokenKind::Word(_) => {
                match block.kind {
                    kind if kind.has_settings() => block.settings.extend(self.setting()),
                    BlockKind::Enum => block.members.extend(self.member()),
                    _ => block.fields.extend(self.field()),
                }
                self.ends();
            }
            _ => {
                self.wrong(
                    "a name is expected here",
                    "each line of a block declares one thing",
                );
                self.at += 1;
                self.skip_line();
            }
        }
    }

    /// What was read must be all that stands on its line.
    fn ends(&mut self) {
        match self.peek() {
            TokenKind::Line | TokenKind::End | TokenKind::Mark('}') | TokenKind::Docs(_) => {}
            _ => {
                self.wrong(
                    "this cannot stand here",
                    "each line of a block declares one thing",
                );
                self.skip_line();
            }
        }
    }

    fn setting(&mut self) -> Option<Setting> {
        self.docs.clear();
        let name = self.word()?;
        if !self.eat('=') {
            self.wrong("`=` is expected here", "settings are written `name = \"value\"`");
            self.skip_line();
            return None;
        }
        let value = self.value(0);
        Some(Setting { name, value })
    }

    fn member(&mut self) -> Option<Member> {
        self.docs.clear();
        let name = self.word()?;
        let attributes = self.attributes();
        Some(Member { name, attributes })
    }

    fn field(&mut self) -> Option<Field> {
        let docs = self.take_docs();
        let name = self.word()?;
        // The first language of Prisma had a colon here.
        self.eat(':');
        let Some(mut ty) = self.word() else {
            self.wrong(
                format!("the type of the field `{}` is missing", name.text),
                "fields are written `name Type`",
            );
            self.skip_line();
            return None;
        };
        let unsupported = ty.text == "Unsupported" && self.is('(');
        if unsupported {
            ty = self.unsupported(ty)?;
        }
        let arity = self.arity();
        let attributes = self.attributes();
        let docs = docs.or_else(|| self.docs_behind());
        Some(Field {
            name,
            ty,
            unsupported,
            arity,
            attributes,
            docs,
        })
    }

    /// `("…")` behind `Unsupported`.
    fn unsupported(&mut self, keyword: Word) -> Option<Word> {
        self.eat('(');
        let text = match self.peek() {
            TokenKind::Text(text) => text.clone(),
            _ => {
                self.wrong(
                    "the name of the type is missing",
                    "write it as a text: `Unsupported(\"circle\")`",
                );
                self.skip_line();
                return None;
            }
        };
        self.at += 1;
        if !self.eat(')') {
            self.wrong("`)` is expected here", "write `Unsupported(\"circle\")`");
            self.skip_line();
            return None;
        }
        Some(Word {
            text,
            span: keyword.span.to(self.before()),
        })
    }

    fn arity(&mut self) -> Arity {
        if self.eat('?') {
            return Arity::Optional;
        }
        // Required, in the first language of Prisma.
        if self.eat('!') || !self.is('[') {
            return Arity::Required;
        }
        self.at += 1;
        if !self.eat(']') {
            self.wrong("`]` is expected here", "a list is written `Type[]`");
        }
        if self.is('?') || self.is('!') {
            self.wrong(
                "a list cannot be optional",
                "take it out: a list that holds nothing is empty",
            );
            self.at += 1;
        }
        Arity::List
    }

    fn docs_behind(&mut self) -> Option<String> {
        let TokenKind::Docs(text) = self.peek() else {
            return None;
        };
        self.at += 1;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn attributes(&mut self) -> Vec<Attribute> {
        let mut all = Vec::new();
        while self.is('@') {
            all.extend(self.attribute());
        }
        all
    }

    /// From `@` or `@@` to the end of the arguments.
    fn attribute(&mut self) -> Option<Attribute> {
        let start = self.span();
        self.at += 1;
        let Some(mut name) = self.word() else {
            self.wrong("the name of the attribute is missing", "write it behind the `@`");
            return None;
        };
        while self.eat('.') {
            match self.word() {
                Some(part) => {
                    name.text = format!("{}.{}", name.text, part.text);
                    name.span = name.span.to(part.span);
                }
                None => self.wrong("a name is expected behind the point", "as in `@db.VarChar(80)`"),
            }
        }
        name.span = start.to(name.span);
        let arguments = if self.is('(') {
            self.arguments(0)
        } else {
            Vec::new()
        };
        Some(Attribute { name, arguments })
    }
}
