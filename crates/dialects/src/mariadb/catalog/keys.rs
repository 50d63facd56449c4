//! Primary keys, unique constraints, indexes and foreign keys.

use physical::{
    Expr, ForeignKey, Ident, Index, IndexKey, IndexMethod, Name, OnDelete, Origin, PrimaryKey, SqlType,
    Table, Unique,
};
use plan::CatalogError;

use super::Reading;
use super::answers::Answers;
use super::text::{constant, quote, quoted};

/// An index as the server lists it: a row for each of its keys.
struct Found {
    table: String,
    name: String,
    unique: bool,
    keys: Vec<Key>,
    method: String,
    comment: Option<String>,
    ignored: bool,
}

struct Key {
    column: Ident,
    descending: bool,
    /// How many characters or bytes of the column.
    prefix: Option<i64>,
}

/// Reads keys and indexes.
pub(super) fn indexes(answers: &Answers<'_>, reading: &mut Reading) -> Result<(), CatalogError> {
    for found in gather(answers)? {
        match found.method.as_str() {
            "BTREE" | "HASH" => add(reading, &found),
            "FULLTEXT" | "SPATIAL" | "RTREE" => opaque(reading, &found),
            other => reading.unread("index", &found.table, &format!("{} {other}", found.name)),
        }
        if found.ignored {
            let (table, name) = (quote(&found.table), quote(&found.name));
            let alter = |how: &str| format!("ALTER TABLE {table} ALTER INDEX {name} {how}");
            let (to, back) = (alter("IGNORED"), alter("NOT IGNORED"));
            reading.of_table("ignored index", &found.table, &found.name, to, Some(back));
        }
    }
    Ok(())
}

fn gather(answers: &Answers<'_>) -> Result<Vec<Found>, CatalogError> {
    let mut all: Vec<Found> = Vec::new();
    for mut row in answers.rows("indexes") {
        let (table, name) = (row.text()?, row.text()?);
        let unique = row.bool()?;
        let key = Key {
            column: Ident::from(row.text()?),
            descending: row.bool()?,
            prefix: row.int()?,
        };
        match all.last_mut() {
            Some(last) if last.table == table && last.name == name => last.keys.push(key),
            _ => all.push(Found {
                table: table.to_owned(),
                name: name.to_owned(),
                unique,
                keys: vec![key],
                method: row.text()?.to_owned(),
                comment: row.comment()?,
                ignored: row.bool()?,
            }),
        }
    }
    Ok(all)
}

fn add(reading: &mut Reading, found: &Found) {
    let Some(table) = reading.table(&found.table) else {
        return;
    };
    let columns: Vec<Ident> = found.keys.iter().map(|key| key.column.clone()).collect();
    let plain = found
        .keys
        .iter()
        .all(|key| key.prefix.is_none() && !key.descending);
    if found.unique && plain && found.name == "PRIMARY" {
        table.primary_key = Some(PrimaryKey {
            name: Ident::from("PRIMARY"),
            columns,
        });
    } else if found.unique && plain {
        table.uniques.push(Unique {
            name: Ident::from(found.name.as_str()),
            columns,
            nulls_not_distinct: false,
            deferred: false,
            comment: found.comment.clone(),
            origin: Origin::Found,
        });
    } else if found.name == "PRIMARY" {
        // It has a direction, or only the beginnings of values.
        table.primary_key = Some(PrimaryKey {
            name: Ident::from("PRIMARY"),
            columns,
        });
        let detail = written_keys(found);
        reading.unread("primary key", &found.table, &detail);
    } else {
        let index = index(table, found);
        table.indexes.push(index);
    }
}

