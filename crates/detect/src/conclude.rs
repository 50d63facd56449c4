//! From what the lines say to what is written.

use std::collections::BTreeMap;
use std::path::Path;

use diagnostics::{Diagnostic, Severity, Span};
use project::System;

use crate::clue::{Clue, Framework, Product, Said, Weight};
use crate::first::{self, Schema};
use crate::layout::{self, Layout};
use crate::look::Look;
use crate::{File, Found, Start, Wishes, codes, is_name};

/// The names of roles begin with that of the project, and have 63 bytes.
pub(crate) const LONGEST_NAME: usize = 40;
/// Classes for whoever logs in and for what they own: the first that the application does not have.
const PEOPLE: &[&str] = &["User", "Account", "Member", "Person"];
const THINGS: &[&str] = &["Note", "Entry", "Memo", "Item"];

/// What is told beside the files.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) found: Vec<Found>,
    pub(crate) not_yet: Vec<Found>,
    pub(crate) unknown: Vec<String>,
}

impl Told {
    /// Something that no single line says.
    pub(crate) fn say(&mut self, what: &str, value: &str, why: &str) {
        self.found.push(Found {
            what: what.to_owned(),
            value: value.to_owned(),
            why: why.to_owned(),
            path: None,
            line: None,
        });
    }
}

/// Something that a line says.
pub(crate) fn at(look: &Look<'_>, what: &str, value: &str, why: &str, span: Span) -> Found {
    let source = look.sources.get(span.file);
    Found {
        what: what.to_owned(),
        value: value.to_owned(),
        why: why.to_owned(),
        path: source.map(|source| source.path.clone()),
        line: source.map(|source| source.position(span.start).line + 1),
    }
}

/// Says so when there is a project already.
pub(crate) fn refuse_a_second_time(look: &mut Look<'_>) {
    let is_ours = |path: &&String| {
        let is_schema = path.ends_with(".arch") && (path.starts_with("schema/") || !path.contains('/'));
        *path == "architrave.toml" || is_schema
    };
    let there: Vec<String> = look.files.iter().filter(is_ours).cloned().collect();
    for path in there {
        look.diagnostics.push(
            Diagnostic::global(&codes::ALREADY_THERE, format!("`{path}` is there already")).help(
                "`architrave check` looks at the project that there is; to begin anew, move the file away",
            ),
        );
    }
}

/// What follows from everything that was said.
pub(crate) fn conclude(mut look: Look<'_>, system: &dyn System, folder: &Path, wishes: &Wishes) -> Start {
    let mut told = Told::default();
    let name = name(&look, system, folder, wishes, &mut told);
    let databases = databases(&mut look, wishes, &mut told);
    let models = models(&look, wishes, &mut told);
    let person = free(&look, PEOPLE, &mut told);
    let thing = free(&look, THINGS, &mut told);
    let layout = if models {
        let generated = generated(person, thing);
        layout::choose(&mut look, wishes.folder.as_deref(), &generated, &mut told)
    } else {
        Layout::default()
    };
    for clue in look.clues.iter().filter(|clue| clue.said == Said::Note) {
        let place = at(&look, "", "", "", clue.span);
        told.unknown.push(format!(
            "{} ({}:{})",
            clue.why,
            place.path.unwrap_or_default(),
            place.line.unwrap_or_default()
        ));
    }
    let schema = Schema {
        name: &name,
        databases: &databases,
        models,
        person,
        thing,
    };
    let wrong = look
        .diagnostics
        .iter()
        .any(|finding| finding.severity == Severity::Error);
    let files = [
        ("architrave.toml".to_owned(), first::settings(&layout)),
        (format!("schema/{name}.arch"), first::schema(&schema)),
    ];
    let files = files
        .into_iter()
        .filter(|_| !wrong)
        .map(|(path, text)| File { path, text });
    Start {
        found: told.found,
        not_yet: told.not_yet,
        unknown: told.unknown,
        files: files.collect(),
        diagnostics: look.diagnostics,
        sources: look.sources,
    }
}

