//! Designs of `.arch` texts, and a dump of them that people can read.

#![allow(dead_code, reason = "each test uses a part")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests may fail loudly"
)]

use std::fmt::Write as _;

use design::Designed;
use diagnostics::{FileId, Severity};
use model::Model;
use physical::*;

/// Resolves a text. Panics when the parser or the model finds an error, so that fixtures stay honest.
pub(crate) fn model(text: &str) -> Model {
    let (model, errors) = try_model(text);
    assert!(errors.is_empty(), "{errors:#?}\n{text}");
    model
}

/// Resolves a text, and answers what is wrong with it.
pub(crate) fn try_model(text: &str) -> (Model, Vec<String>) {
    let parse = syntax::parse(FileId(0), text);
    let (model, found) = model::resolve(&[(FileId(0), &parse)]);
    let all = parse.diagnostics.iter().chain(found.iter());
    let errors = all
        .filter(|found| found.severity == Severity::Error)
        .map(|found| format!("{} {}", found.rule.code, found.message));
    let errors = errors.collect();
    (model, errors)
}

/// Designs a text with a project in front, unless it has one.
pub(crate) fn designed(text: &str) -> Designed {
    design::design(&model(&with_project(text)))
}

pub(crate) fn with_project(text: &str) -> String {
    if text.lines().any(|line| line.starts_with("project ")) {
        text.to_owned()
    } else {
        format!("project shop {{ database postgres }}\n{text}")
    }
}

pub(crate) fn table<'d>(designed: &'d Designed, name: &str) -> &'d Table {
    let found = designed
        .blueprint
        .database
        .tables
        .iter()
        .find(|table| table.name.name.as_str() == name);
    found.unwrap_or_else(|| panic!("no table {name}"))
}

pub(crate) fn behaviours<'d>(designed: &'d Designed, name: &str) -> Vec<&'d Behaviour> {
    let all = designed.blueprint.behaviours.iter();
    all.filter(|placed| placed.table.name.as_str() == name)
        .map(|placed| &placed.what)
        .collect()
}

pub(crate) fn services<'d>(designed: &'d Designed, name: &str) -> Vec<&'d Service> {
    let all = designed.blueprint.services.iter();
    all.filter(|placed| placed.table.name.as_str() == name)
        .map(|placed| &placed.what)
        .collect()
}

pub(crate) fn codes(designed: &Designed) -> Vec<&'static str> {
    designed.diagnostics.iter().map(|found| found.rule.code).collect()
}

/// Everything, in words.
pub(crate) fn dump(designed: &Designed) -> String {
    let mut out = String::new();
    let database = &designed.blueprint.database;
    for role in &database.roles {
        let of: Vec<&str> = role.member_of.iter().map(Ident::as_str).collect();
        let _ = writeln!(
            out,
            "role {}{}",
            role.name,
            if of.is_empty() {
                String::new()
            } else {
                format!(" of {}", of.join(", "))
            }
        );
    }
    for schema in &database.schemas {
        let _ = writeln!(out, "schema {} for {}", schema.name, grants(&schema.grants));
    }
    for ty in &database.types {
        let _ = writeln!(out, "type {} {:?}", ty.name, ty.kind);
    }
    for table in &database.tables {
        dump_table(&mut out, designed, table);
    }
    let found = &designed.blueprint.found;
    for schema in &found.schemas {
        let _ = writeln!(out, "\nschema {} as found", schema.name);
    }
    for ty in &found.types {
        let _ = writeln!(out, "\ntype {} {:?} as found", ty.name, ty.kind);
    }
    for table in &found.tables {
        let _ = writeln!(out, "\nas found:");
        dump_table(&mut out, designed, table);
    }
    for view in &database.views {
        dump_view(&mut out, view);
    }
    for seed in &database.seeds {
        let _ = writeln!(out, "\nseed {}: {} rows", seed.table, seed.rows.len());
    }
    for raw in &designed.blueprint.raw {
        let _ = writeln!(out, "\nsql {}: {} / {:?}", raw.dialect, raw.up, raw.undo);
    }
    out.push_str("\ndecisions\n");
    for decision in &designed.decisions {
        let because = decision
            .because
            .as_ref()
            .map_or_else(String::new, |why| format!(" because \"{why}\""));
        let _ = writeln!(
            out,
            "  [{}] {}: {}{because}",
            decision.id, decision.subject, decision.choice
        );
    }
    for found in designed.diagnostics.iter() {
        let _ = writeln!(
            out,
            "\n{:?} {}: {}",
            found.severity, found.rule.code, found.message
        );
    }
    out
}

