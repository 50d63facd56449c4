//! Columns and constraints.

use std::collections::HashMap;

use physical::{
    Check, Column, Database, DefaultValue, Expr, ForeignKey, Generated, Grant, Ident, Identity, Literal,
    Name, OnDelete, Origin, PrimaryKey, SqlType, Unique,
};
use plan::CatalogError;

use super::relations::{Relation, Relations};
use super::{Answers, Cursor, acl, opaque, with_comment};
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
            (row.maybe()?, row.maybe()?, row.maybe()?, row.maybe()?);
        let (local, foreign) = (row.bool()?, row.maybe()?);
        let Some(relation) = relations.get_mut(of) else {
            continue;
        };
        relation
            .columns
            .insert(number, (name.to_owned(), collation_number));
        if matches!(relation.kind, 'f' | 'c') {
            let mut text = format!("{} {type_text}", ident::ident(name));
            if let Some(foreign) = foreign {
                text.push_str(&format!(" OPTIONS ({foreign})"));
            }
            if let Some(collation) = &collation {
                text.push_str(&format!(" COLLATE {collation}"));
            }
            if let Some(default) = default.filter(|_| relation.kind == 'f') {
                text.push_str(&format!(" DEFAULT {default}"));
            }
            if not_null {
                text.push_str(" NOT NULL");
            }
            relation.column_text.push(text);
        }
        if let Some(rights) = rights {
            column_rights(relation, name, rights, database);
        }
        let table_name = relation.name.clone();
        let settings = ColumnSettings {
            storage,
            compression,
            statistics,
            options,
        };
        if !relation.plain_partition {
            settings.keep(&table_name, name, database);
        }
        let Some(table) = relation.table.as_mut() else {
            column_as_text(relation, name, default, comment.as_deref(), database);
            continue;
        };
        if let Some(inherits) = table.inherits.as_mut().filter(|_| !local) {
            inherits.columns.push(Ident::new(name));
        }
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
    }
    Ok(())
}

/// What a column of a view, of a foreign table or of a composite type has to say for itself.
fn column_as_text(
    relation: &mut Relation,
    column: &str,
    default: Option<&str>,
    comment: Option<&str>,
    database: &mut Database,
) {
    let object = format!("{}.{}", ident::name(&relation.name), ident::ident(column));
    let comment = with_comment(String::new(), "COLUMN", &object, comment);
    if relation.plain_partition {
        return;
    }
    if relation.kind == 'c' {
        // The type itself is still to be made.
        relation
            .column_comments
            .extend(Some(comment).filter(|text| !text.is_empty()));
        return;
    }
    let mut push = |detail: &str, text: String, back: String| {
        let name = relation.name.clone();
        let on = vec![name.clone()];
        let option = super::setting("column option", name, text, back, on);
        database.opaque.push(option.told_by(format!("{column} {detail}")));
    };
    if let Some(default) = default.filter(|_| relation.kind == 'v') {
        let view = ident::name(&relation.name);
        let alter = format!("ALTER VIEW {view} ALTER COLUMN {}", ident::ident(column));
        push(
            "default",
            format!("{alter} SET DEFAULT {default}"),
            format!("{alter} DROP DEFAULT"),
        );
    }
    if !comment.is_empty() {
        push("comment", comment, format!("COMMENT ON COLUMN {object} IS NULL"));
    }
}

/// What a column may have that the schema has no word for.
struct ColumnSettings<'a> {
    storage: Option<&'a str>,
    compression: Option<&'a str>,
    statistics: Option<&'a str>,
    options: Option<&'a str>,
}

