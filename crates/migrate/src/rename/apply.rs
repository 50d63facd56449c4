//! A schema in which something is called otherwise, wherever it is named.

use std::collections::BTreeSet;

use physical::{Database, DefaultValue, Expr, Ident, Name, Table, TriggerEvent};
use plan::{Relational, Rename};

use super::text::{Found, rewrite};

/// Applies a rename. Texts that a database keeps as they were written, such as bodies of functions, stay as they are.
pub(crate) fn apply(database: &mut Database, rename: &Rename, dialect: &Relational) {
    match rename {
        Rename::Table { from, to } => table(database, from, to, dialect),
        Rename::Column { table, from, to } => column(database, (table, from, to), dialect),
        Rename::Constraint { table, from, to } => constraint(database, (table, from, to), dialect),
        Rename::Index { table, from, to } => {
            for each in database.tables.iter_mut().filter(|each| each.name == *table) {
                let indexes = each.indexes.iter_mut().map(|index| &mut index.name);
                indexes.for_each(|name| swap(name, from, to));
            }
        }
        Rename::Sequence { from, to } => sequence(database, from, to, dialect),
    }
}

fn swap<T: PartialEq + Clone>(name: &mut T, from: &T, to: &T) {
    if name == from {
        name.clone_from(to);
    }
}

fn table(database: &mut Database, from: &Name, to: &Name, dialect: &Relational) {
    let path = |found: &Found<'_>, called: bool| {
        let schema = from.schema.as_ref().map(Ident::as_str);
        let named = found.name == from.name.as_str() && (called || !found.called);
        let (in_schema, bare) = match found.qualifiers {
            [] => (schema.is_none(), true),
            [only] => (schema == Some(only.as_str()), false),
            _ => (false, false),
        };
        // Bare it may be a column, unless something of it is named.
        (named && (in_schema || bare && found.qualifies)).then(|| to.name.to_string())
    };
    // In an expression a bracket makes it a function; in a statement columns may follow.
    let is_path = |found: &Found<'_>| path(found, false);
    let in_statement = |found: &Found<'_>| path(found, true);
    for each in &mut database.tables {
        let own = each.name == *from;
        each_expr(each, &mut |expr| {
            in_expr(expr, dialect, &is_path, &mut |qualifier, _| {
                if let Some(qualifier) = qualifier {
                    swap(qualifier, &from.name, &to.name);
                }
            });
        });
        each.foreign_keys
            .iter_mut()
            .for_each(|key| swap(&mut key.references, from, to));
        if let Some(part) = &mut each.partition_of {
            swap(&mut part.parent, from, to);
        }
        if let Some(heir) = &mut each.inherits {
            heir.parents.iter_mut().for_each(|parent| swap(parent, from, to));
        }
        if let Some(whole) = &mut each.partitioned {
            whole
                .partitions
                .iter_mut()
                .for_each(|part| swap(&mut part.name, from, to));
        }
        written(each, &|text| rewrite(text, dialect, &in_statement));
        if own {
            each.name.clone_from(to);
        }
    }
    database
        .seeds
        .iter_mut()
        .for_each(|seed| swap(&mut seed.table, from, to));
    opaque(database, from, to, &|text| rewrite(text, dialect, &in_statement));
}

fn column(database: &mut Database, (of, from, to): (&Name, &Ident, &Ident), dialect: &Relational) {
    let old = from.as_str();
    let in_own = |found: &Found<'_>| {
        let mine = match found.qualifiers {
            [] => true,
            [.., last] => {
                last == of.name.as_str() || ["old", "new", "t"].contains(&last.to_lowercase().as_str())
            }
        };
        (found.name == old && mine && !found.called && !found.qualifies).then(|| to.to_string())
    };
    let in_others = |found: &Found<'_>| {
        let theirs = found
            .qualifiers
            .last()
            .is_some_and(|last| last == of.name.as_str());
        (found.name == old && theirs && !found.qualifies).then(|| to.to_string())
    };
    for table in &mut database.tables {
        let own = table.name == *of;
        let qualifier = of.name.clone();
        each_expr(table, &mut |expr| {
            let change: &dyn Fn(&Found<'_>) -> Option<String> = if own { &in_own } else { &in_others };
            in_expr(expr, dialect, change, &mut |table, name| {
                let mine = table.as_ref().map_or(own, |table| *table == qualifier);
                if mine {
                    swap(name, from, to);
                }
            });
        });
        for key in table.foreign_keys.iter_mut().filter(|key| key.references == *of) {
            key.referenced.iter_mut().for_each(|name| swap(name, from, to));
        }
        if own {
            own_column(table, from, to);
            written(table, &|text| rewrite(text, dialect, &in_own));
        }
    }
    let whole = format!("{of}");
    for each in &mut database.opaque {
        if each.name == *of || each.depends_on.contains(of) {
            each.definition = rewrite(&each.definition, dialect, &in_own);
            each.undo = each.undo.as_ref().map(|text| rewrite(text, dialect, &in_own));
            swap(&mut each.detail, &from.to_string(), &to.to_string());
        }
        swap(
            &mut each.detail,
            &format!("{whole}.{from}"),
            &format!("{whole}.{to}"),
        );
    }
}

