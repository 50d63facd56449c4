//! A database in the form in which two are compared.

use std::collections::HashMap;

use physical::{
    Argument, Check, Column, Database, DefaultValue, Expr, ForeignKey, Function, Generated, Grant, Grantee,
    Ident, Index, IndexKey, Name, NamedType, NamedTypeKind, Opaque, Origin, PartitionBy, Partitioned, Policy,
    Privilege, Role, Schema, SqlType, Table, Trigger, TriggerEvent, Unique, View, ViewQuery,
};

use super::{expression, query, value};
use crate::postgres::expression::{default_value, expression as render, or_refused};
use crate::postgres::steps::{settings, view_text};
use crate::postgres::types;

/// Brings a database into the one form in which two of them are compared. Rows are no part of it.
#[must_use]
pub fn canonical(database: &Database) -> Database {
    let scope = Scope::new(database);
    let mut out = Database {
        roles: database.roles.iter().map(role).collect(),
        schemas: database.schemas.iter().map(schema).collect(),
        extensions: database.extensions.clone(),
        types: database.types.iter().map(named_type).collect(),
        tables: database.tables.iter().map(|each| table(each, &scope)).collect(),
        views: database.views.iter().map(|each| view(each, &scope)).collect(),
        functions: database.functions.iter().map(function).collect(),
        seeds: Vec::new(),
        // A call does something once, and so does SQL of the user's; neither is an object that could be found again.
        opaque: database
            .opaque
            .iter()
            .filter(|each| !matches!(each.kind.as_str(), "call" | "user sql"))
            .map(opaque)
            .collect(),
    };
    out.extensions.retain(|name| name.as_str() != "plpgsql");
    out.extensions.sort();
    out.roles.sort_by(|a, b| a.name.cmp(&b.name));
    out.schemas.sort_by(|a, b| a.name.cmp(&b.name));
    out.types.sort_by(|a, b| a.name.cmp(&b.name));
    out.tables.sort_by(|a, b| a.name.cmp(&b.name));
    out.views.sort_by(|a, b| a.name.cmp(&b.name));
    out.functions
        .sort_by(|a, b| (&a.name, signature(a)).cmp(&(&b.name, signature(b))));
    out.opaque
        .sort_by(|a, b| (&a.kind, &a.name, &a.definition).cmp(&(&b.kind, &b.name, &b.definition)));
    out
}

/// What names mean: columns of tables, and what domains are made of.
struct Scope<'a> {
    tables: HashMap<&'a str, &'a Table>,
    domains: HashMap<&'a Name, &'a SqlType>,
}

impl<'a> Scope<'a> {
    fn new(database: &'a Database) -> Self {
        Self {
            tables: database
                .tables
                .iter()
                .map(|table| (table.name.name.as_str(), table))
                .collect(),
            domains: database
                .types
                .iter()
                .filter_map(|each| match &each.kind {
                    NamedTypeKind::Domain { base, .. } => Some((&each.name, base)),
                    NamedTypeKind::Enum(_) => None,
                })
                .collect(),
        }
    }

    fn column_type(&self, table: &Table, column: &str) -> Option<String> {
        Some(self.type_text(&table.column(column)?.ty))
    }

    fn type_text(&self, ty: &SqlType) -> String {
        match ty {
            SqlType::Named(name) => match self.domains.get(name) {
                Some(base) => types::type_name(base),
                None => types::type_name(ty),
            },
            settled if types::is_settled(settled) => types::type_name(settled),
            other => types::spelled(&types::type_name(other)),
        }
    }

    /// The type of a column as an expression of `table` names it.
    fn resolve(&self, table: Option<&Table>, path: &[String]) -> Option<String> {
        match path {
            [column] => self.column_type(table?, column),
            [.., qualifier, column] => match table {
                Some(own) if matches!(qualifier.as_str(), "old" | "new" | "t") => {
                    self.column_type(own, column)
                }
                _ => self.column_type(self.tables.get(qualifier.as_str())?, column),
            },
            [] => None,
        }
    }

    fn expr(&self, table: Option<&Table>, expr: &Expr) -> Expr {
        let text = or_refused(render(expr));
        Expr::Sql(expression(&text, &|path| self.resolve(table, path)))
    }
}

fn role(role: &Role) -> Role {
    let mut out = role.clone();
    out.member_of.sort();
    out.comment = comment(&role.comment);
    out.origin = Origin::Found;
    out
}

