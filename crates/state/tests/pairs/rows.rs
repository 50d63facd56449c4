//! A few rows in every table that takes them, and whether they are still there.

use std::collections::BTreeMap;

use physical::{Column, Database, Expr, Literal, SqlType, Table};

use crate::Product;

/// A table, as far as another has it as well: its name and columns, in SQL.
pub(crate) struct Part {
    name: String,
    /// What the other calls it, where letters may differ.
    known_as: String,
    columns: Vec<String>,
}

/// Rows by table, sorted.
pub(crate) type Found = BTreeMap<String, Vec<String>>;

/// What two databases both have: columns of the same name and type, as either of them calls them.
pub(crate) fn shared<'a, P: Product>(from: &'a Database, to: &'a Database) -> Vec<(Shared<'a>, Shared<'a>)> {
    let alike = |one: &str, other: &str| one == other || P::dialect().folds_case && alike(one, other);
    let mut out = Vec::new();
    for table in &from.tables {
        let same = |other: &&Table| alike(&table.name.to_string(), &other.name.to_string());
        let Some(other) = to.table(&table.name).or_else(|| to.tables.iter().find(same)) else {
            continue;
        };
        let stays = |column: &&Column| -> Option<&'a Column> {
            let mut others = other.columns.iter();
            others.find(|candidate| alike(candidate.name.as_str(), column.name.as_str()))
        };
        let kept = table.columns.iter().filter_map(|column| {
            let after = stays(&column)?;
            let plain = column.generated.is_none() && after.generated.is_none();
            (plain && column.ty == after.ty).then_some((column, after))
        });
        let (ours, theirs): (Vec<_>, Vec<_>) = kept.unzip();
        // Where nothing stays, no row can; and rows come and go with partitions.
        let moved = table.partitioned.is_some() == other.partitioned.is_some()
            && partitions(table, from) != partitions(other, to);
        if !ours.is_empty() && !moved {
            out.push(((table, ours), (other, theirs)));
        }
    }
    out
}

/// All columns that are not computed, and those that have some.
pub(crate) fn all(database: &Database) -> Vec<Shared<'_>> {
    let shared = |table| -> Shared<'_> {
        let table: &Table = table;
        let plain = table.columns.iter().filter(|column| column.generated.is_none());
        (table, plain.collect())
    };
    let tables = database.tables.iter().map(shared);
    tables.filter(|(_, columns)| !columns.is_empty()).collect()
}

/// What a table is made of, or what inherits from it.
fn partitions(table: &Table, database: &Database) -> Vec<String> {
    let named = table.partitioned.iter().flat_map(|each| &each.partitions);
    let mut out: Vec<String> = named.map(|each| each.name.to_string()).collect();
    let below = database.tables.iter().filter(|other| {
        let place = other.partition_of.as_ref();
        let heir = other.inherits.as_ref();
        place.is_some_and(|place| place.parent == table.name)
            || heir.is_some_and(|heir| heir.parents.contains(&table.name))
    });
    out.extend(below.map(|other| other.name.to_string()));
    out.sort();
    out
}

/// A table and those of its columns that count.
pub(crate) type Shared<'a> = (&'a Table, Vec<&'a Column>);

fn alike(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

impl Part {
    fn new<P: Product>((table, columns): &Shared<'_>) -> Self {
        let ident = P::dialect().ident;
        Self {
            name: table_name::<P>(table),
            known_as: table.name.to_string().to_lowercase(),
            columns: columns.iter().map(|column| ident(column.name.as_str())).collect(),
        }
    }
}

fn table_name<P: Product>(table: &Table) -> String {
    let ident = P::dialect().ident;
    let schema = table.name.schema.iter();
    let parts = schema.chain([&table.name.name]).map(|part| ident(part.as_str()));
    parts.collect::<Vec<_>>().join(".")
}

/// The rows of tables.
pub(crate) fn read<'a, P: Product>(database: &mut P, tables: impl Iterator<Item = &'a Shared<'a>>) -> Found {
    let mut out = Found::new();
    for part in tables.map(Part::new::<P>) {
        let sql = format!("SELECT {} FROM {}", part.columns.join(", "), part.name);
        let found = database.connection().query(&sql, &[]).unwrap();
        let mut rows: Vec<String> = found.rows.iter().map(|row| format!("{row:?}")).collect();
        rows.sort();
        out.insert(part.known_as, rows);
    }
    out
}

