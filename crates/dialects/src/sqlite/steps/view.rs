//! CREATE VIEW and CREATE TRIGGER.

use physical::{Table, Timing, Trigger, TriggerAction, TriggerEvent, View, ViewQuery};

use super::super::expression;
use super::super::ident::{ident, idents, table as table_name};
use super::text::{comment, pad};

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
    let (from, joins, items, filter) = match query {
        ViewQuery::Sql(sql) => return sql.clone(),
        ViewQuery::Select {
            from,
            joins,
            items,
            filter,
        } => (from, joins, items, filter),
    };
    let said: Vec<(String, String)> = items
        .iter()
        .filter_map(|(name, expr)| Some((expression::render(expr).ok()?, ident(name))))
        .collect();
    let width = said
        .iter()
        .filter(|(expr, _)| !expr.contains('\n'))
        .map(|(expr, _)| expr.chars().count())
        .max()
        .unwrap_or(0)
        .min(60);
    let lines: Vec<String> = said
        .iter()
        .map(|(expr, name)| format!("  {} AS {name}", pad(expr, width)))
        .collect();
    let mut sql = format!("SELECT\n{}\nFROM {} AS t", lines.join(",\n"), table_name(from));
    for join in joins {
        let alias = ident(&join.alias);
        let on: Vec<String> = join
            .on
            .iter()
            .map(|(theirs, own)| format!("{alias}.{} = t.{}", ident(theirs), ident(own)))
            .collect();
        sql.push_str(&format!(
            "\nLEFT JOIN {} AS {alias} ON {}",
            table_name(&join.table),
            on.join(" AND ")
        ));
    }
    if let Some(Ok(filter)) = filter.as_ref().map(expression::render) {
        sql.push_str(&format!("\nWHERE {filter}"));
    }
    sql
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