impl ColumnSettings<'_> {
    fn keep(&self, table: &Name, column: &str, database: &mut Database) {
        let alter = format!(
            "ALTER TABLE {} ALTER COLUMN {}",
            ident::name(table),
            ident::ident(column)
        );
        let mut push = |detail: &str, what: String, back: String| {
            let option = super::setting(
                "column option",
                table.clone(),
                format!("{alter} {what}"),
                format!("{alter} {back}"),
                vec![table.clone()],
            );
            database.opaque.push(option.told_by(format!("{column} {detail}")));
        };
        let storage = self.storage.map(|letters| letters.chars().map(storage));
        if let Some((Some(own), Some(usual))) = storage.map(|mut words| (words.next(), words.next())) {
            let set = |word: &str| format!("SET STORAGE {word}");
            push("storage", set(own), set(usual));
        }
        let compression = match self.compression {
            Some("l") => Some("lz4"),
            Some("p") => Some("pglz"),
            _ => None,
        };
        if let Some(compression) = compression {
            let back = "SET COMPRESSION default".to_owned();
            push("compression", format!("SET COMPRESSION {compression}"), back);
        }
        if let Some(statistics) = self.statistics {
            let back = "SET STATISTICS -1".to_owned();
            push("statistics", format!("SET STATISTICS {statistics}"), back);
        }
        for option in self
            .options
            .into_iter()
            .flat_map(|all| all.trim_matches(['{', '}']).split(','))
        {
            let name = super::relations::named(option);
            push(name, format!("SET ({option})"), format!("RESET ({name})"));
        }
    }
}

const fn storage(letter: char) -> &'static str {
    match letter {
        'p' => "PLAIN",
        'e' => "EXTERNAL",
        'm' => "MAIN",
        _ => "EXTENDED",
    }
}

