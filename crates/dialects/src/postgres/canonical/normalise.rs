//! Takes out of an expression what the server adds by itself, so that what was written and what is read back compare equal.
//!
//! Only what provably means the same is made the same: casts of constants (their type follows from what they stand beside),
//! casts of one text type to another, and casts that the server inserts because the other operand has that very type. A cast
//! that somebody wrote and that changes the result stays.

use super::tree::{From, Node, Select};
use crate::postgres::types;

/// Answers the type of a column, in its one spelling; domains as what they are made of.
pub(crate) type TypeOf<'a> = &'a dyn Fn(&[String]) -> Option<String>;

/// The normal form of an expression.
pub(crate) fn normal(node: Node, types: TypeOf<'_>) -> Node {
    match node {
        Node::Junction(and, items) => junction(and, items, types),
        Node::Not(value) => Node::Not(boxed(*value, types)),
        Node::Is(value, what) => Node::Is(boxed(*value, types), what),
        Node::Unary(op, value) => Node::Unary(op, boxed(*value, types)),
        Node::Binary(op, left, right) => binary(op, *left, *right, types),
        Node::Cast(value, ty) => cast(normal(*value, types), ty, types),
        Node::In {
            value,
            items,
            negated,
        } => in_list(normal(*value, types), normals(items, types), negated, types),
        Node::Quantified {
            op,
            all,
            value,
            array,
        } => quantified(op, all, normal(*value, types), normal(*array, types), types),
        Node::Call { name, distinct, args } => call(name, distinct, args, types),
        Node::Case {
            operand,
            whens,
            otherwise,
        } => case(operand, whens, otherwise, types),
        Node::Array(items) => Node::Array(unify(normals(items, types), types)),
        Node::Row(items) => Node::Row(normals(items, types)),
        Node::Subscript(value, items) => Node::Subscript(
            boxed(*value, types),
            items
                .into_iter()
                .map(|item| item.map(|item| normal(item, types)))
                .collect(),
        ),
        Node::Field(value, field) => Node::Field(boxed(*value, types), field),
        Node::Collate(value, mut name) => {
            if name.len() > 1 && name.first().is_some_and(|schema| schema == "pg_catalog") {
                name.remove(0);
            }
            Node::Collate(boxed(*value, types), name)
        }
        Node::Query(word, select) => Node::Query(word, Box::new(expression_query(word, *select, types))),
        leaf => leaf,
    }
}

/// The normal form of what stands in a column of a type: a constant takes that type, and a cast to it says nothing.
pub(crate) fn value(node: Node, ty: &str, types: TypeOf<'_>) -> Node {
    match typed(normal(node, types), ty) {
        Node::Cast(value, cast) if cast == ty || cast == bare(ty) => *value,
        other => other,
    }
}

/// A text constant as one of the given type.
fn typed(node: Node, ty: &str) -> Node {
    match node {
        Node::Text(text) => constant(text, bare(ty).to_owned()),
        other => other,
    }
}

/// A query in its normal form; names of what it shows stay.
pub(crate) fn normal_query(select: Select, types: TypeOf<'_>) -> Select {
    let mut tables = Vec::new();
    select.from.iter().for_each(|from| sources(from, &mut tables));
    let types: TypeOf<'_> = &|path| match path {
        [column] => tables
            .iter()
            .find_map(|(_, table)| types(&[table.clone(), column.clone()]))
            .or_else(|| types(path)),
        [qualifier, column] => match tables.iter().find(|(alias, _)| alias == qualifier) {
            Some((_, table)) => types(&[table.clone(), column.clone()]),
            None => types(path),
        },
        _ => types(path),
    };
    Select {
        distinct: select.distinct,
        items: select
            .items
            .into_iter()
            .map(|(item, alias)| {
                let alias = alias.or_else(|| default_alias(&item));
                (normal(item, types), alias)
            })
            .collect(),
        from: select.from.into_iter().map(|from| source(from, types)).collect(),
        filter: select.filter.map(|filter| normal(filter, types)),
        group: normals(select.group, types),
        order: select
            .order
            .into_iter()
            .map(|(key, how)| (normal(key, types), how))
            .collect(),
        limit: select.limit.map(|limit| normal(limit, types)),
        locking: select.locking,
    }
}

