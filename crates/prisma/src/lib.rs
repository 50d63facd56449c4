//! Reads Prisma schemas: what Prisma Migrate would make of them.
//!
//! [`parse`] reads text, and never fails: it returns what was understood, and findings. [`build()`] answers the database that Prisma
//! Migrate would make of it. Both are pure, know no connections, and never look at the address of a database.

mod arguments;
pub mod ast;
mod attributes;
mod build;
pub mod codes;
mod datasource;
mod defaults;
mod extensions;
mod ground;
mod keys;
mod lexer;
mod mask;
mod names;
mod parser;
mod relations;
mod scalars;
mod values;

use std::collections::BTreeSet;

use diagnostics::{Diagnostic, Diagnostics, Sources, Span};
use physical::{Database, Ident, Name};
use plan::Relational;

use ast::Block;
pub use build::Docs;
use build::Making;
use datasource::Datasource;
pub use datasource::Provider;
use ground::{Flavor, Ground};
pub use mask::masked;

/// A schema, of one file or several.
#[derive(Debug)]
pub struct Schema {
    /// What it declares, in order.
    pub blocks: Vec<Block>,
    /// What is wrong with the text and the datasource.
    pub diagnostics: Diagnostics,
    datasource: Option<Datasource>,
}

impl Schema {
    /// For which database it is; `None` where nothing says so, which was told.
    #[must_use]
    pub fn provider(&self) -> Option<Provider> {
        self.datasource.as_ref().map(|source| source.provider)
    }

    /// That the database is one whose schemas are not read yet.
    #[must_use]
    pub fn not_yet(&self) -> Option<Diagnostic> {
        let source = self.datasource.as_ref()?;
        if source.provider.dialect().is_some() {
            return None;
        }
        let message = format!("schemas for {} are not read yet", source.provider.title());
        let finding = Diagnostic::new(&codes::NOT_YET, source.said, message);
        Some(finding.help("today there are `postgresql` and `sqlite`"))
    }
}

/// What a schema makes.
#[derive(Debug)]
pub struct Built {
    /// As Prisma Migrate would make it, without comments: it makes none.
    pub database: Database,
    /// What `///` says of tables, enums and columns.
    pub docs: Vec<Docs>,
    /// Whether it holds SQL, or values that a server spells otherwise: to be compared, it has to be made on one.
    pub asks_server: bool,
    /// What was found on the way.
    pub diagnostics: Diagnostics,
}

/// Reads the files of a schema.
#[must_use]
pub fn parse(sources: &Sources) -> Schema {
    let mut diagnostics = Diagnostics::default();
    let mut blocks = Vec::new();
    for (id, source) in sources.iter() {
        blocks.extend(parser::parse(id, &source.text, &mut diagnostics));
    }
    let datasource = datasource::read(&blocks, &mut diagnostics);
    Schema {
        blocks,
        diagnostics,
        datasource,
    }
}

/// What a schema makes in a database. Sensible only where the provider is the dialect's and nothing was wrong, but safe at any time.
#[must_use]
pub fn build(schema: &Schema, dialect: &'static Relational) -> Built {
    let mut diagnostics = Diagnostics::default();
    let mut built = Built {
        database: Database::default(),
        docs: Vec::new(),
        asks_server: false,
        diagnostics: Diagnostics::default(),
    };
    let Some(source) = &schema.datasource else {
        return built;
    };
    let flavor = match dialect.name {
        "sqlite" => Flavor::Sqlite,
        _ => Flavor::Postgres,
    };
    let ground = Ground::new(&schema.blocks, source, flavor, &mut diagnostics);
    attributes::check(&ground, &mut diagnostics);
    let relations = relations::find(&ground, &mut diagnostics);
    let mut making = Making::new(&ground, dialect);
    making.run(&relations, &mut diagnostics);
    built.asks_server = making.asked;
    built.docs = making.docs;
    built.database = making.database;
    taken(&built.database, dialect, &mut diagnostics);
    built.diagnostics = diagnostics;
    built
}

/// Writes what is documented into the comments of a database; those of what is not documented stay.
pub fn document(database: &mut Database, docs: &[Docs]) {
    let of = |name: &Name, column: Option<&Ident>| {
        let same = docs
            .iter()
            .find(|each| each.name == *name && each.column.as_ref() == column);
        same.map(|each| each.text.clone())
    };
    for ty in &mut database.types {
        ty.comment = of(&ty.name, None).or_else(|| ty.comment.take());
    }
    for table in &mut database.tables {
        if !docs.iter().any(|each| each.name == table.name) {
            continue;
        }
        table.comment = of(&table.name, None).or_else(|| table.comment.take());
        for column in &mut table.columns {
            let docs = of(&table.name, Some(&column.name));
            column.comment = docs.or_else(|| column.comment.take());
        }
    }
}

/// Tells tables, columns, indexes and types that would have one name in the database.
fn taken(database: &Database, dialect: &Relational, found: &mut Diagnostics) {
    let folded = |name: &str| {
        if dialect.folds_case {
            name.to_ascii_lowercase()
        } else {
            name.to_owned()
        }
    };
    let mut relations: BTreeSet<(Option<Ident>, String)> = BTreeSet::new();
    let mut all: Vec<(&Name, &Ident, Option<Span>, &str)> = Vec::new();
    for table in &database.tables {
        all.push((&table.name, &table.name.name, table.origin.span(), "table"));
        for index in &table.indexes {
            all.push((&table.name, &index.name, index.origin.span(), "index"));
        }
        let mut columns = BTreeSet::new();
        for column in &table.columns {
            if !columns.insert(folded(column.name.as_str())) {
                found.extend(again("column", &column.name, column.origin.span()));
            }
        }
    }
    for (table, name, span, what) in all {
        if !relations.insert((table.schema.clone(), folded(name.as_str()))) {
            found.extend(again(what, name, span));
        }
    }
    let mut types = BTreeSet::new();
    for ty in &database.types {
        if !types.insert(&ty.name) {
            found.extend(again("type", &ty.name.name, ty.origin.span()));
        }
    }
}

fn again(what: &str, name: &Ident, span: Option<Span>) -> Option<Diagnostic> {
    let message =
        format!("there would be two of the name `{name}` in the database; this {what} is the second");
    let finding = Diagnostic::new(&codes::TAKEN, span?, message);
    Some(finding.help("give one of them another name, by `@map`, `@@map` or `map:`"))
}
