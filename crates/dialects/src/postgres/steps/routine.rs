//! Functions, triggers, views, types.

use physical::{
    Expr, Function, Grantee, Name, NamedType, NamedTypeKind, Origin, Table, Timing, Trigger, TriggerAction,
    TriggerEvent, View, ViewJoin, ViewQuery, Volatility,
};
use plan::{Hazard, Lock, Section, Step};

use super::access::grant_statements;
use super::{comment, locking, owner, settings, shown, step, undo};
use crate::postgres::expression::{expression, or_refused};
use crate::postgres::{ident, types};

pub(super) fn named_type(ty: &NamedType) -> Step {
    let name = ident::name(&ty.name);
    let (word, create) = match &ty.kind {
        NamedTypeKind::Enum(values) => {
            let values: Vec<String> = values.iter().map(|value| ident::text(value)).collect();
            let line = format!("CREATE TYPE {name} AS ENUM ({})", values.join(", "));
            let long = format!("CREATE TYPE {name} AS ENUM (\n    {}\n)", values.join(",\n    "));
            (
                "TYPE",
                if line.chars().count() > super::WIDTH {
                    long
                } else {
                    line
                },
            )
        }
        NamedTypeKind::Domain {
            base,
            not_null,
            checks,
        } => {
            let mut sql = ident::sql();
            sql.kw("CREATE DOMAIN ").name(&ty.name).kw(" AS ");
            sql.fragment(&types::type_name(base));
            sql.kw(if *not_null { " NOT NULL" } else { "" });
            for (constraint, expr) in checks {
                sql.kw("\n    CONSTRAINT ").ident(constraint).kw(" CHECK (");
                sql.fragment(&or_refused(expression(expr))).kw(")");
            }
            ("DOMAIN", sql.finish())
        }
    };
    let mut statements = vec![create];
    owner(&mut statements, word, &name, ty.owner.as_ref());
    comment(&mut statements, word, &name, ty.comment.as_deref());
    step(
        format!("type {}", shown(&ty.name)),
        Section::Types,
        statements,
        undo(format!("DROP {word} {name}")),
        ty.origin,
    )
}

/// What a found body speaks of need not be there yet, nor in the path in which names are looked for now.
pub(super) const UNCHECKED: &str = "SET LOCAL check_function_bodies = off";

/// The name of a function with the types of its arguments.
pub(super) fn signature(function: &Function) -> String {
    let types: Vec<&str> = function.arguments.iter().map(|each| each.ty.as_str()).collect();
    format!("{}({})", ident::name(&function.name), types.join(", "))
}

pub(super) fn function(function: &Function) -> Step {
    let object = signature(function);
    let mut statements = vec![create_function(function)];
    if function.origin == Origin::Found {
        statements.insert(0, UNCHECKED.to_owned());
    }
    let public = function
        .grants
        .iter()
        .any(|grant| grant.grantee == Grantee::Public);
    if !public {
        statements.push(format!("REVOKE ALL ON FUNCTION {object} FROM PUBLIC"));
    }
    grant_statements(&mut statements, "FUNCTION ", &object, &function.grants);
    comment(&mut statements, "FUNCTION", &object, function.comment.as_deref());
    // Last: whoever gives a function away may not speak for it any more.
    owner(&mut statements, "FUNCTION", &object, function.owner.as_ref());
    let section = if function.returns.trim().eq_ignore_ascii_case("trigger") {
        Section::Triggers
    } else if function.grants.is_empty() {
        Section::Functions
    } else {
        Section::Services
    };
    step(
        format!("function {}", shown(&function.name)),
        section,
        statements,
        undo(format!("DROP FUNCTION {object}")),
        function.origin,
    )
}

