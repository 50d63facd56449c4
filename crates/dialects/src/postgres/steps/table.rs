//! Tables, foreign keys, indexes.

use physical::{
    Check, Column, ForeignKey, Generated, Identity, Index, IndexKey, IndexMethod, OnDelete, PartitionBy,
    Partitioned, Table, Unique,
};
use plan::{Hazard, Lock, Section, Step, Undo, Unspeakable};

use super::{WIDTH, comment, locking, owner, shown, step, undo};
use crate::postgres::expression::{default_value, expression, is_column, or_refused};
use crate::postgres::{ident, types};

pub(super) fn table(table: &Table, keys: &[usize]) -> Step {
    let name = ident::name(&table.name);
    let own: Vec<&Column> = table
        .columns
        .iter()
        .filter(|column| !is_inherited(table, column))
        .collect();
    let mut lines = column_lines(&own);
    if let Some(key) = &table.primary_key {
        let mut sql = ident::sql();
        sql.kw("CONSTRAINT ")
            .ident(&key.name)
            .kw(" PRIMARY KEY ")
            .list(&key.columns);
        lines.push(sql.finish());
    }
    lines.extend(table.uniques.iter().map(unique_line));
    let keys = keys.iter().filter_map(|index| table.foreign_keys.get(*index));
    lines.extend(keys.clone().map(|key| foreign_key_text(key, "\n        ")));
    lines.extend(
        table
            .checks
            .iter()
            .filter(|check| check.validated)
            .map(check_line),
    );

    let word = if table.unlogged {
        "CREATE UNLOGGED TABLE"
    } else {
        "CREATE TABLE"
    };
    let mut create = format!("{word} {name} (\n    {}\n)", lines.join(",\n    "));
    if lines.is_empty() {
        create = format!("{word} {name} ()");
    }
    if let Some(inherits) = &table.inherits {
        let parents: Vec<String> = inherits.parents.iter().map(ident::name).collect();
        create.push_str(&format!(" INHERITS ({})", parents.join(", ")));
    }
    match (&table.partitioned, table.fillfactor) {
        (Some(partitioned), _) => create.push_str(&partition_by(partitioned, table.partition_key.as_deref())),
        (None, Some(percent)) => create.push_str(&format!(" WITH (fillfactor = {percent})")),
        (None, None) => {}
    }
    let mut statements = vec![create];
    inherited_columns(&mut statements, table, &name);
    owner(&mut statements, "TABLE", &name, table.owner.as_ref());
    for check in table.checks.iter().filter(|check| !check.validated) {
        statements.push(format!("ALTER TABLE {name} ADD {} NOT VALID", check_line(check)));
    }
    partitions(&mut statements, table, &name);
    let own = statements.len();
    comments(&mut statements, table, &name);
    let told = std::iter::once(0).chain(own..statements.len()).collect();
    constraint_comments(&mut statements, table, &name, keys);
    let mut step = step(
        format!("table {}", shown(&table.name)),
        Section::Table(shown(&table.name)),
        statements,
        undo(format!("DROP TABLE {name}")),
        table.origin,
    );
    step.told = told;
    step
}

/// Whether a column is there because a parent has it.
fn is_inherited(table: &Table, column: &Column) -> bool {
    let inherits = table.inherits.as_ref();
    inherits.is_some_and(|inherits| inherits.columns.contains(&column.name))
}

/// What an inherited column may have otherwise than its parent.
fn inherited_columns(out: &mut Vec<String>, table: &Table, name: &str) {
    let columns = table.columns.iter().filter(|column| is_inherited(table, column));
    for column in columns.filter(|column| column.generated.is_none()) {
        let alter = format!(
            "ALTER TABLE ONLY {name} ALTER COLUMN {}",
            ident::ident(column.name.as_str())
        );
        out.push(match &column.default {
            Some(default) => format!("{alter} SET DEFAULT {}", or_refused(default_value(default))),
            None => format!("{alter} DROP DEFAULT"),
        });
        if !column.nullable {
            out.push(format!("{alter} SET NOT NULL"));
        }
    }
}

