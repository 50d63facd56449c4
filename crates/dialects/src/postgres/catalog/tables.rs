//! Columns, constraints and indexes.

use std::collections::HashMap;

use physical::{
    Check, Column, Database, DefaultValue, Expr, ForeignKey, Generated, Grant, Ident, Identity, Index,
    IndexKey, IndexMethod, Literal, Name, OnDelete, Origin, PrimaryKey, SqlType, Unique,
};
use plan::CatalogError;

use super::relations::{Relation, Relations};
use super::{Answers, Cursor, acl, opaque};
use crate::postgres::canonical::tree::Node;
use crate::postgres::{canonical, ident, types};

pub(super) fn columns(
    answers: &Answers<'_>,
    relations: &mut Relations,
    database: &mut Database,
) -> Result<(), CatalogError> {
    for mut row in answers.rows("columns") {
        let of = row.int()?;
        let number = row.int()?;
        let name = row.text()?;
        let type_text = row.text()?;
        let not_null = row.bool()?;
        let (identity, generated) = (row.text()?, row.text()?);
        let default = row.maybe()?;
        let collation = row.owned()?;
        let collation_number = row.int()?;
        let rights = row.maybe()?;
        let comment = row.owned()?;
        let (storage, compression, statistics, options) =
            (row.maybe()?, row.maybe()?, row.int()?, row.maybe()?);
        let Some(relation) = relations.get_mut(of) else {
            continue;
        };
        relation
            .columns
            .insert(number, (name.to_owned(), collation_number));
        if matches!(relation.kind, 'f' | 'c') {
            let mut text = format!("{} {type_text}", ident::ident(name));
            if not_null {
                text.push_str(" NOT NULL");
            }
            relation.column_text.push(text);
        }
        if let Some(rights) = rights {
            column_rights(relation, name, rights, database);
        }
        let table_name = relation.name.clone();
        let Some(table) = relation.table.as_mut() else {
            continue;
        };
        let ty = types::parse(type_text);
        let expression = default.map(|sql| Expr::Sql(sql.to_owned()));
        let is_generated = !generated.is_empty();
        table.columns.push(Column {
            name: Ident::new(name),
            nullable: !not_null,
            default: default
                .filter(|_| !is_generated)
                .map(|sql| default_value(sql, &ty)),
            identity: match identity {
                "a" => Some(Identity::Always),
                "d" => Some(Identity::ByDefault),
                _ => None,
            },
            generated: expression.filter(|_| is_generated).map(|expr| Generated {
                expr,
                stored: generated == "s",
            }),
            ty,
            collation,
            comment,
            origin: Origin::Found,
        });
        let settings = ColumnSettings {
            storage,
            compression,
            statistics,
            options,
        };
        settings.keep(&table_name, name, database);
    }
    Ok(())
}

/// What a column may have that the schema has no word for.
struct ColumnSettings<'a> {
    storage: Option<&'a str>,
    compression: Option<&'a str>,
    statistics: i64,
    options: Option<&'a str>,
}

impl ColumnSettings<'_> {
    fn keep(&self, table: &Name, column: &str, database: &mut Database) {
        let mut push = |what: String| {
            database.opaque.push(opaque(
                "column option",
                table.clone(),
                format!(
                    "ALTER TABLE {} ALTER COLUMN {} {what}",
                    ident::name(table),
                    ident::ident(column)
                ),
                Some(String::new()),
                vec![table.clone()],
            ));
        };
        match self.storage {
            Some("p") => push("SET STORAGE PLAIN".to_owned()),
            Some("e") => push("SET STORAGE EXTERNAL".to_owned()),
            Some("m") => push("SET STORAGE MAIN".to_owned()),
            Some("x") => push("SET STORAGE EXTENDED".to_owned()),
            _ => {}
        }
        match self.compression {
            Some("l") => push("SET COMPRESSION lz4".to_owned()),
            Some("p") => push("SET COMPRESSION pglz".to_owned()),
            _ => {}
        }
        if self.statistics > 0 {
            push(format!("SET STATISTICS {}", self.statistics));
        }
        if let Some(options) = self.options {
            push(format!("SET ({})", options.trim_matches(['{', '}'])));
        }
    }
}

