//! Tables in MariaDB's form.

use std::collections::{BTreeMap, BTreeSet};

use physical::{
    Blueprint, Builtin, Check, Column, Comparison, Context, DefaultValue, Expr, Grant, Grantee, Ident,
    Identity, Index, IndexMethod, Literal, NamedTypeKind, OnDelete, PrimaryKey, SqlType, Table, View,
    ViewQuery,
};

use super::context;
use super::unique;
use super::work::{Moment, Part, Work};
use crate::losses::Losses;
use crate::mariadb::expression::{self, Renderer};
use crate::mariadb::ident::{self, ident};
use crate::mariadb::types;
use crate::source::local;
use crate::substitute::replace_context;

/// Longer texts are kept beside their row, as those without a bound are.
const LONGEST: u32 = 2_000;

/// How many bytes of a row of 65,535 may be texts of a bound.
const ROOM: u32 = 48_000;

/// How much of a text without a bound is in an index, in characters: three columns of it fit into the 3,072 bytes of a key.
const KEY: u32 = 191;

/// What the server keeps of a comment on a column or an index, in characters; on a table it is twice that.
const COMMENT: usize = 1_024;

/// A table as MariaDB holds it; roles are those that there are.
pub(super) fn table(
    blueprint: &Blueprint,
    source: &Table,
    roles: &BTreeSet<Ident>,
    losses: &mut Losses,
) -> Table {
    // Owner, policies, partitions and the like stay behind.
    let mut table = Table {
        columns: source.columns.clone(),
        primary_key: source.primary_key.clone(),
        uniques: source.uniques.clone(),
        foreign_keys: source.foreign_keys.clone(),
        checks: source.checks.clone(),
        indexes: source.indexes.clone(),
        grants: grants(&source.grants, roles),
        comment: said(source.comment.as_ref(), 2 * COMMENT),
        ..Table::new(local(blueprint, &source.name), source.origin)
    };
    identity(&mut table);
    texts(source, &mut table, losses);
    for column in &mut table.columns {
        column.collation = None;
        column.comment = said(column.comment.as_ref(), COMMENT);
        let place = format!("{}.{}", table.name, column.name);
        column_type(blueprint, column, &place, losses);
        computed(column, &place, losses);
        default(column, &place, losses);
    }
    let checks: Vec<Check> = table
        .columns
        .iter()
        .filter_map(|column| types::storage_check(&table, column))
        .collect();
    table.checks.splice(0..0, checks);
    keys(blueprint, &mut table, losses);
    unique::uniques(&mut table, losses);
    indexes(&mut table, losses);
    table
}

fn said(comment: Option<&String>, most: usize) -> Option<String> {
    comment.map(|text| text.chars().take(most).collect())
}

/// Rights that this server knows, of roles that there are.
pub(super) fn grants(all: &[Grant], roles: &BTreeSet<Ident>) -> Vec<Grant> {
    let known = |grant: &&Grant| matches!(&grant.grantee, Grantee::Role(role) if roles.contains(role));
    all.iter().filter(known).cloned().collect()
}

/// A counted column is the key by itself; a partition key beside it has no meaning here.
fn identity(table: &mut Table) {
    let Some(column) = table.columns.iter_mut().find(|column| column.identity.is_some()) else {
        return;
    };
    column.identity = Some(Identity::ByDefault);
    column.default = None;
    let columns = vec![column.name.clone()];
    match &mut table.primary_key {
        Some(key) => key.columns = columns,
        None => {
            table.primary_key = Some(PrimaryKey {
                name: "PRIMARY".into(),
                columns,
            });
        }
    }
}

/// The longest text, in characters, or value, in bytes, that the checks of a table let into each column.
fn bounds(source: &Table) -> BTreeMap<Ident, u32> {
    let mut bounds = BTreeMap::new();
    for check in &source.checks {
        let mut each = |expr: &Expr| {
            if let Some((column, most)) = bound(expr) {
                bounds.insert(column, most);
            }
        };
        match &check.expr {
            Expr::And(parts) => parts.iter().for_each(each),
            expr => each(expr),
        }
    }
    bounds
}