fn dump_table(out: &mut String, designed: &Designed, table: &Table) {
    let _ = writeln!(
        out,
        "\ntable {}{}",
        table.name,
        table
            .comment
            .as_ref()
            .map_or_else(String::new, |c| format!("  -- {c}"))
    );
    for column in &table.columns {
        let mut line = format!("  {} {}", column.name, ty(&column.ty));
        if !column.nullable {
            line.push_str(" not null");
        }
        if let Some(default) = &column.default {
            let _ = match default {
                DefaultValue::Literal(value) => write!(line, " default {}", literal(value)),
                DefaultValue::Expr(value) => write!(line, " default {}", expr(value)),
                other => write!(line, " default {other:?}"),
            };
        }
        if let Some(identity) = column.identity {
            let _ = write!(line, " identity {identity:?}");
        }
        if let Some(generated) = &column.generated {
            let _ = write!(line, " generated {}", expr(&generated.expr));
        }
        let _ = writeln!(
            out,
            "{line}  -- {}",
            column.comment.as_deref().unwrap_or("NO COMMENT")
        );
    }
    if let Some(key) = &table.primary_key {
        let _ = writeln!(out, "  primary key {} ({})", key.name, idents(&key.columns));
    }
    for unique in &table.uniques {
        let nulls = if unique.nulls_not_distinct {
            " nulls not distinct"
        } else {
            ""
        };
        let _ = writeln!(
            out,
            "  unique {} ({}){nulls}",
            unique.name,
            idents(&unique.columns)
        );
    }
    for key in &table.foreign_keys {
        let set_null = if key.set_null.is_empty() {
            String::new()
        } else {
            format!(" ({})", idents(&key.set_null))
        };
        let _ = writeln!(
            out,
            "  foreign key {} ({}) -> {} ({}) on delete {:?}{set_null} on update {:?}",
            key.name,
            idents(&key.columns),
            key.references,
            idents(&key.referenced),
            key.on_delete,
            key.on_update
        );
    }
    for check in &table.checks {
        let _ = writeln!(out, "  check {} {}", check.name, expr(&check.expr));
    }
    for index in &table.indexes {
        let keys: Vec<String> = index
            .keys
            .iter()
            .map(|key| {
                format!(
                    "{}{}{}",
                    expr(&key.expr),
                    if key.descending { " desc" } else { "" },
                    key.operator_class
                        .as_ref()
                        .map_or_else(String::new, |class| format!(" {class}"))
                )
            })
            .collect();
        let unique = if index.unique { "unique " } else { "" };
        let nulls = if index.nulls_not_distinct {
            " nulls not distinct"
        } else {
            ""
        };
        let filter = index
            .predicate
            .as_ref()
            .map_or_else(String::new, |p| format!(" where {}", expr(p)));
        let _ = writeln!(
            out,
            "  {unique}index {} {:?} ({}){nulls}{filter}  -- {}",
            index.name,
            index.method,
            keys.join(", "),
            index.comment.as_deref().unwrap_or("")
        );
    }
    if let Some(cut) = &table.partitioned {
        let _ = writeln!(out, "  partitioned {:?} by ({})", cut.by, idents(&cut.columns));
    }
    if let Some(fill) = table.fillfactor {
        let _ = writeln!(out, "  fillfactor {fill}");
    }
    let _ = writeln!(out, "  row security {:?}", table.row_security);
    for policy in &table.policies {
        let kind = if policy.permissive {
            "permissive"
        } else {
            "restrictive"
        };
        let side = |e: &Option<Expr>| e.as_ref().map_or_else(|| "-".to_owned(), expr);
        let _ = writeln!(
            out,
            "  policy {} {kind} {:?} to {} using {} check {}",
            policy.name,
            policy.command,
            idents(&policy.roles),
            side(&policy.using),
            side(&policy.check)
        );
    }
    for grant in &table.grants {
        let _ = writeln!(out, "  grant {}", grants(std::slice::from_ref(grant)));
    }
    for behaviour in designed
        .blueprint
        .behaviours
        .iter()
        .filter(|placed| placed.table == table.name)
    {
        let _ = writeln!(out, "  does {}", compact(&behaviour.what));
    }
    for service in designed
        .blueprint
        .services
        .iter()
        .filter(|placed| placed.table == table.name)
    {
        let _ = writeln!(out, "  offers {}", compact(&service.what));
    }
}

