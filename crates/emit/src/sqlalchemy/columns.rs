//! The columns of a class.

use std::collections::BTreeSet;

use model::{Field, FieldOrigin};
use physical::{Behaviour, Column, DefaultValue, ForeignKey, Identity, Literal, Service, SqlType};

use super::Input;
use super::constraints::{actions, is_on_column, sql};
use super::imports::Imports;
use super::mixins::Bases;
use super::py::{Py, statement, string};
use super::types::{Stored, physical_type, privacy, stored};
use super::units::{Of, Unit, Units};

/// Where everything about a class comes from.
pub(super) struct Class<'c, 'a> {
    pub(super) input: &'c Input<'a>,
    pub(super) units: &'c Units<'a>,
    pub(super) unit: &'c Unit<'a>,
    pub(super) bases: &'c Bases,
}

/// The columns that do not come from the bases: those of fields in the order of the source, then all others.
pub(super) fn columns(class: &Class<'_, '_>, imports: &mut Imports) -> String {
    let kept = kept(class.unit);
    let mut out = String::new();
    for column in ordered(class.unit) {
        if !class.bases.given.contains(column.name.as_str()) {
            out.push_str(&one(class, column, kept.contains(column.name.as_str()), imports));
        }
    }
    out
}

fn ordered<'a>(unit: &Unit<'a>) -> Vec<&'a Column> {
    let mut all: Vec<&Column> = Vec::new();
    let is_key = |column: &Column| column.identity.is_some();
    all.extend(unit.table.columns.iter().filter(|column| is_key(column)));
    let fields = unit
        .entity()
        .map(|entity| entity.fields.as_slice())
        .unwrap_or_default();
    for (field, index) in fields
        .iter()
        .zip(0_u32..)
        .filter(|(field, _)| field.origin == FieldOrigin::Written)
    {
        let Some(column) = unit.column(index) else {
            continue;
        };
        all.push(column);
        // What is kept beside a field stands behind it: when it changed, its blind index, the copy of a public id.
        let beside = [
            format!("{}_bidx", column.name),
            format!("{}_public_id", field.name.text),
            format!("{}_changed_at", field.name.text),
            format!("{}_changed_by", field.name.text),
        ];
        all.extend(beside.iter().filter_map(|name| unit.table.column(name)));
    }
    let order = |column: &&Column| match (unit.of, column.name.as_str()) {
        // Who it is comes before when it was made.
        (Of::Actors, "user_id") => 0,
        (Of::Actors, "created_at") => 2,
        _ => 1,
    };
    let mut others: Vec<&Column> = unit.table.columns.iter().collect();
    others.sort_by_key(order);
    all.extend(others);
    let mut seen = BTreeSet::new();
    all.retain(|column| seen.insert(column.name.as_str()));
    all
}

/// Columns that the database keeps, whatever is written to them.
pub(super) fn kept<'a>(unit: &Unit<'a>) -> BTreeSet<&'a str> {
    let mut kept = BTreeSet::new();
    for behaviour in unit.behaviours.iter().copied() {
        match behaviour {
            Behaviour::FromContext { owner, tenant } => kept.extend(owner.iter().chain(tenant)),
            Behaviour::Inherit { columns, .. } => kept.extend(columns.iter().map(|(own, _)| own)),
            Behaviour::Transitions {
                changed_at,
                changed_by,
                ..
            } => kept.extend(changed_at.iter().chain(changed_by)),
            Behaviour::StampTimes { updated_at, .. } => kept.extend(updated_at),
            Behaviour::StampAuthors { updated_by, .. } => kept.extend(updated_by),
            Behaviour::RaiseVersion {
                version,
                updated_at,
                updated_by,
            } => kept.extend(std::iter::once(version).chain(updated_at).chain(updated_by)),
            Behaviour::SoftDelete {
                deleted_at,
                deleted_by,
                reason,
                batch,
                ..
            } => kept.extend([deleted_at, batch].into_iter().chain(deleted_by).chain(reason)),
            _ => {}
        }
    }
    let mut kept: BTreeSet<&str> = kept.into_iter().map(physical::Ident::as_str).collect();
    if counts_reads_itself(unit) {
        kept.extend(["access_count", "last_accessed"]);
    }
    kept
}

/// Whether reads are counted in the row itself, and not in a table beside it.
fn counts_reads_itself(unit: &Unit<'_>) -> bool {
    let own = &unit.info.name;
    let touches =
        |service: &&Service| matches!(service, Service::TouchAccess { access, .. } if access == own);
    unit.services.iter().any(touches)
}

