//! The one form in which a designed database and one that was read are compared.

use physical::{
    Column, Database, DefaultValue, Expr, Function, Generated, Grant, Index, OnDelete, Opaque, Origin,
    SqlType, Table, Trigger, TriggerAction, Unique, View, ViewQuery, Volatility,
};

use super::expression::{self, Renderer};
use super::{steps, types};

/// Brings a database into the form in which two of them are compared.
#[must_use]
pub(super) fn canonical(database: &Database) -> Database {
    let mut out = Database {
        roles: database.roles.clone(),
        tables: database.tables.iter().map(table).collect(),
        views: database.views.iter().map(view).collect(),
        // SQL of the user's does something once; it is no object that could be found again.
        opaque: database
            .opaque
            .iter()
            .filter(|each| each.kind != "user sql")
            .map(opaque)
            .collect(),
        functions: database.functions.iter().map(function).collect(),
        ..Database::default()
    };
    for role in &mut out.roles {
        role.comment = None;
        role.origin = Origin::Found;
    }
    out.roles.sort_by(|a, b| a.name.cmp(&b.name));
    out.tables.sort_by(|a, b| a.name.cmp(&b.name));
    out.views.sort_by(|a, b| a.name.cmp(&b.name));
    out.functions.sort_by(|a, b| a.name.cmp(&b.name));
    out.opaque
        .sort_by(|a, b| (&a.kind, &a.name, &a.detail).cmp(&(&b.kind, &b.name, &b.detail)));
    out
}

fn opaque(source: &Opaque) -> Opaque {
    let mut opaque = source.clone();
    opaque.definition = normal(&opaque.definition);
    opaque.undo = None;
    opaque.depends_on.clear();
    opaque.origin = Origin::Found;
    opaque
}

/// SQL without what no server keeps: blanks, backticks and parentheses around it, and the case of words outside of texts.
fn normal(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut in_text = false;
    for c in sql.chars() {
        match c {
            '\'' => {
                in_text = !in_text;
                out.push(c);
            }
            c if in_text => out.push(c),
            '`' => {}
            c if c.is_whitespace() => {}
            c => out.extend(c.to_lowercase()),
        }
    }
    // The character set of a constant is not kept, nor is there a width for display where none was said.
    for (printed, said) in [
        ("_utf8mb4x'", "x'"),
        ("bigint(20)", "bigint"),
        ("int(11)", "int"),
        ("smallint(6)", "smallint"),
    ] {
        out = out.replace(printed, said);
    }
    out
}

/// A view's query. The server puts joins into parentheses: those behind FROM say nothing where all joins are of one kind.
fn normal_query(sql: &str) -> String {
    let sql = normal(sql);
    let Some((shown, rest)) = sql.split_once("from") else {
        return sql;
    };
    let (tables, filter) = rest.split_once("where").unwrap_or((rest, ""));
    let tables: String = tables.chars().filter(|c| !matches!(c, '(' | ')')).collect();
    format!("{shown}from{tables}where{filter}")
}

fn spelled(expr: &Expr) -> Expr {
    Expr::Sql(
        expression::render(expr)
            .map(|sql| normal(&sql))
            .unwrap_or_default(),
    )
}

fn table(source: &Table) -> Table {
    let mut table = Table {
        columns: source.columns.iter().map(column).collect(),
        primary_key: source.primary_key.clone(),
        uniques: source.uniques.clone(),
        foreign_keys: source.foreign_keys.clone(),
        checks: source.checks.clone(),
        indexes: source.indexes.clone(),
        triggers: source.triggers.iter().map(trigger).collect(),
        grants: source.grants.clone(),
        comment: source.comment.clone().filter(|text| !text.is_empty()),
        ..Table::new(source.name.clone(), Origin::Found)
    };
    // The server calls every primary key by the same name.
    if let Some(key) = &mut table.primary_key {
        key.name = "PRIMARY".into();
    }
    unique_keys(&mut table);
    for key in &mut table.foreign_keys {
        key.comment = None;
        key.validated = true;
        key.set_null.clear();
        key.deferred = false;
        // The server knows but one way to refuse.
        for action in [&mut key.on_delete, &mut key.on_update] {
            if matches!(action, OnDelete::NoAction | OnDelete::SetDefault) {
                *action = OnDelete::Restrict;
            }
        }
        key.origin = Origin::Found;
    }
    for check in &mut table.checks {
        check.expr = spelled(&check.expr);
        check.comment = None;
        check.validated = true;
        check.origin = Origin::Found;
    }
    for index in &mut table.indexes {
        for key in &mut index.keys {
            key.expr = spelled(&key.expr);
            key.nulls_first = None;
        }
        index.include.clear();
        index.origin = Origin::Found;
    }
    sort_rights(&mut table.grants);
    table.uniques.sort_by(|a, b| a.name.cmp(&b.name));
    table.foreign_keys.sort_by(|a, b| a.name.cmp(&b.name));
    table.checks.sort_by(|a, b| a.name.cmp(&b.name));
    table.indexes.sort_by(|a, b| a.name.cmp(&b.name));
    table.triggers.sort_by(|a, b| a.name.cmp(&b.name));
    table
}