fn dump_view(out: &mut String, view: &View) {
    let _ = writeln!(out, "\nview {}", view.name);
    if let ViewQuery::Select {
        from, joins, items, ..
    } = &view.query
    {
        let _ = writeln!(out, "  from {from} t");
        for join in joins {
            let on: Vec<String> = join
                .on
                .iter()
                .map(|(theirs, ours)| format!("{}.{theirs} = t.{ours}", join.alias))
                .collect();
            let _ = writeln!(
                out,
                "  join {} {} on {}",
                join.table,
                join.alias,
                on.join(" and ")
            );
        }
        for (name, item) in items {
            let _ = writeln!(out, "  {name} = {}", expr(item));
        }
    }
}

/// A debug form without the noise of newtypes.
fn compact(value: &impl std::fmt::Debug) -> String {
    let text = format!("{value:?}");
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("Ident(") {
        out.push_str(&rest[..at]);
        let inner = &rest[at + 6..];
        let end = inner.find(')').unwrap();
        out.push_str(inner[..end].trim_matches('"'));
        rest = &inner[end + 1..];
    }
    out.push_str(rest);
    let mut names = String::new();
    let mut rest = out.as_str();
    while let Some(at) = rest.find("Name { schema: ") {
        names.push_str(&rest[..at]);
        let inner = &rest[at..];
        let name = inner.find("name: ").unwrap() + 6;
        let end = inner[name..].find(" }").unwrap() + name;
        names.push_str(&inner[name..end]);
        rest = &inner[end + 2..];
    }
    names.push_str(rest);
    names
}

fn idents(all: &[Ident]) -> String {
    all.iter().map(Ident::as_str).collect::<Vec<_>>().join(", ")
}

fn grants(all: &[Grant]) -> String {
    let one = |grant: &Grant| {
        let who = match &grant.grantee {
            Grantee::Public => "public".to_owned(),
            Grantee::Role(role) => role.to_string(),
        };
        let columns = if grant.columns.is_empty() {
            String::new()
        } else {
            format!(" ({})", idents(&grant.columns))
        };
        format!("{:?}{columns} to {who}", grant.privilege)
    };
    all.iter().map(one).collect::<Vec<_>>().join("; ")
}

pub(crate) fn ty(ty: &SqlType) -> String {
    match ty {
        SqlType::Array(of) => format!("{}[]", self::ty(of)),
        SqlType::Named(name) => name.to_string(),
        SqlType::Numeric(Some((p, s))) => format!("numeric({p},{s})"),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn literal(value: &Literal) -> String {
    match value {
        Literal::Text(text) => format!("'{text}'"),
        Literal::Int(value) => value.to_string(),
        Literal::Decimal(value) => format!("{value}d"),
        Literal::Bool(value) => value.to_string(),
        other => format!("{other:?}"),
    }
}

pub(crate) fn expr(value: &Expr) -> String {
    let list = |items: &[Expr], by: &str| items.iter().map(expr).collect::<Vec<_>>().join(by);
    match value {
        Expr::Column {
            table: Some(table),
            name,
            ..
        } => format!("{table}.{name}"),
        Expr::Column { name, .. } => name.to_string(),
        Expr::Literal(value) => literal(value),
        Expr::Context(what) => format!("context {what:?}").to_lowercase(),
        Expr::And(all) => format!("({})", list(all, " and ")),
        Expr::Or(all) => format!("({})", list(all, " or ")),
        Expr::Not(inner) => format!("not {}", expr(inner)),
        Expr::Compare { op, left, right } => {
            let op = match op {
                Comparison::Equal => "=",
                Comparison::NotEqual => "<>",
                Comparison::Less => "<",
                Comparison::LessOrEqual => "<=",
                Comparison::Greater => ">",
                Comparison::GreaterOrEqual => ">=",
            };
            format!("{} {op} {}", expr(left), expr(right))
        }
        Expr::IsNull { value, negated } => {
            format!("{} is {}null", expr(value), if *negated { "not " } else { "" })
        }
        Expr::In {
            value,
            items,
            negated,
        } => format!(
            "{} {}in ({})",
            expr(value),
            if *negated { "not " } else { "" },
            list(items, ", ")
        ),
        Expr::Between { value, low, high, .. } => {
            format!("{} between {} and {}", expr(value), expr(low), expr(high))
        }
        Expr::Matches(value, pattern) => format!("{} matches '{pattern}'", expr(value)),
        Expr::Call(function, arguments) => format!("{function:?}({})", list(arguments, ", ")),
        other => format!("{other:?}"),
    }
}