fn create_function(function: &Function) -> String {
    let mut sql = ident::sql();
    sql.kw("CREATE FUNCTION ").name(&function.name);
    let arguments: Vec<String> = function.arguments.iter().map(argument).collect();
    let one_line = arguments.join(", ");
    if sql.as_str().len() + one_line.len() + 2 > super::WIDTH {
        sql.kw("(\n    ").fragment(&arguments.join(",\n    ")).kw("\n)");
    } else {
        sql.kw("(").fragment(&one_line).kw(")");
    }
    sql.kw("\nRETURNS ").fragment(&function.returns);
    sql.kw("\nLANGUAGE ").fragment(&ident::ident(&function.language));
    sql.kw(match function.volatility {
        // What the server assumes needs no word.
        Volatility::Volatile => "",
        Volatility::Stable => "\nSTABLE",
        Volatility::Immutable => "\nIMMUTABLE",
    });
    sql.kw(if function.strict { "\nSTRICT" } else { "" });
    sql.kw(if function.security_definer {
        "\nSECURITY DEFINER"
    } else {
        ""
    });
    for (name, value) in &function.settings {
        let parts: Vec<String> = ident::split_path(name)
            .iter()
            .map(|part| ident::ident(part))
            .collect();
        sql.kw("\nSET ").fragment(&parts.join(".")).kw(" = ");
        sql.fragment(&settings::spelled(name, value));
    }
    let tag = free_tag("function", &function.body);
    if function.origin == Origin::Found {
        // Every blank of it is as somebody wanted it.
        sql.kw("\nAS ")
            .fragment(&tag)
            .fragment(&function.body)
            .fragment(&tag);
        return sql.finish();
    }
    sql.kw("\nAS ").fragment(&tag).kw("\n");
    sql.fragment(body(&function.body)).kw("\n").fragment(&tag);
    sql.finish()
}

/// The body without empty lines around it; its own indentation stays.
fn body(body: &str) -> &str {
    let end = body.trim_end();
    let text = end.trim_start_matches(['\n', '\r']);
    // Blank-only lines in front go, the blanks of the first line stay.
    match text.rfind(|c: char| !c.is_whitespace()) {
        Some(_) => text,
        None => "",
    }
}

/// A dollar quote of this word that does not occur in the text, not even begun.
pub(super) fn free_tag(word: &'static str, body: &str) -> String {
    let mut tag = format!("${word}");
    let mut number = 0_u32;
    while body.contains(&tag) {
        number += 1;
        tag = format!("${word}_{number}");
    }
    format!("{tag}$")
}

fn argument(argument: &physical::Argument) -> String {
    let mut out = String::new();
    if !argument.name.as_str().is_empty() {
        out.push_str(&ident::ident(argument.name.as_str()));
        out.push(' ');
    }
    out.push_str(&argument.ty);
    if let Some(default) = &argument.default {
        out.push_str(" DEFAULT ");
        out.push_str(default);
    }
    out
}

pub(super) fn trigger(table: &Table, trigger: &Trigger) -> Step {
    let mut sql = ident::sql();
    sql.kw("CREATE TRIGGER ").ident(&trigger.name).kw("\n    ");
    sql.kw(match trigger.timing {
        Timing::Before => "BEFORE ",
        Timing::After => "AFTER ",
        Timing::InsteadOf => "INSTEAD OF ",
    });
    for (index, event) in trigger.events.iter().enumerate() {
        sql.kw(if index == 0 { "" } else { " OR " });
        match event {
            TriggerEvent::Insert => sql.kw("INSERT"),
            TriggerEvent::Update(columns) if columns.is_empty() => sql.kw("UPDATE"),
            TriggerEvent::Update(columns) => sql.kw("UPDATE OF ").idents(columns),
            TriggerEvent::Delete => sql.kw("DELETE"),
            TriggerEvent::Truncate => sql.kw("TRUNCATE"),
        };
    }
    sql.kw(" ON ").name(&table.name);
    if let (Some(_), _) | (_, Some(_)) = &trigger.transition_tables {
        sql.kw("\n    REFERENCING");
        if let Some(old) = &trigger.transition_tables.0 {
            sql.kw(" OLD TABLE AS ").ident(old);
        }
        if let Some(new) = &trigger.transition_tables.1 {
            sql.kw(" NEW TABLE AS ").ident(new);
        }
    }
    sql.kw(if trigger.per_row {
        "\n    FOR EACH ROW"
    } else {
        "\n    FOR EACH STATEMENT"
    });
    if let Some(when) = &trigger.when {
        sql.kw("\n    WHEN (")
            .fragment(&or_refused(expression(when)))
            .kw(")");
    }
    match &trigger.action {
        TriggerAction::Call { function, arguments } => {
            sql.kw("\n    EXECUTE FUNCTION ").name(function).kw("(");
            for (index, argument) in arguments.iter().enumerate() {
                sql.kw(if index == 0 { "" } else { ", " }).text(argument);
            }
            sql.kw(")");
        }
        // Statements of another product: the server refuses them, which is better than a trigger that does nothing.
        TriggerAction::Body(body) => {
            sql.kw("\n").fragment(body);
        }
    }
    let mut statements = vec![sql.finish()];
    let mut object = ident::sql();
    let object = object.ident(&trigger.name).kw(" ON ").name(&table.name).finish();
    if !trigger.enabled {
        let mut sql = ident::sql();
        sql.kw("ALTER TABLE ")
            .name(&table.name)
            .kw(" DISABLE TRIGGER ")
            .ident(&trigger.name);
        statements.push(sql.finish());
    }
    comment(&mut statements, "TRIGGER", &object, trigger.comment.as_deref());
    let step = step(
        format!("trigger {} on {}", trigger.name, shown(&table.name)),
        Section::Triggers,
        statements,
        undo(format!("DROP TRIGGER {object}")),
        trigger.origin,
    );
    let waits = Hazard::Blocks(format!("writes to {} wait", shown(&table.name)));
    locking(step, Lock::ShareRowExclusive, vec![waits])
}

