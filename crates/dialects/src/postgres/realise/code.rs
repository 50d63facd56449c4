//! The trigger functions that belong to one table, put together from what its behaviours contribute.

use physical::{Ident, Name, Origin, Timing, TriggerEvent};

use super::emit::{id, indented, qualified};
use super::realiser::{Hook, Realiser, RunsAs};

/// The order of parts within a function that runs before a row is written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// What is no change at all: nothing after is looked at.
    Read,
    /// What never changes: refused before anything else is looked at.
    Immutable,
    /// Stored forms, so that everything after sees them.
    NormalForm,
    /// Owner and tenant from the context.
    Context,
    /// Owner and tenant from the row referred to.
    Inherit,
    /// First states and moves.
    Transition,
    /// Deletion and restoration.
    SoftDelete,
    /// The version; from here on technical columns, from which backfills are exempt.
    Version,
    /// Times and authors.
    Stamps,
}

/// A part of a function.
pub(super) struct Section {
    pub(super) part: Part,
    pub(super) title: String,
    pub(super) lines: String,
    pub(super) uses_actor: bool,
}

/// A check that looks past row-level security.
pub(super) struct Reference {
    pub(super) title: String,
    pub(super) declare: Vec<String>,
    pub(super) lines: String,
    /// When an UPDATE must be looked at.
    pub(super) when: Vec<String>,
}

/// What a table's functions are made of.
pub(super) struct TableCode {
    table: Name,
    origin: Origin,
    pub(super) insert: Vec<Section>,
    pub(super) update: Vec<Section>,
    pub(super) locals: Vec<String>,
    pub(super) references: Vec<Reference>,
}

impl TableCode {
    pub(super) fn new(table: Name, origin: Origin) -> Self {
        Self {
            table,
            origin,
            insert: Vec::new(),
            update: Vec::new(),
            locals: Vec::new(),
            references: Vec::new(),
        }
    }
}

/// `OLD.x IS DISTINCT FROM NEW.x`.
pub(super) fn changed(column: &Ident) -> String {
    format!("OLD.{0} IS DISTINCT FROM NEW.{0}", id(column))
}

/// Makes the functions and triggers of every table.
pub(super) fn realise(r: &mut Realiser<'_>) {
    for (_, mut code) in std::mem::take(&mut r.code) {
        // Sorting is stable: within a part, the blueprint's order stands.
        code.insert.sort_by_key(|section| section.part);
        code.update.sort_by_key(|section| section.part);
        before(r, &code, true);
        before(r, &code, false);
        references(r, &code);
    }
}

fn before(r: &mut Realiser<'_>, code: &TableCode, inserting: bool) {
    let (sections, event, trigger, suffix) = if inserting {
        (
            &code.insert,
            TriggerEvent::Insert,
            "t10_before_insert",
            "before_insert",
        )
    } else {
        (
            &code.update,
            TriggerEvent::Update(Vec::new()),
            "t10_before_update",
            "before_update",
        )
    };
    if sections.is_empty() {
        return;
    }
    let titles: Vec<&str> = sections.iter().map(|section| section.title.as_str()).collect();
    let summary = titles.join("; ");
    let body = before_body(r, sections, &code.locals);
    let function = r.private_of(&code.table, suffix);
    let verb = if inserting { "new" } else { "changed" };
    r.add_trigger_function(
        function.clone(),
        RunsAs::Caller,
        body,
        format!(
            "What a {verb} row of {} goes through: {summary}.",
            qualified(&code.table)
        ),
        code.origin,
    );
    r.add_trigger(
        &code.table,
        Hook {
            name: trigger,
            timing: Timing::Before,
            events: vec![event],
            per_row: true,
            when: None,
            function,
            arguments: Vec::new(),
            comment: format!("{}.", capital(&summary)),
            origin: code.origin,
        },
    );
}

fn before_body(r: &Realiser<'_>, sections: &[Section], locals: &[String]) -> String {
    let (technical, always): (Vec<&Section>, Vec<&Section>) =
        sections.iter().partition(|section| section.part >= Part::Version);
    let mut body = String::from("\n");
    let mut declare = String::new();
    if sections.iter().any(|section| section.uses_actor) {
        declare.push_str(&format!("    actor constant bigint := {};\n", r.actor()));
    }
    if sections.iter().any(|section| section.part == Part::Inherit) {
        for local in locals {
            declare.push_str(&format!("    {local};\n"));
        }
    }
    if !declare.is_empty() {
        body.push_str("DECLARE\n");
        body.push_str(&declare);
    }
    body.push_str("BEGIN\n");
    for section in always {
        push(&mut body, section, 4);
    }
    if !technical.is_empty() {
        body.push_str(&format!(
            "    -- a backfill leaves technical columns alone\n    IF {} THEN\n",
            r.backfill()
        ));
        body.push_str("        RETURN NEW;\n    END IF;\n\n");
        for section in technical {
            push(&mut body, section, 4);
        }
    }
    body.push_str("    RETURN NEW;\nEND\n");
    body
}

fn push(body: &mut String, section: &Section, by: usize) {
    body.push_str(&indented(&format!("-- {}\n{}", section.title, section.lines), by));
    body.push('\n');
}

fn references(r: &mut Realiser<'_>, code: &TableCode) {
    if code.references.is_empty() {
        return;
    }
    let mut body = String::from("\n");
    let declared: Vec<&String> = code.references.iter().flat_map(|one| &one.declare).collect();
    if !declared.is_empty() {
        body.push_str("DECLARE\n");
        let mut seen: Vec<&String> = Vec::new();
        for line in declared {
            if !seen.contains(&line) {
                body.push_str(&format!("    {line};\n"));
                seen.push(line);
            }
        }
    }
    body.push_str("BEGIN\n");
    for one in &code.references {
        body.push_str(&indented(&format!("-- {}\n{}", one.title, one.lines), 4));
        body.push('\n');
    }
    body.push_str("    RETURN NEW;\nEND\n");

    let function = r.private_of(&code.table, "references");
    r.add_trigger_function(
        function.clone(),
        RunsAs::Guard,
        body,
        format!("What rows of {} may refer to.", qualified(&code.table)),
        code.origin,
    );
    let mut conditions: Vec<String> = Vec::new();
    for condition in code.references.iter().flat_map(|one| &one.when) {
        if !conditions.contains(condition) {
            conditions.push(condition.clone());
        }
    }
    let when = conditions.join("\n          OR ");
    for (name, event, when) in [
        ("t30_references_insert", TriggerEvent::Insert, None),
        (
            "t30_references_update",
            TriggerEvent::Update(Vec::new()),
            Some(when),
        ),
    ] {
        r.add_trigger(
            &code.table,
            Hook {
                name,
                timing: Timing::Before,
                events: vec![event],
                per_row: true,
                when,
                function: function.clone(),
                arguments: Vec::new(),
                comment: "The rows referred to are living, and stay so until the transaction ends."
                    .to_owned(),
                origin: code.origin,
            },
        );
    }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}