/// The project's name: as the user says, as a manifest says, or as the folder is called.
fn name(look: &Look<'_>, system: &dyn System, folder: &Path, wishes: &Wishes, told: &mut Told) -> String {
    if let Some(name) = &wishes.name {
        told.say("name", name, "`--name` says so");
        return name.clone();
    }
    let depth = |clue: &&(&Clue, String)| {
        let path = look
            .sources
            .get(clue.0.span.file)
            .map_or("", |source| source.path.as_str());
        path.matches('/').count()
    };
    let named: Vec<(&Clue, String)> = look
        .clues
        .iter()
        .filter_map(|clue| match &clue.said {
            Said::Name(name) => Some((clue, plain(name)?)),
            _ => None,
        })
        .collect();
    // The first of the outermost manifests; the others are named.
    if let Some((clue, name)) = named.iter().min_by_key(depth) {
        told.found.push(at(look, "name", name, &clue.why, clue.span));
        let mut others: Vec<&str> = named
            .iter()
            .map(|(_, other)| other.as_str())
            .filter(|other| other != name)
            .collect();
        others.dedup();
        if !others.is_empty() {
            told.unknown.push(format!(
                "other manifests say the name `{}`: `--name` takes it",
                others.join("`, `")
            ));
        }
        return name.clone();
    }
    let whole = system.resolve(folder).unwrap_or_else(|_| folder.to_owned());
    let called = whole.file_name().and_then(|name| plain(&name.to_string_lossy()));
    let name = called.unwrap_or_else(|| "app".to_owned());
    told.say("name", &name, "no manifest says one, and the folder is called so");
    name
}

/// A name as the language takes it: `@acme/Shop-API` is `shop_api`.
fn plain(name: &str) -> Option<String> {
    let last = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    let mut word: String = last
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    while word.contains("__") {
        word = word.replace("__", "_");
    }
    let word = word
        .trim_start_matches(|c: char| !c.is_ascii_lowercase())
        .trim_end_matches('_');
    let word: String = word.chars().take(LONGEST_NAME).collect();
    is_name(&word).then_some(word)
}

/// What is said about one database: how much it counts, and where.
type Spoken = (Product, (Weight, Clue));

/// The databases that the schema names.
fn databases(look: &mut Look<'_>, wishes: &Wishes, told: &mut Told) -> Vec<String> {
    let said = spoken(look);
    for (product, (_, clue)) in said.iter().filter(|(product, _)| !product.is_emitted()) {
        told.not_yet
            .push(at(look, "database", product.word(), &clue.why, clue.span));
    }
    if !wishes.databases.is_empty() {
        told.say("database", &wishes.databases.join(", "), "`--database` says so");
        return wishes.databases.clone();
    }
    // What runs counts, also where nothing is emitted for it: a driver beside it is there for tests.
    let heaviest = said.values().map(|(weight, _)| *weight).max();
    let emitted = said.into_iter().filter(|(product, _)| product.is_emitted());
    let (first, others): (Vec<Spoken>, Vec<Spoken>) =
        emitted.partition(|(_, (weight, _))| Some(*weight) == heaviest);
    match first.as_slice() {
        [] => {
            told.unknown.push("no file says a database that SQL is emitted for: `postgres` stands in the schema, and `--database` names another".to_owned());
            left_out(look, Product::Postgres, &others, told);
            vec![Product::Postgres.word().to_owned()]
        }
        [(product, (_, clue))] => {
            told.found
                .push(at(look, "database", product.word(), &clue.why, clue.span));
            left_out(look, *product, &others, told);
            vec![product.word().to_owned()]
        }
        several if heaviest == Some(Weight::Word) => {
            // Descriptions speak of tests, and of what was given up: they are named, and decide nothing.
            let words: Vec<&str> = several.iter().map(|(product, _)| product.word()).collect();
            told.unknown.push(format!(
                "descriptions speak of `{}`: `postgres` stands in the schema, and `--database` says which",
                words.join("` and `")
            ));
            vec![Product::Postgres.word().to_owned()]
        }
        several => {
            contradicted(look, several);
            Vec::new()
        }
    }
}

/// The heaviest word about each product.
fn spoken(look: &Look<'_>) -> BTreeMap<Product, (Weight, Clue)> {
    let mut said: BTreeMap<Product, (Weight, Clue)> = BTreeMap::new();
    for clue in &look.clues {
        if let Said::Database(product, weight) = clue.said {
            let known = said.entry(product).or_insert_with(|| (weight, clue.clone()));
            if known.0 < weight {
                *known = (weight, clue.clone());
            }
        }
    }
    said
}

