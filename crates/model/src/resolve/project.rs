//! `project name { … }`

use diagnostics::Diagnostic;
use syntax::ast::{self, ValueKind};

use super::{Near, Resolver, name_of};
use crate::{Database, ModelsTarget, Project, codes};

const SETTINGS: [&str; 4] = ["database", "models", "language", "schema"];
const DATABASES: [(&str, Database); 5] = [
    ("postgres", Database::Postgres),
    ("sqlite", Database::Sqlite),
    ("mariadb", Database::Mariadb),
    ("mysql", Database::Mysql),
    ("mongodb", Database::Mongodb),
];
const MODELS: [(&str, ModelsTarget); 3] = [
    ("sqlalchemy", ModelsTarget::Sqlalchemy),
    ("prisma", ModelsTarget::Prisma),
    ("beanie", ModelsTarget::Beanie),
];

impl<'t> Resolver<'t> {
    pub(super) fn projects(&mut self) {
        let all = std::mem::take(&mut self.projects);
        let Some(first) = all.first() else {
            let found = Diagnostic::global(&codes::NO_PROJECT, "no file declares the project");
            self.push(found.help("write `project name { database postgres }` into one of the files"));
            return;
        };
        for second in all.iter().skip(1) {
            let span = second.name().map_or_else(|| second.span(), |name| name.span);
            let first = first.name().map_or_else(|| first.span(), |name| name.span);
            let found = Diagnostic::new(&codes::SECOND_PROJECT, span, "the project is declared twice");
            self.push(
                found
                    .also(first, "the first one")
                    .help("all files together are one project: keep one"),
            );
        }
        self.project(*first);
    }

    fn project(&mut self, view: ast::Project<'t>) {
        let Some(name) = view.name() else { return };
        let mut project = Project {
            name: name_of(name),
            databases: Vec::new(),
            models: Vec::new(),
            schema: None,
            language: 1,
        };
        let mut seen = Vec::new();
        for setting in view.settings() {
            let Some(name) = setting.name() else { continue };
            if self.is_repeated(&mut seen, name) {
                continue;
            }
            match name.text {
                "database" => self.databases(&mut project, setting),
                "models" => self.models(&mut project, setting),
                "language" => self.language(setting),
                "schema" => self.namespace(&mut project, setting),
                _ => self.unknown_setting(name, &SETTINGS, "the project"),
            }
        }
        if project.databases.is_empty() {
            project.databases.push(Database::Postgres);
        }
        self.model.project = Some(project);
    }

    /// Whether a setting was given before; then it is said.
    pub(super) fn is_repeated(&mut self, seen: &mut Vec<ast::Name<'t>>, name: ast::Name<'t>) -> bool {
        let first = seen
            .iter()
            .find(|first| first.text == name.text)
            .map(|first| first.span);
        match first {
            Some(first) => {
                let message = format!("`{}` is set twice", name.text);
                self.push(
                    Diagnostic::new(&codes::DUPLICATE_SETTING, name.span, message)
                        .also(first, "the first time"),
                );
            }
            // Beyond this many the settings are nonsense anyway, and looking through them would take quadratic time.
            None if seen.len() < 64 => seen.push(name),
            None => {}
        }
        first.is_some()
    }

    pub(super) fn unknown_setting(&mut self, name: ast::Name<'_>, known: &[&str], what: &str) {
        let meant = self.near(name.text, known.iter().copied());
        let names: Vec<String> = known.iter().map(|&name| name.to_owned()).collect();
        let help = format!(
            "{what} has {}",
            names
                .iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", ")
        );
        let message = format!("{what} has no setting `{}`", name.text);
        self.unknown(
            &codes::UNKNOWN_SETTING,
            name.span,
            message,
            Near {
                typed: name.text,
                meant,
            },
            &help,
        );
    }

    /// A value that a setting cannot have.
    pub(super) fn bad_value(&mut self, setting: &str, value: ast::Value<'_>, known: &[&str]) {
        let typed = value.word().map_or("", |word| word.text);
        let meant = if typed.is_empty() {
            None
        } else {
            self.near(typed, known.iter().copied())
        };
        let span = value.word().map_or_else(|| value.span(), |word| word.span);
        let shown: Vec<String> = known.iter().map(|&name| format!("`{name}`")).collect();
        let message = format!("`{setting}` cannot be `{}`", value.node().text());
        let help = format!("it is one of {}", shown.join(", "));
        self.unknown(&codes::BAD_SETTING, span, message, Near { typed, meant }, &help);
    }

    fn databases(&mut self, project: &mut Project, setting: ast::Setting<'t>) {
        for value in setting.values() {
            let word = value.word().map_or("", |word| word.text);
            let Some((_, database)) = DATABASES.iter().find(|(name, _)| *name == word) else {
                self.bad_value("database", value, &DATABASES.map(|(name, _)| name));
                continue;
            };
            if matches!(database, Database::Mysql | Database::Mongodb) {
                let message = format!("nothing is built for `{word}` yet");
                self.report(
                    &codes::NOT_YET_EMITTED,
                    value.span(),
                    message,
                    "the schema is checked; build it for `postgres`, `sqlite` or `mariadb`",
                );
            }
            if !project.databases.contains(database) {
                project.databases.push(*database);
            }
        }
    }

    fn models(&mut self, project: &mut Project, setting: ast::Setting<'t>) {
        for value in setting.values() {
            let word = value.word().map_or("", |word| word.text);
            match MODELS.iter().find(|(name, _)| *name == word) {
                Some((_, target)) if !project.models.contains(target) => project.models.push(*target),
                Some(_) => {}
                None => self.bad_value("models", value, &MODELS.map(|(name, _)| name)),
            }
        }
    }

    fn language(&mut self, setting: ast::Setting<'t>) {
        for value in setting.values() {
            let one =
                matches!(value.kind(), Some(ValueKind::Number(number)) if number.as_integer() == Some(1));
            if !one {
                self.bad_value("language", value, &["1"]);
            }
        }
    }

    fn namespace(&mut self, project: &mut Project, setting: ast::Setting<'t>) {
        for value in setting.values() {
            let name = match value.kind() {
                Some(ValueKind::Text(text)) => crate::Name {
                    text: text.value(),
                    span: text.span,
                },
                Some(ValueKind::Word(word)) => name_of(word),
                _ => {
                    self.bad_value("schema", value, &[]);
                    continue;
                }
            };
            project.schema = Some(name);
        }
    }
}
