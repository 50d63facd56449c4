//! Texts of the language.

/// A text in quotes, on one line, with the escapes of JSON.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 || matches!(c, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}') => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// SQL: as it stands between `"""` where that is possible.
pub(crate) fn sql(text: &str) -> String {
    let one_line = !text.contains(['\n', '"', '\\']);
    let odd = |c: char| c.is_control() && c != '\n' && c != '\t';
    if one_line || text.contains("\"\"\"") || text.ends_with('"') || text.contains(odd) {
        return quoted(text);
    }
    format!("\"\"\"\n{text}\n\"\"\"")
}

/// SQL without the parentheses around all of it.
pub(crate) fn bare(sql: &str) -> &str {
    let Some(inner) = sql.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) else {
        return sql;
    };
    let mut depth = 0_u32;
    let mut quote = None;
    for c in inner.chars() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '(') => depth += 1,
            // The first one was closed before the end.
            (None, ')') if depth == 0 => return sql,
            (None, ')') => depth -= 1,
            // What this begins is not for us to follow.
            (None, '$' | '\\') => return sql,
            _ => {}
        }
    }
    if depth == 0 && quote.is_none() { inner } else { sql }
}

/// Whether a text reads back from a `///` comment as it is.
pub(crate) fn is_doc(text: &str) -> bool {
    let line_is_kept = |line: &str| line.trim_end() == line && !line.contains(char::is_control);
    let ends_are_there = text.lines().next().is_some_and(|line| !line.is_empty()) && !text.ends_with('\n');
    ends_are_there && text.split('\n').all(line_is_kept)
}

/// A text as `///` comments; nothing where it would not read back as it is.
pub(crate) fn doc(text: Option<&String>, indent: &str) -> String {
    let mut out = String::new();
    let text = text.filter(|text| is_doc(text));
    for line in text.into_iter().flat_map(|text| text.split('\n')) {
        out.push_str(format!("{indent}/// {line}").trim_end());
        out.push('\n');
    }
    out
}

/// A comment for readers of the source.
pub(crate) fn remark(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    format!("// {}\n", line.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_reads_back_is_a_doc() {
        for good in ["one", "one\n\ntwo", " indented", "a\n  b", "/// x"] {
            assert!(is_doc(good), "{good:?}");
        }
        for bad in ["", "end ", "\n", "a\n", "tab\t", "\nfirst empty", "a\rb"] {
            assert!(!is_doc(bad), "{bad:?}");
        }
    }

    #[test]
    fn only_parentheses_around_everything_go() {
        assert_eq!(bare("(a > 0)"), "a > 0");
        assert_eq!(bare("(a) OR (b)"), "(a) OR (b)");
        assert_eq!(bare("(a = ')')"), "a = ')'");
        assert_eq!(bare("((a))"), "(a)");
        assert_eq!(bare("(a = 'it''s (')"), "a = 'it''s ('");
        assert_eq!(bare("(a ~ E'\\'')"), "(a ~ E'\\'')");
    }

    #[test]
    fn sql_is_quoted_where_raw_text_would_end_early() {
        assert_eq!(sql("SELECT 1"), "\"SELECT 1\"");
        assert_eq!(sql("SELECT \"a\" FROM b"), "\"\"\"\nSELECT \"a\" FROM b\n\"\"\"");
        assert_eq!(sql("a \"\"\" b"), "\"a \\\"\\\"\\\" b\"");
        assert_eq!(sql("one\r\ntwo"), "\"one\\r\\ntwo\"");
    }
}