fn column_rights(relation: &mut Relation, column: &str, rights: &str, database: &mut Database) {
    let acl = acl::read(Some(rights), &relation.owner, None);
    super::rights_opaque(database, column, &relation.name, acl.others);
    let target = match (&mut relation.table, &mut relation.view) {
        (Some(table), _) => &mut table.grants,
        (None, Some(view)) => &mut view.grants,
        (None, None) => return,
    };
    for grant in acl.grants {
        let same = target.iter_mut().find(|held| {
            !held.columns.is_empty() && held.privilege == grant.privilege && held.grantee == grant.grantee
        });
        match same {
            Some(held) => held.columns.push(Ident::new(column)),
            None => target.push(Grant {
                columns: vec![Ident::new(column)],
                ..grant
            }),
        }
    }
}

/// A default in the most telling form.
fn default_value(sql: &str, ty: &SqlType) -> DefaultValue {
    match sql {
        "now()" | "CURRENT_TIMESTAMP" => return DefaultValue::Now,
        "gen_random_uuid()" => return DefaultValue::Uuid4,
        "uuidv7()" => return DefaultValue::Uuid7,
        "((now() AT TIME ZONE 'UTC'::text))::date" => return DefaultValue::Today,
        _ => {}
    }
    match canonical::constant(sql, &types::type_name(ty)) {
        Some(Node::Null) => DefaultValue::Literal(Literal::Null),
        Some(Node::Bool(value)) => DefaultValue::Literal(Literal::Bool(value)),
        Some(Node::Number(text)) => match text.parse::<i64>() {
            Ok(value) => DefaultValue::Literal(Literal::Int(value)),
            Err(_) if text.contains(['e', 'N', 'I']) => DefaultValue::Expr(Expr::Sql(sql.to_owned())),
            Err(_) => DefaultValue::Literal(Literal::Decimal(text)),
        },
        Some(Node::Text(text)) if matches!(ty, SqlType::Array(_)) && text == "{}" => {
            DefaultValue::Literal(Literal::EmptyArray)
        }
        Some(Node::Text(text)) => DefaultValue::Literal(Literal::Text(text)),
        _ => DefaultValue::Expr(Expr::Sql(sql.to_owned())),
    }
}

/// Checks of domains, by the domain's number.
pub(super) fn domain_checks(answers: &Answers<'_>) -> Result<HashMap<i64, Vec<(Ident, Expr)>>, CatalogError> {
    let mut out: HashMap<i64, Vec<(Ident, Expr)>> = HashMap::new();
    for mut row in answers.rows("constraints") {
        let found = Constraint::read(&mut row)?;
        if found.domain != 0 {
            let check = (found.name, Expr::Sql(found.expression.unwrap_or_default()));
            out.entry(found.domain).or_default().push(check);
        }
    }
    Ok(out)
}

/// A constraint as the catalog has it.
struct Constraint {
    table: i64,
    domain: i64,
    name: Ident,
    kind: char,
    deferred: bool,
    validated: bool,
    key: Vec<i64>,
    referenced_key: Vec<i64>,
    references: i64,
    on_update: OnDelete,
    on_delete: OnDelete,
    set_null: Vec<i64>,
    expression: Option<String>,
    local: bool,
    comment: Option<String>,
    nulls_not_distinct: bool,
    definition: Option<String>,
}

impl Constraint {
    fn read(row: &mut Cursor<'_>) -> Result<Self, CatalogError> {
        let table = row.int()?;
        let domain = row.int()?;
        let name = Ident::new(row.text()?);
        let kind = row.text()?.chars().next().unwrap_or(' ');
        let _deferrable = row.bool()?;
        let deferred = row.bool()?;
        let validated = row.bool()?;
        let (key, referenced_key, references) = (row.numbers()?, row.numbers()?, row.int()?);
        let (on_update, on_delete) = (action(row.text()?), action(row.text()?));
        let set_null = row.numbers()?;
        let expression = row.owned()?;
        let _no_inherit = row.bool()?;
        Ok(Self {
            table,
            domain,
            name,
            kind,
            deferred,
            validated,
            key,
            referenced_key,
            references,
            on_update,
            on_delete,
            set_null,
            expression,
            local: row.bool()?,
            comment: row.owned()?,
            nulls_not_distinct: row.bool()?,
            definition: row.owned()?,
        })
    }
}

fn action(letter: &str) -> OnDelete {
    match letter {
        "r" => OnDelete::Restrict,
        "c" => OnDelete::Cascade,
        "n" => OnDelete::SetNull,
        "d" => OnDelete::SetDefault,
        _ => OnDelete::NoAction,
    }
}

