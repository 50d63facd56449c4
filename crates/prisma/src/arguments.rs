//! Arguments of attributes, by their names.

use diagnostics::{Diagnostic, Diagnostics, did_you_mean};

use crate::ast::{Attribute, Value, ValueKind};
use crate::codes;

/// The arguments of one attribute.
pub(crate) struct Arguments<'a> {
    pub(crate) attribute: &'a Attribute,
    values: Vec<(&'a str, &'a Value)>,
}

/// What an attribute takes: those that may stand without a name, in order, and all.
pub(crate) struct Takes {
    pub(crate) bare: &'static [&'static str],
    pub(crate) all: &'static [&'static str],
}

impl<'a> Arguments<'a> {
    /// Gives each argument its name, and tells those that have none here.
    pub(crate) fn read(attribute: &'a Attribute, takes: &Takes, found: &mut Diagnostics) -> Self {
        let mut values: Vec<(&'a str, &'a Value)> = Vec::new();
        let mut bare = takes.bare.iter();
        for argument in &attribute.arguments {
            let span = argument
                .name
                .as_ref()
                .map_or(argument.value.span, |name| name.span);
            let name = match &argument.name {
                Some(name) => takes.all.iter().find(|known| **known == name.text).copied(),
                None => bare.next().copied(),
            };
            let Some(name) = name else {
                found.push(unknown(
                    attribute,
                    argument.name.as_ref().map(|name| name.text.as_str()),
                    span,
                    takes,
                ));
                continue;
            };
            if values.iter().any(|(known, _)| *known == name) {
                let message = format!("`{name}` is said twice");
                found.push(Diagnostic::new(&codes::TAKEN, span, message).help("take one of them out"));
                continue;
            }
            values.push((name, &argument.value));
        }
        Self { attribute, values }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        let value = self.values.iter().find(|(known, _)| *known == name);
        value.map(|(_, value)| *value)
    }

    /// A text. Another value is told.
    pub(crate) fn text(&self, name: &str, found: &mut Diagnostics) -> Option<&'a str> {
        let value = self.get(name)?;
        let text = value.as_text();
        match text {
            None if !matches!(value.kind, ValueKind::Missing) => {
                found.push(bad(value, "a text is expected here", "write it in quotes"));
            }
            Some("") => found.push(bad(value, "the name is empty", "write a name between the quotes")),
            _ => {}
        }
        text.filter(|text| !text.is_empty())
    }

    /// Tells an argument that this database has no use for.
    pub(crate) fn refuse(&self, name: &str, why: &str, found: &mut Diagnostics) {
        if let Some(value) = self.get(name) {
            let message = format!("`{name}` {why}");
            found.push(Diagnostic::new(&codes::UNKNOWN, value.span, message).help("take it out"));
        }
    }
}

/// An attribute with its marks, of which a model's has two.
pub(crate) fn written(attribute: &Attribute) -> String {
    let name = &attribute.name;
    let length = usize::try_from(name.span.end.saturating_sub(name.span.start)).unwrap_or_default();
    let marks = if length > name.text.len() + 1 { "@@" } else { "@" };
    format!("{marks}{}", name.text)
}

fn unknown(attribute: &Attribute, name: Option<&str>, span: diagnostics::Span, takes: &Takes) -> Diagnostic {
    let of = written(attribute);
    let message = match name {
        Some(name) => format!("`{name}` is no argument of `{of}`"),
        None => format!("`{of}` takes no such argument"),
    };
    let help = match name.and_then(|name| did_you_mean(name, takes.all)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if takes.all.is_empty() => "it takes none".to_owned(),
        None => format!("it takes `{}`", takes.all.join("`, `")),
    };
    Diagnostic::new(&codes::UNKNOWN, span, message).help(help)
}

/// A finding about a value.
pub(crate) fn bad(value: &Value, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
    Diagnostic::new(&codes::BAD_VALUE, value.span, message).help(help)
}

/// The names in a list of fields: `[a, b]`, or one alone, as older schemas have it. What is no name is told.
pub(crate) fn words<'v>(value: &'v Value, found: &mut Diagnostics) -> Vec<(&'v str, &'v Value)> {
    let items: &[Value] = match &value.kind {
        ValueKind::List(items) => items,
        _ => std::slice::from_ref(value),
    };
    let mut all = Vec::new();
    for item in items {
        match item.as_word() {
            Some(word) => all.push((word, item)),
            None => found.push(bad(
                item,
                "the name of a field is expected here",
                "write it without quotes",
            )),
        }
    }
    all
}
