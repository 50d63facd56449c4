//! An SQL expression as a tree, and the one way in which it is written down.

use std::fmt::Write as _;

use super::super::ident;

/// An SQL expression. Spellings that mean the same are one node: `!=` is `<>`, `LIKE` is `~~`, `CAST` is `::`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    /// A column, with table or alias and schema in front.
    Path(Vec<String>),
    /// `*`, also behind a table.
    Star(Vec<String>),
    /// A word with a meaning of its own: `current_date`, `default`.
    Word(String),
    /// NULL.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number; a minus belongs to it.
    Number(String),
    /// A text constant.
    Text(String),
    /// A span of time in months, days and microseconds.
    Interval(i64, i64, i64),
    /// A value that the caller supplies.
    Param(String),
    /// A call; words between arguments (`FROM`, `FOR`) stand in front of the argument that they lead.
    Call {
        name: Vec<String>,
        distinct: bool,
        args: Vec<(Option<String>, Node)>,
    },
    /// An operator in front.
    Unary(String, Box<Node>),
    /// An operator between.
    Binary(String, Box<Node>, Box<Node>),
    /// AND (`true`) or OR over two or more.
    Junction(bool, Vec<Node>),
    /// NOT.
    Not(Box<Node>),
    /// `::type`.
    Cast(Box<Node>, String),
    /// `IS` with what follows: `null`, `not null`, `true`.
    Is(Box<Node>, String),
    /// A list on the right; only between parsing and normalising.
    In {
        value: Box<Node>,
        items: Vec<Node>,
        negated: bool,
    },
    /// `op ANY (array)`, `op ALL (array)`.
    Quantified {
        op: String,
        all: bool,
        value: Box<Node>,
        array: Box<Node>,
    },
    /// CASE.
    Case {
        operand: Option<Box<Node>>,
        whens: Vec<(Node, Node)>,
        otherwise: Option<Box<Node>>,
    },
    /// `ARRAY[…]`.
    Array(Vec<Node>),
    /// `ROW(…)`, `(a, b)`.
    Row(Vec<Node>),
    /// `a[1]`, `a[1:2]`.
    Subscript(Box<Node>, Vec<Option<Node>>),
    /// `(row).field`.
    Field(Box<Node>, String),
    /// COLLATE.
    Collate(Box<Node>, Vec<String>),
    /// A query; the word in front is empty, `exists`, `array`.
    Query(&'static str, Box<Select>),
}

/// A query of the simple kind that policies and views are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Select {
    /// DISTINCT.
    pub(crate) distinct: bool,
    /// What is shown, under which name.
    pub(crate) items: Vec<(Node, Option<String>)>,
    /// From where.
    pub(crate) from: Vec<From>,
    /// Which rows.
    pub(crate) filter: Option<Node>,
    /// GROUP BY.
    pub(crate) group: Vec<Node>,
    /// ORDER BY, with what follows each.
    pub(crate) order: Vec<(Node, String)>,
    /// LIMIT.
    pub(crate) limit: Option<Node>,
    /// FOR UPDATE and the like, as words.
    pub(crate) locking: String,
}

/// A place from which a query reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum From {
    /// A table.
    Table(Vec<String>, Option<String>),
    /// A query.
    Query(Box<Select>, Option<String>),
    /// A function.
    Call(Node, Option<String>),
    /// A join, with the word for its kind: `left join`.
    Join(Box<From>, String, Box<From>, Option<Node>),
}

/// How tightly an expression holds together, from loose to tight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Or,
    And,
    Not,
    Is,
    Compare,
    Range,
    Operator,
    Sum,
    Product,
    Power,
    Zone,
    Unary,
    Cast,
    Atom,
}

