//! Objects that come to what is in use, go from it, or take each other's place.

use physical::{
    ForeignKey, Grant, Grantee, Ident, Index, NamedType, NamedTypeKind, Opaque, Schema, Table, View,
};
use plan::{Action, Hazard, Lock, Object, Phase, Step, Undo};

use super::access::grant_statements;
use super::{alter, create, locking, revoke, said, shown, step, strongest};
use crate::postgres::catalog::{IDENTITY, taken_over, within};
use crate::postgres::expression::{expression, or_refused};
use crate::postgres::ident;

/// Makes an object on a table that is read and written.
pub(super) fn add(object: &Object<'_>) -> Vec<Step> {
    match object {
        Object::Index(table, index) => vec![add_index(table, index)],
        Object::ForeignKey(table, key) => add_key(table, key),
        Object::Opaque(opaque) if opaque.kind == "constraint" => vec![add_constraint(opaque)],
        Object::Opaque(opaque) if opaque.kind == IDENTITY => vec![counts_otherwise(opaque)],
        other => vec![create(other)],
    }
}

/// How the sequence of a column counts, which may have counted already.
fn counts_otherwise(opaque: &Opaque) -> Step {
    let mut made = create(&Object::Opaque(opaque));
    let taken = taken_over(opaque.definition.trim_end_matches(" RESTART"));
    if !taken.is_empty() {
        made.action = Action::Sql(taken);
    }
    made
}

/// A constraint that is kept as text, on a table that is there.
fn add_constraint(opaque: &Opaque) -> Step {
    let made = create(&Object::Opaque(opaque));
    let table = opaque.depends_on.first().map(shown).unwrap_or_default();
    let hazards = vec![
        Hazard::Scan(format!("{table} is read whole")),
        Hazard::Blocks(format!("everything that reads or writes {table} waits")),
        Hazard::MayFail(format!("some row of {table} may break the constraint")),
    ];
    locking(made, Lock::AccessExclusive, hazards)
}

/// Nobody waits while the index is built, except on partitioned tables, which know no such way.
pub(super) fn add_index(table: &Table, index: &Index) -> Step {
    let mut made = create(&Object::Index(table, index));
    if table.partitioned.is_some() {
        return made;
    }
    concurrently(&mut made);
    made.hazards = vec![Hazard::Scan(format!("{} is read twice", shown(&table.name)))];
    if index.unique {
        let twice = format!("rows of {} may have the same values", shown(&table.name));
        made.hazards.push(Hazard::MayFail(twice));
    }
    // One that becomes a part of another cannot be put off.
    if table.partition_of.is_none() {
        made.apart = Some(index.name.clone());
    }
    made
}

fn concurrently(step: &mut Step) {
    let slow = |statement: &str| {
        statement
            .replacen("CREATE INDEX ", "CREATE INDEX CONCURRENTLY ", 1)
            .replacen("CREATE UNIQUE INDEX ", "CREATE UNIQUE INDEX CONCURRENTLY ", 1)
            .replacen("DROP INDEX ", "DROP INDEX CONCURRENTLY ", 1)
    };
    let Action::Sql(statements) = &mut step.action;
    if let Some(first) = statements.first_mut() {
        *first = slow(first);
    }
    if let Undo::Sql(statements) = &mut step.undo
        && let Some(first) = statements.first_mut()
    {
        *first = slow(first);
    }
    step.transactional = false;
    step.lock = Lock::ShareUpdateExclusive;
}

/// First for new rows, then for those that are there, while others read and write.
fn add_key(table: &Table, key: &ForeignKey) -> Vec<Step> {
    let name = ident::name(&table.name);
    let mut unchecked = key.clone();
    unchecked.validated = false;
    let whole = table.partitioned.is_some();
    let made = create(&Object::ForeignKey(table, if whole { key } else { &unchecked }));
    let mut steps = vec![made];
    if key.validated && !whole {
        let may = format!("a row of {} may refer to nothing", shown(&table.name));
        steps.push(alter::validate(table, &name, &key.name, &may));
    }
    steps
}