fn one(class: &Class<'_, '_>, column: &Column, kept: bool, imports: &mut Imports) -> String {
    let unit = class.unit;
    let field = unit.field(column.name.as_str()).map(|(_, field)| field);
    let written = field.filter(|field| field.origin == FieldOrigin::Written);
    let Stored {
        annotation,
        column: ty,
    } = match written {
        Some(field) => stored(class.units, field, column, imports),
        None => physical_type(&column.ty, imports),
    };
    let attribute = unit.attribute(column.name.as_str());
    let mut arguments = Vec::new();
    if attribute != column.name.as_str() {
        arguments.push(Py::Atom(string(column.name.as_str())));
    }
    arguments.extend(ty.map(Py::Atom));
    arguments.extend(keys(class, column, imports));
    if let Some(made) = made(class, column, kept, imports) {
        arguments.push(made);
    }
    arguments.extend(marks(class, column, written, imports));
    let word = if kept { "kept" } else { "mapped_column" };
    if kept {
        imports.own("..core.database", "kept");
    } else {
        imports.installed("sqlalchemy.orm", "mapped_column");
    }
    imports.installed("sqlalchemy.orm", "Mapped");
    let optional = if column.nullable { " | None" } else { "" };
    let before = format!("{attribute}: Mapped[{annotation}{optional}] = ");
    statement(4, &before, &Py::call(word, arguments), "")
}

/// The foreign keys of a column, and which key it belongs to.
fn keys(class: &Class<'_, '_>, column: &Column, imports: &mut Imports) -> Vec<Py> {
    let table = class.unit.table;
    let mut arguments = Vec::new();
    for key in table
        .foreign_keys
        .iter()
        .filter(|key| key.columns == [column.name.clone()])
    {
        imports.sqlalchemy();
        arguments.push(foreign_key(class, key));
    }
    if column.identity.is_some() {
        imports.sqlalchemy();
        let always = column.identity == Some(Identity::Always);
        arguments.push(Py::atom(if always {
            "sa.Identity(always=True)"
        } else {
            "sa.Identity()"
        }));
    }
    if let Some(generated) = &column.generated
        && let Some(text) = sql(class.input, &generated.expr)
    {
        imports.sqlalchemy();
        let stored = if generated.stored { "True" } else { "False" };
        let computed = [Py::Atom(string(&text)), Py::Atom(format!("persisted={stored}"))];
        arguments.push(Py::call("sa.Computed", computed));
    }
    if table
        .primary_key
        .as_ref()
        .is_some_and(|key| key.columns.contains(&column.name))
    {
        arguments.push(Py::atom("primary_key=True"));
    }
    let unique = table
        .uniques
        .iter()
        .find(|unique| unique.columns == [column.name.clone()]);
    if unique.is_some_and(|unique| is_on_column(table, unique)) {
        arguments.push(Py::atom("unique=True"));
    }
    arguments
}

fn foreign_key(class: &Class<'_, '_>, key: &ForeignKey) -> Py {
    let theirs = key
        .referenced
        .first()
        .map(|column| format!("{}.{column}", key.references.name));
    let mut arguments = vec![Py::Atom(string(&theirs.unwrap_or_default()))];
    arguments.extend(actions(class.unit.table, key));
    if matches!(class.unit.of, Of::Actors) {
        // People have actors, and actors are people: one of the two keys comes later.
        arguments.push(Py::atom("use_alter=True"));
    }
    Py::call("sa.ForeignKey", arguments)
}

/// What stands in the column when nothing is given. What the database makes is read after the row was written.
fn made(class: &Class<'_, '_>, column: &Column, kept: bool, imports: &mut Imports) -> Option<Py> {
    let default = column.default.as_ref()?;
    if kept {
        return None;
    }
    let value = match default {
        // Alembic compares a text by putting it between quotes as it stands: one with a quote is the database's to know.
        DefaultValue::Literal(Literal::Text(text)) if column.ty == SqlType::Text && !text.contains('\'') => {
            Py::Atom(string(text))
        }
        // Decimals are scaled in one database and not in the other; nothing is nothing in both.
        DefaultValue::Literal(value) if is_whole(&column.ty) || is_nothing(value) => {
            let text = literal(class.input, default)?;
            imports.sqlalchemy();
            Py::call("sa.text", [Py::Atom(string(&text))])
        }
        _ => {
            imports.own("..core.database", "KEPT");
            Py::atom("KEPT")
        }
    };
    Some(Py::named("server_default", value))
}

fn is_nothing(value: &Literal) -> bool {
    match value {
        Literal::Int(number) => *number == 0,
        Literal::Decimal(text) => text == "0",
        _ => false,
    }
}

const fn is_whole(ty: &SqlType) -> bool {
    matches!(ty, SqlType::SmallInt | SqlType::Integer | SqlType::BigInt)
}

fn literal(input: &Input<'_>, default: &DefaultValue) -> Option<String> {
    match default {
        DefaultValue::Literal(literal) => Some((input.postgres.literal)(literal)),
        _ => None,
    }
}

/// Whether it is loaded only when it is asked for, what it is for, and whom it speaks of.
fn marks(class: &Class<'_, '_>, column: &Column, field: Option<&Field>, imports: &mut Imports) -> Vec<Py> {
    let mut arguments = Vec::new();
    let mark = field.and_then(privacy);
    let hidden = matches!(class.unit.of, Of::Actors) && matches!(column.name.as_str(), "user_id" | "label");
    if hidden || mark == Some("SECRET") {
        arguments.push(Py::atom("deferred=True"));
        arguments.push(Py::atom("deferred_raiseload=True"));
    }
    if let Some(comment) = &column.comment {
        arguments.push(Py::text("comment", comment));
    }
    if let Some(mark) = mark {
        imports.own("..core.database", mark);
        arguments.push(Py::atom(format!("info={mark}")));
    }
    arguments
}