pub(super) fn constraints(
    answers: &Answers<'_>,
    relations: &mut Relations,
    database: &mut Database,
) -> Result<(), CatalogError> {
    for mut row in answers.rows("constraints") {
        let found = Constraint::read(&mut row)?;
        let Some(relation) = relations.get(found.table) else {
            continue;
        };
        if !found.local {
            continue;
        }
        if found.definition.is_some() || relation.table.is_none() {
            constraint_as_text(&found, relation, database);
            continue;
        }
        let columns = relation.names(&found.key);
        let other = relations.get(found.references);
        let references = other.map(|other| (other.name.clone(), other.names(&found.referenced_key)));
        let set_null = relation.names(&found.set_null);
        let Some(table) = relations.table(found.table) else {
            continue;
        };
        match (found.kind, references) {
            ('p', _) => {
                table.primary_key = Some(PrimaryKey {
                    name: found.name,
                    columns,
                });
            }
            ('u', _) => table.uniques.push(Unique {
                name: found.name,
                columns,
                nulls_not_distinct: found.nulls_not_distinct,
                deferred: found.deferred,
                comment: found.comment,
                origin: Origin::Found,
            }),
            ('c', _) => table.checks.push(Check {
                name: found.name,
                expr: Expr::Sql(found.expression.unwrap_or_default()),
                validated: found.validated,
                comment: found.comment,
                origin: Origin::Found,
            }),
            ('f', Some((references, referenced))) => table.foreign_keys.push(ForeignKey {
                name: found.name,
                columns,
                references,
                referenced,
                on_delete: found.on_delete,
                on_update: found.on_update,
                set_null,
                deferred: found.deferred,
                validated: found.validated,
                comment: found.comment,
                origin: Origin::Found,
            }),
            _ => {}
        }
    }
    Ok(())
}

fn constraint_as_text(found: &Constraint, relation: &Relation, database: &mut Database) {
    let name = ident::name(&relation.name);
    let constraint = ident::ident(found.name.as_str());
    let text = match (&found.definition, found.kind, &found.expression) {
        (Some(definition), ..) => definition.clone(),
        (None, 'c', Some(expression)) => format!("CHECK ({expression})"),
        // A key of a partition that its parent does not have.
        _ => format!("/* {} */", found.kind),
    };
    let mut full = relation.name.clone();
    full.name.clone_from(&found.name);
    database.opaque.push(opaque(
        "constraint",
        full,
        format!("ALTER TABLE {name} ADD CONSTRAINT {constraint} {text}"),
        Some(format!("ALTER TABLE {name} DROP CONSTRAINT {constraint}")),
        vec![relation.name.clone()],
    ));
}

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
        let clustered = row.bool()?;
        let definition = row.maybe()?;
        let Some(relation) = relations.get(of) else {
            continue;
        };
        let mut full = relation.name.clone();
        full.name.clone_from(&name);
        index_options(&full, &relation.name, &storage, clustered, database);
        if let Some(definition) = definition {
            let undo = Some(format!("DROP INDEX {}", ident::name(&full)));
            let on = vec![relation.name.clone()];
            database
                .opaque
                .push(opaque("index", full, definition.to_owned(), undo, on));
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
                        Some((schema, name, _)) => Some(format!("{schema}.{name}")),
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
        let partition = relation.name.clone();
        match relations.table(of) {
            Some(table) => table.indexes.push(index),
            // An index of its own on a partition.
            None => {
                let text = format!("-- index {} of partition {partition}", index.name);
                database
                    .opaque
                    .push(opaque("index", full, text, None, vec![partition]));
            }
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

fn index_options(name: &Name, table: &Name, storage: &[String], clustered: bool, database: &mut Database) {
    let quoted = ident::name(name);
    for option in storage {
        database.opaque.push(opaque(
            "index option",
            name.clone(),
            format!("ALTER INDEX {quoted} SET ({option})"),
            Some(String::new()),
            vec![table.clone(), name.clone()],
        ));
    }
    if clustered {
        database.opaque.push(opaque(
            "table option",
            table.clone(),
            format!(
                "ALTER TABLE {} CLUSTER ON {}",
                ident::name(table),
                ident::ident(name.name.as_str())
            ),
            Some(String::new()),
            vec![table.clone(), name.clone()],
        ));
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
