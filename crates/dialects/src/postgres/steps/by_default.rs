//! What new objects get by `ALTER DEFAULT PRIVILEGES` and shall not have.
//!
//! Such rights are in force while a plan runs, and while it is taken back, if both schemas have them: those that come are given last,
//! and those that go are taken first. What they give is taken away as soon as an object is made; the goal's own rights follow.

use std::collections::BTreeSet;

use physical::{Database, Opaque};
use plan::{Action, Step, Undo};

use crate::postgres::ident;

/// Takes from everything that steps make what it has only by default.
pub(super) fn taken(mut steps: Vec<Step>, (from, to): (&Database, &Database)) -> Vec<Step> {
    let all = from
        .opaque
        .iter()
        .filter(|each| is_default(each) && to.opaque.contains(each));
    let all: Vec<Default<'_>> = all.map(Default::of).collect();
    if all.is_empty() {
        return steps;
    }
    for step in &mut steps {
        let Action::Sql(statements) = &mut step.action;
        after_each(&all, statements);
        if let Undo::Sql(statements) = &mut step.undo {
            after_each(&all, statements);
        }
    }
    steps
}

fn is_default(opaque: &Opaque) -> bool {
    opaque.kind == "default rights"
}

/// What those get who did not make an object.
struct Default<'a> {
    /// `TABLE`, `FUNCTION`, …
    kind: &'a str,
    /// The schema that it is about, if not all.
    schema: Option<&'a str>,
    grantees: BTreeSet<&'a str>,
    /// Whether everyone lacks what everyone has otherwise.
    closed: bool,
}

impl<'a> Default<'a> {
    fn of(opaque: &'a Opaque) -> Self {
        let schema = opaque.name.schema.as_ref().map(physical::Ident::as_str);
        let role = ident::ident(opaque.name.name.as_str());
        let given = opaque.definition.lines().filter_map(|line| {
            let line = line.trim_end_matches(';');
            let line = line.strip_suffix(" WITH GRANT OPTION").unwrap_or(line);
            line.rsplit_once(" TO ").map(|(_, whom)| whom)
        });
        let grantees: BTreeSet<&str> = given.filter(|whom| *whom != role).collect();
        let open = matches!(opaque.detail.as_str(), "FUNCTION" | "TYPE");
        Self {
            kind: &opaque.detail,
            schema,
            closed: open && schema.is_none() && !grantees.contains("PUBLIC"),
            grantees,
        }
    }

    fn is_for(&self, made: &Made) -> bool {
        self.kind == made.class
            && self
                .schema
                .is_none_or(|schema| made.schema.as_deref() == Some(schema))
    }
}

/// An object that a statement makes.
struct Made {
    /// As default rights call it.
    class: &'static str,
    /// As `REVOKE` calls it, with its name.
    object: String,
    schema: Option<String>,
}

const KINDS: &[(&str, &str, &str)] = &[
    ("TABLE ", "TABLE", "TABLE"),
    ("UNLOGGED TABLE ", "TABLE", "TABLE"),
    ("FOREIGN TABLE ", "TABLE", "TABLE"),
    ("VIEW ", "TABLE", "TABLE"),
    ("MATERIALIZED VIEW ", "TABLE", "TABLE"),
    ("SEQUENCE ", "SEQUENCE", "SEQUENCE"),
    ("UNLOGGED SEQUENCE ", "SEQUENCE", "SEQUENCE"),
    ("FUNCTION ", "FUNCTION", "FUNCTION"),
    ("OR REPLACE FUNCTION ", "FUNCTION", "FUNCTION"),
    ("PROCEDURE ", "FUNCTION", "PROCEDURE"),
    ("OR REPLACE PROCEDURE ", "FUNCTION", "PROCEDURE"),
    ("AGGREGATE ", "FUNCTION", "FUNCTION"),
    ("TYPE ", "TYPE", "TYPE"),
    ("DOMAIN ", "TYPE", "TYPE"),
    ("SCHEMA ", "SCHEMA", "SCHEMA"),
];

