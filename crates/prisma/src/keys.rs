//! Keys and indexes of a model.

use diagnostics::{Diagnostic, Diagnostics};
use physical::{Comparison, Expr, Ident, Index, IndexKey, IndexMethod, Literal, Origin, SqlType};

use crate::arguments::{Arguments, Takes, bad, written};
use crate::ast::{Argument, Arity, Attribute, Value, ValueKind};
use crate::codes;
use crate::ground::{FieldOf, Flavor, Ground, Model};
use crate::names::constraint;

/// A column of a key, and how it stands in it.
pub(crate) struct Key<'s> {
    pub(crate) field: &'s FieldOf<'s>,
    descending: bool,
    class: Option<String>,
    /// Whether only a server knows if the operator class is the usual one.
    asked: bool,
}

/// A primary key.
pub(crate) struct Primary<'s> {
    pub(crate) name: String,
    pub(crate) keys: Vec<Key<'s>>,
}

const ID: Takes = Takes {
    bare: &["map"],
    all: &["map", "length", "sort", "clustered"],
};
const IDS: Takes = Takes {
    bare: &["fields", "name"],
    all: &["fields", "name", "map", "length", "sort", "clustered"],
};
const UNIQUE: Takes = Takes {
    bare: &["map"],
    all: &["map", "length", "sort", "clustered", "where"],
};
const INDEX: Takes = Takes {
    bare: &["fields", "name"],
    all: &[
        "fields",
        "name",
        "map",
        "length",
        "sort",
        "clustered",
        "type",
        "where",
    ],
};
const COLUMN: Takes = Takes {
    bare: &[],
    all: &["sort", "length", "ops"],
};
/// Methods of PostgreSQL.
const METHODS: &[(&str, IndexMethod)] = &[
    ("BTree", IndexMethod::BTree),
    ("Hash", IndexMethod::Hash),
    ("Gin", IndexMethod::Gin),
    ("Gist", IndexMethod::Gist),
    ("Brin", IndexMethod::Brin),
];

/// An attribute of a field.
pub(crate) fn of_field<'s>(field: &FieldOf<'s>, name: &str) -> Option<&'s Attribute> {
    let mut attributes = field.field.attributes.iter();
    attributes.find(|attribute| attribute.name.text == name)
}

/// The primary key, which at most one attribute declares.
pub(crate) fn primary<'s>(
    ground: &Ground<'_>,
    model: &'s Model<'s>,
    found: &mut Diagnostics,
) -> Option<Primary<'s>> {
    let mut all = Vec::new();
    for field in &model.fields {
        if let Some(attribute) = of_field(field, "id") {
            let arguments = Arguments::read(attribute, &ID, found);
            all.push((arguments, vec![plain(field)]));
        }
    }
    if let Some(attribute) = model.attribute("id") {
        let arguments = Arguments::read(attribute, &IDS, found);
        let keys = listed(model, &arguments, found);
        all.push((arguments, keys));
    }
    let several = all.get(1).map(|(arguments, _)| arguments.attribute.name.span);
    if let Some(span) = several {
        let finding = Diagnostic::new(&codes::TAKEN, span, "a model has one key only");
        found.push(finding.help("write `@@id([…])` for a key of several fields"));
    }
    let (arguments, keys) = all.into_iter().next()?;
    elsewhere(&arguments, found);
    arguments.refuse("sort", "in a key is of SQL Server", found);
    if ground.flavor == Flavor::Sqlite {
        arguments.refuse("map", "names what has no name in SQLite", found);
    }
    if let Some(key) = keys.iter().find(|key| key.field.field.arity != Arity::Required) {
        let finding = Diagnostic::new(
            &codes::BAD_VALUE,
            key.field.field.name.span,
            "a key is always there",
        );
        found.push(finding.help("take the `?` or `[]` out"));
    }
    let map = arguments.text("map", found).map(str::to_owned);
    let name = map.unwrap_or_else(|| constraint(ground.flavor.limit(), model.written, &[], "_pkey"));
    (!keys.is_empty()).then_some(Primary { name, keys })
}

