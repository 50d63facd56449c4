//! Names that occur in SQL text: what an object may depend on.
//!
//! Reading too much costs nothing but an order; reading too little would cost a failed plan. So texts and comments are read
//! like everything else.

use physical::SqlType;

/// Calls a function with each name, as stored, and its schema if it has one. What follows a second point is left out.
pub(crate) fn each_path(sql: &str, each: &mut dyn FnMut(Option<&str>, &str)) {
    if sql.contains('"') {
        for path in quoted_paths(sql) {
            tell(path.iter().map(String::as_str), each);
        }
        return;
    }
    for path in sql.split(|c: char| !(is_word(c) || c == '.')) {
        tell(path.split('.').filter(|part| !part.is_empty()), each);
    }
}

fn tell<'p>(mut parts: impl Iterator<Item = &'p str>, each: &mut dyn FnMut(Option<&str>, &str)) {
    match (parts.next(), parts.next()) {
        (Some(schema), Some(name)) => each(Some(schema), name),
        (Some(name), None) => each(None, name),
        (None, _) => {}
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Paths, part by part; between quotes everything belongs to a name.
fn quoted_paths(sql: &str) -> Vec<Vec<String>> {
    let mut out = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for c in sql.chars().chain(std::iter::once(' ')) {
        match c {
            '"' => quoted = !quoted,
            c if quoted || is_word(c) => word.push(c),
            '.' => path.push(std::mem::take(&mut word)),
            _ => {
                path.push(std::mem::take(&mut word));
                path.retain(|part| !part.is_empty());
                if !path.is_empty() {
                    out.push(std::mem::take(&mut path));
                }
            }
        }
    }
    out
}

/// Whether a type is one of a name, or an array of it.
pub(crate) fn is_of(ty: &SqlType, is: &dyn Fn(&str) -> bool) -> bool {
    match ty {
        SqlType::Array(element) => is_of(element, is),
        SqlType::Named(name) => is(&name.to_string()),
        SqlType::Other(text) => mentions(text, is),
        _ => false,
    }
}

/// Whether a text mentions a name for which something holds.
pub(crate) fn mentions(text: &str, holds: &dyn Fn(&str) -> bool) -> bool {
    let mut found = false;
    each_path(text, &mut |schema, name| {
        found |= match schema {
            Some(schema) => holds(&format!("{schema}.{name}")),
            None => holds(name),
        };
    });
    found
}

#[cfg(test)]
mod tests {
    use super::each_path;

    fn found(sql: &str) -> Vec<String> {
        let mut out = Vec::new();
        each_path(sql, &mut |schema, name| {
            out.push(format!("{}|{name}", schema.unwrap_or_default()));
        });
        out
    }

    #[test]
    fn finds_qualified_and_quoted_names() {
        assert_eq!(
            found("nextval('shop.\"Order ids\"'::regclass) > f(x)"),
            ["|nextval", "shop|Order ids", "|regclass", "|f", "|x"]
        );
    }

    #[test]
    fn reads_the_same_with_quotes_somewhere_and_without() {
        for sql in [
            "a.b.c + f(x)",
            "SELECT 1 FROM shop.orders AS o WHERE o.id = 2",
            ".a..b.",
            "",
            "größe.übrig",
        ] {
            let mut quoted = found(&format!("{sql} \"q\""));
            assert_eq!(quoted.pop().as_deref(), Some("|q"));
            assert_eq!(found(sql), quoted, "{sql}");
        }
    }
}
