//! Regular expressions of the common subset, for PCRE.

/// Makes a pattern mean what it means elsewhere: `.` is any character, and `$` the very end, behind which there is none, not a place
/// before a last line feed.
pub(super) fn translate(pattern: &str) -> String {
    let mut out = String::from("(?s)");
    let mut chars = pattern.chars();
    let mut in_class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                // What a backslash in a text means depends on `sql_mode`: a class of one says the same.
                Some(plain) if !in_class && plain.is_ascii_punctuation() && !"^]\\".contains(plain) => {
                    out.push_str(&format!("[{plain}]"));
                }
                next => {
                    out.push(c);
                    out.extend(next);
                }
            },
            '[' => {
                // A class may hold a bracket of its own as its first member.
                out.push(c);
                in_class = true;
            }
            ']' => {
                out.push(c);
                in_class = false;
            }
            '$' if !in_class => out.push_str("(?!.)"),
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
        assert_eq!(translate("^[a-z$]+$"), "(?s)^[a-z$]+(?!.)");
        assert_eq!(translate("a\\$|b$"), "(?s)a[$]|b(?!.)");
    }
}
