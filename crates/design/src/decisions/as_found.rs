//! Decision: tables that are taken over as they are.

use model::found::{
    Found, FoundAction, FoundColumn, FoundDefault, FoundIndex, FoundKey, FoundMade, FoundReference,
    FoundTarget, FoundType,
};
use model::{Literal, Model, Scalar, Type};
use physical::{
    Check, Column, DefaultValue, Expr, ForeignKey, Generated, Ident, Identity, Index, IndexKey, IndexMethod,
    Name, OnDelete, Origin, PrimaryKey, Schema, SqlType, Table, Unique,
};

use crate::decisions::Kind;
use crate::draft::Draft;
use crate::facts::{native_type, scalar_type};
use crate::lower::constant;
use crate::{Alternative, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "as-found",
    title: "tables as they were found",
    reason: "what a database holds already stays as it is until somebody decides otherwise: types, names and constraints are those that \
             the source says, and nothing is added",
    alternatives: &[Alternative {
        option: "a table that is designed",
        how: "take `without defaults` away, and say whose the rows are",
    }],
    attacker: None,
    apply,
};

/// How far a key may refer to keys before it is taken for a circle.
const DEEPEST: u32 = 16;

fn apply(draft: &mut Draft<'_>) {
    schemas(draft);
    for found in &draft.model.found {
        let table = table(draft, found);
        let choice = format!("table `{}` as it was found", table.name);
        let decision = Decision::new(&KIND, &found.name.text, choice);
        let names = [table.name.name.to_string(), table.name.to_string()];
        let decision = names.iter().fold(decision, |decision, name| decision.name(name));
        draft.decide(decision.because(Some(&found.because)));
        draft.blueprint.found.tables.push(table);
    }
}

/// The schemas that are not the server's own. One that is designed makes its own.
fn schemas(draft: &mut Draft<'_>) {
    let mut wanted: Vec<(Ident, Option<Origin>)> = Vec::new();
    if draft.is_bare() {
        wanted.push((draft.blueprint.schema.clone(), None));
    }
    for found in &draft.model.found {
        let origin = Origin::Span(found.name.span);
        wanted.extend(found.schema.iter().map(|name| (Ident::new(name), Some(origin))));
    }
    for (name, origin) in wanted {
        let database = &draft.blueprint.database;
        let found = &mut draft.blueprint.found;
        let mut known = database.schemas.iter().chain(&found.schemas);
        if name.as_str() != "public" && !known.any(|schema| schema.name == name) {
            found.schemas.push(Schema {
                name,
                owner: None,
                grants: Vec::new(),
                comment: None,
                origin: origin.unwrap_or(Origin::Decision(KIND.id, None)),
            });
        }
    }
}

fn name(draft: &Draft<'_>, found: &Found) -> Name {
    let schema = found.schema.as_ref().map(Ident::new);
    Name {
        schema: Some(schema.unwrap_or_else(|| draft.blueprint.schema.clone())),
        name: Ident::new(&found.table),
    }
}

fn table(draft: &Draft<'_>, found: &Found) -> Table {
    let mut table = Table::new(name(draft, found), Origin::Span(found.name.span));
    table.comment.clone_from(&found.doc);
    table.strict = found.strict;
    table.without_rowid = found.without_rowid;
    table.columns = found.columns.iter().map(|it| column(draft, it)).collect();
    table.primary_key = found.key.as_ref().map(|key| {
        let (name, columns) = key_of(found, key, "pkey");
        // A key has no columns in its usual name.
        let name = key
            .name
            .as_ref()
            .map_or_else(|| Ident::new(format!("{}_pkey", found.table)), |_| name);
        PrimaryKey { name, columns }
    });
    table.uniques = found.uniques.iter().map(|it| unique(found, it)).collect();
    table.indexes = found.indexes.iter().map(|it| index(found, &table, it)).collect();
    table.foreign_keys = found
        .references
        .iter()
        .map(|it| foreign_key(draft, found, it))
        .collect();
    let checks = found.checks.iter().enumerate();
    table.checks = checks
        .map(|(at, check)| Check {
            name: named(check.name.as_ref(), || format!("{}_check{}", found.table, at + 1)),
            expr: Expr::Sql(check.sql.clone()),
            validated: true,
            comment: check.doc.clone(),
            origin: Origin::Span(check.span),
        })
        .collect();
    table
}

