//! Names of entities, enums and fields, made of those that a database has.

use std::collections::BTreeSet;

/// Words that name types of the language.
const TYPES: [&str; 21] = [
    "Bool",
    "Int",
    "BigInt",
    "Float",
    "Decimal",
    "Money",
    "String",
    "Text",
    "Uuid",
    "Date",
    "Time",
    "Instant",
    "Duration",
    "Bytes",
    "Json",
    "Email",
    "Phone",
    "Url",
    "Ip",
    "PasswordHash",
    "Token",
];
const RESERVED: [&str; 4] = ["not", "true", "false", "null"];

/// Names that are taken: entities, enums and shapes share them.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeSet<String>);

impl Names {
    /// The name of the entity or enum that a table or type becomes.
    pub(crate) fn entity(&mut self, stored: &str) -> String {
        let name = camel(&singular(stored));
        let name = if TYPES.contains(&name.as_str()) {
            format!("{name}Row")
        } else {
            name
        };
        self.take(name)
    }

    fn take(&mut self, name: String) -> String {
        let mut free = name.clone();
        let mut count = 1;
        while !self.0.insert(free.clone()) {
            count += 1;
            free = format!("{name}{count}");
        }
        free
    }
}

/// The names of the fields of one entity.
#[derive(Debug, Default)]
pub(crate) struct Fields(BTreeSet<String>);

impl Fields {
    /// The name of the field that a column becomes.
    pub(crate) fn value(&mut self, column: &str) -> String {
        self.take(field(column))
    }

    /// The same for a column that refers to another table.
    pub(crate) fn reference(&mut self, column: &str) -> String {
        let stem = ["_id", "Id", "ID"]
            .iter()
            .find_map(|end| column.strip_suffix(end));
        let stem = stem.filter(|stem| !stem.is_empty()).map(field);
        match stem.filter(|stem| !self.0.contains(stem)) {
            Some(stem) => self.take(stem),
            None => self.value(column),
        }
    }

    fn take(&mut self, name: String) -> String {
        let mut free = name.clone();
        let mut count = 1;
        while !self.0.insert(free.clone()) {
            count += 1;
            free = format!("{name}_{count}");
        }
        free
    }
}

/// A stored name as a word that a field may have.
fn field(stored: &str) -> String {
    let mut out: String = stored
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    if out.starts_with(|c: char| c.is_ascii_uppercase()) {
        out = model::naming::snake(&out);
    }
    if !out.starts_with(|c: char| c.is_ascii_lowercase() || c == '_') {
        out = format!("f_{out}");
    }
    if RESERVED.contains(&out.as_str()) {
        out.push('_');
    }
    out
}

/// `order_lines` as `OrderLines`, `OAuth2Client` as it is.
fn camel(stored: &str) -> String {
    let mut out = String::new();
    for word in stored.split(|c: char| !c.is_ascii_alphanumeric()) {
        let mut letters = word.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        let rest = letters.as_str();
        // WHOLE words in upper case are how some databases shout.
        let shouts = rest.len() > 2 && !rest.contains(|c: char| c.is_ascii_lowercase());
        out.push_str(&if shouts {
            rest.to_ascii_lowercase()
        } else {
            rest.to_owned()
        });
    }
    if !out.starts_with(|c: char| c.is_ascii_uppercase()) {
        out = format!("T{out}");
    }
    out
}

/// The last word without its plural, where the plural that we would make of it is the same again.
fn singular(stored: &str) -> String {
    // These are no plurals.
    if ["us", "is", "ss"].iter().any(|end| stored.ends_with(end)) {
        return stored.to_owned();
    }
    let candidates = [("ies", "y"), ("es", ""), ("s", "")];
    for (end, instead) in candidates {
        let Some(stem) = stored.strip_suffix(end).filter(|stem| stem.len() > 1) else {
            continue;
        };
        let single = format!("{stem}{instead}");
        if model::naming::plural(&single) == stored {
            return single;
        }
    }
    stored.to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Fields, Names, camel, singular};

    #[test]
    fn tables_become_words_for_one_row() {
        for (table, entity) in [
            ("users", "User"),
            ("order_lines", "OrderLine"),
            ("categories", "Category"),
            ("addresses", "Address"),
            ("bug_status", "BugStatus"),
            ("basis", "Basis"),
            ("access", "Access"),
            ("film_actor", "FilmActor"),
            ("User", "User"),
            ("_ItemToTag", "ItemToTag"),
            ("2fa", "T2fa"),
            ("тест", "T"),
            ("data", "Data"),
        ] {
            assert_eq!(camel(&singular(table)), entity, "{table}");
        }
    }

    #[test]
    fn no_name_is_given_twice_and_none_is_a_type() {
        let mut names = Names::default();
        assert_eq!(names.entity("user"), "User");
        assert_eq!(names.entity("users"), "User2");
        assert_eq!(names.entity("tokens"), "TokenRow");
        let mut fields = Fields::default();
        assert_eq!(fields.value("not"), "not_");
        assert_eq!(fields.value("Name"), "name");
        assert_eq!(fields.value("name"), "name_2");
        assert_eq!(fields.reference("author_id"), "author");
        assert_eq!(fields.reference("nameId"), "nameId");
        assert_eq!(fields.value("1st"), "f_1st");
    }
}
