//! Most tables are the same in most differences: they are told apart before anything is brought into its canonical form.
//!
//! What is left out is equal on both sides as it was given, and nothing that differs leans on it or is leant on by it, so that no step could
//! be about it.

use std::collections::{HashMap, HashSet};

use physical::{Database, Expr, Name, Opaque, Policy, Table};
use plan::Relational;

use crate::mentions::mentions;

/// Two schemas without the tables that need not be looked at.
pub(crate) struct Reduced {
    pub(crate) from: Database,
    pub(crate) to: Database,
    /// Tables of both that are the same as they were given.
    pub(crate) same: HashSet<Name>,
}

/// Leaves out what need not be looked at; `None` where that would be no less, or could not be told.
pub(crate) fn reduce(from: &Database, to: &Database, dialect: &Relational) -> Option<Reduced> {
    // There a table may have to be made anew because of another.
    let told = !dialect.keys_in_tables && shared(from) == shared(to) && leant_on(from) == leant_on(to);
    if !told {
        return None;
    }
    let others: HashMap<&Name, &Table> = to.tables.iter().map(|table| (&table.name, table)).collect();
    let same = |table: &&Table| others.get(&table.name).is_some_and(|other| *other == *table);
    let calm: HashSet<&Name> = from.tables.iter().filter(same).map(|table| &table.name).collect();
    let all = || from.tables.iter().chain(&to.tables);
    let mut changed: HashSet<&Name> = all()
        .map(|table| &table.name)
        .filter(|name| !calm.contains(name))
        .collect();
    changed.extend(named_by(&from.opaque, &to.opaque));
    let views = from.views.iter().chain(&to.views).map(|view| &view.name);
    let spoken_of: HashSet<String> = changed
        .iter()
        .copied()
        .chain(views)
        .map(Name::to_string)
        .collect();
    let leaning = all().filter(|table| leans(table, &changed) || speaks_of(table, &spoken_of));
    let mut kept: HashSet<&Name> = changed
        .iter()
        .copied()
        .chain(leaning.map(|table| &table.name))
        .collect();
    families(&all, &mut kept);
    // Keys of new tables are made with them where what they refer to is there.
    let keys = all()
        .filter(|table| kept.contains(&table.name))
        .flat_map(|table| &table.foreign_keys);
    let parents: Vec<&Name> = keys.map(|key| &key.references).collect();
    kept.extend(parents);
    // What they refer to may be a part of something.
    families(&all, &mut kept);
    // Not worth a copy.
    if kept.len() * 2 > calm.len() {
        return None;
    }
    Some(Reduced {
        from: without(from, &kept),
        to: without(to, &kept),
        same: kept
            .iter()
            .filter(|name| calm.contains(*name))
            .map(|name| (*name).clone())
            .collect(),
    })
}

/// What tables may be of, or ask, and what their canonical form may hang on.
fn shared(database: &Database) -> impl PartialEq + use<'_> {
    (
        &database.roles,
        &database.schemas,
        &database.extensions,
        &database.types,
        &database.functions,
    )
}

/// What is kept as text, and tables may lean on by name only.
fn leant_on(database: &Database) -> Vec<&str> {
    let kinds = [
        "function",
        "procedure",
        "aggregate",
        "composite type",
        "range type",
        "domain",
        "collation",
        "text search configuration",
    ];
    let all = database
        .opaque
        .iter()
        .filter(|opaque| kinds.contains(&opaque.kind.as_str()));
    all.map(|opaque| opaque.definition.as_str()).collect()
}

/// The objects that what is not the same on both sides stands on.
fn named_by<'a>(these: &'a [Opaque], those: &'a [Opaque]) -> impl Iterator<Item = &'a Name> {
    let texts = |all: &'a [Opaque]| -> HashSet<(&str, &Name, &str, &str)> {
        let text = |each: &'a Opaque| {
            (
                each.kind.as_str(),
                &each.name,
                each.detail.as_str(),
                each.definition.as_str(),
            )
        };
        all.iter().map(text).collect()
    };
    let (known, others) = (texts(these), texts(those));
    let in_both = move |each: &&Opaque| {
        let text = (
            each.kind.as_str(),
            &each.name,
            each.detail.as_str(),
            each.definition.as_str(),
        );
        known.contains(&text) && others.contains(&text)
    };
    let differ = these.iter().chain(those).filter(move |each| !in_both(each));
    differ.flat_map(|each| each.depends_on.iter().chain([&each.name]))
}

/// What a table is a part of.
fn wholes(table: &Table) -> impl Iterator<Item = &Name> {
    let place = table.partition_of.iter().map(|place| &place.parent);
    let parents = table.inherits.iter().flat_map(|inherits| &inherits.parents);
    place.chain(parents)
}

/// Adds what tables are parts of, and their parts, as long as there are any.
fn families<'a, I: Iterator<Item = &'a Table>>(all: &dyn Fn() -> I, kept: &mut HashSet<&'a Name>) {
    loop {
        let mut more: Vec<&Name> = Vec::new();
        for table in all() {
            let inside = kept.contains(&table.name);
            for whole in wholes(table) {
                match (inside, kept.contains(whole)) {
                    (true, false) => more.push(whole),
                    (false, true) => more.push(&table.name),
                    _ => {}
                }
            }
        }
        if more.is_empty() {
            return;
        }
        kept.extend(more);
    }
}

/// Whether a foreign key of a table has to make way for a change of one of these.
fn leans(table: &Table, tables: &HashSet<&Name>) -> bool {
    table
        .foreign_keys
        .iter()
        .any(|key| tables.contains(&key.references))
}

/// Whether a policy of a table names one of these.
fn speaks_of(table: &Table, names: &HashSet<String>) -> bool {
    let of = |policy: &Policy| {
        let mut conditions = policy.using.iter().chain(&policy.check);
        conditions.any(|expr| expr_speaks_of(expr, names))
    };
    table.policies.iter().any(of)
}

fn expr_speaks_of(expr: &Expr, names: &HashSet<String>) -> bool {
    let mut found = match expr {
        Expr::Sql(sql) => mentions(sql, &|path| names.contains(path)),
        _ => false,
    };
    expr.children(&mut |child| found |= expr_speaks_of(child, names));
    found
}

/// A schema with these of its tables.
fn without(database: &Database, kept: &HashSet<&Name>) -> Database {
    let tables = database.tables.iter().filter(|table| kept.contains(&table.name));
    Database {
        roles: database.roles.clone(),
        schemas: database.schemas.clone(),
        extensions: database.extensions.clone(),
        types: database.types.clone(),
        tables: tables.cloned().collect(),
        views: database.views.clone(),
        functions: database.functions.clone(),
        seeds: database
            .seeds
            .iter()
            .filter(|seed| kept.contains(&seed.table))
            .cloned()
            .collect(),
        opaque: database.opaque.clone(),
    }
}
