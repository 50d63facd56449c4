//! Reads the catalog of a database: a fixed number of queries, and a pure function from their answers to a [`Database`].
//!
//! What the schema has no word for becomes [`Opaque`], so that nothing that exists goes unseen. What every new database has
//! (`public` as it was made, `plpgsql`) is no part of the answer.

mod acl;
mod cursor;
mod indexes;
mod others;
mod queries;
mod relations;
mod routines;
mod sequences;
mod tables;
mod types;

use std::collections::HashMap;

use physical::{Database, Grantee, Ident, Name, Opaque, Origin, Role, Rows, Schema};
use plan::{CatalogError, CatalogQuery};

use cursor::{Cursor, cursors};

pub(in crate::postgres) use sequences::{IDENTITY, expected_name, taken_over, within};

use super::ident;

/// The queries that read the catalog.
#[must_use]
pub fn catalog() -> &'static [CatalogQuery] {
    queries::QUERIES
}

/// Makes a database of the answers.
///
/// # Errors
///
/// When an answer is missing or has another shape than its query asks for.
pub fn read_catalog(answers: &[Rows]) -> Result<Database, CatalogError> {
    if answers.len() != queries::QUERIES.len() {
        return Err(CatalogError {
            query: "session",
            message: format!("{} answers to {} queries", answers.len(), queries::QUERIES.len()),
        });
    }
    let answers = Answers(answers);
    let mut database = Database::default();
    schemas(&answers, &mut database)?;
    let mut relations = relations::read(&answers, &mut database)?;
    tables::columns(&answers, &mut relations, &mut database)?;
    tables::constraints(&answers, &mut relations, &mut database)?;
    types::types(&answers, &mut relations, &mut database)?;
    indexes::indexes(&answers, &mut relations, &mut database)?;
    routines::triggers(&answers, &mut relations, &mut database)?;
    routines::policies(&answers, &mut relations)?;
    routines::functions(&answers, &mut database)?;
    others(&answers, &relations, &mut database)?;
    relations.finish(&mut database);
    default_rights(&answers, &mut database)?;
    totals(&answers, &mut database)?;
    database.roles = roles(&answers, &database)?;
    Ok(database)
}

/// The answers, by the name of the query.
struct Answers<'a>(&'a [Rows]);

impl<'a> Answers<'a> {
    fn rows(&self, name: &str) -> impl Iterator<Item = Cursor<'a>> {
        let found = queries::QUERIES
            .iter()
            .zip(self.0)
            .find(|(query, _)| query.name == name);
        found
            .into_iter()
            .flat_map(|(query, rows)| cursors(query.name, rows))
    }
}

fn opaque(kind: &str, name: Name, definition: String, undo: Option<String>, depends_on: Vec<Name>) -> Opaque {
    Opaque {
        kind: kind.to_owned(),
        name,
        detail: String::new(),
        setting: false,
        definition,
        undo,
        depends_on,
        origin: Origin::Found,
    }
}

/// What is said of something that is there: `definition` says it, `reset` says that it is as it would be by itself.
fn setting(kind: &str, name: Name, definition: String, reset: String, depends_on: Vec<Name>) -> Opaque {
    opaque(kind, name, definition, Some(reset), depends_on).as_setting()
}

fn schemas(answers: &Answers<'_>, database: &mut Database) -> Result<(), CatalogError> {
    for mut row in answers.rows("schemas") {
        let kind = row.text()?;
        let _number = row.int()?;
        let name = row.text()?;
        if kind == "extension" {
            extension(name, row.text()?, database);
            continue;
        }
        let owner = row.text()?;
        let list = row.maybe()?;
        let rights = acl::read(list, owner, None);
        let comment = row.owned()?;
        let usual = comment.as_deref() == Some("standard public schema");
        if name == "public" && owner == "pg_database_owner" && untouched_public(&rights) && usual {
            continue;
        }
        let quoted = ident::ident(name);
        rights_opaque(database, ("SCHEMA", &quoted), &Name::bare(name), list, owner);
        database.schemas.push(Schema {
            name: Ident::new(name),
            owner: Some(Ident::new(owner)),
            grants: rights.grants,
            comment,
            origin: Origin::Found,
        });
    }
    Ok(())
}

/// An extension in `public` is one that was made without a word about its schema.
fn extension(name: &str, schema: &str, database: &mut Database) {
    match schema {
        _ if name == "plpgsql" => {}
        "public" => database.extensions.push(Ident::new(name)),
        _ => {
            let quoted = ident::ident(name);
            database.opaque.push(opaque(
                "extension",
                Name::bare(name),
                format!("CREATE EXTENSION {quoted} WITH SCHEMA {}", ident::ident(schema)),
                Some(format!("DROP EXTENSION {quoted}")),
                Vec::new(),
            ));
        }
    }
}

/// Whether `public` is as a new database has it: everyone may use it, and nobody else may do more.
fn untouched_public(rights: &acl::Acl) -> bool {
    rights.grants.iter().all(|grant| {
        grant.grantee == Grantee::Public && matches!(grant.privilege, physical::Privilege::Usage)
    }) && rights.grants.len() == 1
}

/// Rights that have no word of their own, on an object of a kind.
fn rights_opaque(
    database: &mut Database,
    (kind, object): (&str, &str),
    name: &Name,
    list: Option<&str>,
    owner: &str,
) {
    for text in acl::unusual(kind, object, None, list, owner) {
        right(database, name, text);
    }
}

fn right(database: &mut Database, name: &Name, text: String) {
    let back = acl::reversed(&text);
    let right = setting("right", name.clone(), text.clone(), back, vec![name.clone()]);
    database.opaque.push(right.told_by(text));
}

