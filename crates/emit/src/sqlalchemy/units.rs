//! What there is a class for, and how everything is called.

use std::collections::{BTreeMap, BTreeSet};

use model::naming::{plural, snake};
use model::{Entity, EntityId, Field, FieldId, FieldOrigin, ManyToMany, Reference, Type};
use physical::{Behaviour, Blueprint, Column, Name, Purpose, Service, Table, TableInfo};

use super::Input;
use super::names::{Names, identifier, pascal};

/// What a class stands for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Of<'a> {
    Entity(&'a Entity),
    Link(&'a ManyToMany),
    Actors,
}

/// A class of the models.
#[derive(Debug)]
pub(super) struct Unit<'a> {
    pub(super) of: Of<'a>,
    pub(super) table: &'a Table,
    pub(super) info: &'a TableInfo,
    pub(super) class: String,
    pub(super) module: String,
    /// What the table does by itself, and what it offers.
    pub(super) behaviours: Vec<&'a Behaviour>,
    pub(super) services: Vec<&'a Service>,
    /// Whether reads are counted in a table beside this one.
    pub(super) accessed: bool,
    /// The attribute of each column.
    columns: BTreeMap<&'a str, String>,
    /// The attribute of each field that is a relation, or a reference: the other row, not its key.
    relations: BTreeMap<u32, String>,
    /// The attribute of each composite reference.
    pub(super) references: Vec<(&'a Reference, String)>,
    /// The functions of declared queries, in their order.
    pub(super) queries: Vec<String>,
}

impl<'a> Unit<'a> {
    pub(super) fn entity(&self) -> Option<&'a Entity> {
        match self.of {
            Of::Entity(entity) => Some(entity),
            Of::Link(_) | Of::Actors => None,
        }
    }

    /// The attribute of a column.
    pub(super) fn attribute(&self, column: &str) -> String {
        self.columns
            .get(column)
            .cloned()
            .unwrap_or_else(|| identifier(column))
    }

    /// The column of a field.
    pub(super) fn column(&self, field: u32) -> Option<&'a Column> {
        let found = self
            .info
            .columns
            .iter()
            .find(|(_, id)| id.index == field && self.is(id.entity));
        self.table.column(found?.0.as_str())
    }

    fn is(&self, entity: EntityId) -> bool {
        self.entity().is_some_and(|own| own.id == entity)
    }

    /// The field of a column.
    pub(super) fn field(&self, column: &str) -> Option<(FieldId, &'a Field)> {
        let (_, id) = self
            .info
            .columns
            .iter()
            .find(|(name, _)| name.as_str() == column)?;
        Some((*id, self.entity()?.fields.get(id.index as usize)?))
    }

    /// The attribute of a field's value: for a reference, that of its key.
    pub(super) fn value(&self, field: u32) -> Option<String> {
        Some(self.attribute(self.column(field)?.name.as_str()))
    }

    /// The attribute of the other row, or of the other rows.
    pub(super) fn relation(&self, field: u32) -> Option<&str> {
        self.relations.get(&field).map(String::as_str)
    }

    /// What the outside calls a field.
    pub(super) fn outside(&self, field: u32) -> Option<String> {
        self.relation(field)
            .map(str::to_owned)
            .or_else(|| self.value(field))
    }

    /// The only column of the primary key.
    pub(super) fn key(&self) -> Option<&'a Column> {
        match self.table.primary_key.as_ref()?.columns.as_slice() {
            [one] => self.table.column(one.as_str()),
            // A partitioned table has the month in its key, too.
            [one, _] if self.table.partitioned.is_some() => self.table.column(one.as_str()),
            _ => None,
        }
    }

    /// Whether rows have a name for the outside.
    pub(super) fn is_named(&self) -> bool {
        let uuid = |name: &str| {
            self.table
                .column(name)
                .is_some_and(|column| column.ty == physical::SqlType::Uuid)
        };
        uuid("public_id") || uuid("id")
    }
}

/// Everything that a project's models consist of.
#[derive(Debug)]
pub(super) struct Units<'a> {
    pub(super) all: Vec<Unit<'a>>,
    /// The classes of enums, by their ids.
    pub(super) enums: Vec<String>,
    /// The members of enums, by their ids.
    pub(super) members: Vec<Vec<String>>,
    /// The classes of shapes, by their ids.
    pub(super) shapes: Vec<String>,
    /// The names of all classes with tables.
    pub(super) classes: BTreeSet<String>,
    /// The names of all enums and shapes.
    pub(super) values: BTreeSet<String>,
    /// Where each stands in `all`: a project has as many references as it has tables, and more.
    entities: BTreeMap<EntityId, usize>,
    links: BTreeMap<FieldId, usize>,
    tables: BTreeMap<&'a Name, usize>,
}

