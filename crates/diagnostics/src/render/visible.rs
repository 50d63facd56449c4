//! Text from the user, made safe to print: no character of it can move a cursor, hide, or reorder others.

use unicode_width::UnicodeWidthChar;

/// How many columns a tab takes.
const TAB: &str = "    ";

/// The text with control characters, bidirectional overrides and invisible characters as `\u{…}`.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        push(&mut out, c);
    }
    out
}

/// Adds a character in its visible form; answers how many columns that takes.
pub(super) fn push(out: &mut String, c: char) -> usize {
    if c == '\t' {
        out.push_str(TAB);
        return TAB.len();
    }
    if is_hidden(c) {
        let escape = c.escape_unicode().to_string();
        out.push_str(&escape);
        return escape.len();
    }
    out.push(c);
    c.width().unwrap_or(0)
}

/// Characters that a terminal acts on, or that a reader cannot see.
const fn is_hidden(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn what_terminals_act_on_is_shown_and_not_done() {
        assert_eq!(visible("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(
            visible("x\u{202e}y\u{200b}z\u{9b}"),
            "x\\u{202e}y\\u{200b}z\\u{9b}"
        );
        assert_eq!(visible("a\tb\rc\0"), "a    b\\u{d}c\\u{0}");
        assert_eq!(visible("größe 価格"), "größe 価格");
    }
}