/// Inside an expression the names of what a query shows mean nothing, and EXISTS does not even look at it.
fn expression_query(word: &str, select: Select, types: TypeOf<'_>) -> Select {
    let mut select = normal_query(select, types);
    if word == "exists" && select.group.is_empty() && !select.distinct {
        select.items = vec![(Node::Number("1".to_owned()), None)];
    }
    for (_, alias) in &mut select.items {
        *alias = None;
    }
    select
}

fn source(from: From, types: TypeOf<'_>) -> From {
    match from {
        From::Table(name, alias) => {
            let alias = alias.or_else(|| name.last().cloned());
            From::Table(name, alias)
        }
        From::Query(select, alias) => From::Query(Box::new(normal_query(*select, types)), alias),
        From::Call(node, alias) => {
            let alias = alias.or_else(|| default_alias(&node));
            From::Call(normal(node, types), alias)
        }
        From::Join(left, kind, right, on) => From::Join(
            Box::new(source(*left, types)),
            kind,
            Box::new(source(*right, types)),
            on.map(|on| normal(on, types)),
        ),
    }
}

/// The tables that a query reads, by alias.
fn sources(from: &From, out: &mut Vec<(String, String)>) {
    match from {
        From::Table(name, alias) => {
            if let Some(table) = name.last() {
                out.push((alias.clone().unwrap_or_else(|| table.clone()), table.clone()));
            }
        }
        From::Join(left, _, right, _) => {
            sources(left, out);
            sources(right, out);
        }
        From::Query(..) | From::Call(..) => {}
    }
}

/// The name that the server gives to what has none.
fn default_alias(node: &Node) -> Option<String> {
    match node {
        Node::Path(parts) => parts.last().cloned(),
        Node::Call { name, .. } => name.last().cloned(),
        Node::Cast(value, _) => default_alias(value),
        Node::Field(_, field) => Some(field.clone()),
        Node::Case { .. } => Some("case".to_owned()),
        _ => None,
    }
}

fn boxed(node: Node, types: TypeOf<'_>) -> Box<Node> {
    Box::new(normal(node, types))
}

fn normals(nodes: Vec<Node>, types: TypeOf<'_>) -> Vec<Node> {
    nodes.into_iter().map(|node| normal(node, types)).collect()
}

/// AND of ANDs is one AND.
fn junction(and: bool, items: Vec<Node>, types: TypeOf<'_>) -> Node {
    let mut flat = Vec::new();
    for item in items {
        match normal(item, types) {
            Node::Junction(inner, items) if inner == and => flat.extend(items),
            other => flat.push(other),
        }
    }
    Node::Junction(and, flat)
}

fn binary(op: String, left: Node, right: Node, types: TypeOf<'_>) -> Node {
    // Rows are equal when each pair is.
    if let (Node::Row(left), Node::Row(right)) = (&left, &right)
        && op == "="
        && left.len() == right.len()
    {
        let pairs = left.iter().zip(right);
        let items = pairs
            .map(|(left, right)| Node::Binary(op.clone(), Box::new(left.clone()), Box::new(right.clone())));
        return junction(true, items.collect(), types);
    }
    let mut left = normal(left, types);
    let mut right = normal(right, types);
    if op == "^" {
        (left, right) = (float(left, types), float(right, types));
    }
    let (left, right) = (beside(left.clone(), &right, types), beside(right, &left, types));
    Node::Binary(op, Box::new(left), Box::new(right))
}

/// Powers of whole numbers are computed as floating point numbers, said or not.
fn float(node: Node, types: TypeOf<'_>) -> Node {
    match node {
        Node::Cast(value, ty)
            if ty == "double precision"
                && type_of(&value, types)
                    .is_some_and(|from| matches!(from.as_str(), "smallint" | "integer" | "bigint")) =>
        {
            *value
        }
        other => other,
    }
}

/// Takes off a cast that the server inserted because `other` has that type already.
fn beside(node: Node, other: &Node, types: TypeOf<'_>) -> Node {
    match node {
        Node::Text(_) => match type_of(other, types) {
            Some(ty) => typed(node, &ty),
            None => node,
        },
        Node::Cast(value, ty)
            if type_of(other, types).as_deref() == Some(bare(&ty))
                && type_of(&value, types).is_some_and(|from| widens(&from, &ty)) =>
        {
            *value
        }
        other => other,
    }
}