fn schema(schema: &Schema) -> Schema {
    Schema {
        name: schema.name.clone(),
        owner: schema.owner.clone(),
        grants: grants(&schema.grants, schema.owner.as_ref()),
        comment: comment(&schema.comment),
        origin: Origin::Found,
    }
}

fn comment(comment: &Option<String>) -> Option<String> {
    comment.clone().filter(|text| !text.is_empty())
}

/// One grant per privilege and grantee; what the owner has anyway is left out.
fn grants(grants: &[Grant], owner: Option<&Ident>) -> Vec<Grant> {
    let mut whole: Vec<(Privilege, Grantee)> = Vec::new();
    let mut columns: HashMap<(Privilege, Grantee), Vec<Ident>> = HashMap::new();
    for grant in grants {
        if matches!((&grant.grantee, owner), (Grantee::Role(role), Some(owner)) if role == owner) {
            continue;
        }
        let key = (grant.privilege, grant.grantee.clone());
        if grant.columns.is_empty() {
            whole.push(key);
        } else {
            columns
                .entry(key)
                .or_default()
                .extend(grant.columns.iter().cloned());
        }
    }
    let whole = whole.into_iter().map(|key| (key, Vec::new()));
    let mut out: Vec<Grant> = whole
        .chain(columns)
        .map(|((privilege, grantee), mut columns)| {
            columns.sort();
            columns.dedup();
            Grant {
                privilege,
                columns,
                grantee,
            }
        })
        .collect();
    out.sort();
    out.dedup();
    out
}

fn named_type(ty: &NamedType) -> NamedType {
    let kind = match &ty.kind {
        NamedTypeKind::Enum(values) => NamedTypeKind::Enum(values.clone()),
        NamedTypeKind::Domain {
            base,
            not_null,
            checks,
        } => {
            let base_text = types::spelled(&types::type_name(base));
            let mut checks: Vec<(Ident, Expr)> = checks
                .iter()
                .map(|(name, expr)| {
                    let text = or_refused(render(expr));
                    let of_value = |path: &[String]| match path {
                        [word] if word == "value" => Some(base_text.clone()),
                        _ => None,
                    };
                    (name.clone(), Expr::Sql(expression(&text, &of_value)))
                })
                .collect();
            checks.sort_by(|a, b| a.0.cmp(&b.0));
            NamedTypeKind::Domain {
                base: types::parse(&base_text),
                not_null: *not_null,
                checks,
            }
        }
    };
    NamedType {
        name: ty.name.clone(),
        owner: ty.owner.clone(),
        kind,
        comment: comment(&ty.comment),
        origin: Origin::Found,
    }
}

fn table(source: &Table, scope: &Scope<'_>) -> Table {
    let key: &[Ident] = source.primary_key.as_ref().map_or(&[], |key| &key.columns);
    let mut out = Table {
        name: source.name.clone(),
        owner: source.owner.clone(),
        columns: source
            .columns
            .iter()
            .map(|each| column(each, source, key, scope))
            .collect(),
        primary_key: source.primary_key.clone(),
        uniques: source.uniques.iter().map(unique).collect(),
        foreign_keys: source.foreign_keys.iter().map(foreign_key).collect(),
        checks: source
            .checks
            .iter()
            .map(|each| check(each, source, scope))
            .collect(),
        indexes: source
            .indexes
            .iter()
            .map(|each| index(each, source, scope))
            .collect(),
        triggers: source
            .triggers
            .iter()
            .map(|each| trigger(each, source, scope))
            .collect(),
        row_security: source.row_security,
        policies: source
            .policies
            .iter()
            .map(|each| policy(each, source, scope))
            .collect(),
        partitioned: source.partitioned.as_ref().map(|each| partitioned(each, source)),
        partition_key: source.partition_key.clone(),
        inherits: source.inherits.clone(),
        partition_of: source.partition_of.clone(),
        fillfactor: source.fillfactor.filter(|percent| *percent != 100),
        strict: false,
        unlogged: source.unlogged,
        without_rowid: false,
        verbatim: None,
        written: physical::Written::default(),
        expected: source.expected,
        grants: grants(&source.grants, source.owner.as_ref()),
        comment: comment(&source.comment),
        origin: Origin::Found,
    };
    // A column that went and came back stands behind the others, which is no difference to anybody.
    out.columns.sort_by(|a, b| a.name.cmp(&b.name));
    out.uniques.sort_by(|a, b| a.name.cmp(&b.name));
    out.foreign_keys.sort_by(|a, b| a.name.cmp(&b.name));
    out.checks.sort_by(|a, b| a.name.cmp(&b.name));
    out.indexes.sort_by(|a, b| a.name.cmp(&b.name));
    out.triggers.sort_by(|a, b| a.name.cmp(&b.name));
    out.policies.sort_by(|a, b| a.name.cmp(&b.name));
    out
}