impl Made {
    /// What a statement makes; the others of its step say how a function is told from others of its name.
    fn by(statement: &str, others: &[String]) -> Option<Self> {
        let rest = statement.strip_prefix("CREATE ")?;
        let (rest, class, word) = KINDS
            .iter()
            .find_map(|(start, class, word)| Some((rest.strip_prefix(start)?, *class, *word)))?;
        let name = path(rest);
        let object = match class {
            "FUNCTION" => signature(name, statement, others)?,
            _ => name,
        };
        let parts = ident::split_path(name);
        let schema = match parts.as_slice() {
            [schema, _, ..] => Some(schema.clone()),
            _ => None,
        };
        Some(Self {
            class,
            object: format!("{word} {object}"),
            schema,
        })
    }
}

/// The name at the beginning of a text, with the quotes that it needs.
fn path(text: &str) -> &str {
    let mut quoted = false;
    let end = text.find(|c: char| {
        quoted ^= c == '"';
        !quoted && (c.is_whitespace() || c == '(' || c == ';')
    });
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// Everything that is made gets an owner, by its full name.
fn signature<'t>(name: &str, statement: &'t str, others: &'t [String]) -> Option<&'t str> {
    let texts = std::iter::once(statement).chain(others.iter().map(String::as_str));
    let lines = texts.flat_map(|text| text.rsplit(";\n"));
    lines
        .filter_map(|line| line.strip_prefix("ALTER ")?.rsplit_once(" OWNER TO "))
        .filter_map(|(object, _)| object.split_once(' '))
        .find_map(|(_, object)| (path(object) == name).then_some(object))
}

fn after_each(all: &[Default<'_>], statements: &mut Vec<String>) {
    let mut out = Vec::with_capacity(statements.len());
    for statement in statements.iter() {
        let made = Made::by(statement, statements);
        let more = made.map(|made| said(all, &made, statements)).unwrap_or_default();
        match statement.rfind(";\nALTER ").filter(|_| !more.is_empty()) {
            // A whole object in one text: what it may and what is said of it comes after its owner.
            Some(_) => out.push(inserted(statement, &more)),
            None => {
                out.push(statement.clone());
                out.extend(more);
            }
        }
    }
    *statements = out;
}

/// The text with statements before the one that gives it to its owner.
fn inserted(text: &str, more: &[String]) -> String {
    let owner = |at: &usize| {
        text.get(at + 2..).is_some_and(|rest| {
            rest.lines()
                .next()
                .is_some_and(|line| line.contains(" OWNER TO "))
        })
    };
    let places: Vec<usize> = text
        .match_indices(";\nALTER ")
        .map(|(at, _)| at)
        .filter(owner)
        .collect();
    let Some((before, after)) = places.last().and_then(|at| text.split_at_checked(*at)) else {
        return text.to_owned();
    };
    format!("{before};\n{}{after}", more.join(";\n"))
}

fn said(all: &[Default<'_>], made: &Made, statements: &[String]) -> Vec<String> {
    let fit: Vec<&Default<'_>> = all.iter().filter(|each| each.is_for(made)).collect();
    let grantees: BTreeSet<&str> = fit
        .iter()
        .flat_map(|each| each.grantees.iter().copied())
        .collect();
    let mut out = Vec::new();
    let others: Vec<&str> = grantees
        .iter()
        .copied()
        .filter(|whom| *whom != "PUBLIC" || !is_open(made))
        .collect();
    if !others.is_empty() {
        out.push(format!(
            "REVOKE ALL ON {} FROM {}",
            made.object,
            others.join(", ")
        ));
    }
    let said = |text: &String| text.contains("REVOKE ALL ON ") || text.contains(" TO PUBLIC");
    if !statements.iter().any(said) && fit.iter().any(|each| each.closed) {
        out.push(format!("GRANT ALL ON {} TO PUBLIC", made.object));
    }
    out
}

/// Whether everyone has rights on such an object unless somebody says otherwise.
fn is_open(made: &Made) -> bool {
    matches!(made.class, "FUNCTION" | "TYPE")
}
