//! What attributes of every kind have in common: their names and arguments.

use diagnostics::{Diagnostic, Span};
use syntax::ast::{self, Expr, LiteralValue};

use super::{Near, Resolver};
use crate::codes;

/// Attributes of fields, with how they are written.
pub(super) const ON_FIELDS: [(&str, &str); 19] = [
    ("unique", "@unique"),
    ("owner", "@owner"),
    ("on_delete", "@on_delete(cascade)"),
    ("min", "@min(2)"),
    ("max", "@max(80)"),
    ("range", "@range(1..100)"),
    ("pattern", "@pattern(\"^[a-z]+$\")"),
    ("pii", "@pii"),
    ("secret", "@secret"),
    ("encrypted", "@encrypted"),
    ("computed", "@computed(price * quantity)"),
    ("column", "@column(\"name\")"),
    ("was", "@was(old_name)"),
    ("immutable", "@immutable"),
    ("inverse", "@inverse(field)"),
    ("through", "@through(Entity)"),
    ("table", "@table(\"name\")"),
    ("id", "@id"),
    ("initial", "@initial"),
];

/// What attributes of other languages are called here.
const FOREIGN: [(&str, &str); 12] = [
    ("default", "a default is written `= value`"),
    (
        "relation",
        "the type of the field is the relation: `customer User`",
    ),
    (
        "map",
        "names in the database are `@table(\"…\")` and `@column(\"…\")`",
    ),
    (
        "db",
        "names in the database are `@table(\"…\")` and `@column(\"…\")`",
    ),
    ("index", "write `index (field)` on a line of its own"),
    ("nullable", "a field that may be empty has a `?` behind its type"),
    (
        "not_null",
        "fields are never empty unless a `?` stands behind the type",
    ),
    (
        "required",
        "fields are never empty unless a `?` stands behind the type",
    ),
    (
        "primary_key",
        "every entity has an id already; a natural key is `key (field)`",
    ),
    ("check", "write `check (…)` on a line of its own"),
    ("length", "write `@min(…)` and `@max(…)`"),
    (
        "private",
        "write `@pii` for personal data and `@secret` for secrets",
    ),
];

impl<'t> Resolver<'t> {
    pub(super) fn unknown_attribute(&mut self, name: ast::Name<'_>, known: &[&str], what: &str) {
        let foreign = FOREIGN
            .iter()
            .find(|(word, _)| *word == name.text)
            .map(|(_, help)| *help);
        let elsewhere = ON_FIELDS.iter().any(|(known, _)| *known == name.text);
        if elsewhere && foreign.is_none() {
            let message = format!("`@{}` cannot stand on {what}", name.text);
            self.report(
                &codes::MISPLACED_ATTRIBUTE,
                name.span,
                message,
                &attribute_list(known),
            );
            return;
        }
        let meant = if foreign.is_some() {
            None
        } else {
            self.near(name.text, known.iter().copied())
        };
        let help = foreign.map_or_else(|| attribute_list(known), str::to_owned);
        let message = format!("there is no attribute `@{}`", name.text);
        self.unknown(
            &codes::UNKNOWN_ATTRIBUTE,
            name.span,
            message,
            Near {
                typed: name.text,
                meant,
            },
            &help,
        );
    }

    /// Whether an attribute stands for the second time; then it is said.
    pub(super) fn is_second(&mut self, seen: &mut Vec<ast::Name<'t>>, name: ast::Name<'t>) -> bool {
        let first = seen
            .iter()
            .find(|first| first.text == name.text)
            .map(|first| first.span);
        match first {
            Some(first) => {
                let message = format!("`@{}` is given twice", name.text);
                self.push(
                    Diagnostic::new(&codes::DUPLICATE_ATTRIBUTE, name.span, message)
                        .also(first, "the first one"),
                );
            }
            None if seen.len() < 64 => seen.push(name),
            None => {}
        }
        first.is_some()
    }