/// Whether rows are as they were.
pub(crate) fn same(before: &Found, after: &Found) -> Result<(), String> {
    for (table, rows) in before {
        let kept = after.get(table).cloned().unwrap_or_default();
        if *rows != kept {
            return Err(format!("the rows of {table} were {rows:?} and are {kept:?}"));
        }
    }
    Ok(())
}

/// Puts rows into every table that takes them: the numbers and texts of a row are those of the row with its number elsewhere, so
/// that references lead somewhere.
pub(crate) fn fill<P: Product>(database: &mut P, schema: &Database) {
    let rows = schema
        .tables
        .iter()
        .flat_map(|table| (1..=3).map(move |number| (table, number)));
    let mut waiting: Vec<String> = rows
        .filter_map(|(table, number)| insert::<P>(table, number))
        .collect();
    // What a row refers to may come after it.
    loop {
        let before = waiting.len();
        waiting.retain(|row| database.connection().batch(row).is_err());
        if waiting.len() == before {
            break;
        }
    }
    // A table that refuses stays empty, unless only a circle of references keeps it so.
    if let Some((careless, careful)) = P::carelessly() {
        database.connection().batch(careless).unwrap();
        waiting.retain(|row| database.connection().batch(row).is_err());
        database.connection().batch(careful).unwrap();
    }
}

fn insert<P: Product>(table: &Table, number: u32) -> Option<String> {
    let columns = table.columns.iter().filter(|column| column.generated.is_none());
    let said = columns.filter_map(|column| {
        let name = (P::dialect().ident)(column.name.as_str());
        Some((name, value(column, number, P::dialect().literal)?))
    });
    let (names, values): (Vec<String>, Vec<String>) = said.unzip();
    (!names.is_empty()).then(|| {
        format!(
            "INSERT INTO {} ({}) VALUES ({})",
            table_name::<P>(table),
            names.join(", "),
            values.join(", ")
        )
    })
}

fn value(column: &Column, number: u32, literal: fn(&Literal) -> String) -> Option<String> {
    let text = format!("'t{number}'");
    Some(match &column.ty {
        SqlType::SmallInt | SqlType::Integer | SqlType::BigInt => number.to_string(),
        SqlType::Numeric(_) | SqlType::Real | SqlType::Double => format!("{number}.5"),
        SqlType::Text | SqlType::Varchar(_) => text,
        SqlType::Boolean => "true".to_owned(),
        SqlType::Uuid => format!("'00000000-0000-4000-8000-00000000000{number}'"),
        SqlType::Date => format!("'2026-01-0{number}'"),
        SqlType::Timestamp | SqlType::TimestampTz => format!("'2026-01-0{number} 10:00:00+00'"),
        SqlType::Json | SqlType::JsonText => "'{}'".to_owned(),
        SqlType::Bytes => return Some(literal(&Literal::Bytes(format!("b{number}").into_bytes()))),
        SqlType::Other(name) => {
            let name = name.to_ascii_uppercase();
            let holds = |words: &[&str]| words.iter().any(|word| name.contains(word));
            if holds(&["INT", "SERIAL"]) {
                number.to_string()
            } else if holds(&["NUM", "DEC", "REAL", "FLO", "DOUB"]) {
                format!("{number}.5")
            } else if holds(&["CHAR", "TEXT", "CLOB"]) || name.is_empty() {
                text
            } else {
                return constant(column);
            }
        }
        _ => return constant(column),
    })
}

/// What a column of a type that we have no value for gets: nothing, or what its default is.
fn constant(column: &Column) -> Option<String> {
    match &column.default {
        Some(physical::DefaultValue::Expr(Expr::Sql(sql))) if column.nullable => Some(sql.clone()),
        _ => None,
    }
}