pub(super) fn view(view: &View) -> Step {
    let name = ident::name(&view.name);
    let mut sql = ident::sql();
    sql.kw(if view.materialized {
        "CREATE MATERIALIZED VIEW "
    } else {
        "CREATE VIEW "
    });
    sql.name(&view.name);
    sql.kw(match (view.security_barrier, view.security_invoker) {
        (true, true) => "\nWITH (security_barrier = true, security_invoker = true)",
        (true, false) => "\nWITH (security_barrier = true)",
        (false, true) => "\nWITH (security_invoker = true)",
        (false, false) => "",
    });
    sql.kw(" AS\n").fragment(&view_text(&view.query));
    let word = if view.materialized {
        "MATERIALIZED VIEW"
    } else {
        "VIEW"
    };
    let mut statements = vec![sql.finish()];
    owner(&mut statements, word, &name, view.owner.as_ref());
    comment(&mut statements, word, &name, view.comment.as_deref());
    grant_statements(&mut statements, "", &name, &view.grants);
    step(
        format!("view {}", shown(&view.name)),
        Section::Views,
        statements,
        undo(format!("DROP {word} {name}")),
        view.origin,
    )
}

/// The query of a view, as text.
pub(crate) fn view_text(query: &ViewQuery) -> String {
    let (from, joins, items, filter) = match query {
        ViewQuery::Sql(sql) => return sql.trim().trim_end_matches(';').trim_end().to_owned(),
        ViewQuery::Select {
            from,
            joins,
            items,
            filter,
        } => (from, joins, items, filter),
    };
    let mut sql = ident::sql();
    sql.kw("SELECT");
    for (index, (name, expr)) in items.iter().enumerate() {
        sql.kw(if index == 0 { "\n    " } else { ",\n    " });
        sql.fragment(&or_refused(expression(expr)));
        if !matches!(expr, Expr::Column { name: column, .. } if column == name) {
            sql.kw(" AS ").ident(name);
        }
    }
    sql.kw("\nFROM ").name(from).kw(" AS t");
    for join in joins {
        left_join(&mut sql, join);
    }
    if let Some(filter) = filter {
        sql.kw("\nWHERE ").fragment(&or_refused(expression(filter)));
    }
    sql.finish()
}

fn left_join(sql: &mut crate::sql::Sql, join: &ViewJoin) {
    sql.kw("\nLEFT JOIN ")
        .name(&join.table)
        .kw(" AS ")
        .ident(&join.alias);
    for (index, (theirs, ours)) in join.on.iter().enumerate() {
        sql.kw(if index == 0 { " ON " } else { " AND " });
        sql.name(&Name::new(join.alias.clone(), theirs.clone()));
        sql.kw(" = t.").ident(ours);
    }
}