fn column(source: &Column, table: &Table, key: &[Ident], scope: &Scope<'_>) -> Column {
    let ty = scope.type_text(&source.ty);
    let default = source.default.as_ref().map(|default| {
        let text = or_refused(default_value(default));
        DefaultValue::Expr(Expr::Sql(value(&text, &ty, &|path| {
            scope.resolve(Some(table), path)
        })))
    });
    let generated = source.generated.as_ref().map(|generated| {
        let text = or_refused(render(&generated.expr));
        Generated {
            expr: Expr::Sql(value(&text, &ty, &|path| scope.resolve(Some(table), path))),
            stored: generated.stored,
        }
    });
    Column {
        name: source.name.clone(),
        ty: if types::is_settled(&source.ty) {
            source.ty.clone()
        } else {
            types::parse(&types::type_name(&source.ty))
        },
        nullable: source.nullable && source.identity.is_none() && !key.contains(&source.name),
        default,
        identity: source.identity,
        generated,
        collation: source.collation.clone().map(|name| {
            let bare = name.strip_prefix("pg_catalog.").unwrap_or(&name);
            bare.trim_matches('"').to_owned()
        }),
        comment: comment(&source.comment),
        origin: Origin::Found,
    }
}

fn unique(source: &Unique) -> Unique {
    let mut out = source.clone();
    out.comment = comment(&source.comment);
    out.origin = Origin::Found;
    out
}

fn foreign_key(source: &ForeignKey) -> ForeignKey {
    let mut out = source.clone();
    out.set_null.sort();
    // All columns by name is the same as none by name.
    if out.set_null.len() == out.columns.len() {
        out.set_null.clear();
    }
    out.comment = comment(&source.comment);
    out.origin = Origin::Found;
    out
}

fn check(source: &Check, table: &Table, scope: &Scope<'_>) -> Check {
    Check {
        name: source.name.clone(),
        expr: scope.expr(Some(table), &source.expr),
        validated: source.validated,
        comment: comment(&source.comment),
        origin: Origin::Found,
    }
}

fn index(source: &Index, table: &Table, scope: &Scope<'_>) -> Index {
    let keys = source
        .keys
        .iter()
        .map(|key| IndexKey {
            expr: scope.expr(Some(table), &key.expr),
            descending: key.descending,
            nulls_first: key.nulls_first.filter(|first| *first != key.descending),
            operator_class: key
                .operator_class
                .as_ref()
                .map(|class| class.strip_prefix("pg_catalog.").unwrap_or(class).to_owned()),
        })
        .collect();
    Index {
        name: source.name.clone(),
        unique: source.unique,
        nulls_not_distinct: source.nulls_not_distinct,
        method: source.method.clone(),
        keys,
        include: source.include.clone(),
        predicate: source
            .predicate
            .as_ref()
            .map(|predicate| scope.expr(Some(table), predicate)),
        comment: comment(&source.comment),
        origin: Origin::Found,
    }
}

fn trigger(source: &Trigger, table: &Table, scope: &Scope<'_>) -> Trigger {
    let mut out = source.clone();
    for event in &mut out.events {
        if let TriggerEvent::Update(columns) = event {
            columns.sort();
        }
    }
    out.events.sort_by_key(|event| match event {
        TriggerEvent::Insert => 0,
        TriggerEvent::Update(_) => 1,
        TriggerEvent::Delete => 2,
        TriggerEvent::Truncate => 3,
    });
    out.when = source.when.as_ref().map(|when| scope.expr(Some(table), when));
    out.comment = comment(&source.comment);
    out.origin = Origin::Found;
    out
}

