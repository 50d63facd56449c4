//! What a row of each table is made of: read once from the schema.

use std::collections::BTreeMap;

use model::{FieldOrigin, ImpliedField, Model, Protection, Scalar, Type};
use physical::{
    Behaviour, Check, Expr, ForeignKey, Index, IndexKey, Name, Purpose, SqlType, Table, TableInfo,
};

use serde_json::Value;

use super::datum::Datum;
use super::domain::{Domain, Flavour};
use crate::subject::Subject;

/// How rows of one table are made.
#[derive(Debug, Clone)]
pub struct TablePlan<'a> {
    /// The table.
    pub table: &'a Table,
    /// What it is for.
    pub info: Option<&'a TableInfo>,
    /// Columns that an INSERT gives; what the database stamps by itself is not among them.
    pub columns: Vec<ColumnPlan>,
    /// Foreign keys over those columns, those without NULL first.
    pub foreign_keys: Vec<(&'a ForeignKey, bool)>,
    /// What must differ between rows: the name, the columns, whether NULL counts.
    pub keys: Vec<(String, Vec<String>, bool)>,
}

/// How a value of one column is made.
#[derive(Debug, Clone)]
pub struct ColumnPlan {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: SqlType,
    /// Whether it may be empty.
    pub nullable: bool,
    /// Whether the database counts it up.
    pub identity: bool,
    /// What may stand in it.
    pub domain: Domain,
}

impl<'a> TablePlan<'a> {
    /// Reads how rows of a table are made.
    #[must_use]
    pub fn new(subject: &'a Subject, table: &'a Table) -> Self {
        let info = subject.info(&table.name);
        let stamped = stamped(subject, table, info);
        let planned = info.and_then(|info| subject.blueprint.database.table(&info.name));
        let mut columns: Vec<ColumnPlan> = Vec::new();
        for column in &table.columns {
            let name = column.name.as_str();
            if column.generated.is_some() || stamped.iter().any(|other| other == name) {
                continue;
            }
            let mut domain = Domain::of_type(&column.ty);
            for check in &table.checks {
                domain.learn(name, &column.ty, &check.expr);
            }
            domain.flavour = flavour(subject, info, name);
            if let Some(initial) = initial_states(subject, table, name) {
                domain.allowed = Some(initial.iter().map(|state| Datum::Text(state.clone())).collect());
            } else if domain.allowed.is_none() {
                domain.allowed = members(subject, &column.ty).or_else(|| formed(subject, info, name));
            }
            columns.push(ColumnPlan {
                name: name.to_owned(),
                ty: column.ty.clone(),
                // A file fills some columns after the fact and must let them be empty until then.
                nullable: column.nullable
                    && planned
                        .and_then(|table| table.column(name))
                        .is_none_or(|planned| planned.nullable),
                identity: column.identity.is_some(),
                domain,
            });
        }
        let foreign_keys = foreign_keys(table, &columns);
        Self {
            table,
            info,
            columns,
            foreign_keys,
            keys: keys(table),
        }
    }

    /// Whether the generator fills it: entities and links.
    #[must_use]
    pub fn holds_rows(&self) -> bool {
        self.info
            .is_some_and(|info| matches!(info.purpose, Purpose::Entity(_) | Purpose::Link(..)))
    }

    /// The checks.
    #[must_use]
    pub fn checks(&self) -> &'a [Check] {
        &self.table.checks
    }

    /// The columns of its primary key.
    #[must_use]
    pub fn primary_key(&self) -> Vec<&'a str> {
        let key = self.table.primary_key.as_ref();
        key.map(|key| key.columns.iter().map(physical::Ident::as_str).collect())
            .unwrap_or_default()
    }
}

fn foreign_keys<'a>(table: &'a Table, columns: &[ColumnPlan]) -> Vec<(&'a ForeignKey, bool)> {
    let plan = |name: &str| columns.iter().find(|column| column.name == name);
    let mut found: Vec<(&ForeignKey, bool)> = table
        .foreign_keys
        .iter()
        .filter(|key| key.columns.iter().all(|column| plan(column.as_str()).is_some()))
        .map(|key| {
            let optional = key
                .columns
                .iter()
                .any(|column| plan(column.as_str()).is_some_and(|it| it.nullable));
            (key, !optional)
        })
        .collect();
    // Required ones first, and among them the widest: it decides most.
    found.sort_by_key(|(key, required)| (!required, usize::MAX - key.columns.len()));
    found
}

