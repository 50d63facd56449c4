//! The database that Prisma Migrate would make.

use std::collections::{BTreeMap, BTreeSet};

use diagnostics::{Diagnostic, Diagnostics};
use physical::{
    Column, Database, DefaultValue, Expr, ForeignKey, Ident, Identity, Index, IndexKey, IndexMethod, Literal,
    Name, NamedType, NamedTypeKind, OnDelete, Opaque, Origin, PrimaryKey, Schema, SqlType, Table,
};
use plan::Relational;

use crate::arguments::{Arguments, Takes};
use crate::ast::Arity;
use crate::codes;
use crate::defaults::{self, Given};
use crate::ground::{FieldOf, Flavor, Ground, Kind, Model};
use crate::keys::{self, of_field};
use crate::names::{constraint, cut, sequence};
use crate::relations::{Between, Held, Relations};
use crate::scalars::{self, Scalar};

/// Something that is documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Docs {
    /// The table, or the enum.
    pub name: Name,
    /// The column; `None` for the table or enum itself.
    pub column: Option<Ident>,
    /// The text.
    pub text: String,
}

/// What is made while models become tables.
pub(crate) struct Making<'g> {
    pub(crate) ground: &'g Ground<'g>,
    pub(crate) dialect: &'static Relational,
    pub(crate) database: Database,
    pub(crate) docs: Vec<Docs>,
    /// Whether only a server knows how it would show something.
    pub(crate) asked: bool,
    sequences: BTreeSet<Name>,
}

const NOTHING: Takes = Takes { bare: &[], all: &[] };

impl<'g> Making<'g> {
    pub(crate) fn new(ground: &'g Ground<'g>, dialect: &'static Relational) -> Self {
        Self {
            ground,
            dialect,
            database: Database::default(),
            docs: Vec::new(),
            asked: false,
            sequences: BTreeSet::new(),
        }
    }

    /// Everything, in the order of the text.
    pub(crate) fn run(&mut self, relations: &Relations<'g>, found: &mut Diagnostics) {
        let extensions = &self.ground.source.extensions;
        if self.ground.flavor == Flavor::Postgres {
            self.database.extensions = extensions.iter().map(|name| Ident::from(name.as_str())).collect();
            self.types();
        }
        for model in &self.ground.models {
            if model.is_view() {
                found.push(not_made(model));
            } else {
                self.table(model, found);
            }
        }
        for between in &relations.between {
            self.between(between, found);
        }
        match self.ground.source.relations_by_client {
            Some(span) => {
                let message = "relations are kept by the client: there are no foreign keys in the database";
                let finding = Diagnostic::new(&codes::NOT_MADE, span, message);
                found
                    .push(finding.help("with `relationMode = \"foreignKeys\"` the database would keep them"));
            }
            None => {
                for held in &relations.held {
                    self.foreign_key(held, found);
                }
            }
        }
        if self.ground.flavor == Flavor::Postgres {
            self.schemas();
            crate::extensions::take_for_granted(&mut self.database, found);
        }
    }

    fn types(&mut self) {
        for of in &self.ground.enums {
            let members = of.members.iter().map(|(_, stored)| (*stored).to_owned());
            self.document(&of.name, None, of.block.docs.as_ref());
            self.database.types.push(NamedType {
                name: of.name.clone(),
                owner: None,
                kind: NamedTypeKind::Enum(members.collect()),
                comment: None,
                origin: Origin::Span(of.block.name.span),
            });
        }
    }

    /// Those that something is in. `public` is there already.
    fn schemas(&mut self) {
        let tables = self.database.tables.iter().map(|table| &table.name);
        let types = self.database.types.iter().map(|ty| &ty.name);
        let used: BTreeSet<Ident> = tables
            .chain(types)
            .filter_map(|name| name.schema.clone())
            .collect();
        let schema = |name: Ident| Schema {
            name,
            owner: None,
            grants: Vec::new(),
            comment: None,
            origin: Origin::Found,
        };
        let new = used.into_iter().filter(|name| name.as_str() != "public");
        self.database.schemas = new.map(schema).collect();
    }

    fn document(&mut self, name: &Name, column: Option<&Ident>, text: Option<&String>) {
        self.docs.extend(text.map(|text| Docs {
            name: name.clone(),
            column: column.cloned(),
            text: text.clone(),
        }));
    }