fn column(draft: &Draft<'_>, it: &FoundColumn) -> Column {
    let ty = sql_type(draft, &it.ty, DEEPEST).unwrap_or(SqlType::Text);
    let mut column = Column::new(Ident::new(&it.column), ty, Origin::Span(it.name.span));
    column.nullable = it.optional;
    column.comment.clone_from(&it.doc);
    column.collation.clone_from(&it.collation);
    column.default = it
        .default
        .as_ref()
        .and_then(|value| default(draft.model, value, &it.ty));
    column.generated = it.computed.as_ref().map(|sql| Generated {
        expr: Expr::Sql(sql.clone()),
        stored: true,
    });
    column.identity = match it.made {
        Some(FoundMade::Always) => Some(Identity::Always),
        Some(FoundMade::ByDefault) => Some(Identity::ByDefault),
        // The dialect spells the sequence.
        Some(FoundMade::Serial) | None => None,
    };
    if it.made == Some(FoundMade::Serial) {
        column.ty = serial(&column.ty);
    }
    column
}

/// The words that make a column with a sequence of its own.
fn serial(ty: &SqlType) -> SqlType {
    let word = match ty {
        SqlType::SmallInt => "smallserial",
        SqlType::BigInt => "bigserial",
        SqlType::Other(text) if text == "smallint" => "smallserial",
        _ => "serial",
    };
    SqlType::Other(word.to_owned())
}

fn sql_type(draft: &Draft<'_>, ty: &FoundType, depth: u32) -> Option<SqlType> {
    let depth = depth.checked_sub(1)?;
    Some(match ty {
        FoundType::Scalar(Scalar::String(length)) => SqlType::Varchar(*length),
        FoundType::Scalar(scalar) => scalar_type(*scalar),
        FoundType::Enum(id) => SqlType::Named(native_type(draft.model, draft.model.enumeration(*id)?)),
        FoundType::List(of) => SqlType::Array(Box::new(sql_type(draft, of, depth)?)),
        FoundType::Sql(text) => SqlType::Other(text.clone()),
        FoundType::KeyOf(FoundTarget::Entity(id)) => draft.facts(*id).key.first()?.1.clone(),
        FoundType::KeyOf(FoundTarget::Found(id)) => {
            let target = draft.model.found.get(id.0 as usize)?;
            let first = *target.key.as_ref()?.columns.first()?;
            sql_type(draft, &target.columns.get(first as usize)?.ty, depth)?
        }
        FoundType::Unknown => return None,
    })
}

fn default(model: &Model, value: &FoundDefault, ty: &FoundType) -> Option<DefaultValue> {
    let literal = match value {
        FoundDefault::Sql(sql) => return Some(DefaultValue::Expr(Expr::Sql(sql.clone()))),
        FoundDefault::Constant(literal) => literal,
    };
    Some(match literal {
        Literal::Null => return None,
        Literal::Now => DefaultValue::Now,
        Literal::Today => DefaultValue::Today,
        Literal::Uuid4 => DefaultValue::Uuid4,
        Literal::Uuid7 => DefaultValue::Uuid7,
        other => {
            let ty = match ty {
                FoundType::Scalar(scalar) => Type::Scalar(*scalar),
                _ => Type::Scalar(Scalar::Text),
            };
            DefaultValue::Literal(constant(model, other, &ty)?)
        }
    })
}

fn names_of(found: &Found, columns: &[u32]) -> Vec<Ident> {
    let columns = columns.iter().filter_map(|at| found.columns.get(*at as usize));
    columns.map(|column| Ident::new(&column.column)).collect()
}

fn named(said: Option<&String>, usual: impl FnOnce() -> String) -> Ident {
    Ident::new(said.cloned().unwrap_or_else(usual))
}

/// What databases call a constraint or an index of these columns by themselves.
fn usual(found: &Found, columns: &[Ident], kind: &str) -> String {
    let columns: Vec<&str> = columns.iter().map(Ident::as_str).collect();
    format!("{}_{}_{kind}", found.table, columns.join("_"))
}

