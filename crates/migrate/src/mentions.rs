//! Names that occur in SQL text: what an object may depend on.
//!
//! Reading too much costs nothing but an order; reading too little would cost a failed plan. So texts and comments are read
//! like everything else.

/// Names with their schema, and bare names, as stored.
pub(crate) fn paths(sql: &str) -> Vec<Vec<String>> {
    let mut out = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for c in sql.chars().chain(std::iter::once(' ')) {
        match c {
            '"' => quoted = !quoted,
            c if quoted || c.is_alphanumeric() || c == '_' => word.push(c),
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

#[cfg(test)]
mod tests {
    use super::paths;

    #[test]
    fn finds_qualified_and_quoted_names() {
        assert_eq!(
            paths("nextval('shop.\"Order ids\"'::regclass) > f(x)"),
            vec![
                vec!["nextval".to_owned()],
                vec!["shop".into(), "Order ids".into()],
                vec!["regclass".into()],
                vec!["f".into()],
                vec!["x".into()],
            ]
        );
    }
}
