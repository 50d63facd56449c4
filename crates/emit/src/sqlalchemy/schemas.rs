//! What crosses the border: Pydantic models for reading, creating and changing rows.

use std::collections::BTreeSet;

use model::{
    Entity, Field, FieldOrigin, ImpliedField, Literal, Ownership, Privacy, Protection, Relation, Scalar, Type,
};
use physical::{Behaviour, Service};

use super::columns::kept;
use super::entity::source;
use super::fields::Fields;
use super::finders::{HowNamed, how_named};
use super::imports::Imports;
use super::py::{Py, docstring, statement, string, yours};
use super::units::{Unit, Units};
use super::{Input, heading};

/// The classes of a module of schemas.
pub(super) fn classes(class: &str) -> [String; 3] {
    ["Create", "Read", "Update"].map(|kind| format!("{class}{kind}"))
}

/// The text of a module, up to where the user's part begins.
pub(super) fn module(input: &Input<'_>, units: &Units<'_>, unit: &Unit<'_>) -> Option<String> {
    let entity = unit.entity()?;
    let mut made = Schemas {
        input,
        units,
        unit,
        entity,
        fields: Fields::new(units, unit),
        imports: Imports::default(),
        database: kept(unit),
        never: never(unit),
    };
    let read = made.read();
    let create = made.create();
    let update = made.update();
    let mut text = heading(&source(input, unit));
    text.push_str("from __future__ import annotations\n\n");
    text.push_str(&made.imports.render(&input.place));
    text.push_str(&made.fields.aliases());
    for class in [read, create, update] {
        text.push_str(if text.ends_with("\n\n") { "\n" } else { "\n\n" });
        text.push_str(&class);
    }
    text.push_str("\n\n");
    text.push_str(&yours(0));
    Some(text)
}

struct Schemas<'s, 'a> {
    input: &'s Input<'a>,
    units: &'s Units<'a>,
    unit: &'s Unit<'a>,
    entity: &'a Entity,
    fields: Fields<'s, 'a>,
    imports: Imports,
    /// Columns that the database keeps.
    database: BTreeSet<&'s str>,
    /// Columns that never change.
    never: BTreeSet<&'s str>,
}

/// Columns that never change after a row was made.
fn never<'a>(unit: &Unit<'a>) -> BTreeSet<&'a str> {
    let mut never = BTreeSet::new();
    for behaviour in unit.behaviours.iter().copied() {
        if let Behaviour::Immutable { columns } = behaviour {
            never.extend(columns.iter().map(physical::Ident::as_str));
        }
    }
    if let Some(key) = &unit.table.primary_key {
        never.extend(key.columns.iter().map(physical::Ident::as_str));
    }
    never
}

impl<'s, 'a> Schemas<'s, 'a> {
    fn class(&mut self, kind: &str, base: &str, doc: Option<&str>, lines: &str) -> String {
        self.imports.own("..core.schemas", base);
        let mut text = statement(
            0,
            "",
            &Py::call(format!("class {}{kind}", self.unit.class), [Py::atom(base)]),
            ":",
        );
        if let Some(doc) = doc {
            text.push_str(&docstring(4, doc));
            if !lines.is_empty() {
                text.push('\n');
            }
        } else if lines.is_empty() {
            text.push_str("    pass\n");
        }
        text.push_str(lines);
        text
    }

    fn written(&self) -> Vec<(&'a Field, u32)> {
        let fields = self.entity.fields.iter().zip(0_u32..);
        fields
            .filter(|(field, _)| field.origin == FieldOrigin::Written)
            .collect()
    }

    fn read(&mut self) -> String {
        let mut lines = String::new();
        if self.unit.is_named() {
            self.imports.standard("uuid", "UUID");
            self.imports.own("..core.schemas", "public_id");
            lines.push_str("    id: UUID = public_id()\n");
        }
        for (field, index) in self.written() {
            let hidden = field.privacy == Privacy::Secret || field.protection != Protection::Plain;
            if !hidden {
                lines.push_str(&self.shown(field, index));
            }
            lines.push_str(&self.moved(field));
        }
        for what in [
            ImpliedField::CreatedAt,
            ImpliedField::UpdatedAt,
            ImpliedField::Version,
        ] {
            lines.push_str(&self.implied(what));
        }
        let doc = self.unit.table.comment.clone();
        self.class("Read", "Read", doc.as_deref(), &lines)
    }

    /// When the state of a row moved last.
    fn moved(&mut self, field: &Field) -> String {
        let name = format!("{}_changed_at", field.name.text);
        let implied = self.entity.fields.iter().any(|other| {
            other.name.text == name && other.origin == FieldOrigin::Implied(ImpliedField::StateChangedAt)
        });
        if !implied {
            return String::new();
        }
        self.imports.own("..core.schemas", "Instant");
        format!("    {}: Instant\n", super::names::identifier(&name))
    }

