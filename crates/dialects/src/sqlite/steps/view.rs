//! CREATE VIEW and CREATE TRIGGER.

use physical::{Table, Timing, Trigger, TriggerAction, TriggerEvent, View, ViewQuery};

use super::super::expression;
use super::super::ident::{ident, idents, table as table_name};
use super::text::comment;
use crate::select::{self, Words};

/// Writes a view.
pub(in super::super) fn create(view: &View) -> String {
    let heading = comment(view.comment.as_ref(), "  ");
    let name = table_name(&view.name);
    let query = query(&view.query);
    if query.starts_with('(') {
        // Names of columns, AS, and the query, as they were found.
        return format!("CREATE VIEW {name}\n{heading}{query}");
    }
    format!("CREATE VIEW {name} AS\n{heading}{query}")
}

/// Writes what a view shows.
pub(in super::super) fn query(query: &ViewQuery) -> String {
    select::query(
        query,
        &Words {
            ident,
            table: table_name,
            expression: expression::render,
            alias: " AS ",
            indent: "  ",
        },
    )
}

/// Writes a trigger.
pub(in super::super) fn trigger(table: &Table, trigger: &Trigger) -> String {
    if let Some(written) = table.written.triggers.get(&trigger.name) {
        return written.clone();
    }
    let timing = match trigger.timing {
        Timing::Before => "BEFORE",
        Timing::After => "AFTER",
        Timing::InsteadOf => "INSTEAD OF",
    };
    let event = match trigger.events.first() {
        Some(TriggerEvent::Update(columns)) if columns.is_empty() => "UPDATE".to_owned(),
        Some(TriggerEvent::Update(columns)) => format!("UPDATE OF {}", idents(columns)),
        Some(TriggerEvent::Delete) => "DELETE".to_owned(),
        Some(TriggerEvent::Insert | TriggerEvent::Truncate) | None => "INSERT".to_owned(),
    };
    let mut sql = format!(
        "CREATE TRIGGER {}\n{timing} {event} ON {}\nFOR EACH ROW\n",
        ident(&trigger.name),
        table_name(&table.name)
    );
    sql.push_str(&comment(trigger.comment.as_ref(), ""));
    if let Some(Ok(when)) = trigger.when.as_ref().map(expression::render) {
        sql.push_str(&format!("WHEN {when}\n"));
    }
    let body = match &trigger.action {
        TriggerAction::Body(body) => body.as_str(),
        TriggerAction::Call { .. } => "",
    };
    sql.push_str(&format!("BEGIN{body}END"));
    sql
}