impl<'a> Units<'a> {
    pub(super) fn of(input: &Input<'a>) -> Self {
        let mut classes = Names::classes();
        let mut modules = Names::modules();
        let model = input.model;
        let named: Vec<String> = model
            .entities
            .iter()
            .map(|entity| classes.take(&entity.name.text))
            .collect();
        let enums = model
            .enums
            .iter()
            .map(|one| classes.take(&one.name.text))
            .collect();
        let shapes = model
            .shapes
            .iter()
            .map(|one| classes.take(&one.name.text))
            .collect();
        let mut all = Vec::new();
        let mut placed = Placed::of(input.blueprint);
        for info in &input.blueprint.tables {
            let Some(table) = placed.tables.get(&info.name).copied() else {
                continue;
            };
            let of = match info.purpose {
                Purpose::Entity(id) => model.entity(id).map(Of::Entity),
                Purpose::Link(..) => link_of(model, info).map(Of::Link),
                Purpose::Actors => Some(Of::Actors),
                _ => None,
            };
            let Some(of) = of else { continue };
            let class = match of {
                Of::Entity(entity) => named.get(entity.id.0 as usize).cloned().unwrap_or_default(),
                Of::Link(link) => classes.take_or(&link_class(model, link), "Link"),
                Of::Actors => classes.take_or("Actor", "Pseudonym"),
            };
            let module = modules.take(&snake(class.trim_end_matches('_')));
            let mut made = unit(of, table, info, class, module);
            made.behaviours = placed.behaviours.remove(&info.name).unwrap_or_default();
            made.services = placed.services.remove(&info.name).unwrap_or_default();
            made.accessed = placed.is_accessed(&made);
            all.push(made);
        }
        let members = model.enums.iter().map(super::conditions::members).collect();
        Self::found(all, enums, members, shapes)
    }

    /// With where everything stands.
    fn found(all: Vec<Unit<'a>>, enums: Vec<String>, members: Vec<Vec<String>>, shapes: Vec<String>) -> Self {
        let (mut entities, mut links, mut tables) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for (at, unit) in all.iter().enumerate() {
            tables.entry(&unit.info.name).or_insert(at);
            match unit.of {
                Of::Entity(entity) => entities.entry(entity.id).or_insert(at),
                Of::Link(link) => links.entry(link.field).or_insert(at),
                Of::Actors => continue,
            };
        }
        let classes = all.iter().map(|unit| unit.class.clone()).collect();
        let values = enums.iter().chain(&shapes).cloned().collect();
        Self {
            all,
            enums,
            members,
            shapes,
            classes,
            values,
            entities,
            links,
            tables,
        }
    }

    /// A member of an enum.
    pub(super) fn member(&self, id: model::EnumId, at: u32) -> Option<&str> {
        self.members
            .get(id.0 as usize)?
            .get(at as usize)
            .map(String::as_str)
    }

    /// The class of an entity.
    pub(super) fn entity(&self, id: EntityId) -> Option<&Unit<'a>> {
        self.all.get(*self.entities.get(&id)?)
    }

    /// The class of a link.
    pub(super) fn link(&self, link: &ManyToMany) -> Option<&Unit<'a>> {
        self.all.get(*self.links.get(&link.field)?)
    }

    /// The class whose rows a table has.
    pub(super) fn table(&self, name: &Name) -> Option<&Unit<'a>> {
        self.all.get(*self.tables.get(name)?)
    }
}

/// What a blueprint says of each table, by its name.
struct Placed<'a> {
    tables: BTreeMap<&'a Name, &'a Table>,
    behaviours: BTreeMap<&'a Name, Vec<&'a Behaviour>>,
    services: BTreeMap<&'a Name, Vec<&'a Service>>,
    /// The entities whose reads are counted, and in which table.
    accesses: BTreeSet<(EntityId, &'a str)>,
}

impl<'a> Placed<'a> {
    fn of(blueprint: &'a Blueprint) -> Self {
        let accesses = blueprint.tables.iter().filter_map(|info| match info.purpose {
            Purpose::Access(id) => Some((id, info.name.name.as_str())),
            _ => None,
        });
        // Of two tables with one name, the first counts.
        let tables = blueprint.database.tables.iter().rev();
        Self {
            tables: tables.map(|table| (&table.name, table)).collect(),
            behaviours: by_table(&blueprint.behaviours),
            services: by_table(&blueprint.services),
            accesses: accesses.collect(),
        }
    }

