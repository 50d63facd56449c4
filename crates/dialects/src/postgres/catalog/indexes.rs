//! Indexes.

use std::collections::HashMap;

use physical::{Database, Expr, Ident, Index, IndexKey, IndexMethod, Name, Origin};
use plan::CatalogError;

use super::relations::{Relation, Relations, named, written};
use super::{Answers, opaque, with_comment};
use crate::postgres::ident;

/// What indexes speak of by number.
struct Numbers<'a> {
    classes: HashMap<i64, (&'a str, &'a str, bool)>,
    collations: HashMap<i64, String>,
}

fn numbers<'a>(answers: &Answers<'a>) -> Result<Numbers<'a>, CatalogError> {
    let mut out = Numbers {
        classes: HashMap::new(),
        collations: HashMap::new(),
    };
    for mut row in answers.rows("others") {
        let kind = row.text()?;
        if !matches!(kind, "opclass" | "collation used") {
            continue;
        }
        let number = row.int()?;
        let (schema, name) = (row.text()?, row.text()?);
        if kind == "opclass" {
            out.classes.insert(number, (schema, name, row.maybe()?.is_some()));
        } else {
            let schema = if schema == "pg_catalog" {
                String::new()
            } else {
                format!("{}.", ident::ident(schema))
            };
            out.collations
                .insert(number, format!("{schema}{}", ident::ident(name)));
        }
    }
    Ok(out)
}

pub(super) fn indexes(
    answers: &Answers<'_>,
    relations: &mut Relations,
    database: &mut Database,
) -> Result<(), CatalogError> {
    let numbers = numbers(answers)?;
    for mut row in answers.rows("indexes") {
        let of = row.int()?;
        let name = Ident::new(row.text()?);
        let method = method(row.text()?);
        let (unique, nulls_not_distinct) = (row.bool()?, row.bool()?);
        let count = usize::try_from(row.int()?).unwrap_or(0);
        let (key, options, classes, collations) =
            (row.numbers()?, row.numbers()?, row.numbers()?, row.numbers()?);
        let predicate = row.maybe()?.map(|sql| Expr::Sql(sql.to_owned()));
        let texts = row.texts()?;
        let storage = row.texts()?;
        let comment = row.owned()?;
        let definition = row.maybe()?;
        let (backs_constraint, complete, incomplete_parent) = (row.bool()?, row.bool()?, row.maybe()?);
        let whole = row.maybe()?;
        let Some(relation) = relations.get(of).filter(|each| !each.plain_partition) else {
            continue;
        };
        let mut full = relation.name.clone();
        full.name.clone_from(&name);
        if complete {
            index_options(&full, &relation.name, &storage, database);
        }
        if let Some(parent) = incomplete_parent {
            let text = format!("ALTER INDEX {parent} ATTACH PARTITION {}", ident::name(&full));
            let late = opaque(
                "index partition",
                full.clone(),
                text,
                Some(String::new()),
                vec![full.clone()],
            );
            relations.late.push(late);
        }
        let place = relations.table(of).and_then(|table| table.partition_of.as_mut());
        if let (Some(place), Some(whole)) = (place, whole) {
            place.parts.insert(name.clone(), Ident::new(whole));
        }
        let Some(relation) = relations.get(of) else {
            continue;
        };
        if backs_constraint {
            index_comment(&full, &relation.name, comment.as_deref(), database);
            continue;
        }
        if let Some(definition) = definition {
            let text = with_comment(
                definition.to_owned(),
                "INDEX",
                &ident::name(&full),
                comment.as_deref(),
            );
            let undo = Some(format!("DROP INDEX {}", ident::name(&full)));
            let index = opaque("index", full, text, undo, vec![relation.name.clone()]);
            if complete {
                database.opaque.push(index);
            } else {
                // Made for the parent alone: not before its partitions are in their places, or each would get one, too.
                relations.late.insert(0, index);
            }
            continue;
        }
        let keys = (0..count)
            .map(|at| {
                let number = |list: &[i64]| list.get(at).copied().unwrap_or(0);
                let flags = number(&options);
                let collation = numbers.collations.get(&number(&collations));
                IndexKey {
                    expr: key_expression(
                        relation,
                        number(&key),
                        texts.get(at),
                        number(&collations),
                        collation,
                    ),
                    descending: flags & 1 != 0,
                    nulls_first: (flags & 1 != (flags & 2) >> 1).then_some(flags & 2 != 0),
                    operator_class: match numbers.classes.get(&number(&classes)) {
                        None | Some((_, _, true)) => None,
                        Some(("pg_catalog", name, _)) => Some((*name).to_owned()),
                        Some((schema, name, _)) => {
                            Some(format!("{}.{}", ident::ident(schema), ident::ident(name)))
                        }
                    },
                }
            })
            .collect();
        let include = relation.names(key.get(count..).unwrap_or_default());
        let index = Index {
            name,
            unique,
            nulls_not_distinct,
            method,
            keys,
            include,
            predicate,
            comment,
            origin: Origin::Found,
        };
        if let Some(table) = relations.table(of) {
            table.indexes.push(index);
        }
    }
    Ok(())
}

/// A key of an index: a column, or an expression as the server prints it; with its collation when that is not the column's.
fn key_expression(
    relation: &Relation,
    number: i64,
    text: Option<&String>,
    collation_number: i64,
    collation: Option<&String>,
) -> Expr {
    match (relation.columns.get(&number), text) {
        (Some((name, own)), _) if *own == collation_number || collation_number == 0 => {
            let column = relation.table.as_ref().and_then(|table| table.column(name));
            match column {
                Some(column) => Expr::column(name.as_str(), column.ty.clone()),
                None => Expr::Sql(ident::ident(name)),
            }
        }
        (Some((name, _)), _) => Expr::Sql(format!(
            "{} COLLATE {}",
            ident::ident(name),
            collation.map_or("\"default\"", String::as_str)
        )),
        (None, Some(text)) => {
            let plain = collation_number == 0 || collation_number == 100;
            match collation {
                Some(collation) if !plain => Expr::Sql(format!("({text}) COLLATE {collation}")),
                _ => Expr::Sql(text.clone()),
            }
        }
        (None, None) => Expr::Sql(String::new()),
    }
}

fn index_comment(name: &Name, table: &Name, comment: Option<&str>, database: &mut Database) {
    let text = with_comment(String::new(), "INDEX", &ident::name(name), comment);
    if !text.is_empty() {
        let on = vec![table.clone(), name.clone()];
        let back = format!("COMMENT ON INDEX {} IS NULL", ident::name(name));
        let comment = super::setting("comment", name.clone(), text, back, on);
        database.opaque.push(comment);
    }
}

fn index_options(name: &Name, table: &Name, storage: &[String], database: &mut Database) {
    let quoted = ident::name(name);
    for option in storage {
        let option = super::setting(
            "index option",
            name.clone(),
            format!("ALTER INDEX {quoted} SET ({})", written(option)),
            format!("ALTER INDEX {quoted} RESET ({})", named(option)),
            vec![table.clone(), name.clone()],
        )
        .told_by(named(option));
        database.opaque.push(option);
    }
}

fn method(name: &str) -> IndexMethod {
    match name {
        "btree" => IndexMethod::BTree,
        "hash" => IndexMethod::Hash,
        "gin" => IndexMethod::Gin,
        "gist" => IndexMethod::Gist,
        "brin" => IndexMethod::Brin,
        other => IndexMethod::Other(other.to_owned()),
    }
}