/// Names what less speaks for than for the one that was taken.
fn left_out(look: &Look<'_>, taken: Product, others: &[Spoken], told: &mut Told) {
    for (other, (_, clue)) in others.iter().filter(|(other, _)| *other != taken) {
        let place = at(look, "", "", "", clue.span);
        told.unknown.push(format!(
            "`{}` was left out: less speaks for it ({}:{}); `--database {},{}` takes both",
            other.word(),
            place.path.unwrap_or_default(),
            place.line.unwrap_or_default(),
            taken.word(),
            other.word()
        ));
    }
}

/// Says that only the user can choose.
fn contradicted(look: &mut Look<'_>, several: &[Spoken]) {
    let words: Vec<&str> = several.iter().map(|(product, _)| product.word()).collect();
    let places: Vec<(Span, String)> = several
        .iter()
        .map(|(product, (_, clue))| (clue.span, format!("`{}`: {}", product.word(), clue.why)))
        .collect();
    let single: Vec<String> = words.iter().map(|word| format!("`--database {word}`")).collect();
    let help = format!(
        "say which one: {}, or `--database {}` for both",
        single.join(", "),
        words.join(",")
    );
    let message = format!("the application speaks of {} databases", words.len());
    look.found(&codes::SEVERAL, message, &places, &help);
}

/// Whether models for SQLAlchemy are written; every other framework is named.
fn models(look: &Look<'_>, wishes: &Wishes, told: &mut Told) -> bool {
    let mut seen: BTreeMap<Framework, &Clue> = BTreeMap::new();
    for clue in &look.clues {
        if let Said::Framework(framework) = clue.said {
            seen.entry(framework).or_insert(clue);
        }
    }
    // Words are heard where no manifest says anything.
    if seen.is_empty() {
        for clue in &look.clues {
            if let Said::Mentioned(framework) = clue.said {
                seen.entry(framework).or_insert(clue);
            }
        }
    }
    for (framework, clue) in &seen {
        let (name, why) = match framework {
            Framework::Sqlalchemy => continue,
            Framework::NotYet(name) => (name, clue.why.clone()),
            Framework::Unknown(name) => (name, format!("{}; no emitter for it is planned yet", clue.why)),
        };
        told.not_yet.push(at(look, "models", name, &why, clue.span));
    }
    if let Some(wish) = wishes.models {
        told.say(
            "models",
            if wish { "sqlalchemy" } else { "none" },
            "`--models` says so",
        );
        return wish;
    }
    if let Some(clue) = seen.get(&Framework::Sqlalchemy) {
        told.found
            .push(at(look, "models", "sqlalchemy", &clue.why, clue.span));
        return true;
    }
    told.unknown.push(
        "no file says SQLAlchemy: only SQL is written, and `--models sqlalchemy` adds models, schemas and migrations".to_owned(),
    );
    false
}

/// The first class that the application does not have.
fn free(look: &Look<'_>, names: &'static [&'static str], told: &mut Told) -> &'static str {
    let taken = |name: &str| {
        look.clues
            .iter()
            .find(|clue| matches!(&clue.said, Said::Model { class, .. } if class == name))
    };
    let first = names.first().copied().unwrap_or("Thing");
    let chosen = names
        .iter()
        .copied()
        .find(|name| taken(name).is_none())
        .unwrap_or(first);
    if chosen != first
        && let Some(clue) = taken(first)
    {
        let why = format!("the application has a model `{first}`");
        told.found.push(at(look, "entity", chosen, &why, clue.span));
    }
    chosen
}

/// The modules that the first schema would become.
fn generated(person: &str, thing: &str) -> Vec<String> {
    let names = [person, thing].map(str::to_ascii_lowercase);
    let models = names
        .iter()
        .map(String::as_str)
        .chain(["actor", "enums", "services"]);
    let models = models.map(|name| format!("models/{name}.py"));
    models
        .chain(names.iter().map(|name| format!("schemas/{name}.py")))
        .collect()
}
