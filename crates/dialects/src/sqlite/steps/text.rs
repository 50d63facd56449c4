//! Comments that the database keeps: SQLite stores a statement as it was written.

/// Writes a comment as lines before what it speaks of.
pub(super) fn comment(text: Option<&String>, indent: &str) -> String {
    let mut lines = String::new();
    for line in text.map(String::as_str).unwrap_or_default().lines() {
        lines.push_str(format!("{indent}-- {line}").trim_end());
        lines.push('\n');
    }
    lines
}