    fn table(&mut self, model: &'g Model<'g>, found: &mut Diagnostics) {
        let mut table = Table::new(model.table.clone(), Origin::Span(model.block.name.span));
        self.document(&model.table, None, model.block.docs.as_ref());
        let mut types: BTreeMap<&str, SqlType> = BTreeMap::new();
        for field in model.fields.iter().filter(|field| field.is_column()) {
            no_arguments(field, found);
            if let Some(ty) = scalars::column(self.ground, field, found) {
                types.insert(&field.field.name.text, ty.clone());
                let column = self.column(model, field, ty, found);
                let docs = field.field.docs.as_ref();
                self.document(&model.table, Some(&column.name), docs);
                table.columns.push(column);
            }
        }
        let type_of = |field: &FieldOf<'_>| {
            let ty = types.get(field.field.name.text.as_str());
            ty.cloned().unwrap_or(SqlType::Text)
        };
        if let Some(attribute) = model.attribute("ignore") {
            Arguments::read(attribute, &NOTHING, found);
        }
        if let Some(primary) = keys::primary(self.ground, model, found) {
            let columns = primary
                .keys
                .iter()
                .map(|key| self.ground.flavor.stored(key.field.column));
            table.primary_key = Some(PrimaryKey {
                name: self.ground.flavor.stored(&primary.name),
                columns: columns.collect(),
            });
        }
        self.count_by_rowid(&mut table);
        let (indexes, asked) = keys::indexes(self.ground, model, &type_of, found);
        self.asked |= asked;
        table.indexes = indexes;
        let unique = table.primary_key.is_some() || table.indexes.iter().any(|index| index.unique);
        if !unique && model.attribute("ignore").is_none() {
            let message = format!("nothing tells the rows of `{}` apart", model.block.name.text);
            let finding = Diagnostic::new(&codes::NO_KEY, model.block.name.span, message);
            found.push(finding.help("write `@id` at a field, or `@@id([…])`, or `@@ignore`"));
        }
        self.database.tables.push(table);
    }

    /// In SQLite a key that is one whole number is the number of the row, and counts.
    fn count_by_rowid(&self, table: &mut Table) {
        let Some(key) = table
            .primary_key
            .as_ref()
            .filter(|_| self.ground.flavor == Flavor::Sqlite)
        else {
            return;
        };
        let only = key.columns.first().filter(|_| key.columns.len() == 1);
        let column = table.columns.iter_mut().find(|column| Some(&column.name) == only);
        if let Some(column) = column.filter(|column| column.ty == SqlType::BigInt) {
            column.identity = Some(Identity::ByDefault);
        }
    }

    fn column(
        &mut self,
        model: &Model<'_>,
        field: &FieldOf<'_>,
        ty: SqlType,
        found: &mut Diagnostics,
    ) -> Column {
        self.asked |= self.ground.flavor == Flavor::Postgres && scalars::is_open(&ty);
        let name = self.ground.flavor.stored(field.column);
        let mut column = Column::new(name, ty, Origin::Span(field.field.name.span));
        // A list is never NULL for the client; the column knows nothing of that.
        column.nullable = field.field.arity != Arity::Required;
        match defaults::of(self.ground, self.dialect, (field, &column.ty), found) {
            Given::Nothing => {}
            Given::Value(value) => column.default = Some(value),
            Given::Asked(value) => {
                self.asked = true;
                column.default = Some(value);
            }
            Given::Counter => self.counter(model, field, &mut column, found),
        }
        if let Some(attribute) = of_field(field, "updatedAt")
            && field.kind != Kind::Scalar(Scalar::DateTime)
        {
            let message = "only moments are updated";
            let finding = Diagnostic::new(&codes::BAD_VALUE, attribute.name.span, message);
            found.push(finding.help("write `@updatedAt` at a field of type `DateTime`"));
        }
        column
    }

    /// A column that counts: by a sequence, or as the key of SQLite's rows.
    fn counter(
        &mut self,
        model: &Model<'_>,
        field: &FieldOf<'_>,
        column: &mut Column,
        found: &mut Diagnostics,
    ) {
        if self.ground.flavor == Flavor::Sqlite {
            if of_field(field, "id").is_none() {
                let message = "SQLite counts nothing but the key of a table";
                let finding = Diagnostic::new(&codes::BAD_VALUE, field.field.name.span, message);
                found.push(finding.help("write `@id` at this field, or take `autoincrement()` out"));
            }
            return;
        }
        let (ty, most) = match column.ty {
            SqlType::SmallInt => ("smallint", "32767"),
            SqlType::BigInt => ("bigint", "9223372036854775807"),
            _ => ("integer", "2147483647"),
        };
        column.ty = match column.ty {
            SqlType::SmallInt | SqlType::BigInt => column.ty.clone(),
            _ => SqlType::Integer,
        };
        let table = cut(model.written, crate::names::LONGEST);
        let name = self.free(&model.table, &sequence(table, column.name.as_str()));
        let written = self.written(&name);
        let definition = format!(
            "CREATE SEQUENCE {written} AS {ty} INCREMENT BY 1 MINVALUE 1 MAXVALUE {most} START WITH 1 CACHE 1 NO CYCLE"
        );
        let owned = format!(
            "ALTER SEQUENCE {written} OWNED BY {}.{}",
            self.written(&model.table),
            (self.dialect.ident)(column.name.as_str())
        );
        let undo = format!("DROP SEQUENCE IF EXISTS {written}");
        let disown = format!("ALTER SEQUENCE {written} OWNED BY NONE");
        let origin = column.origin;
        let text = (self.dialect.literal)(&Literal::Text(written));
        column.default = Some(DefaultValue::Expr(Expr::Sql(format!(
            "nextval({text}::regclass)"
        ))));
        let both = [
            opaque("sequence", &name, (definition, undo), Vec::new(), origin),
            opaque(
                "sequence owner",
                &name,
                (owned, disown),
                vec![name.clone(), model.table.clone()],
                origin,
            ),
        ];
        self.database.opaque.extend(both);
    }

    /// A name that no other sequence has: the server numbers those that are taken.
    fn free(&mut self, table: &Name, wanted: &str) -> Name {
        let mut name = table.clone();
        name.name = Ident::from(wanted);
        for number in 1_u32.. {
            if self.sequences.insert(name.clone()) {
                break;
            }
            name.name = Ident::from(format!("{wanted}{number}"));
        }
        name
    }

    /// A name as SQL has it.
    fn written(&self, name: &Name) -> String {
        let own = (self.dialect.ident)(name.name.as_str());
        match &name.schema {
            Some(schema) => format!("{}.{own}", (self.dialect.ident)(schema.as_str())),
            None => own,
        }
    }

    fn stored(&self, fields: &[&FieldOf<'_>]) -> Vec<Ident> {
        let names = fields.iter().map(|field| self.ground.flavor.stored(field.column));
        names.collect()
    }

    fn foreign_key(&mut self, held: &Held<'_>, found: &mut Diagnostics) {
        let models = &self.ground.models;
        let (Some(model), Some(target)) = (models.get(held.model), models.get(held.target)) else {
            return;
        };
        if model.is_view() || target.is_view() {
            return;
        }
        if self.ground.flavor == Flavor::Sqlite && held.map.is_some() {
            let message = "foreign keys have no names in SQLite";
            let finding = Diagnostic::new(&codes::UNKNOWN, held.span, message);
            found.push(finding.help("take `map` out"));
        }
        let columns: Vec<&str> = held.columns.iter().map(|field| field.column).collect();
        let usual = || constraint(self.ground.flavor.limit(), model.written, &columns, "_fkey");
        let name = held.map.map_or_else(usual, str::to_owned);
        let key = ForeignKey {
            name: self.ground.flavor.stored(&name),
            columns: self.stored(&held.columns),
            references: target.table.clone(),
            referenced: self.stored(&held.referenced),
            on_delete: held.on_delete,
            on_update: held.on_update,
            set_null: Vec::new(),
            deferred: false,
            validated: true,
            comment: None,
            origin: Origin::Span(held.span),
        };
        if !self.is_key(&key) {
            let message = format!(
                "nothing says that these fields tell the rows of `{}` apart",
                target.block.name.text
            );
            let finding = Diagnostic::new(&codes::BAD_RELATION, held.span, message);
            found.push(finding.help("refer to its `@id`, or write `@unique` or `@@unique([…])` there"));
        }
        let table = self
            .database
            .tables
            .iter_mut()
            .find(|table| table.name == model.table);
        if let Some(table) = table {
            table.foreign_keys.push(key);
        }
    }

    /// Whether a foreign key refers to a key.
    fn is_key(&self, key: &ForeignKey) -> bool {
        let Some(table) = self.database.table(&key.references) else {
            return true;
        };
        let same = |columns: BTreeSet<&Ident>| columns == key.referenced.iter().collect();
        let primary = table.primary_key.as_ref();
        let of_index = |index: &Index| {
            let names = index.keys.iter().filter_map(|key| match &key.expr {
                Expr::Column { name, .. } => Some(name),
                _ => None,
            });
            index.unique && index.predicate.is_none() && same(names.collect())
        };
        primary.is_some_and(|key| same(key.columns.iter().collect())) || table.indexes.iter().any(of_index)
    }

    /// The table of a relation in which both sides are lists.
    fn between(&mut self, between: &Between, found: &mut Diagnostics) {
        let sides = [("A", between.models.0), ("B", between.models.1)];
        let limit = self.ground.flavor.limit();
        let written = format!("_{}", between.name);
        let short = |suffix: &str| format!("{}{suffix}", cut(&written, limit - suffix.len()));
        let mut name = match self.ground.models.get(between.models.0) {
            Some(model) => model.table.clone(),
            None => return,
        };
        name.name = self.ground.flavor.stored(&written);
        let origin = Origin::Span(between.span);
        let mut table = Table::new(name, origin);
        for (column, at) in sides {
            let Some((target, key)) = self.single_key(at) else {
                let message = "a relation of two lists is between models whose `@id` is one field";
                let finding = Diagnostic::new(&codes::BAD_RELATION, between.span, message);
                found.push(finding.help("make a model of the relation, with a field for each side"));
                return;
            };
            table.columns.push(Column::new(column, key.ty.clone(), origin));
            let foreign = ForeignKey {
                name: short(&format!("_{column}_fkey")).into(),
                columns: vec![column.into()],
                references: target,
                referenced: vec![key.name.clone()],
                on_delete: OnDelete::Cascade,
                on_update: OnDelete::Cascade,
                set_null: Vec::new(),
                deferred: false,
                validated: true,
                comment: None,
                origin,
            };
            if self.ground.source.relations_by_client.is_none() {
                table.foreign_keys.push(foreign);
            }
        }
        let types: Vec<SqlType> = table.columns.iter().map(|column| column.ty.clone()).collect();
        let key = |name: &str, at: usize| index_key(name, types.get(at));
        if self.ground.flavor == Flavor::Postgres {
            table.primary_key = Some(PrimaryKey {
                name: short("_AB_pkey").into(),
                columns: vec!["A".into(), "B".into()],
            });
        } else {
            let keys = vec![key("A", 0), key("B", 1)];
            table.indexes.push(index(short("_AB_unique"), true, keys, origin));
        }
        table
            .indexes
            .push(index(short("_B_index"), false, vec![key("B", 1)], origin));
        self.database.tables.push(table);
    }

    /// The table of a model and its key, where that is one column.
    fn single_key(&self, at: usize) -> Option<(Name, &Column)> {
        let model = self.ground.models.get(at)?;
        let table = self.database.table(&model.table)?;
        let key = table.primary_key.as_ref()?;
        let only = key.columns.first().filter(|_| key.columns.len() == 1)?;
        Some((table.name.clone(), table.column(only.as_str())?))
    }
}