/// Removes an object; the way back makes it again, without what was in it.
pub(super) fn drop(object: &Object<'_>) -> Step {
    let made = create(object);
    let Action::Sql(back) = made.action;
    let (statements, kept) = match made.undo {
        Undo::Sql(statements) => (statements, Undo::Sql(back)),
        // What goes with something else comes back by a statement of its own.
        Undo::WithOther if matches!(object, Object::Opaque(_)) => (Vec::new(), Undo::Sql(back)),
        Undo::WithOther => (Vec::new(), Undo::WithOther),
        Undo::Impossible(why) => (Vec::new(), Undo::Impossible(why)),
    };
    let mut gone = step(
        format!("{} goes", made.title),
        made.section,
        statements,
        kept,
        made.origin,
    );
    gone.runs_as = made.runs_as;
    gone.phase = Phase::Contract;
    match object {
        Object::Table(table, _) => {
            let hazards = vec![
                Hazard::DataLoss(format!("the rows of {}", shown(&table.name))),
                Hazard::BreaksCode(format!("whatever still names {}", shown(&table.name))),
            ];
            locking(gone, Lock::AccessExclusive, hazards)
        }
        Object::Index(table, _) if table.partitioned.is_none() => {
            concurrently(&mut gone);
            gone
        }
        Object::View(_) | Object::Function(_) => {
            let code = vec![Hazard::BreaksCode("whatever still names it".to_owned())];
            locking(gone, Lock::AccessExclusive, code)
        }
        _ => {
            let Action::Sql(statements) = &gone.action;
            let lock = strongest(statements);
            locking(gone, lock, Vec::new())
        }
    }
}

/// What its table takes along: nothing is to be done, but on the way back.
pub(super) fn goes_along(object: &Object<'_>) -> Step {
    let made = create(object);
    let Action::Sql(back) = made.action;
    let title = format!("{} goes with its table", made.title);
    step(title, made.section, Vec::new(), Undo::Sql(back), made.origin)
}

/// Makes the second of the first, without removing it.
pub(super) fn replace(from: &Object<'_>, to: &Object<'_>) -> Vec<Step> {
    let (forth, back) = (changes(from, to), changes(to, from));
    let made = create(to);
    let undo = match (&back, to) {
        (_, Object::ForeignKey(table, _)) => Undo::Sql(key_again(table, from)),
        (_, Object::Type(_)) if forth.iter().any(|text| text.contains(" ADD VALUE ")) => {
            Undo::Impossible("a member of an enum cannot be taken out".to_owned())
        }
        (back, _) if back.is_empty() => Undo::WithOther,
        (back, _) => Undo::Sql(back.clone()),
    };
    if forth.is_empty() {
        return Vec::new();
    }
    let mut changed = step(
        format!("{} changes", made.title),
        made.section,
        forth,
        undo,
        made.origin,
    );
    changed.runs_as = made.runs_as;
    // A new member can be used when it is committed, and not before.
    let grows = |statement: &String| statement.contains(" ADD VALUE ");
    let Action::Sql(statements) = &changed.action;
    changed.transactional = !(matches!(to, Object::Type(_)) && statements.iter().any(grows));
    vec![match to {
        Object::Opaque(opaque) if opaque.kind == "composite type" => {
            let Action::Sql(statements) = &changed.action;
            let drops = statements.iter().any(|text| text.contains(" DROP ATTRIBUTE "));
            let lost = Hazard::DataLoss(format!(
                "what is in attributes of {} that go",
                shown(&opaque.name)
            ));
            locking(
                changed,
                Lock::AccessExclusive,
                drops.then_some(lost).into_iter().collect(),
            )
        }
        Object::ForeignKey(table, _) => locking(
            changed,
            Lock::ShareUpdateExclusive,
            vec![Hazard::Scan(format!("{} is read whole", shown(&table.name)))],
        ),
        Object::Type(ty) => {
            let Action::Sql(statements) = &changed.action;
            let looks = statements
                .iter()
                .any(|text| text.contains(" VALIDATE CONSTRAINT ") || text.contains(" SET NOT NULL"));
            if looks {
                let hazards = vec![
                    Hazard::Scan(format!(
                        "every table with a column of {} is read whole",
                        shown(&ty.name)
                    )),
                    Hazard::MayFail(format!("some value of {} may break it", shown(&ty.name))),
                ];
                locking(changed, Lock::Share, hazards)
            } else {
                changed
            }
        }
        _ => changed,
    }]
}

