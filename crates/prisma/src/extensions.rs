//! Extensions that a schema needs and does not name: somebody made them by hand, and Prisma Migrate takes them for granted.

use diagnostics::{Diagnostic, Diagnostics};
use physical::{Column, Database, DefaultValue, Expr, Ident, SqlType, Table};

use crate::codes;

/// Types of extensions.
const TYPES: &[(&str, &str)] = &[
    ("citext", "citext"),
    ("vector", "vector"),
    ("halfvec", "vector"),
    ("sparsevec", "vector"),
    ("geometry", "postgis"),
    ("geography", "postgis"),
    ("hstore", "hstore"),
    ("ltree", "ltree"),
    ("cube", "cube"),
];

/// Endings of operator classes.
const CLASSES: &[(&str, &str)] = &[
    ("_trgm_ops", "pg_trgm"),
    ("vector_l2_ops", "vector"),
    ("vector_ip_ops", "vector"),
    ("vector_cosine_ops", "vector"),
];

/// Beginnings of functions.
const FUNCTIONS: &[(&str, &str)] = &[("uuid_generate_v", "uuid-ossp"), ("gen_random_bytes", "pgcrypto")];

/// Adds what is needed, and tells it once for each extension.
pub(crate) fn take_for_granted(database: &mut Database, found: &mut Diagnostics) {
    let mut missing: Vec<(&'static str, Diagnostic)> = Vec::new();
    for table in &database.tables {
        for (name, finding) in of_columns(table).chain(of_indexes(table)) {
            let known = database.extensions.iter().any(|each| each.as_str() == name);
            if !known && missing.iter().all(|(other, _)| *other != name) {
                missing.push((name, finding));
            }
        }
    }
    for (name, finding) in missing {
        database.extensions.push(Ident::from(name));
        found.push(finding);
    }
}

fn granted(name: &str, origin: physical::Origin) -> Diagnostic {
    let message = format!("the extension `{name}` is taken for granted");
    let finding = match origin.span() {
        Some(span) => Diagnostic::new(&codes::EXTENSION, span, message),
        None => Diagnostic::global(&codes::EXTENSION, message),
    };
    finding.help("Prisma Migrate makes it only where `extensions` of the datasource names it; it counts as part of this state")
}

fn of_columns(table: &Table) -> impl Iterator<Item = (&'static str, Diagnostic)> {
    table.columns.iter().filter_map(|column| {
        let name = of_type(&column.ty).or_else(|| of_default(column))?;
        Some((name, granted(name, column.origin)))
    })
}

fn of_type(ty: &SqlType) -> Option<&'static str> {
    match ty {
        SqlType::Array(of) => of_type(of),
        SqlType::Other(text) => {
            let base = text.split('(').next().unwrap_or_default().trim();
            let known = TYPES.iter().find(|(name, _)| name.eq_ignore_ascii_case(base));
            known.map(|(_, extension)| *extension)
        }
        _ => None,
    }
}

fn of_default(column: &Column) -> Option<&'static str> {
    let Some(DefaultValue::Expr(Expr::Sql(sql))) = &column.default else {
        return None;
    };
    let known = FUNCTIONS.iter().find(|(name, _)| sql.contains(name));
    known.map(|(_, extension)| *extension)
}

fn of_indexes(table: &Table) -> impl Iterator<Item = (&'static str, Diagnostic)> {
    table.indexes.iter().flat_map(|index| {
        index.keys.iter().filter_map(|key| {
            let class = key.operator_class.as_deref()?;
            let (_, name) = CLASSES.iter().find(|(ending, _)| class.ends_with(ending))?;
            Some((*name, granted(name, index.origin)))
        })
    })
}