impl Node {
    /// How tightly its outermost operator binds.
    pub(crate) fn level(&self) -> Level {
        match self {
            Self::Junction(false, _) => Level::Or,
            Self::Junction(true, _) => Level::And,
            Self::Not(_) => Level::Not,
            Self::Is(..) => Level::Is,
            Self::Binary(op, ..) => operator_level(op),
            Self::Quantified { op, .. } => operator_level(op).min(Level::Operator),
            Self::In { .. } => Level::Range,
            Self::Collate(..) => Level::Zone,
            Self::Unary(..) => Level::Unary,
            Self::Number(text) if text.starts_with('-') => Level::Unary,
            Self::Cast(..) | Self::Interval(..) => Level::Cast,
            _ => Level::Atom,
        }
    }

    /// Whether it is a constant.
    pub(crate) fn is_constant(&self) -> bool {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Interval(..) => true,
            Self::Array(items) => items.iter().all(Self::is_constant),
            _ => false,
        }
    }

    /// A call with plain arguments.
    pub(crate) fn call(name: &str, args: Vec<Self>) -> Self {
        Self::Call {
            name: vec![name.to_owned()],
            distinct: false,
            args: args.into_iter().map(|arg| (None, arg)).collect(),
        }
    }

    /// Writes it down.
    pub(crate) fn print(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    /// Operands of anything but AND and OR stand in parentheses unless they are atoms or casts: whoever reads the text as
    /// a key of comparison needs no table of precedence.
    fn operand(&self, out: &mut String) {
        if self.level() >= Level::Cast {
            self.write(out);
        } else {
            out.push('(');
            self.write(out);
            out.push(')');
        }
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Path(parts) => path(out, parts),
            Self::Star(parts) => {
                for part in parts {
                    out.push_str(&ident::ident(part));
                    out.push('.');
                }
                out.push('*');
            }
            Self::Word(word) => out.push_str(word),
            Self::Null => out.push_str("NULL"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(text) => out.push_str(text),
            Self::Text(text) => out.push_str(&ident::text(text)),
            Self::Interval(months, days, micros) => {
                let _ = write!(out, "'{months} mons {days} days {micros} microseconds'::interval");
            }
            Self::Param(name) => {
                out.push(':');
                out.push_str(name);
            }
            Self::Call { name, distinct, args } => {
                path(out, name);
                out.push_str(if *distinct { "(DISTINCT " } else { "(" });
                arguments(out, args);
                out.push(')');
            }
            Self::Cast(value, ty) => {
                value.operand(out);
                out.push_str("::");
                out.push_str(ty);
            }
            Self::Array(items) => {
                out.push_str("ARRAY[");
                list(out, items);
                out.push(']');
            }
            Self::Row(items) => {
                out.push_str("ROW(");
                list(out, items);
                out.push(')');
            }
            Self::Query(word, select) => {
                out.push_str(word);
                out.push('(');
                select.write(out);
                out.push(')');
            }
            _ => self.write_operator(out),
        }
    }

    fn write_operator(&self, out: &mut String) {
        match self {
            Self::Unary(op, value) => {
                out.push_str(op);
                out.push(' ');
                value.operand(out);
            }
            Self::Binary(op, left, right) => {
                left.operand(out);
                let _ = write!(out, " {op} ");
                right.operand(out);
            }
            Self::Junction(and, items) => {
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push_str(if *and { " AND " } else { " OR " });
                    }
                    item.operand(out);
                }
            }
            Self::Not(value) => {
                out.push_str("NOT ");
                value.operand(out);
            }
            Self::Is(value, what) => {
                value.operand(out);
                let _ = write!(out, " IS {}", what.to_uppercase());
            }
            Self::In {
                value,
                items,
                negated,
            } => {
                value.operand(out);
                out.push_str(if *negated { " NOT IN (" } else { " IN (" });
                list(out, items);
                out.push(')');
            }
            Self::Quantified {
                op,
                all,
                value,
                array,
            } => {
                value.operand(out);
                let _ = write!(out, " {op} {} (", if *all { "ALL" } else { "ANY" });
                array.write(out);
                out.push(')');
            }
            Self::Case {
                operand,
                whens,
                otherwise,
            } => case(out, operand.as_deref(), whens, otherwise.as_deref()),
            Self::Subscript(value, items) => {
                value.operand(out);
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(':');
                    }
                    if let Some(item) = item {
                        item.write(out);
                    }
                }
                out.push(']');
            }
            Self::Field(value, field) => {
                out.push('(');
                value.write(out);
                out.push_str(").");
                out.push_str(&ident::ident(field));
            }
            Self::Collate(value, name) => {
                value.operand(out);
                out.push_str(" COLLATE ");
                path(out, name);
            }
            _ => {}
        }
    }
}

