//! Items, and the settings of `project` and `policy`.

use super::{Parsed, Parser};
use crate::kind::{NodeKind, TokenKind};
use crate::{ITEM_WORDS, codes};
use diagnostics::{Certainty, Diagnostic, did_you_mean};

/// What other schema languages call our items.
const FOREIGN_ITEMS: [(&str, &str); 7] = [
    ("table", "entity"),
    ("model", "entity"),
    ("class", "entity"),
    ("collection", "entity"),
    ("struct", "shape"),
    ("type", "shape"),
    ("config", "project"),
];

impl Parser<'_> {
    pub(super) fn file(&mut self) {
        while !self.is(TokenKind::Eof) {
            self.item();
        }
    }

    /// The `///` lines before an item or member.
    pub(super) fn docs(&mut self) {
        if !self.is(TokenKind::Doc) {
            return;
        }
        let mark = self.mark();
        if !self.fresh && self.end > 0 && self.token(self.last()).kind != TokenKind::LBrace {
            let span = self.span();
            self.push(
                Diagnostic::new(
                    &codes::TRAILING_DOC,
                    span,
                    "this doc comment documents what follows it",
                )
                .help("put it on the line before what it documents, or write `//` for a plain comment"),
            );
        }
        while self.is(TokenKind::Doc) {
            self.bump();
        }
        self.close(mark, NodeKind::Doc);
    }

    fn item(&mut self) {
        let mark = self.mark();
        let doc = self.at;
        self.docs();
        match self.kind() {
            TokenKind::Eof => return self.useless_docs(doc),
            TokenKind::RBrace => {
                let _ = self.complain(|p| {
                    Diagnostic::new(&codes::STRAY_BRACE, p.span(), "this `}` closes nothing")
                        .help("remove it")
                });
                let error = self.mark();
                self.bump();
                return self.close(error, NodeKind::Error);
            }
            _ => {}
        }
        let word = self.item_word();
        let kind = match word {
            Some("project") => self.settings_item(NodeKind::Project),
            Some("policy") => self.settings_item(NodeKind::Policy),
            Some("enum") => self.enumeration(),
            Some("entity") => self.entity(),
            Some("shape") => self.shape(),
            Some("role") => self.role(),
            Some("sql") => {
                let parsed = self.sql();
                self.recover(parsed);
                NodeKind::Sql
            }
            _ => {
                self.unknown_item();
                NodeKind::Error
            }
        };
        self.close(mark, kind);
    }

    /// Documentation at the end of a block or file.
    pub(super) fn useless_docs(&mut self, doc: u32) {
        if self.token(doc).kind != TokenKind::Doc {
            return;
        }
        let span = self.span_of(doc);
        self.push(
            Diagnostic::new(
                &codes::DOC_WITHOUT_ITEM,
                span,
                "this doc comment documents nothing",
            )
            .help("`///` stands before an item or member; write `//` for a plain comment"),
        );
    }

    /// The item that begins here, also when its word is misspelled or another language's.
    fn item_word(&mut self) -> Option<&'static str> {
        let word = self.word();
        if self.is(TokenKind::Lower)
            && let Some(known) = ITEM_WORDS.iter().find(|known| **known == word)
        {
            return Some(known);
        }
        let (second, same_line, _) = self.second();
        let begins = self.kind().is_word() && same_line && (second.is_word() || second == TokenKind::LBrace);
        if !begins {
            return None;
        }
        let lower = word.to_ascii_lowercase();
        let foreign = FOREIGN_ITEMS
            .iter()
            .find(|(known, _)| *known == lower)
            .map(|(_, ours)| *ours);
        let exact = ITEM_WORDS.iter().copied().find(|known| *known == lower);
        let near = did_you_mean(&lower, &ITEM_WORDS)
            .and_then(|near| ITEM_WORDS.iter().copied().find(|known| *known == near));
        let meant = exact.or(foreign).or(near)?;
        let certainty = if exact.is_some() {
            Certainty::Certain
        } else {
            Certainty::Suggested
        };
        let _ = self.complain(|p| {
            Diagnostic::new(&codes::UNKNOWN_ITEM, p.span(), format!("`{word}` begins no item"))
                .help(format!("did you mean `{meant}`?"))
                .replace(certainty, format!("write `{meant}`"), p.span(), meant)
        });
        Some(meant)
    }

    fn unknown_item(&mut self) {
        let _ = self.complain(|p| {
            Diagnostic::new(
                &codes::UNKNOWN_ITEM,
                p.span(),
                format!("expected an item, found `{}`", p.shown(p.at)),
            )
            .help("a file holds `project`, `policy`, `enum`, `entity`, `shape`, `role` and `sql`")
        });
        self.skip_to_item();
    }

    /// `"role" LOWER reason`
    fn role(&mut self) -> NodeKind {
        self.bump();
        let parsed = self.lower_on_line("the name of a role");
        if parsed.is_ok() {
            self.reason("a role");
        }
        self.recover(parsed);
        NodeKind::Role
    }

    /// `"project" LOWER "{" … "}"` and `"policy" "{" … "}"`
    fn settings_item(&mut self, kind: NodeKind) -> NodeKind {
        self.bump();
        if kind == NodeKind::Project
            && !(self.is(TokenKind::LBrace) && self.complain_nameless("the name of the project"))
        {
            let _ = self.lower_on_line("the name of the project");
        }
        let open = self.open_brace(if kind == NodeKind::Project {
            "the project"
        } else {
            "the policy"
        });
        while !self.at_block_end() {
            self.setting();
        }
        self.close_brace(open);
        kind
    }

    /// A name is missing before a `{`: said here, so that the body is read.
    pub(super) fn complain_nameless(&mut self, what: &str) -> bool {
        let _ = self.expected(&codes::MISSING_NAME, what);
        true
    }

    /// `LOWER value { "," value }`
    fn setting(&mut self) {
        self.stray_docs();
        if self.at_block_end() {
            return;
        }
        let mark = self.mark();
        let parsed = self.setting_inside();
        if parsed.is_ok() && !self.fresh && matches!(self.kind(), TokenKind::Semicolon) {
            self.foreign_separator("settings need no separator");
        }
        self.close(mark, NodeKind::Setting);
        if parsed.is_err() && (!self.fresh || self.at == mark.token) {
            self.skip_line();
        }
    }

    fn setting_inside(&mut self) -> Parsed {
        self.lower("the name of a setting")?;
        if !self.fresh && matches!(self.kind(), TokenKind::Eq | TokenKind::Colon) {
            self.foreign_separator("the value stands right behind the name of the setting");
        }
        if self.fresh {
            return Err(self.expected(&codes::MISSING_VALUE, "a value"));
        }
        self.comma_separated(Self::value)
    }

    /// `WORD [ args ] | NUMBER | AMOUNT | STRING`
    fn value(&mut self) -> Parsed {
        let mark = self.mark();
        match self.kind() {
            TokenKind::Lower | TokenKind::Upper => {
                self.check_switch();
                self.bump();
                if self.is(TokenKind::LParen) {
                    let parsed = self.args();
                    self.close(mark, NodeKind::Value);
                    return parsed;
                }
            }
            TokenKind::Number | TokenKind::Amount | TokenKind::String => self.bump(),
            _ => return Err(self.expected(&codes::MISSING_VALUE, "a value")),
        }
        self.close(mark, NodeKind::Value);
        Ok(())
    }

    /// Switches are `on` and `off`.
    fn check_switch(&mut self) {
        let switch = match self.word() {
            "true" => "on",
            "false" | "null" => "off",
            _ => return,
        };
        let _ = self.complain(|p| {
            let message = format!("`{}` is no value of a setting", p.shown(p.at));
            Diagnostic::new(&codes::RESERVED_WORD, p.span(), message)
                .help("settings are switched `on` and `off`")
                .replace(Certainty::Certain, format!("write `{switch}`"), p.span(), switch)
        });
    }
}
