//! Which database a schema is for.

use diagnostics::{Diagnostic, Diagnostics, Span, did_you_mean};

use crate::ast::{Block, BlockKind, Setting, Value, ValueKind, Word};
use crate::codes;

/// A product that Prisma speaks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// PostgreSQL.
    Postgres,
    /// SQLite.
    Sqlite,
    /// MySQL, and MariaDB.
    Mysql,
    /// Microsoft SQL Server.
    SqlServer,
    /// CockroachDB.
    Cockroach,
    /// MongoDB.
    Mongo,
}

impl Provider {
    const NAMES: [(&'static str, Self); 7] = [
        ("postgresql", Self::Postgres),
        ("postgres", Self::Postgres),
        ("sqlite", Self::Sqlite),
        ("mysql", Self::Mysql),
        ("sqlserver", Self::SqlServer),
        ("cockroachdb", Self::Cockroach),
        ("mongodb", Self::Mongo),
    ];

    fn of(name: &str) -> Option<Self> {
        let known = Self::NAMES.iter().find(|(known, _)| *known == name);
        known.map(|(_, provider)| *provider)
    }

    /// As it is called by its people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Sqlite => "SQLite",
            Self::Mysql => "MySQL",
            Self::SqlServer => "SQL Server",
            Self::Cockroach => "CockroachDB",
            Self::Mongo => "MongoDB",
        }
    }

    /// The name of the dialect that it is built by; `None` where there is none yet.
    #[must_use]
    pub const fn dialect(self) -> Option<&'static str> {
        match self {
            Self::Postgres => Some("postgres"),
            Self::Sqlite => Some("sqlite"),
            Self::Mysql | Self::SqlServer | Self::Cockroach | Self::Mongo => None,
        }
    }
}

/// What a datasource says. Where the database is, and how to log in there, is never looked at.
#[derive(Debug, Clone)]
pub(crate) struct Datasource {
    /// How it is called: native types are written with it, as in `@db.Uuid`.
    pub(crate) name: Word,
    pub(crate) provider: Provider,
    /// Where the provider is said.
    pub(crate) said: Span,
    /// Whether relations are the client's business, and no foreign keys are made.
    pub(crate) relations_by_client: Option<Span>,
    /// The schemas that models may be in; empty where nothing is said of schemas.
    pub(crate) schemas: Vec<String>,
    /// Extensions, by their names in the database.
    pub(crate) extensions: Vec<String>,
}

const SETTINGS: &[&str] = &[
    "provider",
    "url",
    "directUrl",
    "shadowDatabaseUrl",
    "relationMode",
    "referentialIntegrity",
    "schemas",
    "extensions",
];

/// Reads the one datasource among some blocks.
pub(crate) fn read(blocks: &[Block], found: &mut Diagnostics) -> Option<Datasource> {
    let mut all = blocks.iter().filter(|block| block.kind == BlockKind::Datasource);
    let Some(block) = all.next() else {
        let message = "no block says for which database the schema is";
        let help = "write `datasource db { provider = \"postgresql\" }` in one of its files; a folder is read as a whole";
        found.push(Diagnostic::global(&codes::NO_DATASOURCE, message).help(help));
        return None;
    };
    if let Some(other) = all.next() {
        let message = "a schema is for one database only";
        let finding = Diagnostic::new(&codes::NO_DATASOURCE, other.name.span, message);
        found.push(
            finding
                .also(block.name.span, "said here")
                .help("take one of them out"),
        );
    }
    for setting in block
        .settings
        .iter()
        .filter(|setting| !SETTINGS.contains(&setting.name.text.as_str()))
    {
        let message = format!("`{}` is no setting of a datasource", setting.name.text);
        let finding = Diagnostic::new(&codes::UNKNOWN, setting.name.span, message);
        let meant = did_you_mean(&setting.name.text, SETTINGS);
        let help = meant.map_or_else(
            || "take it out, or move it to the configuration of the client".to_owned(),
            |meant| format!("did you mean `{meant}`?"),
        );
        found.push(finding.help(help));
    }
    let (provider, said) = provider(block, found)?;
    Some(Datasource {
        name: block.name.clone(),
        provider,
        said,
        relations_by_client: relations_by_client(block, found),
        schemas: texts(setting(block, "schemas"), found),
        extensions: extensions(block),
    })
}

fn setting<'b>(block: &'b Block, name: &str) -> Option<&'b Setting> {
    block.settings.iter().find(|setting| setting.name.text == name)
}

fn provider(block: &Block, found: &mut Diagnostics) -> Option<(Provider, Span)> {
    let help =
        "write one of \"postgresql\", \"sqlite\", \"mysql\", \"sqlserver\", \"cockroachdb\", \"mongodb\"";
    let Some(setting) = setting(block, "provider") else {
        let message = format!("the datasource `{}` has no provider", block.name.text);
        found.push(Diagnostic::new(&codes::NO_DATASOURCE, block.name.span, message).help(help));
        return None;
    };
    // Older schemas could name several.
    let value = match &setting.value.kind {
        ValueKind::List(items) => items.first().filter(|_| items.len() == 1),
        _ => Some(&setting.value),
    };
    let name = value.and_then(Value::as_text);
    let provider = name.and_then(Provider::of);
    if provider.is_none() {
        let message = match name {
            Some(name) => format!("`{}` is no database that Prisma knows", crate::masked(name)),
            None => "the provider is the name of one database, as a text".to_owned(),
        };
        let finding = Diagnostic::new(&codes::NO_DATASOURCE, setting.value.span, message);
        found.push(finding.help(help));
    }
    Some((provider?, setting.value.span))
}

fn relations_by_client(block: &Block, found: &mut Diagnostics) -> Option<Span> {
    let setting = setting(block, "relationMode").or_else(|| setting(block, "referentialIntegrity"))?;
    match setting.value.as_text() {
        Some("prisma") => Some(setting.value.span),
        Some("foreignKeys") => None,
        _ => {
            let message = "this is no way to keep relations";
            let finding = Diagnostic::new(&codes::BAD_VALUE, setting.value.span, message);
            found.push(finding.help("write \"foreignKeys\" or \"prisma\""));
            None
        }
    }
}

fn texts(setting: Option<&Setting>, found: &mut Diagnostics) -> Vec<String> {
    let Some(setting) = setting else {
        return Vec::new();
    };
    let ValueKind::List(items) = &setting.value.kind else {
        let finding = Diagnostic::new(
            &codes::BAD_VALUE,
            setting.value.span,
            "a list of texts is expected",
        );
        found.push(finding.help("as in `[\"public\", \"audit\"]`"));
        return Vec::new();
    };
    items
        .iter()
        .filter_map(|item| item.as_text().map(str::to_owned))
        .collect()
}

/// `[citext, hyphen(map: "uuid-ossp")]`
fn extensions(block: &Block) -> Vec<String> {
    let Some(setting) = setting(block, "extensions") else {
        return Vec::new();
    };
    let ValueKind::List(items) = &setting.value.kind else {
        return Vec::new();
    };
    let name = |item: &Value| match &item.kind {
        ValueKind::Word(word) => Some(word.clone()),
        ValueKind::Call(word, arguments) => {
            let map = arguments
                .iter()
                .find(|each| each.name.as_ref().is_some_and(|name| name.text == "map"));
            let map = map.and_then(|map| map.value.as_text().map(str::to_owned));
            Some(map.unwrap_or_else(|| word.clone()))
        }
        _ => None,
    };
    items.iter().filter_map(name).collect()
}
