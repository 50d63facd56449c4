//! What names mean: models, enums, and the columns of fields.

use std::collections::HashMap;

use diagnostics::{Diagnostic, Diagnostics, Span, did_you_mean};
use physical::{Ident, Name};

use crate::arguments::{Arguments, Takes, bad};
use crate::ast::{Arity, Attribute, Block, BlockKind, Field, Word};
use crate::codes;
use crate::datasource::Datasource;
use crate::names::{LONGEST, cut};
use crate::scalars::Scalar;

/// Which rules names and types follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavor {
    Postgres,
    Sqlite,
}

impl Flavor {
    /// How long the names may be that Prisma makes, in bytes.
    pub(crate) const fn limit(self) -> usize {
        match self {
            Self::Postgres => LONGEST,
            Self::Sqlite => 10_000,
        }
    }

    /// A name as the database keeps it.
    pub(crate) fn stored(self, name: &str) -> Ident {
        match self {
            Self::Postgres => Ident::from(cut(name, LONGEST)),
            Self::Sqlite => Ident::from(name),
        }
    }
}

/// What the type of a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Scalar(Scalar),
    /// The place of the enum.
    Enum(usize),
    /// `Unsupported("…")`
    Unsupported,
    /// The place of the model.
    Relation(usize),
    /// Nothing that a table can hold; it was told.
    Unknown,
}

/// A field, and what is known of it.
#[derive(Debug)]
pub(crate) struct FieldOf<'s> {
    pub(crate) field: &'s Field,
    pub(crate) kind: Kind,
    /// The name of its column, as it is written.
    pub(crate) column: &'s str,
}

impl FieldOf<'_> {
    pub(crate) const fn is_relation(&self) -> bool {
        matches!(self.kind, Kind::Relation(_))
    }

    /// Whether a column is made of it.
    pub(crate) const fn is_column(&self) -> bool {
        !matches!(self.kind, Kind::Relation(_) | Kind::Unknown)
    }
}

/// A model or view.
#[derive(Debug)]
pub(crate) struct Model<'s> {
    pub(crate) block: &'s Block,
    /// The name of its table as it is written: names are made of this.
    pub(crate) written: &'s str,
    /// The name of its table.
    pub(crate) table: Name,
    pub(crate) fields: Vec<FieldOf<'s>>,
    by_name: HashMap<&'s str, usize>,
}

impl<'s> Model<'s> {
    pub(crate) fn is_view(&self) -> bool {
        self.block.kind == BlockKind::View
    }

    /// A field by its name in the schema.
    pub(crate) fn field(&self, name: &str) -> Option<&FieldOf<'s>> {
        self.by_name.get(name).and_then(|at| self.fields.get(*at))
    }

    /// An attribute of the model.
    pub(crate) fn attribute(&self, name: &str) -> Option<&'s Attribute> {
        self.block.attributes.iter().find(|each| each.name.text == name)
    }
}

/// An enum.
#[derive(Debug)]
pub(crate) struct EnumOf<'s> {
    pub(crate) block: &'s Block,
    pub(crate) name: Name,
    /// The members as they are called in the schema, and in the database.
    pub(crate) members: Vec<(&'s str, &'s str)>,
}

/// Everything that has a name.
#[derive(Debug)]
pub(crate) struct Ground<'s> {
    pub(crate) source: &'s Datasource,
    pub(crate) flavor: Flavor,
    pub(crate) models: Vec<Model<'s>>,
    pub(crate) enums: Vec<EnumOf<'s>>,
}

const MAP: Takes = Takes {
    bare: &["name"],
    all: &["name"],
};

impl<'s> Ground<'s> {
    pub(crate) fn new(
        blocks: &'s [Block],
        source: &'s Datasource,
        flavor: Flavor,
        found: &mut Diagnostics,
    ) -> Self {
        let names = declared(blocks, found);
        let mut ground = Self {
            source,
            flavor,
            models: Vec::new(),
            enums: Vec::new(),
        };
        let mut places: HashMap<&str, Kind> = HashMap::new();
        for block in blocks {
            let first = names.get(block.name.text.as_str()) == Some(&block.name.span);
            match block.kind {
                BlockKind::Enum if first => {
                    places.insert(&block.name.text, Kind::Enum(ground.enums.len()));
                    let of = ground.an_enum(block, found);
                    ground.enums.push(of);
                }
                BlockKind::Model | BlockKind::View if first => {
                    places.insert(&block.name.text, Kind::Relation(ground.models.len()));
                    let model = ground.model(block, found);
                    ground.models.push(model);
                }
                BlockKind::Type => found.push(composite(block)),
                _ => {}
            }
        }
        for model in &mut ground.models {
            for field in &mut model.fields {
                field.kind = kind(field.field, &places, found);
            }
        }
        ground
    }