fn index(table: &Table, found: &Found) -> Index {
    let key = |key: &Key| IndexKey {
        expr: Expr::column(key.column.clone(), type_of(table, &key.column)),
        descending: key.descending,
        nulls_first: None,
        operator_class: key.prefix.map(|length| format!("({length})")),
    };
    Index {
        name: Ident::from(found.name.as_str()),
        unique: found.unique,
        nulls_not_distinct: false,
        method: match found.method.as_str() {
            // A unique one over long values is made so by the server itself.
            "HASH" if !found.unique => IndexMethod::Hash,
            _ => IndexMethod::BTree,
        },
        keys: found.keys.iter().map(key).collect(),
        include: Vec::new(),
        predicate: None,
        comment: found.comment.clone(),
        origin: Origin::Found,
    }
}

fn type_of(table: &Table, column: &Ident) -> SqlType {
    let found = table.column(column.as_str());
    found.map_or_else(|| SqlType::Other(String::new()), |column| column.ty.clone())
}

fn written_keys(found: &Found) -> String {
    let keys = found.keys.iter().map(|key| {
        let prefix = key.prefix.map(|length| format!("({length})"));
        let order = if key.descending { " DESC" } else { "" };
        format!(
            "{}{}{order}",
            quote(key.column.as_str()),
            prefix.unwrap_or_default()
        )
    });
    keys.collect::<Vec<_>>().join(", ")
}

/// An index for words or places: the catalog says all but the parser of words.
fn opaque(reading: &mut Reading, found: &Found) {
    let word = if found.method == "FULLTEXT" {
        "FULLTEXT"
    } else {
        "SPATIAL"
    };
    let (name, table) = (quote(&found.name), quote(&found.table));
    let columns = quoted(found.keys.iter().map(|key| &key.column));
    let comment = found.comment.as_deref();
    let comment = comment.map(|text| format!(" COMMENT {}", constant(text)));
    let definition = format!(
        "CREATE {word} INDEX {name} ON {table} ({columns}){}",
        comment.unwrap_or_default()
    );
    let undo = Some(format!("DROP INDEX {name} ON {table}"));
    let depends_on = vec![Name::bare(found.table.as_str())];
    let kind = format!("{} index", word.to_lowercase());
    let mut made = super::opaque(&kind, &found.table, definition, undo).told_by(found.name.clone());
    made.depends_on = depends_on;
    reading.push(made);
}

/// Reads foreign keys.
pub(super) fn foreign_keys(answers: &Answers<'_>, reading: &mut Reading) -> Result<(), CatalogError> {
    for mut row in answers.rows("foreign keys") {
        let (table, name) = (row.text()?, row.text()?);
        let (on_update, on_delete) = (action(row.text()?), action(row.text()?));
        if let Some(table) = reading.table(table) {
            table.foreign_keys.push(ForeignKey {
                name: Ident::from(name),
                columns: Vec::new(),
                references: Name::bare(""),
                referenced: Vec::new(),
                on_delete,
                on_update,
                set_null: Vec::new(),
                deferred: false,
                validated: true,
                comment: None,
                origin: Origin::Found,
            });
        }
    }
    for mut row in answers.rows("columns of foreign keys") {
        let (table, name) = (row.text()?, row.text()?);
        let column = row.text()?;
        let (database, referenced, key) = (row.maybe()?, row.text()?, row.text()?);
        let table = reading.table(table);
        let found = table.and_then(|table| {
            let mut keys = table.foreign_keys.iter_mut();
            keys.find(|key| key.name.as_str() == name)
        });
        if let Some(found) = found {
            found.columns.push(Ident::from(column));
            found.referenced.push(Ident::from(key));
            // One may refer to a table of another database.
            found.references = match database {
                Some(database) => Name::new(database, referenced),
                None => Name::bare(referenced),
            };
        }
    }
    // One whose columns are not shown refers to nothing that we could say.
    for table in &mut reading.out.tables {
        table.foreign_keys.retain(|key| !key.columns.is_empty());
    }
    Ok(())
}

fn action(word: &str) -> OnDelete {
    match word {
        "CASCADE" => OnDelete::Cascade,
        "SET NULL" => OnDelete::SetNull,
        "SET DEFAULT" => OnDelete::SetDefault,
        "NO ACTION" => OnDelete::NoAction,
        _ => OnDelete::Restrict,
    }
}