/// Arguments that no database has that is built here.
fn elsewhere(arguments: &Arguments<'_>, found: &mut Diagnostics) {
    arguments.refuse("length", "is of MySQL", found);
    arguments.refuse("clustered", "is of SQL Server", found);
}

const fn plain<'s>(field: &'s FieldOf<'s>) -> Key<'s> {
    Key {
        field,
        descending: false,
        class: None,
        asked: false,
    }
}

/// The fields that an attribute of a model lists.
fn listed<'s>(model: &'s Model<'s>, arguments: &Arguments<'_>, found: &mut Diagnostics) -> Vec<Key<'s>> {
    let Some(value) = arguments.get("fields") else {
        let span = arguments.attribute.name.span;
        let finding = Diagnostic::new(&codes::BAD_VALUE, span, "nothing says of which fields");
        found.push(finding.help(format!("write `{}([a, b])`", written(arguments.attribute))));
        return Vec::new();
    };
    let items: &[Value] = match &value.kind {
        ValueKind::List(items) => items,
        _ => std::slice::from_ref(value),
    };
    if items.is_empty() {
        found.push(bad(value, "the list is empty", "name the fields"));
    }
    let keys = items.iter().filter_map(|item| key(model, item, found));
    keys.collect()
}

fn key<'s>(model: &'s Model<'s>, item: &Value, found: &mut Diagnostics) -> Option<Key<'s>> {
    let (name, arguments): (&str, &[Argument]) = match &item.kind {
        ValueKind::Word(word) => (word, &[]),
        ValueKind::Call(word, arguments) => (word, arguments),
        ValueKind::Missing => return None,
        _ => {
            found.push(bad(
                item,
                "the name of a field is expected here",
                "write it without quotes",
            ));
            return None;
        }
    };
    let mut key = plain(column_of(model, name, item, found)?);
    let attribute = Attribute {
        name: crate::ast::Word {
            text: name.to_owned(),
            span: item.span,
        },
        arguments: arguments.to_vec(),
    };
    let arguments = Arguments::read(&attribute, &COLUMN, found);
    arguments.refuse("length", "is of MySQL", found);
    key.descending = is_descending(&arguments, found);
    if let Some(value) = arguments.get("ops") {
        (key.class, key.asked) = operators(value, found);
    }
    Some(key)
}

/// A field of a model that is a column; another one is told.
pub(crate) fn column_of<'s>(
    model: &'s Model<'s>,
    name: &str,
    place: &Value,
    found: &mut Diagnostics,
) -> Option<&'s FieldOf<'s>> {
    let of = &model.block.name.text;
    match model.field(name) {
        Some(field) if field.is_relation() => {
            let message = format!("`{name}` is a relation, and no column");
            let finding = bad(
                place,
                message,
                "name the field that holds the key of the other model",
            );
            found.push(finding);
            None
        }
        Some(field) => Some(field),
        None => {
            let names: Vec<&str> = model
                .fields
                .iter()
                .map(|field| field.field.name.text.as_str())
                .collect();
            let message = format!("`{of}` has no field `{name}`");
            let finding = Diagnostic::new(&codes::NO_SUCH_NAME, place.span, message);
            let meant = diagnostics::did_you_mean(name, &names);
            found.push(finding.help(meant.map_or_else(
                || format!("name a field of `{of}`"),
                |meant| format!("did you mean `{meant}`?"),
            )));
            None
        }
    }
}

fn is_descending(arguments: &Arguments<'_>, found: &mut Diagnostics) -> bool {
    let Some(value) = arguments.get("sort") else {
        return false;
    };
    match value.as_word() {
        Some("Desc") => true,
        Some("Asc") => false,
        _ => {
            found.push(bad(value, "this is no order", "write `Asc` or `Desc`"));
            false
        }
    }
}

