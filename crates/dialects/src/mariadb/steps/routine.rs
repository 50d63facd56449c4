//! Functions, triggers, views.

use physical::{Function, Table, Timing, Trigger, TriggerAction, TriggerEvent, View, ViewQuery, Volatility};
use plan::{Section, Step};

use super::access::{execute, grant_statements};
use super::{step, undo};
use crate::mariadb::expression;
use crate::mariadb::ident::{ident, quote, table as table_name, text};
use crate::select::{self, Words};

/// Writes what a view shows.
pub(in super::super) fn view_query(query: &ViewQuery) -> String {
    select::query(
        query,
        &Words {
            ident,
            table: table_name,
            expression: expression::render,
            alias: " ",
            indent: "    ",
        },
    )
}

/// Writes a view: it reads with the rights of who made it, so that its readers need none on the tables below.
fn view_text(view: &View) -> String {
    let security = if view.security_invoker {
        "INVOKER"
    } else {
        "DEFINER"
    };
    format!(
        "CREATE SQL SECURITY {security} VIEW {} AS\n{}",
        table_name(&view.name),
        view_query(&view.query)
    )
}

pub(super) fn view(view: &View) -> Step {
    let name = table_name(&view.name);
    let mut statements = vec![view_text(view)];
    grant_statements(&mut statements, &name, &view.grants);
    step(
        format!("view {}", view.name),
        Section::Views,
        statements,
        undo(format!("DROP VIEW {name}")),
        view.origin,
    )
}

/// Writes a function: with the rights of who made it, unless it says otherwise.
fn function_text(function: &Function) -> String {
    let arguments = function.arguments.iter();
    let arguments: Vec<String> = arguments
        .map(|argument| format!("{} {}", ident(&argument.name), argument.ty))
        .collect();
    let mut create = format!(
        "CREATE FUNCTION {}({}) RETURNS {}",
        table_name(&function.name),
        arguments.join(", "),
        function.returns
    );
    if function.volatility == Volatility::Immutable {
        create.push_str(" DETERMINISTIC");
    }
    create.push_str(" READS SQL DATA");
    if !function.security_definer {
        create.push_str(" SQL SECURITY INVOKER");
    }
    if let Some(said) = &function.comment {
        create.push_str(&format!("\nCOMMENT {}", text(said)));
    }
    create.push('\n');
    create.push_str(function.body.trim());
    create
}

pub(super) fn function(function: &Function) -> Step {
    let name = table_name(&function.name);
    let mut statements = vec![function_text(function)];
    statements.extend(execute(&name, &function.grants));
    step(
        format!("function {}", function.name),
        Section::Functions,
        statements,
        undo(format!("DROP FUNCTION {name}")),
        function.origin,
    )
}

pub(super) fn trigger(table: &Table, trigger: &Trigger) -> Step {
    let timing = match trigger.timing {
        Timing::Before => "BEFORE",
        Timing::After | Timing::InsteadOf => "AFTER",
    };
    let event = match trigger.events.first() {
        Some(TriggerEvent::Update(_)) => "UPDATE",
        Some(TriggerEvent::Delete) => "DELETE",
        Some(TriggerEvent::Insert | TriggerEvent::Truncate) | None => "INSERT",
    };
    let body = match &trigger.action {
        TriggerAction::Body(body) => body.as_str(),
        TriggerAction::Call { .. } => "",
    };
    let name = quote(trigger.name.as_str());
    let create = format!(
        "CREATE TRIGGER {name} {timing} {event} ON {} FOR EACH ROW\n{}",
        table_name(&table.name),
        body.trim()
    );
    step(
        format!("trigger {}", trigger.name),
        Section::Triggers,
        vec![create],
        undo(format!("DROP TRIGGER {name}")),
        trigger.origin,
    )
}