fn key_of(found: &Found, key: &FoundKey, kind: &str) -> (Ident, Vec<Ident>) {
    let columns = names_of(found, &key.columns);
    (named(key.name.as_ref(), || usual(found, &columns, kind)), columns)
}

fn unique(found: &Found, it: &FoundKey) -> Unique {
    let (name, columns) = key_of(found, it, "key");
    Unique {
        name,
        columns,
        nulls_not_distinct: false,
        deferred: it.deferred,
        comment: it.doc.clone(),
        origin: Origin::Span(it.span),
    }
}

fn index(found: &Found, table: &Table, it: &FoundIndex) -> Index {
    let columns: Vec<u32> = it.keys.iter().map(|key| key.column).collect();
    let columns = names_of(found, &columns);
    let keys = it.keys.iter().zip(&columns).map(|(key, name)| IndexKey {
        expr: Expr::column(
            name.clone(),
            table
                .column(name.as_str())
                .map_or(SqlType::Text, |column| column.ty.clone()),
        ),
        descending: key.descending,
        nulls_first: None,
        operator_class: None,
    });
    Index {
        name: named(it.name.as_ref(), || usual(found, &columns, "idx")),
        unique: it.unique,
        nulls_not_distinct: false,
        method: method(it.method.as_deref()),
        keys: keys.collect(),
        include: Vec::new(),
        predicate: it.predicate.as_ref().map(|sql| Expr::Sql(sql.clone())),
        comment: it.doc.clone(),
        origin: Origin::Span(it.span),
    }
}

fn method(word: Option<&str>) -> IndexMethod {
    match word {
        None | Some("btree") => IndexMethod::BTree,
        Some("hash") => IndexMethod::Hash,
        Some("gin") => IndexMethod::Gin,
        Some("gist") => IndexMethod::Gist,
        Some("brin") => IndexMethod::Brin,
        Some(other) => IndexMethod::Other(other.to_owned()),
    }
}

fn foreign_key(draft: &Draft<'_>, found: &Found, it: &FoundReference) -> ForeignKey {
    let columns = names_of(found, &it.columns);
    let (references, referenced) = target(draft, it);
    ForeignKey {
        name: named(it.name.as_ref(), || usual(found, &columns, "fkey")),
        columns,
        references,
        referenced,
        on_delete: action(it.on_delete),
        on_update: action(it.on_update),
        set_null: Vec::new(),
        deferred: it.deferred,
        validated: true,
        comment: it.doc.clone(),
        origin: Origin::Span(it.span),
    }
}

/// The table that is referred to, and its columns.
fn target(draft: &Draft<'_>, it: &FoundReference) -> (Name, Vec<Ident>) {
    match it.target {
        FoundTarget::Found(id) => {
            let Some(other) = draft.model.found.get(id.0 as usize) else {
                return (Name::bare(""), Vec::new());
            };
            let said = it.referenced.iter().filter_map(|name| other.column(&name.text));
            let said: Vec<u32> = said.collect();
            let key = other.key.as_ref().map(|key| key.columns.as_slice());
            let columns = if said.is_empty() {
                key.unwrap_or_default()
            } else {
                &said
            };
            (name(draft, other), names_of(other, columns))
        }
        FoundTarget::Entity(id) => {
            let facts = draft.facts(id);
            let said = it.referenced.iter().filter_map(|name| {
                let (field, _) = draft.model.entity(id)?.field(&name.text)?;
                facts.column(field).map(|(column, _)| column.clone())
            });
            let said: Vec<Ident> = said.collect();
            let key = facts.key.iter().map(|(column, _)| column.clone());
            let columns = if said.is_empty() { key.collect() } else { said };
            (facts.table.clone(), columns)
        }
    }
}

const fn action(action: FoundAction) -> OnDelete {
    match action {
        FoundAction::NoAction => OnDelete::NoAction,
        FoundAction::Restrict => OnDelete::Restrict,
        FoundAction::Cascade => OnDelete::Cascade,
        FoundAction::SetNull => OnDelete::SetNull,
        FoundAction::SetDefault => OnDelete::SetDefault,
    }
}
