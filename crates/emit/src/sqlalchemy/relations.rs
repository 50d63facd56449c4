//! Relations between classes: always over the internal keys, never loaded by accident.

use model::{Inverse, ManyToMany, Reference, Relation, Type};
use physical::{Column, ForeignKey};

use super::columns::{Class, kept};
use super::imports::Imports;
use super::py::{Py, statement, string};
use super::units::{Of, Unit};

/// The relations of a class, in the order of the source.
pub(super) fn relations(class: &Class<'_, '_>, imports: &mut Imports) -> String {
    let mut out = String::new();
    let mut add = |attribute: &str, annotation: &str, arguments: Vec<Py>, imports: &mut Imports| {
        imports.installed("sqlalchemy.orm", "Mapped");
        imports.installed("sqlalchemy.orm", "relationship");
        let before = format!("{attribute}: Mapped[{annotation}] = ");
        out.push_str(&statement(4, &before, &Py::call("relationship", arguments), ""));
    };
    if let Of::Link(link) = class.unit.of {
        for (attribute, annotation, arguments) in sides(class, link, imports) {
            add(&attribute, &annotation, arguments, imports);
        }
    }
    let Some(entity) = class.unit.entity() else {
        return out;
    };
    for (field, index) in entity.fields.iter().zip(0_u32..) {
        let Some(attribute) = class.unit.relation(index) else {
            continue;
        };
        let made = match (&field.ty, field.relation) {
            (Type::Reference(target), _) => to_one(class, index, *target, imports),
            (_, Some(Relation::Inverse(inverse))) => to_many(class, inverse, imports),
            (_, Some(Relation::Link(id))) => {
                let link = class.input.model.links.get(id.0 as usize);
                link.and_then(|link| pairs(class, link, index, imports))
            }
            (_, Some(Relation::Through { entity, near, far })) => through(
                class,
                class.units.entity(entity),
                (near.index, far.index),
                imports,
            ),
            _ => None,
        };
        if let Some((annotation, arguments)) = made {
            add(attribute, &annotation, arguments, imports);
        }
    }
    for (reference, attribute) in &class.unit.references {
        if let Some((annotation, arguments)) = composite(class, reference, imports) {
            add(attribute, &annotation, arguments, imports);
        }
    }
    out
}

/// What stands in `Mapped[…]`, and the arguments.
type Made = (String, Vec<Py>);

fn lazily() -> Py {
    Py::text("lazy", "raise_on_sql")
}

/// Makes the class known to type checkers; the mappers find it by its name.
fn named(class: &Class<'_, '_>, other: &Unit<'_>, imports: &mut Imports) -> String {
    if other.class != class.unit.class {
        imports.checked(&format!(".{}", other.module), &other.class);
    }
    other.class.clone()
}

/// The foreign key that begins with a column.
fn key_of<'a>(unit: &Unit<'a>, column: &Column) -> Option<&'a ForeignKey> {
    let keys = || {
        unit.table
            .foreign_keys
            .iter()
            .filter(|key| key.columns.first() == Some(&column.name))
    };
    keys()
        .find(|key| key.columns.len() == 1)
        .or_else(|| keys().next())
}

/// `Order.customer_id == User.id`
fn joined(unit: &Unit<'_>, own: &str, other: &Unit<'_>, theirs: &str) -> String {
    format!(
        "{}.{own} == {}.{}",
        unit.class,
        other.class,
        other.attribute(theirs)
    )
}

fn to_one(class: &Class<'_, '_>, field: u32, target: model::EntityId, imports: &mut Imports) -> Option<Made> {
    let unit = class.unit;
    let other = class.units.entity(target)?;
    let column = unit.column(field)?;
    let own = unit.attribute(column.name.as_str());
    let key = key_of(unit, column)?;
    let theirs = key.referenced.first()?.as_str();
    let mut arguments = vec![Py::named("foreign_keys", Py::list([Py::atom(own.clone())]))];
    if key.columns.len() > 1 {
        arguments.push(Py::text("primaryjoin", &joined(unit, &own, other, theirs)));
    }
    if other.class == unit.class {
        arguments.push(Py::text(
            "remote_side",
            &format!("{}.{}", unit.class, other.attribute(theirs)),
        ));
    }
    let only_read = kept(unit).contains(column.name.as_str());
    if let Some(back) = inverse_of(class, unit, field, other).filter(|_| !only_read) {
        arguments.push(Py::text("back_populates", back));
    }
    arguments.push(lazily());
    if only_read {
        arguments.push(Py::atom("viewonly=True"));
    }
    let optional = if column.nullable { " | None" } else { "" };
    Some((format!("{}{optional}", named(class, other, imports)), arguments))
}