fn bound(expr: &Expr) -> Option<(Ident, u32)> {
    let length = |expr: &Expr| match expr {
        Expr::Call(Builtin::Length | Builtin::ByteLength, arguments) => match arguments.as_slice() {
            [Expr::Column { name, .. }] => Some(name.clone()),
            _ => None,
        },
        _ => None,
    };
    let number = |expr: &Expr| match expr {
        Expr::Literal(Literal::Int(most)) => u32::try_from(*most).ok(),
        _ => None,
    };
    match expr {
        Expr::Compare {
            op: Comparison::LessOrEqual | Comparison::Equal,
            left,
            right,
        } => Some((length(left)?, number(right)?)),
        Expr::Between {
            value,
            high,
            negated: false,
            ..
        } => Some((length(value)?, number(high)?)),
        Expr::In {
            value,
            items,
            negated: false,
        } => {
            let Expr::Column { name, .. } = value.as_ref() else {
                return None;
            };
            let lengths = items.iter().map(|item| match item {
                Expr::Literal(Literal::Text(text)) => u32::try_from(text.chars().count()).ok(),
                _ => None,
            });
            let longest = lengths.collect::<Option<Vec<u32>>>()?.into_iter().max()?;
            Some((name.clone(), longest))
        }
        _ => None,
    }
}

/// Columns of keys, and what refers to them.
fn key_columns(source: &Table) -> BTreeSet<Ident> {
    let primary = source.primary_key.iter().flat_map(|key| &key.columns);
    let foreign = source.foreign_keys.iter().flat_map(|key| &key.columns);
    let unique = source.uniques.iter().flat_map(|unique| &unique.columns);
    primary.chain(foreign).chain(unique).cloned().collect()
}

/// Texts and bytes with a bound stand in their row, those of keys first, as far as it has room.
fn texts(source: &Table, table: &mut Table, losses: &mut Losses) {
    let (bounds, keys) = (bounds(source), key_columns(source));
    let mut room = ROOM;
    for first in [true, false] {
        for column in &mut table.columns {
            let key = keys.contains(&column.name);
            let is_text = column.ty == SqlType::Text;
            if !is_text && column.ty != SqlType::Bytes || key != first {
                continue;
            }
            let most = match bounds.get(&column.name) {
                Some(most) => *most,
                None if key && is_text => {
                    losses.add(
                        "texts without a bound",
                        format!("{}.{}", table.name, column.name),
                        "a text that is a key can have 191 characters at most",
                        column.origin,
                    );
                    KEY
                }
                None => continue,
            };
            let bytes = most.saturating_mul(if is_text { 4 } else { 1 }).saturating_add(2);
            if most <= LONGEST && bytes <= room {
                room -= bytes;
                column.ty = match is_text {
                    true => SqlType::Varchar(most.max(1)),
                    false => SqlType::Other(format!("varbinary({most})")),
                };
            }
        }
    }
}