/// Statements, and a comment on what they make.
fn with_comment(text: String, kind: &str, object: &str, comment: Option<&str>) -> String {
    let Some(comment) = comment.filter(|comment| !comment.is_empty()) else {
        return text;
    };
    let stop = if text.is_empty() { "" } else { ";\n" };
    format!(
        "{text}{stop}COMMENT ON {kind} {object} IS {}",
        ident::text(comment)
    )
}

/// Roles that this database speaks of: owners, grantees and those named by policies, the groups that they belong to, and the
/// roles that cannot log in and carry the name of a schema in front.
fn roles(answers: &Answers<'_>, database: &Database) -> Result<Vec<Role>, CatalogError> {
    let mut all: HashMap<String, Role> = HashMap::new();
    for mut row in answers.rows("roles") {
        let role = Role {
            name: Ident::new(row.text()?),
            login: row.bool()?,
            superuser: row.bool()?,
            bypass_rls: row.bool()?,
            comment: row.owned()?,
            member_of: row.texts()?.into_iter().map(Ident::from).collect(),
            origin: Origin::Found,
        };
        all.insert(role.name.as_str().to_owned(), role);
    }
    let mut wanted: Vec<String> = mentioned(database);
    wanted.extend(
        all.values()
            .filter(|role| !role.login && !role.superuser)
            .map(|role| role.name.as_str())
            .filter(|name| {
                let of_schema = |schema: &Schema| {
                    name.strip_prefix(schema.name.as_str())
                        .is_some_and(|rest| rest.starts_with('_'))
                };
                database.schemas.iter().any(of_schema)
            })
            .map(str::to_owned),
    );
    let mut out: Vec<Role> = Vec::new();
    while let Some(name) = wanted.pop() {
        if let Some(role) = all.remove(&name) {
            wanted.extend(role.member_of.iter().map(|group| group.as_str().to_owned()));
            out.push(role);
        }
    }
    out.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(out)
}

fn mentioned(database: &Database) -> Vec<String> {
    let mut out = Vec::new();
    let mut owner = |owner: &Option<Ident>| out.extend(owner.iter().map(|owner| owner.as_str().to_owned()));
    database.schemas.iter().for_each(|each| owner(&each.owner));
    database.types.iter().for_each(|each| owner(&each.owner));
    database.tables.iter().for_each(|each| owner(&each.owner));
    database.views.iter().for_each(|each| owner(&each.owner));
    database.functions.iter().for_each(|each| owner(&each.owner));
    let grants = database
        .schemas
        .iter()
        .flat_map(|each| &each.grants)
        .chain(database.tables.iter().flat_map(|each| &each.grants))
        .chain(database.views.iter().flat_map(|each| &each.grants))
        .chain(database.functions.iter().flat_map(|each| &each.grants));
    out.extend(grants.filter_map(|grant| match &grant.grantee {
        Grantee::Role(role) => Some(role.as_str().to_owned()),
        Grantee::Public => None,
    }));
    let policies = database.tables.iter().flat_map(|table| &table.policies);
    out.extend(policies.flat_map(|policy| policy.roles.iter().map(|role| role.as_str().to_owned())));
    out
}

fn others(
    answers: &Answers<'_>,
    relations: &relations::Relations,
    database: &mut Database,
) -> Result<(), CatalogError> {
    for mut row in answers.rows("others") {
        let kind = row.text()?;
        if matches!(kind, "opclass" | "collation used" | "default rights") {
            continue;
        }
        let _number = row.int()?;
        let schema = row.maybe()?;
        let name = row.text()?;
        let definition = row.maybe()?.unwrap_or_default();
        let definition = definition.trim_end().trim_end_matches(';').to_owned();
        let undo = row.owned()?;
        let of = row.int()?;
        let name = match schema {
            Some(schema) => Name::new(schema, name),
            None => Name::bare(name),
        };
        let depends_on = relations.name(of).cloned().into_iter().collect();
        database
            .opaque
            .push(opaque(kind, name, definition, undo, depends_on));
    }
    Ok(())
}

/// Rights that objects of the future will have. Last, or those that are made meanwhile would have them.
fn default_rights(answers: &Answers<'_>, database: &mut Database) -> Result<(), CatalogError> {
    for mut row in answers.rows("others") {
        if row.text()? != "default rights" {
            continue;
        }
        let _number = row.int()?;
        let (schema, role) = (row.maybe()?, row.text()?);
        let (list, kind) = (row.text()?, row.text()?);
        let kind = match kind {
            "r" => "TABLE",
            "S" => "SEQUENCE",
            "f" => "FUNCTION",
            "T" => "TYPE",
            _ => "SCHEMA",
        };
        let within = schema.map(|schema| format!(" IN SCHEMA {}", ident::ident(schema)));
        let prefix = format!(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {}{}",
            ident::ident(role),
            within.as_deref().unwrap_or_default()
        );
        let text = acl::default_rights(&prefix, kind, list, role, schema.is_some());
        let name = schema.map_or_else(|| Name::bare(role), |schema| Name::new(schema, role));
        let on = vec![name.clone()];
        let back = acl::default_rights_reversed(&text, kind).join(";\n");
        let rights = opaque("default rights", name, text.join(";\n"), Some(back), on);
        database.opaque.push(rights.told_by(kind));
    }
    Ok(())
}

/// Whatever a query did not read, nobody may take for read.
fn totals(answers: &Answers<'_>, database: &mut Database) -> Result<(), CatalogError> {
    for mut row in answers.rows("totals") {
        let kind = row.text()?;
        let there = row.int()?;
        let read = i64::try_from(answers.rows(kind).count()).unwrap_or(i64::MAX);
        if read != there {
            let name = Name::bare(format!("{read} of {there} were read"));
            database
                .opaque
                .push(opaque(kind, name, String::new(), None, Vec::new()));
        }
    }
    Ok(())
}