    fn implied(&mut self, what: ImpliedField) -> String {
        let Some((id, field)) = self.entity.implied(what) else {
            return String::new();
        };
        let Some(name) = self.unit.value(id.index) else {
            return String::new();
        };
        let ty = match field.ty {
            Type::Scalar(Scalar::Instant) => {
                self.imports.own("..core.schemas", "Instant");
                "Instant"
            }
            _ => "int",
        };
        format!("    {name}: {ty}\n")
    }

    fn shown(&mut self, field: &Field, index: u32) -> String {
        let Some(column) = self.unit.column(index) else {
            return String::new();
        };
        let optional = if column.nullable { " | None" } else { "" };
        if let Type::Reference(target) = field.ty {
            return self.reference(target, index, field, column.nullable);
        }
        let Some(name) = self.unit.value(index) else {
            return String::new();
        };
        let ty = self.fields.read(&field.ty, &mut self.imports);
        let shown = if name == field.name.text {
            String::new()
        } else {
            self.imports.installed("pydantic", "Field");
            format!(" = Field(serialization_alias={})", string(&field.name.text))
        };
        format!("    {name}: {ty}{optional}{shown}\n")
    }

    fn reference(&mut self, target: model::EntityId, index: u32, field: &Field, nullable: bool) -> String {
        let (Some(other), Some(relation)) = (self.units.entity(target), self.unit.relation(index)) else {
            return String::new();
        };
        match how_named(other) {
            HowNamed::ByPublicId => {
                self.imports.standard("uuid", "UUID");
                self.imports.own("..core.schemas", "reference");
                let (optional, more) = if nullable || self.may_be_hidden(other, index) {
                    (" | None", ", optional=True")
                } else {
                    ("", "")
                };
                let shown = if relation == field.name.text {
                    String::new()
                } else {
                    format!(", shown={}", string(&field.name.text))
                };
                let call = format!("reference({}{more}{shown})", string(relation));
                statement(4, &format!("{relation}: UUID{optional} = "), &Py::Atom(call), "")
            }
            HowNamed::ByKey => {
                let (Some(name), Some(ty)) = (self.unit.value(index), self.key_type(other)) else {
                    return String::new();
                };
                let optional = if nullable { " | None" } else { "" };
                format!("    {name}: {ty}{optional}\n")
            }
            HowNamed::NotAtAll => String::new(),
        }
    }

    /// Whether row-level security may hide the other row from somebody who sees this one.
    fn may_be_hidden(&self, other: &Unit<'_>, index: u32) -> bool {
        let somebodys = other.entity().is_some_and(|entity| {
            matches!(
                entity.ownership,
                Ownership::Itself | Ownership::Owner(_) | Ownership::Inherited { .. }
            )
        });
        let own = match &self.entity.ownership {
            Ownership::Owner(id) | Ownership::Inherited { via: id, .. } => id.index == index,
            _ => false,
        };
        somebodys && !own
    }

    /// The type of a natural key.
    fn key_type(&mut self, other: &Unit<'_>) -> Option<String> {
        let (_, field) = other.field(other.key()?.name.as_str())?;
        Some(self.fields.read(&field.ty, &mut self.imports))
    }

    /// Whether somebody sends a field at all.
    fn is_sent(&self, field: &Field, index: u32) -> bool {
        let Some(column) = self.unit.column(index) else {
            return false;
        };
        field.computed.is_none()
            && field.ty != Type::Scalar(Scalar::Token)
            && !self.database.contains(column.name.as_str())
    }

    fn create(&mut self) -> String {
        let mut lines = String::new();
        let service = self.sign_up();
        let spent = self.spent();
        for (field, index) in self.written() {
            if let Some(Relation::Link(_)) = field.relation {
                if service.is_none() {
                    lines.push_str(&self.links(field, index));
                }
                continue;
            }
            if !self.is_sent(field, index) {
                continue;
            }
            let Some(column) = self.unit.column(index) else {
                continue;
            };
            let taken = match &service {
                Some((_, columns)) => columns.contains(&column.name.as_str()),
                None => !spent.contains(&column.name.as_str()) && !self.begins_alone(field),
            };
            if taken {
                lines.push_str(&self.sent(field, index));
            }
        }
        let doc = service.map(|(name, _)| format!("What `services.{name}` takes."));
        self.class("Create", "Write", doc.as_deref(), &lines)
    }

    /// The function that makes rows before anyone is known, and its arguments.
    fn sign_up(&self) -> Option<(String, Vec<&'s str>)> {
        self.unit.services.iter().find_map(|service| match service {
            Service::SignUp { name, columns } => Some((
                name.to_string(),
                columns.iter().map(physical::Ident::as_str).collect(),
            )),
            _ => None,
        })
    }