/// A key that was looked at cannot be made one that was not: it is made again.
fn key_again(table: &Table, from: &Object<'_>) -> Vec<String> {
    let made = create(from);
    let (Action::Sql(add), Undo::Sql(mut statements)) = (made.action, made.undo) else {
        return Vec::new();
    };
    if let Object::ForeignKey(_, key) = from
        && table
            .foreign_keys
            .iter()
            .any(|other| other.name == key.name && other.validated == key.validated)
    {
        return vec![said(
            "CONSTRAINT",
            &format!(
                "{} ON {}",
                ident::ident(key.name.as_str()),
                ident::name(&table.name)
            ),
            key.comment.as_deref(),
        )];
    }
    statements.extend(add);
    statements
}

fn changes(from: &Object<'_>, to: &Object<'_>) -> Vec<String> {
    match (from, to) {
        (_, Object::Function(_)) => function(from, to),
        (_, Object::Opaque(opaque))
            if matches!(opaque.kind.as_str(), "function" | "procedure" | "aggregate") =>
        {
            function(from, to)
        }
        (Object::View(a), Object::View(b)) => view(a, b),
        (Object::Type(a), Object::Type(b)) => named_type(a, b),
        (Object::Schema(a), Object::Schema(b)) => schema(a, b),
        (Object::Index(table, _), Object::Index(_, index)) => {
            let mut name = physical::Name::bare(index.name.clone());
            name.schema.clone_from(&table.name.schema);
            vec![said("INDEX", &ident::name(&name), index.comment.as_deref())]
        }
        (Object::ForeignKey(table, a), Object::ForeignKey(_, b)) => {
            let name = ident::name(&table.name);
            let constraint = ident::ident(b.name.as_str());
            let mut out = Vec::new();
            if b.validated && !a.validated {
                out.push(format!("ALTER TABLE {name} VALIDATE CONSTRAINT {constraint}"));
            }
            if a.comment != b.comment {
                out.push(said(
                    "CONSTRAINT",
                    &format!("{constraint} ON {name}"),
                    b.comment.as_deref(),
                ));
            }
            out
        }
        (Object::Opaque(was), Object::Opaque(opaque)) if opaque.kind == "sequence" => {
            sequence(&was.definition, &opaque.definition)
        }
        (Object::Opaque(was), Object::Opaque(opaque)) if opaque.kind == "composite type" => {
            composite(was, opaque)
        }
        (Object::Opaque(was), Object::Opaque(opaque)) if opaque.kind == IDENTITY => {
            let mut out = within(&was.definition, &opaque.definition);
            out.push(again(opaque));
            out
        }
        (_, Object::Opaque(opaque)) => vec![again(opaque)],
        _ => Vec::new(),
    }
}

/// A composite type gains and loses attributes, in tables as well.
fn composite(from: &Opaque, to: &Opaque) -> Vec<String> {
    let (gone, come) = plan::regrown(&from.definition, &to.definition).unwrap_or_default();
    let alter = format!("ALTER TYPE {}", ident::name(&to.name));
    let goes = gone
        .iter()
        .map(|each| format!("{alter} DROP ATTRIBUTE {}", plan::attribute_name(each)));
    let mut out: Vec<String> = goes.collect();
    out.extend(come.iter().map(|each| format!("{alter} ADD ATTRIBUTE {each}")));
    let rest = |text: &'static str, opaque: &Opaque| {
        let all = opaque
            .definition
            .split(";\n")
            .filter(|statement| statement.starts_with(text));
        all.map(str::to_owned).collect::<Vec<_>>()
    };
    for start in ["GRANT ", "REVOKE ", "COMMENT ON "] {
        let (was, is) = (rest(start, from), rest(start, to));
        let lost = was.iter().filter(|statement| !is.contains(statement));
        out.extend(lost.filter_map(|statement| match start {
            "GRANT " => Some(revoke(statement)),
            "REVOKE " => {
                let grant = statement.replacen("REVOKE ALL ", "GRANT USAGE ", 1);
                Some(grant.replacen(" FROM ", " TO ", 1))
            }
            _ => {
                let (object, _) = statement.split_once(" IS ")?;
                let said = |other: &String| other.starts_with(&format!("{object} IS "));
                let with = |each: &&str| object.ends_with(&format!(".{}", plan::attribute_name(each)));
                (!gone.iter().any(with) && !is.iter().any(said)).then(|| format!("{object} IS NULL"))
            }
        }));
    }
    for start in ["ALTER TYPE ", "REVOKE ", "GRANT ", "COMMENT ON "] {
        let was = rest(start, from);
        let new = rest(start, to).into_iter();
        out.extend(new.filter(|statement| !was.contains(statement)));
    }
    out
}