fn column_type(blueprint: &Blueprint, column: &mut Column, place: &str, losses: &mut Losses) {
    let numbers = types::DECIMAL;
    match &column.ty {
        SqlType::Numeric(None) => losses.add(
            "decimals",
            place.to_owned(),
            "a decimal without bounds has 65 digits here, 30 of them behind the point",
            column.origin,
        ),
        SqlType::Numeric(Some((precision, scale))) if *precision > numbers.0 || *scale > numbers.1 => losses
            .add(
                "decimals",
                place.to_owned(),
                "decimals have 65 digits at most, 38 of them behind the point",
                column.origin,
            ),
        SqlType::Inet => losses.add(
            "network-addresses",
            place.to_owned(),
            "addresses and networks are kept as text, unchecked",
            column.origin,
        ),
        SqlType::Named(name) => {
            let found = blueprint.database.types.iter().find(|ty| ty.name == *name);
            match found.map(|ty| &ty.kind) {
                Some(NamedTypeKind::Enum(members)) => {
                    let members: Vec<String> = members.iter().map(|member| ident::text(member)).collect();
                    column.ty = SqlType::Other(format!("enum({})", members.join(",")));
                }
                Some(NamedTypeKind::Domain { base, checks, .. }) => {
                    if !checks.is_empty() {
                        let reason = "MariaDB has no domains: their conditions are not checked";
                        losses.add("domains", place.to_owned(), reason, column.origin);
                    }
                    column.ty = base.clone();
                }
                None => {}
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
    // Filled by a trigger; see [`context_defaults`].
    if matches!(value, DefaultValue::Expr(Expr::Context(_))) {
        return;
    }
    if let Err(unspeakable) = types::default_text(value, &column.ty) {
        losses.add("defaults", place.to_owned(), &unspeakable.reason, column.origin);
        column.default = None;
    }
}

/// What a key does to other rows is done by triggers, which fire the triggers of those; and each key has an index.
fn keys(blueprint: &Blueprint, table: &mut Table, losses: &mut Losses) {
    for key in &mut table.foreign_keys {
        key.references = local(blueprint, &key.references);
        key.validated = true;
        key.set_null.clear();
        key.comment = None;
        if key.deferred {
            losses.add(
                "deferred keys",
                format!("{}.{}", table.name, key.name),
                "foreign keys are looked at for each row, not at the end of the transaction",
                key.origin,
            );
            key.deferred = false;
        }
        key.on_delete = OnDelete::NoAction;
        if key.on_update != OnDelete::Cascade {
            key.on_update = OnDelete::NoAction;
        }
    }
}

fn indexes(table: &mut Table, losses: &mut Losses) {
    let is_long = |column: &&Column| matches!(column.ty, SqlType::Text | SqlType::Bytes);
    let long = table.columns.iter().filter(is_long);
    let long: BTreeSet<Ident> = long.map(|column| column.name.clone()).collect();
    let name = table.name.clone();
    table.indexes.retain_mut(|index| {
        index_form(index, &long);
        let Some((guarantee, reason)) = unindexable(index) else {
            return true;
        };
        losses.add(guarantee, format!("{name}.{}", index.name), reason, index.origin);
        false
    });
    for key in table.foreign_keys.clone() {
        if !is_indexed(table, &key.columns) {
            let index = for_key(table, &key);
            table.indexes.push(index);
        }
    }
}

/// All rows, where only some would do; what is kept beside its row is in an index by its beginning.
fn index_form(index: &mut Index, long: &BTreeSet<Ident>) {
    index.include.clear();
    index.method = IndexMethod::BTree;
    index.predicate = None;
    index.comment = said(index.comment.as_ref(), COMMENT);
    for key in &mut index.keys {
        key.nulls_first = None;
        let beside = matches!(&key.expr, Expr::Column { name, .. } if long.contains(name));
        key.operator_class = beside.then(|| format!("({KEY})"));
    }
}

/// What keeps an index from being one here, and what that means.
fn unindexable(index: &Index) -> Option<(&'static str, &'static str)> {
    let json = |ty: &SqlType| matches!(ty, SqlType::Json | SqlType::JsonText | SqlType::Array(_));
    index.keys.iter().find_map(|key| match &key.expr {
        Expr::Column { ty, .. } if json(ty) => Some((
            "indexes of members",
            "an index does not see into JSON: the rows are looked through",
        )),
        Expr::Column { .. } => None,
        _ => Some((
            "indexes of expressions",
            "an index has columns only: the rows are looked through",
        )),
    })
}

fn plain_columns(index: &Index) -> Vec<Ident> {
    let names = index.keys.iter().filter_map(|key| match &key.expr {
        Expr::Column { name, .. } => Some(name.clone()),
        _ => None,
    });
    names.collect()
}

/// Whether some key begins with these columns.
fn is_indexed(table: &Table, columns: &[Ident]) -> bool {
    let begins = |key: &[Ident]| key.len() >= columns.len() && key.iter().zip(columns).all(|(a, b)| a == b);
    table.primary_key.iter().any(|key| begins(&key.columns))
        || table.uniques.iter().any(|unique| begins(&unique.columns))
        || table.indexes.iter().any(|index| begins(&plain_columns(index)))
}

/// The index that the server would make by itself for a foreign key.
fn for_key(table: &Table, key: &physical::ForeignKey) -> Index {
    let columns = key.columns.iter().filter_map(|name| table.column(name.as_str()));
    Index {
        name: key.name.clone(),
        unique: false,
        nulls_not_distinct: false,
        method: IndexMethod::BTree,
        keys: columns.map(unique::key).collect(),
        include: Vec::new(),
        predicate: None,
        comment: None,
        origin: key.origin,
    }
}

/// A CHECK answers the same at any time, looks at no other row, and at no column that a foreign key changes: conditions that do are looked at
/// by triggers.
pub(super) fn checks(table: &mut Table, work: &mut Work, losses: &mut Losses) {
    let variables = |context: Context| context::variable(context).to_owned();
    let mut moved = Vec::new();
    let cascading: BTreeSet<Ident> = table
        .foreign_keys
        .iter()
        .filter(|key| key.on_update == OnDelete::Cascade)
        .flat_map(|key| key.columns.iter().cloned())
        .collect();
    table.checks.retain_mut(|check| {
        check.validated = true;
        check.comment = None;
        let varies = varies(&check.expr) || names_any(&check.expr, &cascading);
        replace_context(&mut check.expr, &variables);
        match expression::render(&check.expr) {
            Err(unspeakable) => {
                let object = format!("{}.{}", table.name, check.name);
                losses.add("check", object, &unspeakable.reason, check.origin);
                false
            }
            Ok(sql) if varies || sql.contains("(SELECT ") => {
                moved.push(check.clone());
                false
            }
            Ok(_) => true,
        }
    });
    let prefix = format!("{}_", table.name.name);
    for check in moved {
        if let Ok(sql) = (Renderer { row: Some("NEW") }).render(&check.expr) {
            let rule = check.name.as_str();
            let rule = rule.strip_prefix(&prefix).unwrap_or(rule).to_owned();
            for moment in [Moment::BeforeInsert, Moment::BeforeUpdate] {
                work.refuse(moment, "23514", &rule, &format!("NOT ({sql})"));
            }
        }
    }
}

fn names_any(expr: &Expr, columns: &BTreeSet<Ident>) -> bool {
    let mut found = matches!(expr, Expr::Column { name, .. } if columns.contains(name));
    expr.children(&mut |child| found |= names_any(child, columns));
    found
}

/// Whether it says something else tomorrow, or to somebody else.
fn varies(expr: &Expr) -> bool {
    let mut found = matches!(
        expr,
        Expr::Context(_) | Expr::Call(Builtin::Now | Builtin::Today, _)
    );
    expr.children(&mut |child| found |= varies(child));
    found
}

/// Defaults that name the context: filled before the row is written.
pub(super) fn context_defaults(table: &mut Table, work: &mut Work) {
    for column in &mut table.columns {
        let Some(DefaultValue::Expr(Expr::Context(of))) = &column.default else {
            continue;
        };
        let value = match of {
            Context::Actor => work.actor.clone(),
            other => context::variable(*other).to_owned(),
        };
        let name = ident(&column.name);
        let statement = format!("IF NEW.{name} IS NULL THEN\n    SET NEW.{name} = {value};\nEND IF");
        work.add(Moment::BeforeInsert, Part::Context, statement);
        column.default = None;
    }
}

/// A view as MariaDB holds it: it reads with the rights of who made it.
pub(super) fn view(
    blueprint: &Blueprint,
    source: &View,
    roles: &BTreeSet<Ident>,
    losses: &mut Losses,
) -> Option<View> {
    let mut view = source.clone();
    view.name = local(blueprint, &source.name);
    view.owner = None;
    view.security_barrier = false;
    view.security_invoker = false;
    view.materialized = false;
    view.comment = None;
    view.grants = grants(&source.grants, roles);
    let context = |context: Context| context::function_call(blueprint, context);
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
        let exprs = items.iter_mut().map(|(_, item)| item).chain(filter.as_mut());
        for expr in exprs {
            replace_context(expr, &context);
            if let Err(unspeakable) = expression::render(expr) {
                losses.add("views", view.name.to_string(), &unspeakable.reason, view.origin);
                return None;
            }
        }
    }
    if source.materialized {
        let reason = "every view is computed when it is read";
        losses.add("materialized views", view.name.to_string(), reason, view.origin);
    }
    Some(view)
}
