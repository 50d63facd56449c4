//! Names in the case that their place demands.

/// `ByCategory` and `byCategory` as `by_category`.
pub(crate) fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut before = None;
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        let word_ends = before.is_some_and(|b: char| b.is_ascii_lowercase() || b.is_ascii_digit());
        let acronym_ends = before.is_some_and(|b: char| b.is_ascii_uppercase())
            && chars.peek().is_some_and(char::is_ascii_lowercase);
        if c.is_ascii_uppercase() && (word_ends || acronym_ends) {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
        before = Some(c);
    }
    out
}

/// `order_line` as `OrderLine`.
pub(crate) fn camel(name: &str) -> String {
    let words = name.split('_').filter(|word| !word.is_empty());
    let mut out = String::with_capacity(name.len());
    for word in words {
        let mut chars = word.chars();
        out.extend(chars.next().map(|c| c.to_ascii_uppercase()));
        out.push_str(chars.as_str());
    }
    out
}

/// What other languages call a type, by our name for it.
pub(crate) fn known_type(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "string" | "str" | "varchar" | "char" => "String",
        "text" => "Text",
        "int" | "integer" => "Int",
        "bool" | "boolean" => "Bool",
        "json" | "jsonb" => "Json",
        "date" => "Date",
        "datetime" | "timestamp" | "timestamptz" | "instant" => "Instant",
        "decimal" | "numeric" => "Decimal",
        "email" => "Email",
        "uuid" => "Uuid",
        "money" => "Money",
        _ => return None,
    })
}