/// The words in which a table was found.
fn written(table: &mut Table, text: &dyn Fn(&str) -> String) {
    let statements = table
        .written
        .indexes
        .values_mut()
        .chain(table.written.triggers.values_mut());
    let whole = table.verbatim.iter_mut().chain(&mut table.written.table);
    whole.chain(statements).for_each(|words| *words = text(words));
}

/// The columns of a table, wherever the table itself names them.
fn own_column(table: &mut Table, from: &Ident, to: &Ident) {
    let each = |names: &mut Vec<Ident>| names.iter_mut().for_each(|name| swap(name, from, to));
    table
        .columns
        .iter_mut()
        .for_each(|column| swap(&mut column.name, from, to));
    table
        .primary_key
        .iter_mut()
        .for_each(|key| each(&mut key.columns));
    table
        .uniques
        .iter_mut()
        .for_each(|unique| each(&mut unique.columns));
    for key in &mut table.foreign_keys {
        each(&mut key.columns);
        each(&mut key.set_null);
    }
    table
        .indexes
        .iter_mut()
        .for_each(|index| each(&mut index.include));
    for event in table.triggers.iter_mut().flat_map(|trigger| &mut trigger.events) {
        if let TriggerEvent::Update(columns) = event {
            each(columns);
        }
    }
    for grant in &mut table.grants {
        each(&mut grant.columns);
        grant.columns.sort();
    }
    table
        .partitioned
        .iter_mut()
        .for_each(|whole| each(&mut whole.columns));
    table.inherits.iter_mut().for_each(|heir| each(&mut heir.columns));
}

fn constraint(database: &mut Database, (of, from, to): (&Name, &Ident, &Ident), dialect: &Relational) {
    for table in database.tables.iter_mut().filter(|table| table.name == *of) {
        table
            .primary_key
            .iter_mut()
            .for_each(|key| swap(&mut key.name, from, to));
        table
            .uniques
            .iter_mut()
            .for_each(|each| swap(&mut each.name, from, to));
        table
            .checks
            .iter_mut()
            .for_each(|each| swap(&mut each.name, from, to));
        table
            .foreign_keys
            .iter_mut()
            .for_each(|each| swap(&mut each.name, from, to));
    }
    let change = |found: &Found<'_>| (found.name == from.as_str()).then(|| to.to_string());
    for each in database
        .opaque
        .iter_mut()
        .filter(|each| each.depends_on.contains(of))
    {
        each.definition = rewrite(&each.definition, dialect, &change);
        each.undo = each.undo.as_ref().map(|text| rewrite(text, dialect, &change));
    }
}

fn sequence(database: &mut Database, from: &Name, to: &Name, dialect: &Relational) {
    let path = |name: &Name| {
        let schema = name
            .schema
            .as_ref()
            .map(|schema| format!("{}.", (dialect.ident)(schema.as_str())));
        format!(
            "{}{}",
            schema.unwrap_or_default(),
            (dialect.ident)(name.name.as_str())
        )
    };
    let in_text = |name: &Name| (dialect.literal)(&physical::Literal::Text(path(name)));
    let (old, new) = (in_text(from), in_text(to));
    for table in &mut database.tables {
        each_expr(table, &mut |expr| {
            if let Expr::Sql(text) = expr {
                *text = text.replace(&old, &new);
            }
        });
    }
    let change = |found: &Found<'_>| {
        let schema = from.schema.as_ref().map(Ident::as_str);
        let same = found.qualifiers.last().map(String::as_str) == schema;
        (same && found.name == from.name.as_str()).then(|| to.name.to_string())
    };
    opaque(database, from, to, &|text| rewrite(text, dialect, &change));
}

