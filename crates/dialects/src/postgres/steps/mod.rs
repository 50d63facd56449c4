//! Changes as statements, with their undo, lock and hazards.

mod access;
mod alter;
mod anew;
mod arrays;
mod beside;
mod by_default;
mod column;
mod counters;
mod fill;
mod frame;
mod in_use;
mod keep;
mod key;
mod partition;
mod rename;
mod routine;
pub(crate) mod settings;
mod swap;
mod table;

pub(super) use beside::beside;
pub(super) use frame::frame;
pub(super) use keep::keep;
pub(super) use table::index_key;

pub(crate) use routine::view_text;

use physical::{Name, Opaque, Origin, Seed};
use plan::{Action, Change, Hazard, Lock, Made, Object, Phase, RunsAs, Section, Step, Undo};

use super::ident;

/// Lines longer than this are broken where there is a place for it.
const WIDTH: usize = 100;

/// Puts a change into words.
#[must_use]
pub fn steps(change: &Change<'_>) -> Vec<Step> {
    match change {
        Change::Create(object) => vec![create(object)],
        Change::Add(object) => in_use::add(object),
        Change::AddPart(Object::Index(table, index)) => vec![partition::add_part(table, index)],
        Change::AddPart(object) => in_use::add(object),
        Change::AddWhole {
            table,
            index,
            standing,
            keys,
            joins,
        } => vec![partition::add_whole((table, index), standing, *keys, *joins)],
        Change::Join { table, part, whole } => partition::join(table, part, whole),
        Change::DropWhole {
            table,
            index,
            parts,
            keys,
            along,
        } => vec![partition::drop_whole((table, index), parts, *keys, *along)],
        Change::Drop(object) => vec![in_use::drop(object)],
        Change::GoesAlong(object) => vec![in_use::goes_along(object)],
        Change::Replace(from, to) => in_use::replace(from, to),
        Change::Rename(rename) => vec![rename::rename(rename)],
        Change::Alter(change) => alter::table(change),
        Change::Beside(change) => swap::beside(change),
        Change::BesideBack(change) => swap::beside_back(change),
        Change::Retype {
            from,
            to,
            was,
            columns,
            checks,
        } => vec![anew::retype((from, to), was, columns, checks)],
        Change::DropRetyped { from, was } => vec![anew::drop_retyped(from, was)],
        Change::SetAside { table, aside, except } => vec![anew::set_aside(table, aside, except)],
        Change::BringBack {
            from,
            to,
            aside,
            except,
        } => vec![anew::bring_back((from, to), aside, except)],
    }
}

fn create(object: &Object<'_>) -> Step {
    match object {
        Object::Role(role) => access::role(role),
        Object::Schema(schema) => access::schema(schema),
        Object::Extension(name) => access::extension(name),
        Object::Type(ty) => routine::named_type(ty),
        Object::Table(table, keys) => table::table(table, keys),
        Object::ForeignKey(table, key) => table::foreign_key(table, key),
        Object::Index(table, index) => table::index(table, index),
        Object::Function(function) => routine::function(function),
        Object::Place(table, place) => partition::place(table, place),
        Object::Trigger(table, trigger) => routine::trigger(table, trigger),
        Object::RowSecurity(table) => access::row_security(table),
        Object::Policy(table, policy) => access::policy(table, policy),
        Object::View(view) => routine::view(view),
        Object::Grants(table) => access::grants(table),
        Object::Seed(seed, database) => seed_rows(seed, database.table(&seed.table)),
        Object::Opaque(opaque) => verbatim(opaque),
    }
}

/// `COMMENT ON what IS 'text'`, or that there is none any more.
fn said(kind: &'static str, object: &str, text: Option<&str>) -> String {
    let mut sql = ident::sql();
    sql.kw("COMMENT ON ").kw(kind).kw(" ").fragment(object).kw(" IS ");
    match text {
        Some(text) => sql.text(text),
        None => sql.kw("NULL"),
    };
    sql.finish()
}

/// Takes back what a GRANT of ours gives.
fn revoke(grant: &str) -> String {
    let plain = grant.strip_suffix(" WITH GRANT OPTION").unwrap_or(grant);
    let text = plain.replacen("GRANT ", "REVOKE ", 1);
    match text.rsplit_once(" TO ") {
        Some((before, whom)) => format!("{before} FROM {whom}"),
        None => text,
    }
}

/// A step with what most have in common.
fn step(title: String, section: Section, statements: Vec<String>, undo: Undo, origin: Origin) -> Step {
    Step {
        title,
        section,
        action: Action::Sql(statements),
        undo,
        lock: Lock::None,
        hazards: Vec::new(),
        phase: Phase::Expand,
        transactional: true,
        runs_as: RunsAs::Migrator,
        makes: Made::Other,
        told: vec![0],
        apart: None,
        origin,
    }
}

/// The step, with a lock and what it may do to what is there.
fn locking(mut step: Step, lock: Lock, hazards: Vec<Hazard>) -> Step {
    step.lock = lock;
    step.hazards = hazards;
    step
}