fn sort_rights(grants: &mut [Grant]) {
    for grant in grants.iter_mut() {
        grant.columns.sort();
    }
    grants.sort();
}

/// A unique index of columns and a unique constraint are the same here.
fn unique_keys(table: &mut Table) {
    let plain = |index: &Index| {
        let columns = index.keys.iter().map(|key| match &key.expr {
            Expr::Column { name, .. } if !key.descending && key.operator_class.is_none() => {
                Some(name.clone())
            }
            _ => None,
        });
        columns.collect::<Option<Vec<_>>>().filter(|_| index.unique)
    };
    let mut found = Vec::new();
    table.indexes.retain(|index| match plain(index) {
        Some(columns) => {
            found.push(Unique {
                name: index.name.clone(),
                columns,
                nulls_not_distinct: false,
                deferred: false,
                comment: index.comment.clone(),
                origin: Origin::Found,
            });
            false
        }
        None => true,
    });
    table.uniques.extend(found);
    for unique in &mut table.uniques {
        unique.origin = Origin::Found;
    }
}

fn column(source: &Column) -> Column {
    let mut column = source.clone();
    if let Some(generated) = &source.generated {
        let sql = Renderer::default()
            .render_as(&generated.expr, &source.ty)
            .unwrap_or_default();
        column.generated = Some(Generated {
            expr: Expr::Sql(normal(&sql)),
            stored: generated.stored,
        });
        column.nullable = true;
    }
    if let Some(value) = &source.default {
        let sql = types::default_text(value, &source.ty).unwrap_or_default();
        let sql = sql
            .strip_prefix('(')
            .and_then(|sql| sql.strip_suffix(')'))
            .unwrap_or(&sql);
        let sql = match source.ty {
            SqlType::Numeric(Some((_, scale))) => places(sql, scale),
            _ => normal(sql),
        };
        column.default = Some(DefaultValue::Expr(Expr::Sql(sql)));
    }
    column.identity = source.identity.map(|_| physical::Identity::ByDefault);
    column.ty = SqlType::Other(types::type_name(&source.ty));
    column.comment = source.comment.clone().filter(|text| !text.is_empty());
    column.origin = Origin::Found;
    column
}

/// A number with as many places as its column has, as the server prints it.
fn places(sql: &str, scale: u32) -> String {
    let (whole, fraction) = sql.split_once('.').unwrap_or((sql, ""));
    let width = usize::try_from(scale).unwrap_or_default();
    let number = !whole.is_empty()
        && format!("{whole}{fraction}")
            .chars()
            .all(|c| c.is_ascii_digit() || c == '-');
    match (number, width) {
        (false, _) => normal(sql),
        (true, 0) => whole.to_owned(),
        (true, width) => format!("{whole}.{fraction:0<width$}"),
    }
}

fn trigger(source: &Trigger) -> Trigger {
    let mut trigger = source.clone();
    if let TriggerAction::Body(body) = &source.action {
        trigger.action = TriggerAction::Body(normal(body));
    }
    trigger.comment = None;
    trigger.origin = Origin::Found;
    trigger
}

fn view(source: &View) -> View {
    let mut view = source.clone();
    view.query = ViewQuery::Sql(normal_query(&steps::view_query(&source.query)));
    view.comment = None;
    view.owner = None;
    sort_rights(&mut view.grants);
    view.origin = Origin::Found;
    view
}

/// Who may call a single routine the catalog does not show.
fn function(source: &Function) -> Function {
    let mut function = source.clone();
    function.body = normal(source.body.trim());
    function.returns = normal(&source.returns);
    for argument in &mut function.arguments {
        argument.ty = normal(&argument.ty);
    }
    function.volatility = match source.volatility {
        Volatility::Immutable => Volatility::Immutable,
        Volatility::Stable | Volatility::Volatile => Volatility::Volatile,
    };
    function.grants.clear();
    function.origin = Origin::Found;
    function
}
