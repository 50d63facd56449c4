//! Modules of Python: a base of models, models written by hand, and a function `log_security_event`.
//!
//! They are read as lines, and never run.

use super::Ecosystem;
use crate::clue::Said;
use crate::look::Look;

pub(super) const ECOSYSTEM: Ecosystem = Ecosystem {
    name: "modules of Python",
    look,
};

fn look(look: &mut Look<'_>) {
    for path in look.named(|name| name.ends_with(".py")) {
        let Some(text) = look.module(&path) else { continue };
        if [
            "DeclarativeBase",
            "declarative_base",
            "__tablename__",
            "log_security_event",
        ]
        .iter()
        .any(|word| text.contains(word))
        {
            module(look, &path, &text);
        }
    }
}

fn module(look: &mut Look<'_>, path: &str, text: &str) {
    let lines: Vec<&str> = text.lines().collect();
    let mut class = String::new();
    for (at, line) in lines.iter().enumerate() {
        let path = path.to_owned();
        if let Some(rest) = line.strip_prefix("class ") {
            class = word(rest).to_owned();
            let Some(bases) = rest.split_once('(').map(|(_, bases)| bases) else {
                continue;
            };
            if bases.contains("DeclarativeBase") {
                let body = lines.get(at + 1..).unwrap_or_default();
                let said = Said::Base {
                    path: path.clone(),
                    class: class.clone(),
                    unfit: unfit(bases, body),
                };
                look.say_of_module(&path, text, at, said, format!("class `{class}`"));
            }
        } else if let Some((name, _)) = line.split_once(" = declarative_base(") {
            let unfit = Some("it comes from `declarative_base()`, and is no class `DeclarativeBase`");
            let said = Said::Base {
                path: path.clone(),
                class: word(name).to_owned(),
                unfit,
            };
            look.say_of_module(&path, text, at, said, format!("`{}`", word(name)));
        } else if line.trim_start().starts_with("__tablename__") && line.contains('=') && !class.is_empty() {
            let said = Said::Model {
                path: path.clone(),
                class: class.clone(),
            };
            look.say_of_module(&path, text, at, said, format!("the model `{class}`"));
        } else if line.starts_with("def log_security_event(") {
            look.say_of_module(
                &path,
                text,
                at,
                Said::Log {
                    path: path.clone(),
                    unfit: None,
                },
                "`log_security_event`",
            );
        } else if line.starts_with("async def log_security_event(") {
            let unfit = Some("it is asynchronous, and an event is logged before anybody awaits");
            look.say_of_module(
                &path,
                text,
                at,
                Said::Log {
                    path: path.clone(),
                    unfit,
                },
                "`log_security_event`",
            );
        }
    }
}

/// The first name of a text.
fn word(text: &str) -> &str {
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// Why the models cannot be subclasses of a base; what the package itself would say when it is imported.
fn unfit(bases: &str, body: &[&str]) -> Option<&'static str> {
    if bases.contains("MappedAsDataclass") {
        return Some("it makes dataclasses of all models");
    }
    let body = body
        .iter()
        .take_while(|line| line.is_empty() || line.starts_with([' ', '\t', '#', ')']))
        .filter(|line| !line.trim_start().starts_with('#'));
    let adds = |line: &&&str| {
        [
            "Mapped[",
            "mapped_column(",
            "Column(",
            "relationship(",
            "__table_args__",
            "__mapper_args__",
        ]
        .iter()
        .any(|word| line.contains(word))
    };
    body.clone()
        .any(|line| adds(&line))
        .then_some("it has columns or arguments for every table, and the schema says what tables have")
}