    fn model(&self, block: &'s Block, found: &mut Diagnostics) -> Model<'s> {
        let written = mapped(&block.attributes, found).unwrap_or(&block.name.text);
        let mut by_name: HashMap<&str, usize> = HashMap::new();
        let mut fields: Vec<FieldOf<'s>> = Vec::new();
        for field in &block.fields {
            if by_name.contains_key(field.name.text.as_str()) {
                found.push(taken(&field.name, "a field of this name is there already"));
                continue;
            }
            by_name.insert(&field.name.text, fields.len());
            fields.push(FieldOf {
                field,
                kind: Kind::Unknown,
                column: mapped(&field.attributes, found).unwrap_or(&field.name.text),
            });
        }
        Model {
            block,
            written,
            table: self.placed(block, written, found),
            fields,
            by_name,
        }
    }

    fn an_enum(&self, block: &'s Block, found: &mut Diagnostics) -> EnumOf<'s> {
        let written = mapped(&block.attributes, found).unwrap_or(&block.name.text);
        let mut members: Vec<(&str, &str)> = Vec::new();
        for member in &block.members {
            if members.iter().any(|(name, _)| *name == member.name.text) {
                found.push(taken(&member.name, "a member of this name is there already"));
                continue;
            }
            crate::attributes::known(&member.attributes, &["map"], self.source, found);
            let stored = mapped(&member.attributes, found).unwrap_or(&member.name.text);
            members.push((&member.name.text, stored));
        }
        if members.is_empty() {
            let message = format!("the enum `{}` has no members", block.name.text);
            let finding = Diagnostic::new(&codes::BAD_VALUE, block.name.span, message);
            found.push(finding.help("write each on a line of its own"));
        }
        EnumOf {
            block,
            name: self.placed(block, written, found),
            members,
        }
    }

    /// The name in its schema.
    fn placed(&self, block: &'s Block, written: &str, found: &mut Diagnostics) -> Name {
        let name = self.flavor.stored(written);
        if self.flavor == Flavor::Sqlite {
            return Name::bare(name);
        }
        let schemas = &self.source.schemas;
        let Some(attribute) = block.attributes.iter().find(|each| each.name.text == "schema") else {
            if !schemas.is_empty() {
                let message = format!("nothing says in which schema `{}` is", block.name.text);
                let finding = Diagnostic::new(&codes::BAD_VALUE, block.name.span, message);
                found.push(finding.help(format!(
                    "write `@@schema(\"{}\")` in it",
                    schemas.join("\")` or `@@schema(\"")
                )));
            }
            return Name::new("public", name);
        };
        const SCHEMA: Takes = Takes {
            bare: &["map"],
            all: &["map"],
        };
        let arguments = Arguments::read(attribute, &SCHEMA, found);
        let schema = arguments.text("map", found);
        if let (Some(schema), Some(value)) = (schema, arguments.get("map"))
            && !schemas.iter().any(|known| known == schema)
        {
            let message = format!("`{schema}` is no schema of the datasource");
            found.push(bad(
                value,
                message,
                "add it to `schemas` of the datasource, or take it out here",
            ));
        }
        Name::new(schema.unwrap_or("public"), name)
    }
}

/// Where each name is declared first; another use of it is told.
fn declared<'s>(blocks: &'s [Block], found: &mut Diagnostics) -> HashMap<&'s str, Span> {
    let mut names: HashMap<&str, Span> = HashMap::new();
    let named = blocks.iter().filter(|block| !block.kind.has_settings());
    for block in named {
        if Scalar::of(&block.name.text).is_some() {
            found.push(taken(&block.name, "this is the name of a type of Prisma's"));
        }
        match names.get(block.name.text.as_str()) {
            Some(before) => {
                found.push(
                    taken(&block.name, "something of this name is there already").also(*before, "here"),
                );
            }
            None => {
                names.insert(&block.name.text, block.name.span);
            }
        }
    }
    names
}

fn taken(name: &Word, message: &str) -> Diagnostic {
    let message = format!("{message}: `{}`", name.text);
    Diagnostic::new(&codes::TAKEN, name.span, message).help("give one of them another name")
}

fn composite(block: &Block) -> Diagnostic {
    let message = format!(
        "`{}` is a composite type, which only MongoDB has",
        block.name.text
    );
    let help = "make it a model with a relation, or a field of type `Json`";
    Diagnostic::new(&codes::BAD_TYPE, block.name.span, message).help(help)
}

/// The name of `@map("…")` or `@@map("…")`.
fn mapped<'s>(attributes: &'s [Attribute], found: &mut Diagnostics) -> Option<&'s str> {
    let attribute = attributes.iter().find(|each| each.name.text == "map")?;
    let arguments = Arguments::read(attribute, &MAP, found);
    if arguments.get("name").is_none() {
        let message = "the name is missing";
        let finding = Diagnostic::new(&codes::BAD_VALUE, attribute.name.span, message);
        found.push(finding.help("write it in parentheses and quotes: `@map(\"a_name\")`"));
    }
    arguments.text("name", found)
}

fn kind(field: &Field, places: &HashMap<&str, Kind>, found: &mut Diagnostics) -> Kind {
    if field.unsupported {
        if field.arity == Arity::List || field.ty.text.trim().is_empty() {
            let finding = Diagnostic::new(&codes::BAD_TYPE, field.ty.span, "this is no type of a column");
            found.push(finding.help("write the type as the database names it, `Unsupported(\"circle\")`"));
            return Kind::Unknown;
        }
        return Kind::Unsupported;
    }
    if let Some(scalar) = Scalar::of(&field.ty.text) {
        return Kind::Scalar(scalar);
    }
    if let Some(kind) = places.get(field.ty.text.as_str()) {
        return *kind;
    }
    let message = format!("nothing is called `{}`", field.ty.text);
    let mut finding = Diagnostic::new(&codes::NO_SUCH_NAME, field.ty.span, message);
    let mut known: Vec<&str> = Scalar::names().collect();
    known.extend(places.keys());
    known.sort_unstable();
    finding = match did_you_mean(&field.ty.text, &known) {
        Some(meant) => finding.help(format!("did you mean `{meant}`?")),
        None => finding.help(
            "name a model, an enum or a type of Prisma's; of a schema in several files name the folder",
        ),
    };
    found.push(finding);
    Kind::Unknown
}
