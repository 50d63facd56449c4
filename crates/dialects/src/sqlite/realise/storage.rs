//! Tables in SQLite's form: STRICT, with a CHECK for what its types do not say.

use std::collections::HashMap;

use physical::{
    Blueprint, Column, Context, DefaultValue, Expr, Identity, Index, IndexKey, IndexMethod, Name,
    NamedTypeKind, OnDelete, PrimaryKey, SqlType, Table, Unique, View, ViewQuery,
};

use super::super::expression::{self, Renderer};
use super::super::ident::{ident, table as table_name};
use super::super::types;
use super::triggers::Work;
use super::{context_sql, fill};
use crate::losses::Losses;
use crate::source::local;
use crate::substitute::replace_context;

/// A table as SQLite holds it.
pub(super) fn table(blueprint: &Blueprint, source: &Table, losses: &mut Losses) -> Table {
    // Owner, rights, policies, partitions and the like stay behind.
    let mut table = Table {
        columns: source.columns.clone(),
        primary_key: source.primary_key.clone(),
        uniques: source.uniques.clone(),
        foreign_keys: source.foreign_keys.clone(),
        checks: source.checks.clone(),
        indexes: source.indexes.clone(),
        strict: true,
        without_rowid: source.without_rowid,
        comment: source.comment.clone(),
        ..Table::new(local(blueprint, &source.name), source.origin)
    };
    let prefixed = table.name.name != source.name.name;
    let context = |context: Context| context_sql(blueprint, context);
    identity(&mut table);
    for column in &mut table.columns {
        column.collation = None;
        let place = format!("{}.{}", table.name, column.name);
        column_type(blueprint, column, &place, losses);
        computed(column, &place, losses);
        default(column, &place, losses);
        if column.name.as_str() == "commitment" {
            column.nullable = true;
        }
    }
    type_checks(blueprint, source, &mut table);
    table.checks.retain_mut(|check| {
        replace_context(&mut check.expr, &context);
        check.validated = true;
        keep(
            expression::render(&check.expr).map(|_| ()),
            "check",
            format!("{}.{}", source.name.name, check.name),
            check.origin,
            losses,
        )
    });
    uniques(&mut table, losses);
    table.indexes.retain_mut(|index| {
        index.include.clear();
        index.method = IndexMethod::BTree;
        let speakable = index.keys.iter().all(|key| expression::render(&key.expr).is_ok())
            && index
                .predicate
                .as_ref()
                .is_none_or(|predicate| expression::render(predicate).is_ok());
        if !speakable {
            losses.add(
                "index",
                format!("{}.{}", source.name.name, index.name),
                "SQLite cannot say its expressions",
                index.origin,
            );
        }
        speakable
    });
    for index in &mut table.indexes {
        index_form(index);
        if prefixed {
            // Indexes share one space of names with everything else.
            if let Some(schema) = &source.name.schema {
                index.name = format!("{schema}_{}", index.name).into();
            }
        }
    }
    for key in &mut table.foreign_keys {
        key.references = local(blueprint, &key.references);
        key.validated = true;
    }
    table
}

fn keep(
    said: Result<(), plan::Unspeakable>,
    guarantee: &'static str,
    object: String,
    origin: physical::Origin,
    losses: &mut Losses,
) -> bool {
    match said {
        Ok(()) => true,
        Err(unspeakable) => {
            losses.add(guarantee, object, &unspeakable.reason, origin);
            false
        }
    }
}

/// The rowid is the key that is never used twice; a partition key beside it has no meaning here.
fn identity(table: &mut Table) {
    let Some(column) = table.columns.iter_mut().find(|column| column.identity.is_some()) else {
        return;
    };
    column.identity = Some(Identity::ByDefault);
    column.ty = SqlType::BigInt;
    column.default = None;
    let columns = vec![column.name.clone()];
    match &mut table.primary_key {
        Some(key) => key.columns = columns,
        None => {
            table.primary_key = Some(PrimaryKey {
                name: format!("{}_pkey", table.name.name).into(),
                columns,
            })
        }
    }
}