fn index_key(name: &str, ty: Option<&SqlType>) -> IndexKey {
    IndexKey {
        expr: Expr::column(name, ty.cloned().unwrap_or(SqlType::Text)),
        descending: false,
        nulls_first: None,
        operator_class: None,
    }
}

fn index(name: String, unique: bool, keys: Vec<IndexKey>, origin: Origin) -> Index {
    Index {
        name: name.into(),
        unique,
        nulls_not_distinct: false,
        method: IndexMethod::BTree,
        keys,
        include: Vec::new(),
        predicate: None,
        comment: None,
        origin,
    }
}

fn opaque(
    kind: &str,
    name: &Name,
    (definition, undo): (String, String),
    depends_on: Vec<Name>,
    origin: Origin,
) -> Opaque {
    Opaque {
        kind: kind.to_owned(),
        name: name.clone(),
        detail: String::new(),
        setting: false,
        definition,
        undo: Some(undo),
        depends_on,
        origin,
    }
}

fn no_arguments(field: &FieldOf<'_>, found: &mut Diagnostics) {
    for name in ["updatedAt", "ignore"] {
        if let Some(attribute) = of_field(field, name) {
            Arguments::read(attribute, &NOTHING, found);
        }
    }
}

fn not_made(model: &Model<'_>) -> Diagnostic {
    let message = format!(
        "the view `{}` is not made by Prisma Migrate",
        model.block.name.text
    );
    let help = "whatever makes it is outside of this schema; it is no part of this state";
    Diagnostic::new(&codes::NOT_MADE, model.block.name.span, message).help(help)
}