    pub(super) fn bad_argument(&mut self, attr: ast::Attr<'_>, help: &str) {
        let name = attr.name().map_or("", |name| name.text);
        let span = attr.arg_list().map_or_else(|| attr.span(), |args| args.span());
        let message = format!("`@{name}` cannot use this argument");
        let message = if attr.arg_list().is_none() {
            format!("`@{name}` needs an argument")
        } else {
            message
        };
        self.report(&codes::BAD_ARGUMENT, span, message, help);
    }

    /// Complains about arguments where none belong.
    pub(super) fn no_args(&mut self, attr: ast::Attr<'_>) {
        let name = attr.name().map_or("", |name| name.text);
        if attr.arg_list().is_some() {
            self.bad_argument(attr, &format!("write `@{name}` alone"));
        }
    }

    fn only_arg(attr: ast::Attr<'t>) -> Option<Expr<'t>> {
        let mut args = attr.args();
        let only = args.next()?;
        if args.next().is_some() { None } else { only.expr() }
    }

    /// The one word in an attribute's parentheses.
    pub(super) fn word_arg(&mut self, attr: ast::Attr<'t>, help: &str) -> Option<ast::Name<'t>> {
        let word = Self::only_arg(attr).and_then(Expr::as_word);
        if word.is_none() {
            self.bad_argument(attr, help);
        }
        word
    }

    /// The one string in an attribute's parentheses, which must not be empty.
    pub(super) fn text_arg(&mut self, attr: ast::Attr<'t>, help: &str) -> Option<(String, Span)> {
        let text = match Self::only_arg(attr) {
            Some(Expr::Literal(literal)) => match literal.value() {
                Some(LiteralValue::Text(text)) => Some((text.value(), text.span)),
                _ => None,
            },
            _ => None,
        };
        let text = text.filter(|(text, _)| !text.is_empty());
        if text.is_none() {
            self.bad_argument(attr, help);
        }
        text
    }

    /// The one count in an attribute's parentheses.
    pub(super) fn count_arg(&mut self, attr: ast::Attr<'t>, help: &str) -> Option<u32> {
        let number = Self::only_arg(attr)
            .and_then(Expr::as_number)
            .and_then(syntax::Number::as_integer);
        let count = number.and_then(|number| u32::try_from(number).ok());
        if count.is_none() {
            self.bad_argument(attr, help);
        }
        count
    }

    /// Names in an attribute's parentheses, as words or strings.
    pub(super) fn names_arg(&mut self, attr: ast::Attr<'t>, help: &str) -> Vec<(String, bool)> {
        let mut names = Vec::new();
        for arg in attr.args() {
            match arg.expr() {
                Some(Expr::Literal(literal)) => match literal.value() {
                    Some(LiteralValue::Text(text)) => names.push((text.value(), true)),
                    _ => self.bad_argument(attr, help),
                },
                Some(Expr::Path(path)) if path.single().is_some() => {
                    names.extend(path.single().map(|word| (word.text.to_owned(), false)));
                }
                _ => self.bad_argument(attr, help),
            }
        }
        if attr.args().next().is_none() {
            self.bad_argument(attr, help);
        }
        names
    }

    /// The reason of an attribute that cannot do without one.
    pub(super) fn needed_reason(&mut self, attr: ast::Attr<'_>, why: &str) -> Option<String> {
        let reason = attr.reason().map(|reason| reason.value());
        if reason.is_none() {
            let name = attr.node().text();
            let found = Diagnostic::new(
                &codes::REASONLESS_ATTRIBUTE,
                attr.span(),
                format!("`{name}` needs a reason"),
            );
            self.push(
                found
                    .label(why)
                    .help("write `because \"…\"` behind it: the reason is printed in the report"),
            );
        }
        reason
    }
}

fn attribute_list(known: &[&str]) -> String {
    let shown: Vec<String> = known.iter().map(|name| format!("`@{name}`")).collect();
    format!("here there can be {}", shown.join(", "))
}