fn keys(table: &Table) -> Vec<(String, Vec<String>, bool)> {
    let names =
        |columns: &[physical::Ident]| columns.iter().map(|column| column.as_str().to_owned()).collect();
    let mut keys: Vec<(String, Vec<String>, bool)> = Vec::new();
    if let Some(key) = &table.primary_key {
        keys.push((key.name.as_str().to_owned(), names(&key.columns), true));
    }
    for unique in &table.uniques {
        keys.push((
            unique.name.as_str().to_owned(),
            names(&unique.columns),
            unique.nulls_not_distinct,
        ));
    }
    for index in table.indexes.iter().filter(|index| index.unique) {
        if let Some(columns) = indexed_columns(index) {
            keys.push((index.name.as_str().to_owned(), columns, index.nulls_not_distinct));
        }
    }
    keys
}

/// The columns of an index; `None` when it is over anything else.
#[must_use]
pub fn indexed_columns(index: &Index) -> Option<Vec<String>> {
    let column = |key: &IndexKey| match &key.expr {
        Expr::Column { name, .. } => Some(name.as_str().to_owned()),
        _ => None,
    };
    index.keys.iter().map(column).collect()
}

/// Columns that the database fills by itself, whatever a statement says.
fn stamped(subject: &Subject, table: &Table, info: Option<&TableInfo>) -> Vec<String> {
    let mut found: Vec<&physical::Ident> = Vec::new();
    for behaviour in subject.behaviours(&table.name) {
        match behaviour {
            Behaviour::StampTimes {
                created_at,
                updated_at,
            } => found.extend(created_at.iter().chain(updated_at)),
            Behaviour::StampAuthors {
                created_by,
                updated_by,
            } => found.extend(created_by.iter().chain(updated_by)),
            Behaviour::RaiseVersion {
                version,
                updated_at,
                updated_by,
            } => {
                found.push(version);
                found.extend(updated_at.iter().chain(updated_by));
            }
            Behaviour::Transitions {
                changed_at,
                changed_by,
                ..
            } => {
                found.extend(changed_at.iter().chain(changed_by));
            }
            Behaviour::SoftDelete {
                deleted_at,
                deleted_by,
                reason,
                batch,
                ..
            } => {
                found.extend([deleted_at, batch]);
                found.extend(deleted_by.iter().chain(reason));
            }
            _ => {}
        }
    }
    let mut names: Vec<String> = found.iter().map(|ident| ident.as_str().to_owned()).collect();
    let given = [
        ImpliedField::Id,
        ImpliedField::PublicId,
        ImpliedField::Tenant,
        ImpliedField::Owner,
    ];
    for (column, field) in info.into_iter().flat_map(|info| &info.columns) {
        let origin = subject.model.field(*field).map(|field| field.origin);
        if matches!(origin, Some(FieldOrigin::Implied(what)) if !given.contains(&what)) {
            names.push(column.as_str().to_owned());
        }
    }
    names
}

fn initial_states<'a>(subject: &'a Subject, table: &Table, column: &str) -> Option<&'a [String]> {
    subject
        .behaviours(&table.name)
        .find_map(|behaviour| match behaviour {
            Behaviour::Transitions {
                column: own, initial, ..
            } if own.as_str() == column => Some(initial.as_slice()),
            _ => None,
        })
}

/// Members of an enum type, also where the database has none of its own.
fn members(subject: &Subject, ty: &SqlType) -> Option<Vec<Datum>> {
    let SqlType::Named(name) = ty else { return None };
    let types = subject.realised.database.types.iter();
    types
        .chain(&subject.blueprint.database.types)
        .find(|ty| ty.name == *name)
        .and_then(|ty| match &ty.kind {
            physical::NamedTypeKind::Enum(members) => {
                Some(members.iter().cloned().map(Datum::Text).collect())
            }
            physical::NamedTypeKind::Domain { .. } => None,
        })
}

