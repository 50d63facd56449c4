//! Physical to text: what a database holds, said in the language, so that what is built of it is the same again.
//!
//! A table of which everything can be said becomes an entity without defaults. All else stays the SQL that makes it. Nothing here
//! knows whether the text is right: whoever asks for it builds it, compares, and asks again without the tables that came out
//! otherwise. So what is answered in the end is never wrong, only less pretty.

mod clauses;
mod defaults;
mod entity;
mod enums;
mod names;
mod raw;
mod references;
mod sayable;
mod text;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use physical::{Database, Ident, Name};
use plan::Relational;

use names::Names;

/// What shall be said.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// What was found.
    pub database: &'a Database,
    /// Which product it is.
    pub dialect: &'static Relational,
    /// What the project is called.
    pub project: &'a str,
    /// What must stay SQL.
    pub refused: &'a Refused,
}

/// What came out otherwise when it was said, and must stay SQL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refused {
    /// Tables, each with the reason.
    pub tables: BTreeMap<Name, String>,
    /// Indexes, by table and name.
    pub indexes: BTreeSet<(Name, Ident)>,
}

/// What stays SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    /// As a heading would say it: `view public.active_users`.
    pub title: String,
    /// Why, where it could have been an entity.
    pub why: Option<String>,
}

/// What was found, in the language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Project, enums and entities; not formatted.
    pub schema: String,
    /// What stays SQL; empty when nothing does.
    pub sql: String,
    /// The tables that became entities: the entity's name, and the table's.
    pub entities: Vec<(String, Name)>,
    /// The enums.
    pub enums: usize,
    /// What stays SQL.
    pub raw: Vec<Raw>,
}

/// What is common to everything that is said.
struct Ground<'a> {
    asked: Asked<'a>,
    /// The schema of the project.
    schema: Option<Ident>,
    /// The tables that become entities, and what these are called.
    entities: BTreeMap<&'a Name, String>,
    /// The enum types that become enums, and what these are called.
    enums: BTreeMap<&'a Name, String>,
    names: Names,
}

/// Says what was found.
///
/// # Errors
/// When no order is known in which it could be made.
pub fn say(asked: Asked<'_>) -> Result<Said, migrate::Refused> {
    let mut ground = Ground::new(asked);
    let mut why = asked.refused.tables.clone();
    for table in &asked.database.tables {
        let kept = sayable::why_not(&ground, table);
        if let Some(reason) = kept {
            why.entry(table.name.clone()).or_insert(reason);
        }
    }
    follow(asked, &mut why);
    for table in asked
        .database
        .tables
        .iter()
        .filter(|table| !why.contains_key(&table.name))
    {
        let name = ground.names.entity(table.name.name.as_str());
        ground.entities.insert(&table.name, name);
    }
    let sql = raw::write(&ground, &why)?;
    let mut schema = head(&ground);
    for (name, called) in &ground.enums {
        schema.push_str(&enums::write(&ground, name, called));
    }
    for table in &asked.database.tables {
        if let Some(called) = ground.entities.get(&table.name) {
            schema.push_str(&entity::write(&ground, table, called, &sql.inside));
        }
    }
    let entities = asked.database.tables.iter();
    let entities =
        entities.filter_map(|table| Some((ground.entities.get(&table.name)?.clone(), table.name.clone())));
    Ok(Said {
        schema,
        entities: entities.collect(),
        enums: ground.enums.len(),
        sql: sql.text,
        raw: sql.objects,
    })
}

/// Where foreign keys stand in tables, what refers to a table that stays SQL stays SQL as well.
fn follow(asked: Asked<'_>, why: &mut BTreeMap<Name, String>) {
    if !asked.dialect.keys_in_tables {
        return;
    }
    let there: BTreeSet<&Name> = asked.database.tables.iter().map(|table| &table.name).collect();
    loop {
        let before = why.len();
        for table in &asked.database.tables {
            let mut targets = table.foreign_keys.iter().map(|key| &key.references);
            let unsaid = targets.find(|target| !there.contains(target) || why.contains_key(target));
            if let (Some(target), false) = (unsaid, why.contains_key(&table.name)) {
                let reason = format!("it refers to `{target}`, which is no entity");
                why.insert(table.name.clone(), reason);
            }
        }
        if why.len() == before {
            return;
        }
    }
}

impl<'a> Ground<'a> {
    fn new(asked: Asked<'a>) -> Self {
        let mut ground = Self {
            asked,
            schema: prevailing_schema(asked.database),
            entities: BTreeMap::new(),
            enums: BTreeMap::new(),
            names: Names::default(),
        };
        for ty in &asked.database.types {
            if enums::is_sayable(&ground, ty) {
                let called = ground.names.entity(ty.name.name.as_str());
                ground.enums.insert(&ty.name, called);
            }
        }
        ground
    }

    /// Whether a name is in the schema of the project.
    fn is_at_home(&self, name: &Name) -> bool {
        name.schema == self.schema
    }

    /// Schemas that entities make by standing in them.
    fn schemas(&self) -> BTreeSet<&Ident> {
        let of_tables = self.entities.keys().filter_map(|name| name.schema.as_ref());
        of_tables.chain(self.schema.as_ref()).collect()
    }
}

/// Where most tables stand; `public` where there is no difference.
fn prevailing_schema(database: &Database) -> Option<Ident> {
    let mut counts: BTreeMap<&Ident, usize> = BTreeMap::new();
    for name in database
        .tables
        .iter()
        .filter_map(|table| table.name.schema.as_ref())
    {
        *counts.entry(name).or_default() += 1;
    }
    let most = counts
        .iter()
        .max_by_key(|(name, count)| (**count, name.as_str() == "public"));
    most.map(|(name, _)| (*name).clone())
}

fn head(ground: &Ground<'_>) -> String {
    let mut out = format!(
        "project {} {{\n  database {}\n",
        ground.asked.project, ground.asked.dialect.name
    );
    if ground.asked.dialect.name == "postgres" {
        let schema = ground.schema.as_ref().map_or("public", Ident::as_str);
        out.push_str(&format!("  schema {}\n", text::quoted(schema)));
    }
    out.push_str("}\n");
    out
}