/// Takes such casts off alternatives: of COALESCE, CASE, an array.
fn unify(nodes: Vec<Node>, types: TypeOf<'_>) -> Vec<Node> {
    let all = nodes.clone();
    nodes
        .into_iter()
        .enumerate()
        .map(|(index, node)| {
            let other = all.iter().enumerate().find(|(at, other)| {
                *at != index && !matches!(other, Node::Cast(..)) && type_of(other, types).is_some()
            });
            match other {
                Some((_, other)) => beside(node, other, types),
                None => node,
            }
        })
        .collect()
}

fn in_list(value: Node, items: Vec<Node>, negated: bool, types: TypeOf<'_>) -> Node {
    let (op, all) = if negated { ("<>", true) } else { ("=", false) };
    let one = |value: &Node, item: Node| binary(op.to_owned(), value.clone(), item, types);
    // As the server does: what names a column is compared by itself; of the rest, two or more become an array.
    let (columns, constants): (Vec<Node>, Vec<Node>) = items.into_iter().partition(holds_column);
    let mut parts = Vec::new();
    let mut singles = Vec::new();
    if constants.len() > 1 {
        parts.push(quantified(
            op.to_owned(),
            all,
            value.clone(),
            Node::Array(constants),
            types,
        ));
    } else {
        singles.extend(constants);
    }
    singles.extend(columns);
    parts.extend(singles.into_iter().map(|item| one(&value, item)));
    if parts.len() == 1 {
        return parts.remove(0);
    }
    Node::Junction(negated, parts)
}

fn quantified(op: String, all: bool, value: Node, array: Node, types: TypeOf<'_>) -> Node {
    let (value, array) = match array {
        Node::Array(items) => {
            let items: Vec<Node> = items
                .into_iter()
                .map(|item| beside(item, &value, types))
                .collect();
            let value = match items.first() {
                Some(item) => beside(value, item, types),
                None => value,
            };
            (value, Node::Array(items))
        }
        other => (value, other),
    };
    Node::Quantified {
        op,
        all,
        value: Box::new(value),
        array: Box::new(array),
    }
}

fn holds_column(node: &Node) -> bool {
    match node {
        Node::Path(_) => true,
        Node::Unary(_, value) | Node::Cast(value, _) | Node::Not(value) | Node::Is(value, _) => {
            holds_column(value)
        }
        Node::Binary(_, left, right) => holds_column(left) || holds_column(right),
        Node::Call { args, .. } => args.iter().any(|(_, arg)| holds_column(arg)),
        Node::Array(items) | Node::Row(items) | Node::Junction(_, items) => items.iter().any(holds_column),
        Node::Subscript(value, _) | Node::Field(value, _) | Node::Collate(value, _) => holds_column(value),
        Node::Case { .. } | Node::Quantified { .. } => true,
        _ => false,
    }
}

fn call(name: Vec<String>, distinct: bool, args: Vec<(Option<String>, Node)>, types: TypeOf<'_>) -> Node {
    let mut args: Vec<(Option<String>, Node)> = args
        .into_iter()
        .map(|(word, arg)| (word, normal(arg, types)))
        .collect();
    let mut name = name;
    if let [only] = name.as_mut_slice() {
        match only.as_str() {
            "transaction_timestamp" if args.is_empty() => "now".clone_into(only),
            "trim" => {
                let plain = matches!(args.as_slice(), [(None, _)]);
                let both = matches!(args.as_slice(), [(Some(word), _)] if word == "both from" || word == "both" || word == "from");
                if plain || both {
                    "btrim".clone_into(only);
                    args.iter_mut().for_each(|(word, _)| *word = None);
                }
            }
            "character_length" | "char_length" => "length".clone_into(only),
            "coalesce" | "greatest" | "least" => {
                let nodes = args.into_iter().map(|(_, arg)| arg).collect();
                args = unify(nodes, types).into_iter().map(|arg| (None, arg)).collect();
            }
            _ => {}
        }
    }
    Node::Call { name, distinct, args }
}