/// The operator class where it is not the usual one, and whether that is for a server to say.
fn operators(value: &Value, found: &mut Diagnostics) -> (Option<String>, bool) {
    match &value.kind {
        ValueKind::Word(word) => {
            let class = class(word);
            let usual = class.ends_with("_minmax_ops") && class != "inet_minmax_ops"
                || ["inet_inclusion_ops", "jsonb_ops", "array_ops", "text_ops"].contains(&class.as_str());
            (Some(class).filter(|_| !usual), false)
        }
        ValueKind::Call(name, arguments) if name == "raw" => {
            let text = arguments.first().and_then(|argument| argument.value.as_text());
            (text.map(str::to_owned), true)
        }
        _ => {
            found.push(bad(
                value,
                "this is no operator class",
                "write `JsonbPathOps` or `raw(\"gin_trgm_ops\")`",
            ));
            (None, false)
        }
    }
}

/// `JsonbPathOps` as `jsonb_path_ops`.
fn class(word: &str) -> String {
    let joined = [
        ("MinMax", "Minmax"),
        ("TimestampTz", "Timestamptz"),
        ("TimeTz", "Timetz"),
        ("VarBit", "Varbit"),
    ];
    let mut text = word.to_owned();
    for (split, whole) in joined {
        text = text.replace(split, whole);
    }
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// The indexes of a model, and whether only a server knows how it would show them.
pub(crate) fn indexes(
    ground: &Ground<'_>,
    model: &Model<'_>,
    types: &dyn Fn(&FieldOf<'_>) -> SqlType,
    found: &mut Diagnostics,
) -> (Vec<Index>, bool) {
    let mut all = Vec::new();
    let mut asked = false;
    for field in &model.fields {
        let Some(attribute) = of_field(field, "unique").filter(|_| field.is_column()) else {
            continue;
        };
        let arguments = Arguments::read(attribute, &UNIQUE, found);
        let mut key = plain(field);
        key.descending = is_descending(&arguments, found);
        all.push(index(ground, model, (&arguments, vec![key], true), types, found));
    }
    for attribute in &model.block.attributes {
        let unique = attribute.name.text == "unique";
        if !unique && attribute.name.text != "index" {
            continue;
        }
        let arguments = Arguments::read(attribute, &INDEX, found);
        arguments.refuse("sort", "stands behind a field: `[a(sort: Desc)]`", found);
        let keys = listed(model, &arguments, found);
        if !keys.is_empty() {
            all.push(index(ground, model, (&arguments, keys, unique), types, found));
        }
    }
    let indexes = all.into_iter().map(|(index, needs)| {
        asked |= needs;
        index
    });
    (indexes.collect(), asked)
}

fn index(
    ground: &Ground<'_>,
    model: &Model<'_>,
    (arguments, keys, unique): (&Arguments<'_>, Vec<Key<'_>>, bool),
    types: &dyn Fn(&FieldOf<'_>) -> SqlType,
    found: &mut Diagnostics,
) -> (Index, bool) {
    elsewhere(arguments, found);
    if ground.flavor == Flavor::Sqlite {
        arguments.refuse("type", "is of PostgreSQL", found);
    }
    // Of `@@unique` the name is the client's.
    let name = arguments.text("map", found);
    let name = name.or_else(|| arguments.text("name", found).filter(|_| !unique));
    let columns: Vec<&str> = keys.iter().map(|key| key.field.column).collect();
    let suffix = if unique { "_key" } else { "_idx" };
    let usual = || constraint(ground.flavor.limit(), model.written, &columns, suffix);
    let name = name.map_or_else(usual, str::to_owned);
    let (predicate, raw) = match arguments.get("where") {
        Some(value) => condition(model, value, types, found),
        None => (None, false),
    };
    let asked = raw || keys.iter().any(|key| key.asked);
    let index = Index {
        name: ground.flavor.stored(&name),
        unique,
        nulls_not_distinct: false,
        method: method(arguments, found),
        keys: keys
            .into_iter()
            .map(|key| index_key(ground, key, types))
            .collect(),
        include: Vec::new(),
        predicate,
        comment: None,
        origin: Origin::Span(arguments.attribute.name.span),
    };
    (index, asked)
}

fn index_key(ground: &Ground<'_>, key: Key<'_>, types: &dyn Fn(&FieldOf<'_>) -> SqlType) -> IndexKey {
    IndexKey {
        expr: Expr::column(ground.flavor.stored(key.field.column), types(key.field)),
        descending: key.descending,
        nulls_first: None,
        operator_class: key.class,
    }
}

fn method(arguments: &Arguments<'_>, found: &mut Diagnostics) -> IndexMethod {
    let Some(value) = arguments.get("type") else {
        return IndexMethod::BTree;
    };
    let word = value.as_word().unwrap_or_default();
    if word == "SpGist" {
        return IndexMethod::Other("spgist".to_owned());
    }
    let known = METHODS.iter().find(|(name, _)| *name == word);
    if known.is_none() {
        let help = "write `BTree`, `Hash`, `Gin`, `Gist`, `SpGist` or `Brin`";
        found.push(bad(value, "this is no kind of index", help));
    }
    known.map_or(IndexMethod::BTree, |(_, method)| method.clone())
}

/// What `where:` says, and whether it is SQL.
fn condition(
    model: &Model<'_>,
    value: &Value,
    types: &dyn Fn(&FieldOf<'_>) -> SqlType,
    found: &mut Diagnostics,
) -> (Option<Expr>, bool) {
    let mut misread = |value: &Value| {
        let help = "write `raw(\"…\")` with SQL, or `{ field: value }`";
        found.push(bad(value, "this is no condition", help));
        (None, false)
    };
    match &value.kind {
        ValueKind::Call(name, arguments) if name == "raw" => {
            let sql = arguments.first().and_then(|argument| argument.value.as_text());
            match sql {
                Some(sql) => (Some(Expr::Sql(sql.to_owned())), true),
                None => misread(value),
            }
        }
        ValueKind::Object(entries) => {
            let mut all = Vec::new();
            for (name, value) in entries {
                let Some(field) = column_of(model, &name.text, value, found) else {
                    continue;
                };
                let column = Expr::column(Ident::from(field.column), types(field));
                all.extend(compared(column, value, found));
            }
            match all.len() {
                0 => (None, false),
                1 => (all.pop(), true),
                _ => (Some(Expr::And(all)), true),
            }
        }
        _ => misread(value),
    }
}

/// `field: value` and `field: { not: value }`.
fn compared(column: Expr, value: &Value, found: &mut Diagnostics) -> Option<Expr> {
    let (value, negated) = match &value.kind {
        ValueKind::Object(entries) => match entries.as_slice() {
            [(name, inner)] if name.text == "not" => (inner, true),
            [(name, inner)] if name.text == "equals" => (inner, false),
            _ => (value, false),
        },
        _ => (value, false),
    };
    let literal = match &value.kind {
        ValueKind::Word(word) if word == "null" => {
            return Some(Expr::IsNull {
                value: Box::new(column),
                negated,
            });
        }
        ValueKind::Word(word) => word.parse().ok().map(Literal::Bool),
        ValueKind::Text(text) => Some(Literal::Text(text.clone())),
        ValueKind::Number(number) => {
            let whole = number.parse().map(Literal::Int);
            Some(whole.unwrap_or_else(|_| Literal::Decimal(number.clone())))
        }
        _ => None,
    };
    let Some(literal) = literal else {
        found.push(bad(
            value,
            "this cannot be compared with",
            "write a text, a number, `true`, `false` or `null`",
        ));
        return None;
    };
    let op = if negated {
        Comparison::NotEqual
    } else {
        Comparison::Equal
    };
    Some(Expr::compare(column, op, Expr::Literal(literal)))
}

#[cfg(test)]
mod tests {
    use super::class;

    #[test]
    fn operator_classes_are_named_as_the_server_does() {
        assert_eq!(class("JsonbPathOps"), "jsonb_path_ops");
        assert_eq!(class("Int4MinMaxMultiOps"), "int4_minmax_multi_ops");
        assert_eq!(class("TimestampTzBloomOps"), "timestamptz_bloom_ops");
    }
}
