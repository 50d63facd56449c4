//! From names in the source to names in the database.
//!
//! The rules are few, so that a table's name can be told from the source: words are cut where the case changes and joined
//! by `_` in lower case (an acronym is one word), and the last word of a table takes its plural: a consonant and `y` become
//! `ies`, words in `s`, `x`, `z`, `ch`, `sh` take `es`, all others `s`. Whoever wants another name writes `@table("…")`.

/// The longest identifier of PostgreSQL, in bytes; longer ones are cut there without an error.
pub const LONGEST_IDENTIFIER: usize = 63;

/// `HTTPServer` as `http_server`, `byCategory` as `by_category`.
#[must_use]
pub fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut before: Option<char> = None;
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        let word_ends = before.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let acronym_ends = before.is_some_and(|b| b.is_ascii_uppercase())
            && chars.peek().is_some_and(char::is_ascii_lowercase);
        if c.is_ascii_uppercase() && (word_ends || acronym_ends) {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
        before = Some(c);
    }
    out
}

/// The plural of a word in lower case.
#[must_use]
pub fn plural(word: &str) -> String {
    let consonant_before_y = || {
        let before = word.chars().rev().nth(1);
        before.is_some_and(|c| !matches!(c, 'a' | 'e' | 'i' | 'o' | 'u'))
    };
    if let Some(stem) = word.strip_suffix('y').filter(|_| consonant_before_y()) {
        return format!("{stem}ies");
    }
    let hissing = ["s", "x", "z", "ch", "sh"].iter().any(|end| word.ends_with(end));
    format!("{word}{}", if hissing { "es" } else { "s" })
}

/// The table of an entity: `OrderLine` as `order_lines`.
#[must_use]
pub fn table(entity: &str) -> String {
    plural(&snake(entity))
}

/// The column of a field; references carry `_id`.
#[must_use]
pub fn column(field: &str, reference: bool) -> String {
    if reference {
        format!("{field}_id")
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{column, snake, table};

    #[test]
    fn tables_are_plural_and_in_snake_case() {
        for (entity, expected) in [
            ("User", "users"),
            ("OrderLine", "order_lines"),
            ("Category", "categories"),
            ("Day", "days"),
            ("Address", "addresses"),
            ("Box", "boxes"),
            ("Branch", "branches"),
            ("HTTPServer", "http_servers"),
            ("OAuth2Client", "o_auth2_clients"),
            ("ID", "ids"),
            ("Y", "ys"),
        ] {
            assert_eq!(table(entity), expected);
        }
    }

    #[test]
    fn columns_of_references_carry_id() {
        assert_eq!(column("customer", true), "customer_id");
        assert_eq!(column("placed_at", false), "placed_at");
        assert_eq!(snake("byCategory"), "by_category");
    }
}