fn case(
    operand: Option<Box<Node>>,
    whens: Vec<(Node, Node)>,
    otherwise: Option<Box<Node>>,
    types: TypeOf<'_>,
) -> Node {
    let (conditions, mut results): (Vec<Node>, Vec<Node>) = whens.into_iter().unzip();
    let has_else = otherwise.is_some();
    results.extend(otherwise.map(|node| *node));
    let mut results = unify(normals(results, types), types);
    let otherwise = if has_else { results.pop() } else { None };
    // The server writes ELSE NULL where nothing was said.
    let otherwise = otherwise.filter(|node| *node != Node::Null);
    Node::Case {
        operand: operand.map(|operand| boxed(*operand, types)),
        whens: normals(conditions, types).into_iter().zip(results).collect(),
        otherwise: otherwise.map(Box::new),
    }
}

fn cast(value: Node, ty: String, types: TypeOf<'_>) -> Node {
    match value {
        Node::Text(text) => constant(text, ty),
        Node::Null => Node::Null,
        // A cast to text or to a shorter type changes a number; a cast among numbers only says what it stands beside.
        Node::Number(text) if is_number(&ty) => Node::Number(text),
        Node::Bool(value) if ty == "boolean" => Node::Bool(value),
        Node::Array(items) if ty.ends_with("[]") && items.iter().all(Node::is_constant) => Node::Array(items),
        Node::Interval(months, days, micros) if ty == "interval" => Node::Interval(months, days, micros),
        value => match type_of(&value, types) {
            Some(from) if from == ty => value,
            Some(from) if is_text(&from) && is_text(bare(&ty)) && !ty.contains('(') => value,
            _ => Node::Cast(Box::new(value), ty),
        },
    }
}

/// A text constant that is given a type.
fn constant(text: String, ty: String) -> Node {
    if ty == "interval" {
        return match interval(&text) {
            Some((months, days, micros)) => Node::Interval(months, days, micros),
            None => Node::Cast(Box::new(Node::Text(text)), ty),
        };
    }
    if is_number(&ty) && text.trim().parse::<f64>().is_ok() {
        return Node::Number(text.trim().to_owned());
    }
    if ty == "boolean" {
        match text.to_lowercase().as_str() {
            "t" | "true" => return Node::Bool(true),
            "f" | "false" => return Node::Bool(false),
            _ => {}
        }
    }
    if ty == "jsonb" {
        return Node::Text(squeezed(&text));
    }
    if ty == "bytea" {
        return Node::Cast(Box::new(Node::Text(text.to_lowercase())), ty);
    }
    Node::Text(text)
}

/// JSON without the blanks between its tokens.
fn squeezed(text: &str) -> String {
    let mut quoted = false;
    let mut escaped = false;
    text.chars()
        .filter(|c| {
            if escaped {
                escaped = false;
            } else if *c == '\\' {
                escaped = true;
            } else if *c == '"' {
                quoted = !quoted;
            }
            quoted || !c.is_whitespace()
        })
        .collect()
}

/// Months, days and microseconds of `1 year 2 mons -3 days 04:05:06.7` and of `90 minutes`.
fn interval(text: &str) -> Option<(i64, i64, i64)> {
    let (mut months, mut days, mut micros) = (0_i64, 0_i64, 0_i64);
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        if word.contains(':') {
            micros = micros.checked_add(clock(word)?)?;
            continue;
        }
        let count: i64 = word.parse().ok()?;
        let unit = words.next()?.to_lowercase();
        let unit = unit.strip_suffix('s').unwrap_or(&unit);
        let (target, factor) = match unit {
            "year" => (&mut months, 12),
            "mon" | "month" => (&mut months, 1),
            "week" => (&mut days, 7),
            "day" => (&mut days, 1),
            "hour" => (&mut micros, 3_600_000_000),
            "min" | "minute" => (&mut micros, 60_000_000),
            "sec" | "second" => (&mut micros, 1_000_000),
            "millisecond" => (&mut micros, 1_000),
            "microsecond" => (&mut micros, 1),
            _ => return None,
        };
        *target = target.checked_add(count.checked_mul(factor)?)?;
    }
    Some((months, days, micros))
}

fn clock(word: &str) -> Option<i64> {
    let (sign, word) = match word.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, word.strip_prefix('+').unwrap_or(word)),
    };
    let mut parts = word.split(':');
    let hours: i64 = parts.next()?.parse().ok()?;
    let minutes: i64 = parts.next()?.parse().ok()?;
    let seconds = parts.next().unwrap_or("0");
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let fraction: i64 = format!("{fraction:0<6}").parse().ok()?;
    let seconds = whole.parse::<i64>().ok()?;
    let total = hours.checked_mul(3600)?.checked_add(minutes * 60 + seconds)?;
    total
        .checked_mul(1_000_000)?
        .checked_add(fraction)?
        .checked_mul(sign)
}

