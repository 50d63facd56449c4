//! The one form in which a designed database and one that was read are compared.

use std::collections::BTreeMap;

use physical::{
    Column, Database, DefaultValue, Expr, Generated, Ident, Opaque, Origin, SqlType, Table, Trigger,
    TriggerAction, ViewQuery, Written,
};

use super::catalog::lexer::{exact, normal};
use super::expression::{self, Renderer};
use super::steps;
use super::types;

/// Brings a database into the form in which two of them are compared.
#[must_use]
pub(super) fn canonical(database: &Database) -> Database {
    let mut out = Database {
        tables: database.tables.iter().map(table).collect(),
        views: database.views.clone(),
        // SQL of the user's does something once; it is no object that could be found again.
        opaque: database
            .opaque
            .iter()
            .filter(|each| each.kind != "user sql")
            .map(opaque)
            .collect(),
        ..Database::default()
    };
    for view in &mut out.views {
        view.query = ViewQuery::Sql(normal(&steps::view_query(&view.query)));
        view.comment = clean(view.comment.as_ref());
        view.owner = None;
        view.grants.clear();
        view.materialized = false;
        view.security_barrier = false;
        view.security_invoker = false;
        view.origin = Origin::Found;
    }
    out.tables.sort_by(|a, b| a.name.cmp(&b.name));
    out.views.sort_by(|a, b| a.name.cmp(&b.name));
    out.opaque
        .sort_by(|a, b| (&a.kind, &a.name).cmp(&(&b.kind, &b.name)));
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

/// Comments as they survive: lines without blanks at their ends.
fn clean(comment: Option<&String>) -> Option<String> {
    let lines: Vec<&str> = comment?.lines().map(str::trim).collect();
    let text = lines.join("\n").trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// An expression in one spelling; one that cannot be said is not there.
fn spelled(expr: &Expr) -> Expr {
    Expr::Sql(
        expression::render(expr)
            .map(|sql| normal(&sql))
            .unwrap_or_default(),
    )
}

fn table(source: &Table) -> Table {
    let rowid = steps::rowid_column(source).map(|column| &column.name);
    let columns = source.columns.iter();
    let mut table = Table {
        columns: columns
            .map(|column| canonical_column(column, source.strict, rowid == Some(&column.name)))
            .collect(),
        primary_key: source.primary_key.clone(),
        uniques: source.uniques.clone(),
        foreign_keys: source.foreign_keys.clone(),
        checks: source.checks.clone(),
        indexes: source.indexes.clone(),
        triggers: source.triggers.iter().map(canonical_trigger).collect(),
        strict: source.strict,
        without_rowid: source.without_rowid,
        verbatim: source.verbatim.as_deref().map(normal),
        written: written(&source.written),
        comment: clean(source.comment.as_ref()),
        ..Table::new(source.name.clone(), Origin::Found)
    };
    for unique in &mut table.uniques {
        unique.comment = clean(unique.comment.as_ref());
        unique.origin = Origin::Found;
    }
    for key in &mut table.foreign_keys {
        key.comment = clean(key.comment.as_ref());
        key.validated = true;
        key.set_null.clear();
        key.origin = Origin::Found;
    }
    for check in &mut table.checks {
        check.expr = spelled(&check.expr);
        check.comment = clean(check.comment.as_ref());
        check.validated = true;
        check.origin = Origin::Found;
    }
    for index in &mut table.indexes {
        for key in &mut index.keys {
            key.expr = spelled(&key.expr);
            key.nulls_first = None;
            key.operator_class = key.operator_class.as_ref().map(|name| name.to_ascii_lowercase());
        }
        index.predicate = index.predicate.as_ref().map(spelled);
        index.comment = clean(index.comment.as_ref());
        index.include.clear();
        index.origin = Origin::Found;
    }
    table.uniques.sort_by(|a, b| a.name.cmp(&b.name));
    table.foreign_keys.sort_by(|a, b| a.name.cmp(&b.name));
    table.checks.sort_by(|a, b| a.name.cmp(&b.name));
    table.indexes.sort_by(|a, b| a.name.cmp(&b.name));
    table.triggers.sort_by(|a, b| a.name.cmp(&b.name));
    table
}

fn written(source: &Written) -> Written {
    let each = |statements: &BTreeMap<Ident, String>| {
        let statements = statements.iter();
        statements.map(|(name, sql)| (name.clone(), exact(sql))).collect()
    };
    Written {
        table: source.table.as_deref().map(exact),
        indexes: each(&source.indexes),
        triggers: each(&source.triggers),
    }
}

fn canonical_column(source: &Column, strict: bool, is_rowid: bool) -> Column {
    let mut column = source.clone();
    if let Some(generated) = &source.generated {
        let sql = Renderer::default()
            .render_as(&generated.expr, &source.ty)
            .unwrap_or_default();
        column.generated = Some(Generated {
            expr: Expr::Sql(normal(&sql)),
            stored: generated.stored,
        });
    }
    if let Some(value) = &source.default {
        let sql = types::default_text(value, &source.ty).unwrap_or_default();
        column.default = Some(DefaultValue::Expr(Expr::Sql(normal(&sql))));
    }
    if is_rowid {
        column.nullable = false;
        column.default = None;
    }
    column.identity = source.identity.map(|_| physical::Identity::ByDefault);
    column.ty = match (&source.ty, strict) {
        (SqlType::Other(name), false) => SqlType::Other(normal(name)),
        (ty, _) => types::stored(ty),
    };
    column.collation = source
        .collation
        .as_ref()
        .map(|name| name.to_ascii_lowercase())
        .filter(|name| name != "binary");
    column.comment = clean(source.comment.as_ref());
    column.origin = Origin::Found;
    column
}

fn canonical_trigger(source: &Trigger) -> Trigger {
    Trigger {
        name: source.name.clone(),
        timing: source.timing,
        events: source.events.clone(),
        per_row: source.per_row,
        transition_tables: source.transition_tables.clone(),
        when: source.when.as_ref().map(spelled),
        action: match &source.action {
            TriggerAction::Body(body) => TriggerAction::Body(normal(body)),
            call @ TriggerAction::Call { .. } => call.clone(),
        },
        enabled: source.enabled,
        comment: clean(source.comment.as_ref()),
        origin: Origin::Found,
    }
}