impl Select {
    pub(crate) fn print(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        out.push_str(if self.distinct {
            "SELECT DISTINCT "
        } else {
            "SELECT "
        });
        for (index, (item, alias)) in self.items.iter().enumerate() {
            if index > 0 {
                out.push_str(", ");
            }
            item.write(out);
            named(out, alias.as_deref());
        }
        for (index, from) in self.from.iter().enumerate() {
            out.push_str(if index == 0 { " FROM " } else { ", " });
            from.write(out);
        }
        if let Some(filter) = &self.filter {
            out.push_str(" WHERE ");
            filter.write(out);
        }
        if !self.group.is_empty() {
            out.push_str(" GROUP BY ");
            list(out, &self.group);
        }
        for (index, (key, how)) in self.order.iter().enumerate() {
            out.push_str(if index == 0 { " ORDER BY " } else { ", " });
            key.write(out);
            out.push_str(how);
        }
        if let Some(limit) = &self.limit {
            out.push_str(" LIMIT ");
            limit.write(out);
        }
        out.push_str(&self.locking);
    }
}

impl From {
    fn write(&self, out: &mut String) {
        match self {
            Self::Table(name, alias) => {
                path(out, name);
                named(out, alias.as_deref());
            }
            Self::Query(select, alias) => {
                out.push('(');
                select.write(out);
                out.push(')');
                named(out, alias.as_deref());
            }
            Self::Call(call, alias) => {
                call.write(out);
                named(out, alias.as_deref());
            }
            Self::Join(left, kind, right, on) => {
                left.write(out);
                let _ = write!(out, " {} ", kind.to_uppercase());
                if matches!(**right, Self::Join(..)) {
                    out.push('(');
                    right.write(out);
                    out.push(')');
                } else {
                    right.write(out);
                }
                if let Some(on) = on {
                    out.push_str(" ON ");
                    on.operand(out);
                }
            }
        }
    }
}

fn operator_level(op: &str) -> Level {
    match op {
        "=" | "<>" | "<" | ">" | "<=" | ">=" => Level::Compare,
        "is distinct from" => Level::Is,
        "+" | "-" => Level::Sum,
        "*" | "/" | "%" => Level::Product,
        "^" => Level::Power,
        _ => Level::Operator,
    }
}

fn path(out: &mut String, parts: &[String]) {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            out.push('.');
        }
        out.push_str(&ident::ident(part));
    }
}

fn named(out: &mut String, alias: Option<&str>) {
    if let Some(alias) = alias {
        out.push_str(" AS ");
        out.push_str(&ident::ident(alias));
    }
}

fn list(out: &mut String, items: &[Node]) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        item.write(out);
    }
}

fn arguments(out: &mut String, args: &[(Option<String>, Node)]) {
    for (index, (word, arg)) in args.iter().enumerate() {
        match word {
            Some(word) => {
                if index > 0 {
                    out.push(' ');
                }
                let _ = write!(out, "{} ", word.to_uppercase());
            }
            None if index > 0 => out.push_str(", "),
            None => {}
        }
        arg.write(out);
    }
}

fn case(out: &mut String, operand: Option<&Node>, whens: &[(Node, Node)], otherwise: Option<&Node>) {
    out.push_str("CASE");
    if let Some(operand) = operand {
        out.push(' ');
        operand.write(out);
    }
    for (when, then) in whens {
        out.push_str(" WHEN ");
        when.write(out);
        out.push_str(" THEN ");
        then.write(out);
    }
    if let Some(otherwise) = otherwise {
        out.push_str(" ELSE ");
        otherwise.write(out);
    }
    out.push_str(" END");
}