    fn is_accessed(&self, unit: &Unit<'_>) -> bool {
        unit.entity().is_some_and(|entity| {
            let beside = format!("{}_access", unit.info.name.name);
            self.accesses.contains(&(entity.id, beside.as_str()))
        })
    }
}

fn by_table<T>(placed: &[physical::Placed<T>]) -> BTreeMap<&Name, Vec<&T>> {
    let mut all: BTreeMap<&Name, Vec<&T>> = BTreeMap::new();
    for one in placed {
        all.entry(&one.table).or_default().push(&one.what);
    }
    all
}

/// The relation that a table of pairs was made for.
fn link_of<'a>(model: &'a model::Model, info: &TableInfo) -> Option<&'a ManyToMany> {
    let exact = model
        .links
        .iter()
        .find(|link| link.table == info.name.name.as_str());
    exact.or_else(|| {
        let Purpose::Link(left, right) = info.purpose else {
            return None;
        };
        model
            .links
            .iter()
            .find(|link| (link.left, link.right) == (left, right))
    })
}

/// `ProductTag` for `product_tags`; a table with a name of its own is called by that.
fn link_class(model: &model::Model, link: &ManyToMany) -> String {
    let name = |id| {
        model
            .entity(id)
            .map(|entity| entity.name.text.clone())
            .unwrap_or_default()
    };
    let (left, right) = (name(link.left), name(link.right));
    if link.table == format!("{}_{}", snake(&left), plural(&snake(&right))) {
        format!("{left}{right}")
    } else {
        pascal(&link.table)
    }
}

fn unit<'a>(of: Of<'a>, table: &'a Table, info: &'a TableInfo, class: String, module: String) -> Unit<'a> {
    let mut made = Unit {
        of,
        table,
        info,
        class,
        module,
        behaviours: Vec::new(),
        services: Vec::new(),
        accessed: false,
        columns: BTreeMap::new(),
        relations: BTreeMap::new(),
        references: Vec::new(),
        queries: Vec::new(),
    };
    let mut names = Names::attributes();
    let is_written = |name: &str| {
        made.field(name)
            .is_some_and(|(_, field)| field.origin == FieldOrigin::Written)
    };
    let (written, implied): (Vec<&str>, Vec<&str>) = table
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .partition(|name| is_written(name));
    for column in implied {
        made.columns.insert(column, names.take(column));
    }
    if let Of::Entity(entity) = of {
        entity_names(&mut made, &mut names, entity, &written);
    }
    if matches!(of, Of::Link(_)) {
        let sides = table.primary_key.iter().flat_map(|key| &key.columns).zip(0_u32..);
        for (column, side) in sides {
            let name = column.as_str();
            made.relations
                .insert(side, names.take(name.strip_suffix("_id").unwrap_or(name)));
        }
    }
    made
}

fn entity_names<'a>(made: &mut Unit<'a>, names: &mut Names<'_>, entity: &'a Entity, written: &[&'a str]) {
    let fields = || {
        entity
            .fields
            .iter()
            .zip(0_u32..)
            .filter(|(field, _)| field.origin == FieldOrigin::Written)
    };
    let column = |made: &Unit<'a>, index| {
        let column = made.column(index)?;
        written
            .iter()
            .find(|name| **name == column.name.as_str())
            .copied()
    };
    for (field, index) in fields().filter(|(field, _)| !matches!(field.ty, Type::Reference(_))) {
        if let Some(column) = column(made, index) {
            let attribute = names.take(&field.name.text);
            made.columns.insert(column, attribute);
        } else if field.relation.is_some() {
            made.relations
                .insert(index, names.take_reference(&field.name.text));
        }
    }
    for (field, index) in fields().filter(|(field, _)| matches!(field.ty, Type::Reference(_))) {
        made.relations
            .insert(index, names.take_reference(&field.name.text));
        if let Some(column) = column(made, index) {
            let attribute = names.take(&format!("{}_id", field.name.text));
            made.columns.insert(column, attribute);
        }
    }
    for reference in &entity.references {
        let attribute = names.take_reference(&reference.name.text);
        made.references.push((reference, attribute));
    }
    for query in &entity.queries {
        made.queries.push(names.take_query(&query.name.text));
    }
}