/// What the database does not check, and whoever reads it relies on: JSON of a declared form, and lists of what has a form.
fn formed(subject: &Subject, info: Option<&TableInfo>, column: &str) -> Option<Vec<Datum>> {
    let (_, field) = info?.columns.iter().find(|(name, _)| name.as_str() == column)?;
    let field = subject.model.field(*field)?;
    if matches!(field.protection, Protection::Encrypted { .. }) {
        return None;
    }
    match &field.ty {
        Type::Shape(_) => Some(vec![Datum::Json(
            example(&subject.model, &field.ty, 0).to_string(),
        )]),
        Type::Array(item) => {
            let value = match (&**item, example(&subject.model, item, 0)) {
                (Type::Shape(_), value) => Datum::Json(value.to_string()),
                (
                    Type::Enum(_) | Type::Scalar(Scalar::Email | Scalar::Phone | Scalar::Url),
                    Value::String(text),
                ) => Datum::Text(text),
                _ => return None,
            };
            Some(vec![Datum::Array(vec![value])])
        }
        _ => None,
    }
}

/// A value of a type as it stands in JSON.
fn example(model: &Model, ty: &Type, depth: u32) -> Value {
    match ty {
        Type::Shape(id) if depth < 8 => {
            let fields = model
                .shape(*id)
                .map(|shape| shape.fields.as_slice())
                .unwrap_or_default();
            let needed = fields.iter().filter(|field| !field.optional);
            let pairs = needed.map(|field| (field.name.text.clone(), example(model, &field.ty, depth + 1)));
            Value::Object(pairs.collect())
        }
        Type::Array(_) => Value::Array(Vec::new()),
        Type::Enum(id) => {
            let member = model.enumeration(*id).and_then(|it| it.members.first());
            member.map_or(Value::Null, |member| member.value.clone().into())
        }
        Type::Scalar(scalar) => match scalar {
            Scalar::Bool => true.into(),
            Scalar::Int | Scalar::Float => 1.into(),
            Scalar::BigInt | Scalar::Decimal(..) | Scalar::Money => "1".into(),
            Scalar::String(longest) => "some text"
                .chars()
                .take(*longest as usize)
                .collect::<String>()
                .into(),
            Scalar::Text => "some text".into(),
            Scalar::Uuid => "5ca1ab1e-0000-4000-8000-000000000001".into(),
            Scalar::Date => "2026-01-01".into(),
            Scalar::Time => "10:00:00".into(),
            Scalar::Instant => "2026-01-01T10:00:00Z".into(),
            Scalar::Duration => "PT5M".into(),
            Scalar::Bytes(_) => "AAAA".into(),
            Scalar::Json => Value::Object(serde_json::Map::new()),
            Scalar::Email => "someone@example.org".into(),
            Scalar::Phone => "+15550100999".into(),
            Scalar::Url => "https://example.org/".into(),
            Scalar::Ip => "192.0.2.1".into(),
            Scalar::PasswordHash | Scalar::Token => "$example$x".into(),
        },
        _ => Value::Null,
    }
}

fn flavour(subject: &Subject, info: Option<&TableInfo>, column: &str) -> Flavour {
    let field = info
        .and_then(|info| info.columns.iter().find(|(name, _)| name.as_str() == column))
        .and_then(|(_, field)| subject.model.field(*field));
    let Some(field) = field else { return Flavour::Plain };
    if matches!(field.protection, Protection::Encrypted { .. }) {
        return Flavour::Envelope;
    }
    match field.ty {
        Type::Scalar(Scalar::Email) => Flavour::Email,
        Type::Scalar(Scalar::Phone) => Flavour::Phone,
        Type::Scalar(Scalar::Url) => Flavour::Url,
        Type::Scalar(Scalar::PasswordHash) => Flavour::PasswordHash,
        _ => Flavour::Plain,
    }
}

/// Tables such that what a table requires stands before it.
#[must_use]
pub(super) fn ordered(plans: &[TablePlan<'_>]) -> Vec<usize> {
    let position: BTreeMap<&Name, usize> = plans
        .iter()
        .enumerate()
        .map(|(index, plan)| (&plan.table.name, index))
        .collect();
    let mut state = vec![0_u8; plans.len()];
    let mut order = Vec::with_capacity(plans.len());
    for start in 0..plans.len() {
        let mut stack = vec![(start, false)];
        while let Some((index, done)) = stack.pop() {
            let Some(mark) = state.get_mut(index) else {
                continue;
            };
            if done {
                order.push(index);
                continue;
            }
            if *mark != 0 {
                continue;
            }
            *mark = 1;
            stack.push((index, true));
            let keys = plans
                .get(index)
                .map(|plan| plan.foreign_keys.as_slice())
                .unwrap_or_default();
            for (key, required) in keys.iter().rev() {
                if let Some(parent) = position.get(&key.references).filter(|_| *required) {
                    stack.push((*parent, false));
                }
            }
        }
    }
    order
}
