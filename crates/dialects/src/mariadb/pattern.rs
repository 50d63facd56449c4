//! Regular expressions of the common subset, for PCRE.

/// Makes a pattern mean what it means elsewhere: `.` is any character, and `$` the very end, not a place before a last line feed.
pub(super) fn translate(pattern: &str) -> String {
    let mut out = String::from("(?s)");
    let mut chars = pattern.chars();
    let mut in_class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                out.push(c);
                out.extend(chars.next());
            }
            '[' => {
                // A class may hold a bracket of its own as its first member.
                out.push(c);
                in_class = true;
            }
            ']' => {
                out.push(c);
                in_class = false;
            }
            '$' if !in_class => out.push_str("\\z"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::translate;

    #[test]
    fn the_end_is_the_end() {
        assert_eq!(translate("^[a-z$]+$"), "(?s)^[a-z$]+\\z");
        assert_eq!(translate("a\\$|b$"), "(?s)a\\$|b\\z");
    }
}
