//! Pieces of PL/pgSQL that several behaviours write.

use physical::{Ident, Name};

use crate::postgres::ident;

/// A quoted name.
pub(super) fn id(name: &Ident) -> String {
    ident::ident(name.as_str())
}

/// A quoted name with its schema.
pub(super) fn qualified(name: &Name) -> String {
    ident::name(name)
}

/// A text constant.
pub(super) fn text(value: &str) -> String {
    ident::text(value)
}

/// Every line moved to the right; empty ones stay empty.
pub(super) fn indented(lines: &str, by: usize) -> String {
    let mut out = String::with_capacity(lines.len() + 64);
    for line in lines.lines() {
        if !line.trim().is_empty() {
            out.extend(std::iter::repeat_n(' ', by));
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}

/// Constants in a list.
pub(super) fn texts(values: &[String]) -> String {
    values
        .iter()
        .map(|value| text(value))
        .collect::<Vec<_>>()
        .join(", ")
}

/// An array constant of names, as an argument of a trigger: `{a,b}`.
pub(super) fn array(names: &[Ident]) -> String {
    let quoted: Vec<String> = names
        .iter()
        .map(|name| format!("\"{}\"", name.as_str().replace('\\', "\\\\").replace('"', "\\\"")))
        .collect();
    format!("{{{}}}", quoted.join(","))
}

/// `alias.column = value` for each pair, joined by AND.
pub(super) fn pairs(alias: &str, columns: &[Ident], record: &str, fields: &[Ident]) -> String {
    columns
        .iter()
        .zip(fields)
        .map(|(column, field)| format!("{alias}.{} = {record}.{}", id(column), id(field)))
        .collect::<Vec<_>>()
        .join(" AND ")
}

/// What a refusal tells: never a value of the row.
pub(super) struct Refusal<'a> {
    /// The condition's name: `check_violation`.
    pub(super) code: &'a str,
    /// A sentence.
    pub(super) message: &'a str,
    /// The table.
    pub(super) table: &'a Name,
    /// The column, when one is to blame.
    pub(super) column: Option<&'a Ident>,
    /// Named like a constraint, so that it maps to a field.
    pub(super) constraint: &'a Ident,
}

impl Refusal<'_> {
    /// The RAISE.
    pub(super) fn raise(&self) -> String {
        let schema = self.table.schema.as_ref().map_or_else(String::new, |schema| {
            format!("SCHEMA = {}, ", text(schema.as_str()))
        });
        let column = self.column.map_or_else(String::new, |column| {
            format!("COLUMN = {}, ", text(column.as_str()))
        });
        format!(
            "RAISE EXCEPTION USING\n    ERRCODE = '{}',\n    MESSAGE = {},\n    {schema}TABLE = {}, {column}CONSTRAINT = {};",
            self.code,
            text(self.message),
            text(self.table.name.as_str()),
            text(self.constraint.as_str()),
        )
    }
}

/// A name within the server's 63 bytes: what is longer is cut and ends in a hash of the whole.
pub(super) fn bounded(wanted: &str) -> Ident {
    const LIMIT: usize = 63;
    const HASH: usize = 17;
    if wanted.len() <= LIMIT {
        return Ident::new(wanted);
    }
    let mut kept = String::new();
    for character in wanted.chars() {
        if kept.len() + character.len_utf8() > LIMIT - HASH {
            break;
        }
        kept.push(character);
    }
    Ident::new(format!("{kept}_{:016x}", fnv1a(wanted.as_bytes())))
}

/// FNV-1a, 64 bits: stable over versions and machines.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_at_a_character_and_stay_apart() {
        let first = bounded(&"ü".repeat(40));
        let second = bounded(&format!("{}x", "ü".repeat(40)));
        assert!(first.as_str().len() <= 63 && second.as_str().len() <= 63);
        assert_ne!(first, second);
        assert_eq!(bounded("orders_on_insert").as_str(), "orders_on_insert");
    }

    #[test]
    fn arrays_hold_any_name() {
        assert_eq!(
            array(&[Ident::new("a"), Ident::new("b\"c\\,{}")]),
            r#"{"a","b\"c\\,{}"}"#
        );
        assert_eq!(array(&[]), "{}");
    }
}
