//! The writer through which names and constants reach SQL text.
//!
//! Keywords are `&'static str`, so nothing that a user wrote can pass for one; names and constants go through the dialect's
//! quoting; text that somebody else wrote as SQL (a function's body, a raw block) has a method of its own that says so.

use physical::{Ident, Literal, Name};

/// How a dialect quotes.
#[derive(Debug)]
pub struct Quoting {
    /// Writes a name, quoted where it must be.
    pub ident: fn(&str) -> String,
    /// Writes a constant.
    pub literal: fn(&Literal) -> String,
    /// Writes a text constant.
    pub text: fn(&str) -> String,
}

/// SQL text in the making.
#[derive(Debug, Clone)]
pub struct Sql {
    quoting: &'static Quoting,
    text: String,
}

impl Sql {
    /// An empty text, quoted in the way of one dialect.
    #[must_use]
    pub const fn new(quoting: &'static Quoting) -> Self {
        Self {
            quoting,
            text: String::new(),
        }
    }

    /// Keywords, punctuation and blanks.
    pub fn kw(&mut self, keyword: &'static str) -> &mut Self {
        self.text.push_str(keyword);
        self
    }

    /// A name.
    pub fn ident(&mut self, ident: &Ident) -> &mut Self {
        self.text.push_str(&(self.quoting.ident)(ident.as_str()));
        self
    }

    /// A name, with its schema if it has one.
    pub fn name(&mut self, name: &Name) -> &mut Self {
        if let Some(schema) = &name.schema {
            self.ident(schema).kw(".");
        }
        self.ident(&name.name)
    }

    /// Names with commas between.
    pub fn idents(&mut self, idents: &[Ident]) -> &mut Self {
        for (index, ident) in idents.iter().enumerate() {
            if index > 0 {
                self.kw(", ");
            }
            self.ident(ident);
        }
        self
    }

    /// Names with commas between, in parentheses.
    pub fn list(&mut self, idents: &[Ident]) -> &mut Self {
        self.kw("(").idents(idents).kw(")")
    }

    /// A constant.
    pub fn literal(&mut self, literal: &Literal) -> &mut Self {
        self.text.push_str(&(self.quoting.literal)(literal));
        self
    }

    /// A text constant.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.text.push_str(&(self.quoting.text)(text));
        self
    }

    /// A whole number.
    pub fn int(&mut self, value: i64) -> &mut Self {
        self.text.push_str(&value.to_string());
        self
    }

    /// SQL that another writer, a renderer, the server or the user has made: a type, an expression, a body.
    pub fn fragment(&mut self, sql: &str) -> &mut Self {
        self.text.push_str(sql);
        self
    }

    /// Blanks.
    pub fn blanks(&mut self, count: usize) -> &mut Self {
        self.text.extend(std::iter::repeat_n(' ', count));
        self
    }

    /// What is written so far.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text.
    #[must_use]
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.text)
    }
}