/// The relation to many that is the other side of a reference.
fn inverse_of<'u>(
    class: &Class<'_, '_>,
    unit: &Unit<'_>,
    field: u32,
    other: &'u Unit<'_>,
) -> Option<&'u str> {
    let own = unit.entity()?.id;
    let entity = other.entity()?;
    let found = entity.fields.iter().zip(0_u32..).find(|(candidate, _)| {
        matches!(candidate.relation, Some(Relation::Inverse(Inverse { of })) if of.entity == own && of.index == field)
    });
    let _ = class;
    other.relation(found?.1)
}

fn to_many(class: &Class<'_, '_>, inverse: Inverse, imports: &mut Imports) -> Option<Made> {
    let unit = class.unit;
    let other = class.units.entity(inverse.of.entity)?;
    let column = other.column(inverse.of.index)?;
    let theirs = other.attribute(column.name.as_str());
    let key = key_of(other, column)?;
    let own = unit.attribute(key.referenced.first()?.as_str());
    let foreign = format!("{}.{theirs}", other.class);
    let mut arguments = vec![
        Py::text("foreign_keys", &foreign),
        Py::text("primaryjoin", &format!("{}.{own} == {foreign}", unit.class)),
    ];
    let only_read = kept(other).contains(column.name.as_str());
    if let Some(back) = other.relation(inverse.of.index).filter(|_| !only_read) {
        arguments.push(Py::text("back_populates", back));
    }
    arguments.push(lazily());
    arguments.push(if only_read {
        Py::atom("viewonly=True")
    } else {
        Py::text("passive_deletes", "all")
    });
    Some((format!("list[{}]", named(class, other, imports)), arguments))
}

/// The columns of a link: that of the declaring side, and the other.
fn columns_of(link: &Unit<'_>) -> Option<(String, String)> {
    match link.table.primary_key.as_ref()?.columns.as_slice() {
        [left, right] => Some((left.to_string(), right.to_string())),
        _ => None,
    }
}

fn pairs(class: &Class<'_, '_>, link: &ManyToMany, field: u32, imports: &mut Imports) -> Option<Made> {
    let table = class.units.link(link)?;
    let declares = link.field.index == field && class.unit.entity()?.id == link.left;
    let (left, right) = columns_of(table)?;
    let (near, far) = if declares { (left, right) } else { (right, left) };
    let other = class
        .units
        .entity(if declares { link.right } else { link.left })?;
    let back = if declares { link.back } else { Some(link.field) };
    imports.own(&format!(".{}", table.module), &table.class);
    let mut arguments = vec![Py::named(
        "secondary",
        Py::Atom(format!("{}.__table__", table.class)),
    )];
    let composite = table.table.foreign_keys.iter().any(|key| key.columns.len() > 1);
    if composite || link.left == link.right {
        arguments.extend(joins(class.unit, other, table, &near, &far, None)?);
    }
    if let Some(back) = back.and_then(|id| class.units.entity(id.entity)?.relation(id.index)) {
        arguments.push(Py::text("back_populates", back));
    }
    arguments.push(lazily());
    arguments.push(Py::atom("passive_deletes=True"));
    Some((format!("list[{}]", named(class, other, imports)), arguments))
}

/// How two classes are joined over a table between them.
fn joins(
    unit: &Unit<'_>,
    other: &Unit<'_>,
    between: &Unit<'_>,
    near: &str,
    far: &str,
    alive: Option<&str>,
) -> Option<[Py; 2]> {
    let (own, theirs) = (unit.key()?.name.as_str(), other.key()?.name.as_str());
    let near = format!(
        "{}.{} == {}.{}",
        unit.class,
        unit.attribute(own),
        between.class,
        between.attribute(near)
    );
    let mut far = format!(
        "{}.{} == {}.{}",
        other.class,
        other.attribute(theirs),
        between.class,
        between.attribute(far)
    );
    if let Some(alive) = alive {
        far = format!(
            "and_({far}, {}.{}.is_(None))",
            between.class,
            between.attribute(alive)
        );
    }
    Some([Py::text("primaryjoin", &near), Py::text("secondaryjoin", &far)])
}