/// A sequence counts otherwise, and goes on from where it is.
fn sequence(from: &str, to: &str) -> Vec<String> {
    let (was, is): (Vec<&str>, Vec<&str>) = (from.split(";\n").collect(), to.split(";\n").collect());
    let mut out: Vec<String> = was
        .iter()
        .filter(|statement| !is.contains(statement) && statement.starts_with("GRANT "))
        .map(|grant| revoke(grant))
        .collect();
    let changed = |statement: &str| {
        let logged = statement.replacen("CREATE UNLOGGED SEQUENCE ", "CREATE SEQUENCE ", 1);
        logged.replacen("CREATE SEQUENCE ", "ALTER SEQUENCE ", 1)
    };
    let counts = |all: &[&str]| changed(all.first().copied().unwrap_or_default());
    out.extend(within(&counts(&was), &counts(&is)));
    let logged = |text: &str| text.starts_with("CREATE SEQUENCE ");
    if let (true, Some((head, _))) = (logged(from) != logged(to), counts(&is).rsplit_once(" AS ")) {
        out.push(format!(
            "{head} SET {}",
            if logged(to) { "LOGGED" } else { "UNLOGGED" }
        ));
    }
    let new = is.iter().filter(|statement| !was.contains(statement));
    out.extend(new.map(|statement| changed(statement)));
    let said = |all: &[&str]| {
        all.iter()
            .rfind(|text| text.starts_with("COMMENT ON "))
            .copied()
            .map(str::to_owned)
    };
    if let (Some(comment), None) = (said(&was), said(&is))
        && let Some((object, _)) = comment.split_once(" IS ")
    {
        out.push(format!("{object} IS NULL"));
    }
    out
}

/// A setting, said anew. A sequence that has counted goes on from where it is.
fn again(opaque: &Opaque) -> String {
    let text = opaque.definition.trim().trim_end_matches(';');
    let text = match text.strip_suffix(" RESTART") {
        Some(text) if opaque.kind == IDENTITY => text,
        _ => text,
    };
    text.to_owned()
}

/// A function takes the place of another one, and has no rights but its own.
fn function(from: &Object<'_>, to: &Object<'_>) -> Vec<String> {
    let statements = |object: &Object<'_>| {
        let Action::Sql(statements) = create(object).action;
        let whole = matches!(object, Object::Opaque(_));
        let parts = statements.iter().flat_map(|text| match whole {
            true => text.split(";\n").collect(),
            false => vec![text.as_str()],
        });
        parts.map(str::to_owned).collect::<Vec<String>>()
    };
    let (was, mut is) = (statements(from), statements(to));
    // Everyone may call a function of whose rights nothing is said.
    let closed = |all: &[String]| all.iter().find(|text| text.starts_with("REVOKE ALL ")).cloned();
    let for_all = |text: &str| text.ends_with(" TO PUBLIC") && closed(&is).is_none();
    let lost = was
        .iter()
        .filter(|text| text.starts_with("GRANT ") && !is.contains(text) && !for_all(text));
    let mut lost: Vec<String> = lost.map(|grant| revoke(grant)).collect();
    if let (Some(revoke), None) = (closed(&was), closed(&is)) {
        let grant = revoke.replacen("REVOKE ALL ", "GRANT EXECUTE ", 1);
        lost.push(grant.replacen(" FROM PUBLIC", " TO PUBLIC", 1));
    }
    let said = |all: &[String]| all.iter().find(|text| text.starts_with("COMMENT ON ")).cloned();
    if let (Some(comment), None) = (said(&was), said(&is))
        && let Some((object, _)) = comment.split_once(" IS ")
    {
        lost.push(format!("{object} IS NULL"));
    }
    let Action::Sql(made) = create(to).action;
    is = made;
    let place = is
        .iter()
        .position(|each| each.starts_with("CREATE "))
        .unwrap_or_default();
    if let Some(statement) = is.get_mut(place) {
        *statement = statement
            .replacen("CREATE FUNCTION ", "CREATE OR REPLACE FUNCTION ", 1)
            .replacen("CREATE PROCEDURE ", "CREATE OR REPLACE PROCEDURE ", 1);
    }
    is.splice(place + 1..=place, lost);
    is
}