/// Name, type and the rest, each in a column of its own.
fn column_lines(columns: &[&Column]) -> Vec<String> {
    let parts: Vec<(String, String, String)> = columns
        .iter()
        .map(|column| {
            (
                ident::ident(column.name.as_str()),
                types::type_name(&column.ty),
                column_rest(column),
            )
        })
        .collect();
    let names = parts
        .iter()
        .map(|(name, ..)| name.chars().count())
        .max()
        .unwrap_or(0);
    // One long type name shall not push all the others away.
    let types = parts
        .iter()
        .map(|(_, ty, _)| ty.chars().count())
        .filter(|width| *width <= 24)
        .max()
        .unwrap_or(0);
    parts
        .into_iter()
        .map(|(name, ty, rest)| {
            format!("{name:<names$} {ty:<types$} {rest}")
                .trim_end()
                .to_owned()
        })
        .collect()
}

/// A collation, with its schema if it has one.
pub(super) fn collation(path: &str) -> String {
    let parts: Vec<String> = ident::split_path(path)
        .iter()
        .map(|part| ident::ident(part))
        .collect();
    parts.join(".")
}

/// How full pages are made from now on.
pub(super) fn fillfactor(name: &str, percent: Option<u8>) -> String {
    match percent {
        Some(percent) => format!("ALTER TABLE {name} SET (fillfactor = {percent})"),
        None => format!("ALTER TABLE {name} RESET (fillfactor)"),
    }
}

/// `CREATE TABLE … PARTITION OF …`
pub(super) fn partition_statement(partition: &physical::Partition, name: &str) -> String {
    let child = ident::name(&partition.name);
    let bound = partition.bound.as_deref().unwrap_or("DEFAULT");
    format!("CREATE TABLE {child} PARTITION OF {name} {bound}")
}

pub(super) fn column_rest(column: &Column) -> String {
    let mut out = Vec::new();
    if let Some(collation) = &column.collation {
        out.push(format!("COLLATE {}", self::collation(collation)));
    }
    match column.identity {
        Some(Identity::Always) => out.push("GENERATED ALWAYS AS IDENTITY".to_owned()),
        Some(Identity::ByDefault) => out.push("GENERATED BY DEFAULT AS IDENTITY".to_owned()),
        None if !column.nullable => out.push("NOT NULL".to_owned()),
        None => {}
    }
    if let Some(default) = &column.default {
        out.push(format!("DEFAULT {}", or_refused(default_value(default))));
    }
    if let Some(Generated { expr, stored }) = &column.generated {
        let how = if *stored { "STORED" } else { "VIRTUAL" };
        out.push(format!(
            "GENERATED ALWAYS AS ({}) {how}",
            or_refused(expression(expr))
        ));
    }
    out.join(" ")
}

pub(super) fn unique_line(unique: &Unique) -> String {
    let mut sql = ident::sql();
    sql.kw("CONSTRAINT ").ident(&unique.name).kw(" UNIQUE ");
    sql.kw(if unique.nulls_not_distinct {
        "NULLS NOT DISTINCT "
    } else {
        ""
    });
    sql.list(&unique.columns);
    sql.kw(if unique.deferred {
        " DEFERRABLE INITIALLY DEFERRED"
    } else {
        ""
    });
    sql.finish()
}

pub(super) fn check_line(check: &Check) -> String {
    let mut sql = ident::sql();
    sql.kw("CONSTRAINT ").ident(&check.name);
    let text = or_refused(expression(&check.expr));
    let long = sql.as_str().chars().count() + text.chars().count() + 14 > WIDTH;
    sql.kw(if long { "\n        " } else { " " });
    sql.kw("CHECK (").fragment(&text).kw(")");
    sql.finish()
}