/// The strongest lock that statements take on a table that is there. What is not known to take less takes the strongest.
fn strongest<'a>(statements: impl IntoIterator<Item = &'a String>) -> Lock {
    let of = |statement: &String| {
        let starts = |words: &[&str]| words.iter().any(|word| statement.starts_with(word));
        // Storage options and statistics are read when they are needed: nobody has to wait for them to change.
        let option = starts(&["ALTER TABLE", "ALTER INDEX"])
            && [" SET (", " RESET (", " SET STATISTICS "]
                .iter()
                .any(|word| statement.contains(word));
        if starts(&["GRANT ", "REVOKE ", "ALTER DEFAULT PRIVILEGES ", "SET LOCAL "]) {
            Lock::None
        } else if option || starts(&["COMMENT ON "]) {
            Lock::ShareUpdateExclusive
        } else {
            Lock::AccessExclusive
        }
    };
    statements.into_iter().map(of).max().unwrap_or(Lock::None)
}

fn undo(statement: String) -> Undo {
    Undo::Sql(vec![statement])
}

/// `COMMENT ON what IS 'text'`, when there is a text.
fn comment(out: &mut Vec<String>, kind: &'static str, object: &str, text: Option<&str>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        let mut sql = ident::sql();
        sql.kw("COMMENT ON ").kw(kind).kw(" ").fragment(object);
        sql.kw(" IS ").text(text);
        out.push(sql.finish());
    }
}

/// `ALTER what OWNER TO role`, when there is an owner.
fn owner(out: &mut Vec<String>, kind: &'static str, object: &str, owner: Option<&physical::Ident>) {
    if let Some(owner) = owner {
        let mut sql = ident::sql();
        sql.kw("ALTER ").kw(kind).kw(" ").fragment(object);
        sql.kw(" OWNER TO ").ident(owner);
        out.push(sql.finish());
    }
}

/// Items with commas between, broken into lines of bearable length that begin with `indent`.
fn wrap(items: &[String], first: usize, indent: &str) -> String {
    let mut out = String::new();
    let mut width = first;
    for (index, item) in items.iter().enumerate() {
        let last = index + 1 == items.len();
        let length = item.chars().count() + usize::from(!last);
        if index > 0 {
            if width + 1 + length > WIDTH {
                out.push('\n');
                out.push_str(indent);
                width = indent.len();
            } else {
                out.push(' ');
                width += 1;
            }
        }
        out.push_str(item);
        if !last {
            out.push(',');
        }
        width += length;
    }
    out
}

fn seed_rows(seed: &Seed, table: Option<&physical::Table>) -> Step {
    let identity = table.and_then(|table| {
        let given =
            |column: &&physical::Column| column.identity.is_some() && seed.columns.contains(&column.name);
        table.columns.iter().find(given)
    });
    let mut sql = ident::sql();
    sql.kw("INSERT INTO ")
        .name(&seed.table)
        .kw(" ")
        .list(&seed.columns);
    if identity.is_some() {
        sql.kw("\nOVERRIDING SYSTEM VALUE");
    }
    sql.kw("\nVALUES");
    for (index, row) in seed.rows.iter().enumerate() {
        sql.kw(if index == 0 { "\n    (" } else { ",\n    (" });
        for (index, value) in row.iter().enumerate() {
            sql.kw(if index == 0 { "" } else { ", " }).literal(value);
        }
        sql.kw(")");
    }
    let mut statements = vec![sql.finish()];
    if let Some(column) = identity {
        let mut sql = ident::sql();
        sql.kw("SELECT setval(pg_get_serial_sequence(")
            .text(&ident::name(&seed.table))
            .kw(", ")
            .text(column.name.as_str())
            .kw("), (SELECT max(")
            .ident(&column.name)
            .kw(") FROM ")
            .name(&seed.table)
            .kw("))");
        statements.push(sql.finish());
    }
    step(
        format!("rows of {}", seed.table),
        Section::Seeds,
        statements,
        Undo::WithOther,
        seed.origin,
    )
}

fn verbatim(opaque: &Opaque) -> Step {
    let undo = match &opaque.undo {
        Some(sql) if sql.is_empty() => Undo::WithOther,
        Some(sql) => Undo::Sql(vec![sql.trim().trim_end_matches(';').to_owned()]),
        None => Undo::Impossible(format!(
            "how to remove {} {} is not known",
            opaque.kind, opaque.name
        )),
    };
    let mut statements = vec![opaque.definition.trim().trim_end_matches(';').to_owned()];
    if opaque.origin == Origin::Found && matches!(opaque.kind.as_str(), "function" | "procedure") {
        statements.insert(0, routine::UNCHECKED.to_owned());
    }
    step(
        format!("{} {}", opaque.kind, shown(&opaque.name)),
        Section::Raw,
        statements,
        undo,
        opaque.origin,
    )
}

/// A name for headings.
fn shown(name: &Name) -> String {
    name.to_string()
}
