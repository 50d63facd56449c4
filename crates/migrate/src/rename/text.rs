//! Names within SQL text.

use plan::Relational;

/// A name in a text and what stands around it.
pub(super) struct Found<'t> {
    /// What stands before it, joined by points, as stored.
    pub(super) qualifiers: &'t [String],
    /// As stored.
    pub(super) name: &'t str,
    /// Whether a point follows.
    pub(super) qualifies: bool,
    /// Whether a bracket follows: a function, or a list of columns.
    pub(super) called: bool,
}

/// The text with other names: `change` is asked for each, and answers the new one. Texts in quotes and comments stay as they are.
pub(super) fn rewrite(
    sql: &str,
    dialect: &Relational,
    change: &dyn Fn(&Found<'_>) -> Option<String>,
) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut qualifiers: Vec<String> = Vec::new();
    let mut rest = sql;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '\'' => quoted(rest, '\''),
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '"' | '`' => quoted(rest, c),
            '[' if dialect.folds_case => rest.find(']').map_or(rest.len(), |at| at + 1),
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (piece, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
        rest = behind;
        let Some(name) = stored(piece, c, dialect.folds_case) else {
            out.push_str(piece);
            if c != '.' {
                qualifiers.clear();
            }
            continue;
        };
        let next = behind.trim_start().chars().next();
        let found = Found {
            qualifiers: &qualifiers,
            name: &name,
            qualifies: behind.starts_with('.'),
            called: next == Some('('),
        };
        let qualifies = found.qualifies;
        match change(&found) {
            Some(new) => out.push_str(&(dialect.ident)(&new)),
            None => out.push_str(piece),
        }
        if qualifies {
            qualifiers.push(name);
        } else {
            qualifiers.clear();
        }
    }
    out
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// The length of what stands between quotes, the quotes included; two of them stand for one.
fn quoted(text: &str, quote: char) -> usize {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return at + c.len_utf8();
        }
    }
    text.len()
}

/// A name as it is stored; `None` for what is no name.
fn stored(piece: &str, first: char, brackets: bool) -> Option<String> {
    let inside = |quote: char| {
        let doubled = [quote, quote].iter().collect::<String>();
        let inner = piece.strip_prefix(quote)?.strip_suffix(quote)?;
        Some(inner.replace(&doubled, &quote.to_string()))
    };
    match first {
        '"' | '`' => inside(first),
        '[' if brackets => Some(piece.strip_prefix('[')?.strip_suffix(']')?.to_owned()),
        c if c.is_alphabetic() || c == '_' => Some(piece.to_owned()),
        _ => None,
    }
}