/// Statements about an object, and the objects that they stand on.
fn opaque(database: &mut Database, from: &Name, to: &Name, text: &dyn Fn(&str) -> String) {
    for each in &mut database.opaque {
        swap(&mut each.name, from, to);
        each.depends_on.iter_mut().for_each(|name| swap(name, from, to));
        each.definition = text(&each.definition);
        each.undo = each.undo.as_deref().map(text);
    }
}

type OnColumn<'f> = &'f mut dyn FnMut(&mut Option<Ident>, &mut Ident);

fn in_expr(
    expr: &mut Expr,
    dialect: &Relational,
    change: &dyn Fn(&Found<'_>) -> Option<String>,
    typed: OnColumn<'_>,
) {
    match expr {
        Expr::Column { table, name, .. } => typed(table, name),
        Expr::Sql(text) => *text = rewrite(text, dialect, change),
        other => other.children_mut(&mut |child| in_expr(child, dialect, change, typed)),
    }
}

/// Every expression of a table.
fn each_expr(table: &mut Table, each: &mut dyn FnMut(&mut Expr)) {
    for column in &mut table.columns {
        if let Some(DefaultValue::Expr(expr)) = &mut column.default {
            each(expr);
        }
        column
            .generated
            .iter_mut()
            .for_each(|generated| each(&mut generated.expr));
    }
    table.checks.iter_mut().for_each(|check| each(&mut check.expr));
    for index in &mut table.indexes {
        index.keys.iter_mut().for_each(|key| each(&mut key.expr));
        index.predicate.iter_mut().for_each(&mut *each);
    }
    for policy in &mut table.policies {
        policy
            .using
            .iter_mut()
            .chain(&mut policy.check)
            .for_each(&mut *each);
    }
    table
        .triggers
        .iter_mut()
        .filter_map(|trigger| trigger.when.as_mut())
        .for_each(each);
}

/// The names of views, with all that stands on them, that speak of what is renamed: a database follows in its own way there, and what the
/// columns of a view are called would stay.
pub(super) fn upset_views(database: &Database, speaks: &dyn Fn(&str) -> bool) -> BTreeSet<Name> {
    let mut upset: BTreeSet<Name> = BTreeSet::new();
    loop {
        let stands_on = |text: &str| {
            let mut found = false;
            crate::mentions::each_path(text, &mut |schema, name| {
                found |= upset.iter().any(|view| {
                    view.name.as_str() == name
                        && schema.is_none_or(|schema| {
                            view.schema.as_ref().is_none_or(|own| own.as_str() == schema)
                        })
                });
            });
            found
        };
        let more = database.views.iter().filter(|view| !upset.contains(&view.name));
        let more: Vec<Name> = more
            .filter(|view| {
                let text = texts_of(view);
                speaks(&text) || stands_on(&text)
            })
            .map(|view| view.name.clone())
            .collect();
        if more.is_empty() {
            return upset;
        }
        upset.extend(more);
    }
}

/// What a view says, as far as names go.
fn texts_of(view: &physical::View) -> String {
    let (from, joins, items, filter) = match &view.query {
        physical::ViewQuery::Sql(sql) => return sql.clone(),
        physical::ViewQuery::Select {
            from,
            joins,
            items,
            filter,
        } => (from, joins, items, filter),
    };
    let mut words: Vec<String> = vec![from.to_string()];
    for join in joins {
        words.push(join.table.to_string());
        words.extend(
            join.on
                .iter()
                .flat_map(|(one, other)| [one.to_string(), other.to_string()]),
        );
    }
    let mut exprs: Vec<&Expr> = items.iter().map(|(_, expr)| expr).chain(filter).collect();
    while let Some(expr) = exprs.pop() {
        match expr {
            Expr::Column { name, .. } => words.push(name.to_string()),
            Expr::Sql(sql) => words.push(sql.clone()),
            other => other.children(&mut |child| exprs.push(child)),
        }
    }
    words.join(" ")
}