    /// Columns that redeeming a token sets.
    fn spent(&self) -> Vec<&'s str> {
        let spent = self.unit.services.iter().filter_map(|service| match service {
            Service::RedeemToken { used_at, .. } => used_at.as_ref().map(physical::Ident::as_str),
            _ => None,
        });
        spent.collect()
    }

    /// Whether rows begin in one state only.
    fn begins_alone(&self, field: &Field) -> bool {
        let Type::Enum(id) = field.ty else { return false };
        self.input
            .model
            .enumeration(id)
            .is_some_and(|one| !one.moves.is_empty() && one.initial.len() == 1)
            && field.default.is_some()
    }

    fn links(&mut self, field: &Field, index: u32) -> String {
        let Type::Related(target) = field.ty else {
            return String::new();
        };
        let named = self.units.entity(target).is_some_and(Unit::is_named);
        let Some(name) = self.unit.relation(index).filter(|_| named) else {
            return String::new();
        };
        self.imports.standard("uuid", "UUID");
        self.imports.installed("pydantic", "Field");
        format!("    {name}: list[UUID] = Field(default_factory=list)\n")
    }

    fn sent(&mut self, field: &Field, index: u32) -> String {
        let Some((name, ty)) = self.sent_type(field, index) else {
            return String::new();
        };
        let declared = declared(field, &name);
        let (optional, default) = match &field.default {
            // The database has the value, and it differs from row to row.
            Some((Literal::Now | Literal::Today | Literal::Uuid4 | Literal::Uuid7, _)) => {
                (true, Some("None".to_owned()))
            }
            Some((value, _)) if *value != Literal::Null => {
                match self.fields.default(value, &field.ty, &mut self.imports) {
                    Some(value) => (field.optional, Some(value)),
                    None => (true, Some("None".to_owned())),
                }
            }
            _ => (field.optional, field.optional.then(|| "None".to_owned())),
        };
        let optional = if optional { " | None" } else { "" };
        let before = format!("{name}: {ty}{optional}");
        line(
            &before,
            (declared != name).then_some(("validation_alias", declared)),
            default,
            &mut self.imports,
        )
    }

    /// What a field is called when it is sent, and its type.
    fn sent_type(&mut self, field: &Field, index: u32) -> Option<(String, String)> {
        let Type::Reference(target) = field.ty else {
            let ty = self.fields.sent(field, index, self.entity, &mut self.imports);
            return Some((self.unit.value(index)?, ty));
        };
        let other = self.units.entity(target)?;
        match how_named(other) {
            HowNamed::ByPublicId => {
                self.imports.standard("uuid", "UUID");
                Some((self.unit.relation(index)?.to_owned(), "UUID".to_owned()))
            }
            HowNamed::ByKey => {
                let (_, key) = other.field(other.key()?.name.as_str())?;
                let ty = self.fields.base(&key.ty, &mut self.imports);
                Some((self.unit.value(index)?, ty))
            }
            HowNamed::NotAtAll => None,
        }
    }

    fn update(&mut self) -> String {
        let mut lines = String::new();
        for (field, index) in self.written() {
            let Some(column) = self.unit.column(index) else {
                continue;
            };
            if !self.is_sent(field, index) || self.never.contains(column.name.as_str()) {
                continue;
            }
            let Some((name, ty)) = self.sent_type(field, index) else {
                continue;
            };
            let before = if field.optional {
                format!("{name}: {ty} | None")
            } else {
                self.imports.own("..core.schemas", "Given");
                format!("{name}: Given[{ty}]")
            };
            let declared = declared(field, &name);
            let alias = (declared != name).then_some(("validation_alias", declared));
            lines.push_str(&line(&before, alias, Some("None".to_owned()), &mut self.imports));
        }
        if let Some((id, _)) = self.entity.implied(ImpliedField::Version)
            && let Some(name) = self.unit.value(id.index)
        {
            lines.push_str(&format!("    {name}: int | None = None\n"));
        }
        self.class("Update", "Write", None, &lines)
    }
}

/// What the outside calls a field: as it is declared, unless it is the key that is shown of a reference.
fn declared<'n>(field: &'n Field, name: &'n str) -> &'n str {
    let is_key = name.strip_suffix("_id") == Some(field.name.text.as_str());
    if is_key { name } else { &field.name.text }
}

/// A field of a schema, under its own name where the attribute has another, and with its default.
pub(super) fn line(
    before: &str,
    alias: Option<(&str, &str)>,
    default: Option<String>,
    imports: &mut Imports,
) -> String {
    let before = format!("{before} = ");
    let Some((word, name)) = alias else {
        return match default {
            Some(default) => statement(4, &before, &Py::Atom(default), ""),
            None => format!("    {}\n", before.trim_end_matches(" = ")),
        };
    };
    imports.installed("pydantic", "Field");
    let default = default.map(|default| {
        match default
            .strip_prefix("Field(")
            .and_then(|rest| rest.strip_suffix(')'))
        {
            Some(arguments) => arguments.to_owned(),
            None => format!("default={default}"),
        }
    });
    let arguments = default.map(Py::Atom).into_iter().chain([Py::text(word, name)]);
    statement(4, &before, &Py::call("Field", arguments), "")
}