/// A foreign key, broken before each clause when it is long.
fn foreign_key_text(key: &ForeignKey, indent: &'static str) -> String {
    let mut name = ident::sql();
    name.kw("CONSTRAINT ").ident(&key.name);
    let mut reference = ident::sql();
    reference.kw("FOREIGN KEY ").list(&key.columns);
    reference
        .kw(" REFERENCES ")
        .name(&key.references)
        .kw(" ")
        .list(&key.referenced);
    let mut rest = ident::sql();
    if key.on_update != OnDelete::NoAction {
        rest.kw(" ON UPDATE ").kw(action(key.on_update));
    }
    if key.on_delete != OnDelete::NoAction {
        rest.kw(" ON DELETE ").kw(action(key.on_delete));
        if key.on_delete == OnDelete::SetNull && !key.set_null.is_empty() {
            rest.kw(" ").list(&key.set_null);
        }
    }
    rest.kw(if key.deferred {
        " DEFERRABLE INITIALLY DEFERRED"
    } else {
        ""
    });
    let (name, reference, rest) = (name.finish(), reference.finish(), rest.finish());
    let length = name.len() + reference.len() + rest.len() + 6;
    if length <= WIDTH {
        return format!("{name} {reference}{rest}");
    }
    if reference.len() + rest.len() + indent.len() <= WIDTH {
        return format!("{name}{indent}{reference}{rest}");
    }
    format!("{name}{indent}{reference}{indent}{}", rest.trim_start())
        .trim_end()
        .to_owned()
}

const fn action(action: OnDelete) -> &'static str {
    match action {
        OnDelete::NoAction => "NO ACTION",
        OnDelete::Restrict => "RESTRICT",
        OnDelete::Cascade => "CASCADE",
        OnDelete::SetNull => "SET NULL",
        OnDelete::SetDefault => "SET DEFAULT",
    }
}

fn partition_by(partitioned: &Partitioned, key: Option<&str>) -> String {
    let mut sql = ident::sql();
    if let Some(key) = key {
        return sql.kw(" PARTITION BY ").fragment(key).finish();
    }
    sql.kw(match partitioned.by {
        PartitionBy::Range => " PARTITION BY RANGE ",
        PartitionBy::List => " PARTITION BY LIST ",
        PartitionBy::Hash => " PARTITION BY HASH ",
    });
    sql.list(&partitioned.columns);
    sql.finish()
}

fn partitions(out: &mut Vec<String>, table: &Table, name: &str) {
    for partition in table.partitioned.iter().flat_map(|each| &each.partitions) {
        let child = ident::name(&partition.name);
        out.push(partition_statement(partition, name));
        owner(out, "TABLE", &child, table.owner.as_ref());
    }
}

/// COMMENT ON the table and its columns, with the texts below each other.
fn comments(out: &mut Vec<String>, table: &Table, name: &str) {
    comment(out, "TABLE", name, table.comment.as_deref());
    let width = table
        .columns
        .iter()
        .filter(|column| column.comment.is_some())
        .map(|column| ident::ident(column.name.as_str()).chars().count())
        .max()
        .unwrap_or(0);
    for column in &table.columns {
        let object = format!("{name}.{:<width$}", ident::ident(column.name.as_str()));
        comment(out, "COLUMN", &object, column.comment.as_deref());
    }
}

/// COMMENT ON the constraints of a table.
fn constraint_comments<'a>(
    out: &mut Vec<String>,
    table: &Table,
    name: &str,
    keys: impl Iterator<Item = &'a ForeignKey>,
) {
    let uniques = table.uniques.iter().map(|each| (&each.name, &each.comment));
    let keys = keys.map(|each| (&each.name, &each.comment));
    let checks = table.checks.iter().map(|each| (&each.name, &each.comment));
    for (constraint, text) in uniques.chain(keys).chain(checks) {
        let object = format!("{} ON {name}", ident::ident(constraint.as_str()));
        comment(out, "CONSTRAINT", &object, text.as_deref());
    }
}