fn column_rights(relation: &mut Relation, column: &str, rights: &str, database: &mut Database) {
    let acl = acl::read(Some(rights), &relation.owner, None);
    let object = ident::name(&relation.name);
    for text in acl::unusual("TABLE", &object, Some(column), Some(rights), &relation.owner) {
        super::right(database, &relation.name, text);
    }
    let target = match (&mut relation.table, &mut relation.view) {
        (Some(table), _) => &mut table.grants,
        (None, Some(view)) => &mut view.grants,
        (None, None) => {
            for text in acl::of_column(&object, column, rights, &relation.owner) {
                super::right(database, &relation.name, text);
            }
            return;
        }
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
        "now()" => return DefaultValue::Now,
        "gen_random_uuid()" => return DefaultValue::Uuid4,
        "uuidv7()" => return DefaultValue::Uuid7,
        "((now() AT TIME ZONE 'UTC'::text))::date" => return DefaultValue::Today,
        _ => {}
    }
    match canonical::constant(sql, &types::type_name(ty)).filter(|_| is_bare(sql, ty)) {
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

/// Whether the server would print this for a constant that was written without a type.
fn is_bare(sql: &str, ty: &SqlType) -> bool {
    let Some((text, cast)) = sql.rsplit_once("'::") else {
        return true;
    };
    let plain = |text: &str| {
        let text = types::spelled(text);
        text.split('(').next().unwrap_or_default().trim_end().to_owned()
    };
    let number = matches!(
        ty,
        SqlType::SmallInt
            | SqlType::Integer
            | SqlType::BigInt
            | SqlType::Real
            | SqlType::Double
            | SqlType::Numeric(_)
    );
    if !number {
        return plain(cast) == plain(&types::type_name(ty));
    }
    // Of numbers, those below zero are printed so.
    let Some(digits) = text.strip_prefix('\'').filter(|text| text.starts_with('-')) else {
        return false;
    };
    let own = match (digits.parse::<i32>(), digits.parse::<i64>()) {
        (Ok(_), _) => "integer",
        (_, Ok(_)) => "bigint",
        _ => "numeric",
    };
    cast == own
}

/// Checks of domains, by the domain's number.
pub(super) fn domain_checks(
    answers: &Answers<'_>,
    database: &mut Database,
) -> Result<HashMap<i64, Vec<(Ident, Expr)>>, CatalogError> {
    let mut out: HashMap<i64, Vec<(Ident, Expr)>> = HashMap::new();
    for mut row in answers.rows("constraints") {
        let found = Constraint::read(&mut row)?;
        if found.domain != 0 {
            domain_constraint(&found, database);
            if found.definition.is_some() {
                continue;
            }
            let check = (found.name, Expr::Sql(found.expression.unwrap_or_default()));
            out.entry(found.domain).or_default().push(check);
        }
    }
    Ok(out)
}

/// One that was not looked at yet, as text; and what is said of any.
fn domain_constraint(found: &Constraint, database: &mut Database) {
    let domain = found.domain_name.clone();
    let object = ident::name(&domain);
    let own = ident::ident(found.name.as_str());
    let mut name = domain.clone();
    name.name = found.name.clone();
    let on = format!("{own} ON DOMAIN {object}");
    let said = with_comment(String::new(), "CONSTRAINT", &on, found.comment.as_deref());
    let made = match &found.definition {
        Some(definition) => {
            let add = format!("ALTER DOMAIN {object} ADD CONSTRAINT {own} {definition}");
            let stop = if said.is_empty() { "" } else { ";\n" };
            let undo = Some(format!("ALTER DOMAIN {object} DROP CONSTRAINT {own}"));
            opaque(
                "domain constraint",
                name,
                format!("{add}{stop}{said}"),
                undo,
                vec![domain],
            )
        }
        None if said.is_empty() => return,
        None => {
            let silent = format!("COMMENT ON CONSTRAINT {on} IS NULL");
            super::setting("comment on a domain constraint", name, said, silent, vec![domain])
        }
    };
    database.opaque.push(made.told_by(object));
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
    /// The index that a foreign key rests on.
    index: Option<String>,
    domain_name: Name,
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
            index: row.owned()?,
            domain_name: Name::new(row.maybe()?.unwrap_or_default(), row.maybe()?.unwrap_or_default()),
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
        if !found.local || relation.plain_partition {
            continue;
        }
        let referenced = relations.name(found.references);
        if found.definition.is_some() || relation.table.is_none() {
            constraint_as_text(&found, relation, referenced, database);
            continue;
        }
        if let (true, Some(comment)) = (found.kind == 'p', &found.comment) {
            let (own, of) = (ident::ident(found.name.as_str()), ident::name(&relation.name));
            let text = with_comment(
                String::new(),
                "CONSTRAINT",
                &format!("{own} ON {of}"),
                Some(comment),
            );
            let name = relation.name.clone();
            let back = format!("COMMENT ON CONSTRAINT {own} ON {of} IS NULL");
            let on = vec![name.clone()];
            let comment = super::setting("comment", name, text, back, on);
            database.opaque.push(comment.told_by(found.name.as_str()));
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

fn constraint_as_text(
    found: &Constraint,
    relation: &Relation,
    referenced: Option<&Name>,
    database: &mut Database,
) {
    let name = ident::name(&relation.name);
    let constraint = ident::ident(found.name.as_str());
    let text = match (&found.definition, found.kind, &found.expression) {
        (Some(definition), ..) => definition.clone(),
        (None, 'c', Some(expression)) => format!("CHECK ({expression})"),
        // Nothing else is found on what is no table.
        _ => return,
    };
    let mut full = relation.name.clone();
    full.name.clone_from(&found.name);
    let mut depends_on = vec![relation.name.clone()];
    if let Some(referenced) = referenced {
        let mut index = referenced.clone();
        index.name = Ident::new(found.index.as_deref().unwrap_or_default());
        depends_on.extend([referenced.clone(), index]);
    }
    let text = with_comment(
        format!("ALTER TABLE {name} ADD CONSTRAINT {constraint} {text}"),
        "CONSTRAINT",
        &format!("{constraint} ON {name}"),
        found.comment.as_deref(),
    );
    database.opaque.push(opaque(
        "constraint",
        full,
        text,
        Some(format!("ALTER TABLE {name} DROP CONSTRAINT {constraint}")),
        depends_on,
    ));
}