fn column_type(blueprint: &Blueprint, column: &mut Column, place: &str, losses: &mut Losses) {
    match &column.ty {
        SqlType::Numeric(_) if types::scale_of(&column.ty).is_none() => losses.add(
            "decimals",
            place.to_owned(),
            "SQLite has no exact decimals of more than 18 digits: they are kept as text, and cannot be compared or calculated with",
            column.origin,
        ),
        SqlType::Inet => losses.add(
            "network-addresses",
            place.to_owned(),
            "SQLite has no type for addresses: they are kept as text, unchecked",
            column.origin,
        ),
        SqlType::Named(name) => {
            let found = blueprint.database.types.iter().find(|ty| ty.name == *name);
            if let Some(NamedTypeKind::Domain { base, checks, .. }) = found.map(|ty| &ty.kind) {
                if !checks.is_empty() {
                    losses.add("domains", place.to_owned(), "SQLite has no domains: their conditions are not checked", column.origin);
                }
                column.ty = base.clone();
            }
        }
        _ => {}
    }
}

fn computed(column: &mut Column, place: &str, losses: &mut Losses) {
    let Some(generated) = &column.generated else {
        return;
    };
    if let Err(unspeakable) = Renderer::default().render_as(&generated.expr, &column.ty) {
        losses.add(
            "computed columns",
            place.to_owned(),
            &unspeakable.reason,
            column.origin,
        );
        column.generated = None;
        column.nullable = true;
    }
}

fn default(column: &mut Column, place: &str, losses: &mut Losses) {
    let Some(value) = &column.default else { return };
    if matches!(value, DefaultValue::Expr(Expr::Context(_))) {
        // Filled after INSERT; see [`context_defaults`].
        return;
    }
    if let Err(unspeakable) = types::default_text(value, &column.ty) {
        losses.add("defaults", place.to_owned(), &unspeakable.reason, column.origin);
        column.default = None;
    }
}

fn type_checks(blueprint: &Blueprint, source: &Table, table: &mut Table) {
    let mut checks = Vec::new();
    for (column, logical) in table.columns.iter().zip(&source.columns) {
        if let SqlType::Named(name) = &logical.ty {
            let found = blueprint.database.types.iter().find(|ty| ty.name == *name);
            if let Some(NamedTypeKind::Enum(values)) = found.map(|ty| &ty.kind) {
                checks.push(types::one_of(table, column, values));
                continue;
            }
        }
        if column.identity.is_none() {
            checks.extend(types::storage_check(table, column));
        }
    }
    table.checks.splice(0..0, checks);
}

fn uniques(table: &mut Table, losses: &mut Losses) {
    let name = table.name.clone();
    let (same, plain): (Vec<Unique>, Vec<Unique>) = std::mem::take(&mut table.uniques)
        .into_iter()
        .partition(|unique| unique.nulls_not_distinct);
    table.uniques = plain;
    for unique in &mut table.uniques {
        if unique.deferred {
            losses.add(
                "deferred uniqueness",
                format!("{name}.{}", unique.name),
                "SQLite checks uniqueness row by row, not at the end of the transaction",
                unique.origin,
            );
            unique.deferred = false;
        }
    }
    for unique in same {
        let keys = unique
            .columns
            .iter()
            .filter_map(|column| table.column(column.as_str()))
            .map(|column| IndexKey {
                expr: Expr::column(column.name.clone(), column.ty.clone()),
                descending: false,
                nulls_first: None,
                operator_class: None,
            });
        let index = Index {
            name: unique.name,
            unique: true,
            nulls_not_distinct: true,
            method: IndexMethod::BTree,
            keys: keys.collect(),
            include: Vec::new(),
            predicate: None,
            comment: unique.comment,
            origin: unique.origin,
        };
        table.indexes.push(index);
    }
    let nullable: Vec<_> = table
        .columns
        .iter()
        .filter(|c| c.nullable)
        .map(|c| (c.name.clone(), c.ty.clone()))
        .collect();
    for index in table.indexes.iter_mut().filter(|index| index.nulls_not_distinct) {
        for key in &mut index.keys {
            if let Expr::Column { name, ty, .. } = &key.expr
                && nullable.iter().any(|(column, _)| column == name)
            {
                // STRICT keeps every value of a column in one storage class, so a value of another class is never equal.
                let other = if types::type_name(ty) == "BLOB" {
                    "0"
                } else {
                    "x''"
                };
                key.expr = Expr::Sql(format!("coalesce({}, {other})", ident(name)));
            }
        }
        index.nulls_not_distinct = false;
    }
}

fn index_form(index: &mut Index) {
    for key in &mut index.keys {
        key.operator_class = None;
        key.nulls_first = None;
    }
}