pub(super) fn foreign_key(table: &Table, key: &ForeignKey) -> Step {
    let name = ident::name(&table.name);
    let mut add = format!(
        "ALTER TABLE {name}\n    ADD {}",
        foreign_key_text(key, "\n        ")
    );
    if !key.validated {
        add.push_str(" NOT VALID");
    }
    let mut statements = vec![add];
    let constraint = ident::ident(key.name.as_str());
    let object = format!("{constraint} ON {name}");
    comment(&mut statements, "CONSTRAINT", &object, key.comment.as_deref());
    let step = step(
        format!("foreign key {}", key.name),
        Section::ForeignKeys,
        statements,
        undo(format!("ALTER TABLE {name} DROP CONSTRAINT {constraint}")),
        key.origin,
    );
    let mut hazards = vec![Hazard::Blocks(format!(
        "writes to {} and {} wait",
        shown(&table.name),
        shown(&key.references)
    ))];
    if key.validated {
        hazards.push(Hazard::Scan(format!("{} is read whole", shown(&table.name))));
        hazards.push(Hazard::MayFail(format!(
            "a row of {} may refer to nothing",
            shown(&table.name)
        )));
    }
    locking(step, Lock::ShareRowExclusive, hazards)
}

pub(super) fn index(table: &Table, index: &Index) -> Step {
    let mut sql = ident::sql();
    sql.kw(if index.unique {
        "CREATE UNIQUE INDEX "
    } else {
        "CREATE INDEX "
    });
    sql.ident(&index.name).kw(" ON ").name(&table.name);
    match method(&index.method) {
        Some(method) => sql.kw(" USING ").fragment(&method),
        None => &mut sql,
    };
    let keys = index.keys.iter().map(|key| or_refused(index_key(key)));
    let keys: Vec<String> = keys.collect();
    sql.kw(" (").fragment(&keys.join(", ")).kw(")");
    if !index.include.is_empty() {
        sql.kw(" INCLUDE ").list(&index.include);
    }
    sql.kw(if index.nulls_not_distinct {
        " NULLS NOT DISTINCT"
    } else {
        ""
    });
    if let Some(predicate) = &index.predicate {
        let text = or_refused(expression(predicate));
        let long = sql.as_str().chars().count() + text.chars().count() + 7 > WIDTH;
        sql.kw(if long { "\n    WHERE " } else { " WHERE " })
            .fragment(&text);
    }
    let mut statements = vec![sql.finish()];
    let mut name = physical::Name::bare(index.name.clone());
    name.schema.clone_from(&table.name.schema);
    comment(
        &mut statements,
        "INDEX",
        &ident::name(&name),
        index.comment.as_deref(),
    );
    let step = step(
        format!("index {}", index.name),
        Section::Table(shown(&table.name)),
        statements,
        Undo::Sql(vec![format!("DROP INDEX {}", ident::name(&name))]),
        index.origin,
    );
    let mut hazards = vec![
        Hazard::Blocks(format!("writes to {} wait", shown(&table.name))),
        Hazard::Scan(format!("{} is read whole", shown(&table.name))),
    ];
    if index.unique {
        hazards.push(Hazard::MayFail(format!(
            "rows of {} may be the same",
            shown(&table.name)
        )));
    }
    locking(step, Lock::Share, hazards)
}

fn method(method: &IndexMethod) -> Option<String> {
    let name = match method {
        IndexMethod::BTree => return None,
        IndexMethod::Hash => "hash",
        IndexMethod::Gin => "gin",
        IndexMethod::Gist => "gist",
        IndexMethod::Brin => "brin",
        IndexMethod::Other(name) => return Some(ident::ident(name)),
    };
    Some(name.to_owned())
}

/// Writes a key of an index.
///
/// # Errors
/// As [`expression`].
pub(in crate::postgres) fn index_key(key: &IndexKey) -> Result<String, Unspeakable> {
    let mut out = match is_column(&key.expr) {
        Some(column) => column,
        // A call may stand alone; with parentheses it is right in every case.
        None => format!("({})", expression(&key.expr)?),
    };
    if let Some(class) = &key.operator_class {
        let parts: Vec<String> = ident::split_path(class)
            .iter()
            .map(|part| ident::ident(part))
            .collect();
        out.push(' ');
        out.push_str(&parts.join("."));
    }
    if key.descending {
        out.push_str(" DESC");
    }
    match key.nulls_first {
        Some(true) if !key.descending => out.push_str(" NULLS FIRST"),
        Some(false) if key.descending => out.push_str(" NULLS LAST"),
        _ => {}
    }
    Ok(out)
}