/// Many to many by an entity: read only, since rows of the entity have more to them than the two keys.
fn through(
    class: &Class<'_, '_>,
    between: Option<&Unit<'_>>,
    (near, far): (u32, u32),
    imports: &mut Imports,
) -> Option<Made> {
    let between = between?;
    let entity = between.entity()?;
    let Type::Reference(target) = entity.fields.get(far as usize)?.ty else {
        return None;
    };
    let other = class.units.entity(target)?;
    let (near, far) = (
        between.column(near)?.name.as_str(),
        between.column(far)?.name.as_str(),
    );
    let alive = entity
        .soft_delete
        .value
        .then_some("deleted_at")
        .filter(|name| between.table.column(name).is_some());
    let table = format!("{}.{}", class.input.blueprint.schema, between.table.name.name);
    let mut arguments = vec![Py::Before(
        "secondary=".to_owned(),
        Box::new(Py::Atom(string(&table))),
    )];
    arguments.extend(joins(class.unit, other, between, near, far, alive)?);
    arguments.push(lazily());
    arguments.push(Py::atom("viewonly=True"));
    Some((format!("list[{}]", named(class, other, imports)), arguments))
}

/// A reference over several columns: read only, since the columns are fields of their own.
fn composite(class: &Class<'_, '_>, reference: &Reference, imports: &mut Imports) -> Option<Made> {
    let unit = class.unit;
    let other = class.units.entity(reference.target)?;
    let mut own = Vec::new();
    let mut pairs = Vec::new();
    let mut optional = false;
    for (mine, theirs) in reference.fields.iter().zip(&reference.referenced) {
        let column = unit.column(mine.index)?;
        optional |= column.nullable;
        let mine = unit.attribute(column.name.as_str());
        pairs.push(joined(
            unit,
            &mine,
            other,
            other.column(theirs.index)?.name.as_str(),
        ));
        own.push(Py::atom(mine));
    }
    let mut arguments = vec![
        Py::named("foreign_keys", Py::list(own)),
        Py::text("primaryjoin", &format!("and_({})", pairs.join(", "))),
    ];
    if other.class == unit.class {
        let theirs: Option<Vec<String>> = reference
            .referenced
            .iter()
            .map(|id| Some(format!("{}.{}", unit.class, other.value(id.index)?)))
            .collect();
        arguments.push(Py::text("remote_side", &format!("[{}]", theirs?.join(", "))));
    }
    arguments.push(lazily());
    arguments.push(Py::atom("viewonly=True"));
    let optional = if optional { " | None" } else { "" };
    Some((format!("{}{optional}", named(class, other, imports)), arguments))
}

/// The two rows that a link puts together.
fn sides(class: &Class<'_, '_>, link: &ManyToMany, imports: &mut Imports) -> Vec<(String, String, Vec<Py>)> {
    let Some((left, right)) = columns_of(class.unit) else {
        return Vec::new();
    };
    let mut made = Vec::new();
    for (column, target, side) in [(left, link.left, 0), (right, link.right, 1)] {
        let (Some(other), Some(attribute)) = (class.units.entity(target), class.unit.relation(side)) else {
            continue;
        };
        let own = class.unit.attribute(&column);
        let mut arguments = vec![Py::named("foreign_keys", Py::list([Py::atom(own.clone())]))];
        let key = class
            .unit
            .table
            .column(&column)
            .and_then(|column| key_of(class.unit, column));
        let theirs = key.and_then(|key| key.referenced.first().map(ToString::to_string));
        if let Some(theirs) = theirs.filter(|_| key.is_some_and(|key| key.columns.len() > 1)) {
            arguments.push(Py::text("primaryjoin", &joined(class.unit, &own, other, &theirs)));
        }
        arguments.push(lazily());
        arguments.push(Py::atom("viewonly=True"));
        made.push((attribute.to_owned(), named(class, other, imports), arguments));
    }
    made
}