fn view(from: &View, to: &View) -> Vec<String> {
    let name = ident::name(&to.name);
    let kind = if to.materialized {
        "MATERIALIZED VIEW"
    } else {
        "VIEW"
    };
    let mut out = Vec::new();
    if from.owner != to.owner {
        super::owner(&mut out, kind, &name, to.owner.as_ref());
    }
    out.extend(lost_grants(
        "",
        &name,
        &from.grants,
        (&to.grants, to.owner.as_ref()),
    ));
    grant_statements(&mut out, "", &name, &new_grants(&from.grants, &to.grants));
    if from.comment != to.comment {
        out.push(said(kind, &name, to.comment.as_deref()));
    }
    out
}

fn schema(from: &Schema, to: &Schema) -> Vec<String> {
    let name = ident::ident(to.name.as_str());
    let mut out = Vec::new();
    if from.owner != to.owner {
        super::owner(&mut out, "SCHEMA", &name, to.owner.as_ref());
    }
    out.extend(lost_grants(
        "SCHEMA ",
        &name,
        &from.grants,
        (&to.grants, to.owner.as_ref()),
    ));
    grant_statements(&mut out, "SCHEMA ", &name, &new_grants(&from.grants, &to.grants));
    if from.comment != to.comment {
        out.push(said("SCHEMA", &name, to.comment.as_deref()));
    }
    out
}

/// What values of a domain must be: first for new ones, then for those that are there.
fn domain(from: &NamedType, to: &NamedType) -> Vec<String> {
    let kinds = (&from.kind, &to.kind);
    let (
        NamedTypeKind::Domain {
            not_null: was_needed,
            checks: before,
            ..
        },
        NamedTypeKind::Domain { not_null, checks, .. },
    ) = kinds
    else {
        return Vec::new();
    };
    let alter = format!("ALTER DOMAIN {}", ident::name(&to.name));
    let quoted = |name: &Ident| ident::ident(name.as_str());
    let gone = before.iter().filter(|check| !checks.contains(check));
    let mut out: Vec<String> = gone
        .map(|(name, _)| format!("{alter} DROP CONSTRAINT {}", quoted(name)))
        .collect();
    for (name, check) in checks.iter().filter(|check| !before.contains(check)) {
        let text = or_refused(expression(check));
        out.push(format!(
            "{alter} ADD CONSTRAINT {} CHECK ({text}) NOT VALID",
            quoted(name)
        ));
        out.push(format!("{alter} VALIDATE CONSTRAINT {}", quoted(name)));
    }
    match (was_needed, not_null) {
        (false, true) => out.push(format!("{alter} SET NOT NULL")),
        (true, false) => out.push(format!("{alter} DROP NOT NULL")),
        _ => {}
    }
    out
}

/// New members, each behind the one that it follows.
fn named_type(from: &NamedType, to: &NamedType) -> Vec<String> {
    let name = ident::name(&to.name);
    let mut out = domain(from, to);
    if let (NamedTypeKind::Enum(was), NamedTypeKind::Enum(is)) = (&from.kind, &to.kind) {
        for (at, member) in is.iter().enumerate().filter(|(_, member)| !was.contains(member)) {
            let place = match at.checked_sub(1).and_then(|before| is.get(before)) {
                Some(before) => format!(" AFTER {}", ident::text(before)),
                None => is
                    .get(at + 1)
                    .filter(|next| was.contains(next))
                    .or_else(|| was.first())
                    .map(|next| format!(" BEFORE {}", ident::text(next)))
                    .unwrap_or_default(),
            };
            out.push(format!(
                "ALTER TYPE {name} ADD VALUE {}{place}",
                ident::text(member)
            ));
        }
    }
    if from.owner != to.owner {
        super::owner(&mut out, "TYPE", &name, to.owner.as_ref());
    }
    if from.comment != to.comment {
        out.push(said("TYPE", &name, to.comment.as_deref()));
    }
    out
}

fn new_grants(from: &[Grant], to: &[Grant]) -> Vec<Grant> {
    to.iter().filter(|grant| !from.contains(grant)).cloned().collect()
}

/// What was given to who owns it now is an owner's.
fn lost_grants(
    kind: &'static str,
    object: &str,
    from: &[Grant],
    (to, owner): (&[Grant], Option<&Ident>),
) -> Vec<String> {
    let mut lost = new_grants(to, from);
    let owner = owner.cloned().map(Grantee::Role);
    lost.retain(|grant| owner.as_ref() != Some(&grant.grantee));
    let mut statements = Vec::new();
    grant_statements(&mut statements, kind, object, &lost);
    statements.iter().map(|grant| revoke(grant)).collect()
}