/// What a foreign key's own action cannot do: set some of its columns to NULL.
pub(super) fn referential_actions(tables: &mut [Table], work: &mut [Work]) {
    let places: HashMap<Name, usize> = work.iter().map(|work| work.name.clone()).zip(0..).collect();
    for table in tables {
        let child = table_name(&table.name);
        for key in &mut table.foreign_keys {
            let partial = key.on_delete == OnDelete::SetNull
                && !key.set_null.is_empty()
                && key.set_null.len() < key.columns.len();
            if partial {
                let pairs = key.columns.iter().zip(&key.referenced);
                let refers: Vec<String> = pairs
                    .map(|(own, theirs)| format!("{} = OLD.{}", ident(own), ident(theirs)))
                    .collect();
                let sets: Vec<String> = key
                    .set_null
                    .iter()
                    .map(|column| format!("{} = NULL", ident(column)))
                    .collect();
                let statement = format!(
                    "UPDATE {child}\nSET {}\nWHERE {}",
                    sets.join(", "),
                    refers.join(" AND ")
                );
                let parent = places.get(&key.references).and_then(|at| work.get_mut(*at));
                if let Some(parent) = parent {
                    parent.before_delete.push(statement);
                }
                key.on_delete = OnDelete::NoAction;
            }
            key.set_null.clear();
        }
    }
}

/// A CHECK holds no subquery: conditions that need one are looked at by triggers. And what is filled must not stay
/// empty.
pub(super) fn checks_by_trigger(tables: &mut [Table], work: &mut [Work]) {
    for (table, work) in tables.iter_mut().zip(work) {
        let mut moved = Vec::new();
        table.checks.retain(|check| {
            let subquery = expression::render(&check.expr).is_ok_and(|sql| sql.contains("(SELECT "));
            if subquery {
                moved.push(check.clone());
            }
            !subquery
        });
        let renderer = Renderer { row: Some("NEW") };
        for check in moved {
            if let Ok(piece) = renderer.piece(&check.expr) {
                let rule = check
                    .name
                    .as_str()
                    .strip_prefix(&format!("{}_", table.name.name))
                    .unwrap_or(check.name.as_str());
                let guard = work.guard("23514", rule, &format!("NOT ({})", piece.text));
                work.before_insert.push(guard.clone());
                work.before_update.push(guard);
            }
        }
        let required: Vec<_> = table
            .columns
            .iter()
            .filter(|c| !c.nullable)
            .map(|c| c.name.clone())
            .collect();
        fill::guards(work, |column| required.contains(column));
    }
}

/// Defaults that name the context: SQLite's defaults cannot, so the columns are filled after INSERT.
pub(super) fn context_defaults(tables: &mut [Table], work: &mut [Work]) {
    for (table, work) in tables.iter_mut().zip(work) {
        for column in &mut table.columns {
            if let Some(DefaultValue::Expr(Expr::Context(context))) = &column.default {
                let value = match context {
                    Context::Actor => work.actor.clone(),
                    Context::User => work.user.clone(),
                    Context::Tenant => work.tenant.clone(),
                };
                fill::add(work, &column.name, value);
                column.default = None;
            }
        }
    }
}

/// A view as SQLite holds it; nothing keeps anyone from the tables below.
pub(super) fn view(blueprint: &Blueprint, source: &View, losses: &mut Losses) -> Option<View> {
    let mut view = source.clone();
    view.name = local(blueprint, &source.name);
    view.owner = None;
    view.security_barrier = false;
    view.security_invoker = false;
    view.materialized = false;
    view.grants.clear();
    let context = |context: Context| context_sql(blueprint, context);
    if let ViewQuery::Select {
        from,
        joins,
        items,
        filter,
    } = &mut view.query
    {
        *from = local(blueprint, from);
        for join in joins.iter_mut() {
            join.table = local(blueprint, &join.table);
        }
        for (_, item) in items.iter_mut() {
            replace_context(item, &context);
        }
        if let Some(filter) = filter {
            replace_context(filter, &context);
        }
        let said = items
            .iter()
            .map(|(_, item)| item)
            .chain(filter.as_ref())
            .try_for_each(|expr| expression::render(expr).map(|_| ()));
        if !keep(said, "views", view.name.to_string(), view.origin, losses) {
            return None;
        }
    }
    if !source.grants.is_empty() || source.security_barrier {
        losses.add(
            "masked-views",
            view.name.to_string(),
            "the view shows masked values, and SQLite keeps nobody from reading the table below it",
            view.origin,
        );
    }
    if source.materialized {
        losses.add(
            "materialized views",
            view.name.to_string(),
            "SQLite computes every view when it is read",
            view.origin,
        );
    }
    Some(view)
}