fn policy(source: &Policy, table: &Table, scope: &Scope<'_>) -> Policy {
    let mut out = source.clone();
    out.roles.sort();
    out.using = source.using.as_ref().map(|using| scope.expr(Some(table), using));
    out.check = source.check.as_ref().map(|check| scope.expr(Some(table), check));
    out.comment = comment(&source.comment);
    out.origin = Origin::Found;
    out
}

/// Partitions that come and go with time are no difference. The catalog does not say which those are, so it is told by
/// shape: ranges of a time, with a default partition that catches what has no partition of its own yet.
fn partitioned(source: &Partitioned, table: &Table) -> Partitioned {
    let first = source
        .columns
        .first()
        .and_then(|name| table.column(name.as_str()));
    let over_time = first.is_some_and(|column| {
        matches!(
            column.ty,
            SqlType::TimestampTz | SqlType::Timestamp | SqlType::Date
        )
    });
    let has_default = source.partitions.iter().any(|each| each.bound.is_none());
    let managed = source.managed || (source.by == PartitionBy::Range && over_time && has_default);
    let mut partitions = source.partitions.clone();
    if managed {
        partitions.retain(|each| each.bound.is_none());
    }
    partitions.sort_by(|a, b| a.name.cmp(&b.name));
    Partitioned {
        by: source.by,
        columns: source.columns.clone(),
        partitions,
        managed,
    }
}

fn view(source: &View, scope: &Scope<'_>) -> View {
    let base = match &source.query {
        ViewQuery::Select { from, .. } => scope.tables.get(from.name.as_str()).copied(),
        ViewQuery::Sql(_) => None,
    };
    let text = query(&view_text(&source.query), &|path| scope.resolve(base, path));
    View {
        name: source.name.clone(),
        owner: source.owner.clone(),
        query: ViewQuery::Sql(text),
        materialized: source.materialized,
        security_barrier: source.security_barrier,
        security_invoker: source.security_invoker,
        grants: grants(&source.grants, source.owner.as_ref()),
        comment: comment(&source.comment),
        origin: Origin::Found,
    }
}

fn signature(function: &Function) -> Vec<&str> {
    function.arguments.iter().map(|each| each.ty.as_str()).collect()
}

fn function(source: &Function) -> Function {
    let mut out = source.clone();
    out.arguments = source
        .arguments
        .iter()
        .map(|argument| {
            let ty = types::spelled(&argument.ty);
            Argument {
                name: argument.name.clone(),
                default: argument
                    .default
                    .as_ref()
                    .map(|default| value(default, &ty, &|_| None)),
                ty,
            }
        })
        .collect();
    out.returns = returned(&source.returns);
    out.settings = source
        .settings
        .iter()
        .map(|(name, value)| (name.to_lowercase(), settings::spelled(name, value)))
        .collect();
    out.settings.sort();
    source.body.trim().clone_into(&mut out.body);
    out.grants = grants(&source.grants, source.owner.as_ref());
    out.comment = comment(&source.comment);
    out.origin = Origin::Found;
    out
}

/// `SETOF x`, `TABLE(a x, b y)` and plain types, each type in its one spelling.
fn returned(text: &str) -> String {
    let text = text.trim();
    let head = text.get(..6).unwrap_or_default().to_lowercase();
    if head == "setof " {
        return format!("SETOF {}", types::spelled(text.get(6..).unwrap_or_default()));
    }
    if head != "table(" && head != "table " {
        return types::spelled(text);
    }
    let inside = text
        .split_once('(')
        .and_then(|(_, rest)| rest.rsplit_once(')'))
        .map_or("", |(inside, _)| inside);
    let columns: Vec<String> = split_outside(inside)
        .iter()
        .map(|column| match column.trim().split_once(' ') {
            Some((name, ty)) => format!("{name} {}", types::spelled(ty)),
            None => types::spelled(column),
        })
        .collect();
    format!("TABLE({})", columns.join(", "))
}

/// Splits at commas that stand in no parentheses.
fn split_outside(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0_i32;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if c == ',' && depth == 0 {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts
}

fn opaque(source: &Opaque) -> Opaque {
    Opaque {
        kind: source.kind.clone(),
        name: source.name.clone(),
        detail: source.detail.clone(),
        setting: source.setting,
        definition: source.definition.trim().trim_end_matches(';').to_owned(),
        undo: None,
        depends_on: Vec::new(),
        origin: Origin::Found,
    }
}