/// A type without its length.
fn bare(ty: &str) -> &str {
    ty.split_once('(').map_or(ty, |(bare, _)| bare)
}

fn is_number(ty: &str) -> bool {
    matches!(
        bare(ty),
        "smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision"
    )
}

fn is_text(ty: &str) -> bool {
    matches!(bare(ty), "text" | "varchar" | "char" | "bpchar" | "name")
}

/// Whether the server casts so without being asked.
fn widens(from: &str, to: &str) -> bool {
    let rank = |ty: &str| match bare(ty) {
        "smallint" => Some(0),
        "integer" => Some(1),
        "bigint" => Some(2),
        "numeric" => Some(3),
        "real" => Some(4),
        "double precision" => Some(5),
        _ => None,
    };
    if to.contains('(') {
        return false;
    }
    match (rank(from), rank(to)) {
        (Some(from), Some(to)) => from <= to,
        _ => {
            (is_text(from) && is_text(to))
                || matches!(
                    (from, to),
                    ("date", "timestamp" | "timestamptz") | ("timestamp", "timestamptz")
                )
        }
    }
}

/// The type of an expression without its length, as far as it can be told.
fn type_of(node: &Node, types: TypeOf<'_>) -> Option<String> {
    let name = match node {
        Node::Path(parts) => return types(parts).map(|ty| bare(&ty).to_owned()),
        Node::Cast(_, ty) => bare(ty),
        Node::Number(text) if text.contains(['.', 'e']) => "numeric",
        Node::Number(text) => match text.parse::<i64>() {
            Ok(value) if i32::try_from(value).is_ok() => "integer",
            Ok(_) => "bigint",
            Err(_) => "numeric",
        },
        Node::Bool(_) | Node::Not(_) | Node::Is(..) | Node::Junction(..) | Node::Quantified { .. } => {
            "boolean"
        }
        Node::Interval(..) => "interval",
        Node::Unary(op, value) if op == "-" => return type_of(value, types),
        Node::Collate(value, _) => return type_of(value, types),
        Node::Binary(op, left, right) => return binary_type(op, left, right, types),
        Node::Call { name, args, .. } => return call_type(name, args, types),
        _ => return None,
    };
    Some(name.to_owned())
}

fn binary_type(op: &str, left: &Node, right: &Node, types: TypeOf<'_>) -> Option<String> {
    match op {
        "+" | "-" | "*" | "/" | "%" => {
            let (left, right) = (type_of(left, types)?, type_of(right, types)?);
            match (left.as_str(), right.as_str()) {
                _ if is_number(&left) && is_number(&right) => {
                    Some(if widens(&left, &right) { right } else { left })
                }
                ("timestamptz" | "timestamp", "interval") => Some(left),
                ("date", "interval") => Some("timestamp".to_owned()),
                ("date", "integer") => Some(left),
                _ => None,
            }
        }
        "||" | "->>" | "#>>" => Some("text".to_owned()),
        "->" | "#>" => Some("jsonb".to_owned()),
        _ => Some("boolean".to_owned()),
    }
}

fn call_type(name: &[String], args: &[(Option<String>, Node)], types: TypeOf<'_>) -> Option<String> {
    let name = name.last()?.as_str();
    let known = match name {
        "lower" | "upper" | "btrim" | "ltrim" | "rtrim" | "concat" | "replace" | "substring" | "left"
        | "right" | "current_setting" | "to_char" | "md5" | "regexp_replace" => "text",
        "length" | "octet_length" | "cardinality" | "strpos" | "position" => "integer",
        "now" => "timestamptz",
        "starts_with" => "boolean",
        "gen_random_uuid" => "uuid",
        "coalesce" | "greatest" | "least" => {
            return args.iter().find_map(|(_, arg)| type_of(arg, types));
        }
        "abs" => return args.first().and_then(|(_, arg)| type_of(arg, types)),
        "timezone" => {
            let argument = args.get(1).and_then(|(_, arg)| type_of(arg, types))?;
            match argument.as_str() {
                "timestamptz" => "timestamp",
                "timestamp" => "timestamptz",
                _ => return None,
            }
        }
        _ => return None,
    };
    Some(types::spelled(known))
}
