//! Python text: literals and documentation that cannot be left by their content, and a layout as `ruff format` would have it.
//!
//! Every name and every text of a schema reaches Python through this module or through [`super::names`].

/// How long a line may be.
pub(crate) const WIDTH: usize = 120;

/// What ends the generated part of a file: the rest is the user's.
pub(crate) const YOURS: &str = "# ── yours ";

/// A piece of Python that may need several lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Py {
    /// Text that is never broken.
    Atom(String),
    /// A text before a piece: `where=`, `return `.
    Before(String, Box<Py>),
    /// `head(a, b)`: the arguments go to a line of their own, and one to a line where that is too long, too.
    Call(String, Vec<Py>),
    /// A tuple: one element to a line when it does not fit.
    Tuple(Vec<Py>),
    /// A list, a dict or a set with its brackets: the same.
    Listed(&'static str, Vec<Py>, &'static str),
}

impl Py {
    pub(crate) fn atom(text: impl Into<String>) -> Self {
        Self::Atom(text.into())
    }

    pub(crate) fn call(head: impl Into<String>, arguments: impl IntoIterator<Item = Self>) -> Self {
        Self::Call(head.into(), arguments.into_iter().collect())
    }

    /// `name=value`
    pub(crate) fn named(name: &str, value: Self) -> Self {
        Self::Before(format!("{name}="), Box::new(value))
    }

    /// `name="text"`
    pub(crate) fn text(name: &str, value: &str) -> Self {
        Self::named(name, Self::Atom(string(value)))
    }

    pub(crate) fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::Listed("[", items.into_iter().collect(), "]")
    }

    /// On one line, however long.
    fn write_flat(&self, out: &mut String) {
        let (head, items, close) = self.parts();
        out.push_str(head);
        if let Self::Before(_, inner) = self {
            inner.write_flat(out);
        }
        if let Self::Call(..) = self {
            out.push('(');
        }
        write_joined(items, out);
        out.push_str(close);
    }

    /// What stands before the items, the items, and what stands behind them on the same line.
    fn parts(&self) -> (&str, &[Self], &str) {
        match self {
            Self::Atom(text) | Self::Before(text, _) => (text, &[], ""),
            Self::Call(head, arguments) => (head, arguments, ")"),
            Self::Tuple(items) => ("(", items, if items.len() == 1 { ",)" } else { ")" }),
            Self::Listed(open, items, close) => (open, items, close),
        }
    }

    /// What is left of the room when the piece stands on one line; `None` when it does not fit. Nothing is written for it: a piece
    /// that is too long is looked at once for each level that it is broken at.
    fn room_behind(&self, room: usize) -> Option<usize> {
        let (head, items, close) = self.parts();
        let bracket = usize::from(matches!(self, Self::Call(..)));
        let mut room = room.checked_sub(width(head) + width(close) + bracket)?;
        if let Self::Before(_, inner) = self {
            room = inner.room_behind(room)?;
        }
        room_behind(items, room)
    }

    /// Writes the piece as it stands at an indent, behind so many characters of its line and before so many others.
    fn lay_out(&self, out: &mut String, indent: usize, before: usize, after: usize) {
        let room = WIDTH.checked_sub(before + after);
        if matches!(self, Self::Atom(_)) || room.and_then(|room| self.room_behind(room)).is_some() {
            return self.write_flat(out);
        }
        let (head, items, close) = self.parts();
        out.push_str(head);
        match self {
            Self::Atom(_) => {}
            Self::Before(text, inner) => inner.lay_out(out, indent, before + width(text), after),
            Self::Call(..) => {
                out.push('(');
                write_arguments(items, out, indent);
                out.push_str(close);
            }
            Self::Tuple(_) | Self::Listed(..) => {
                write_each(items, out, indent + 4);
                blanks(out, indent);
                out.push_str(close.trim_start_matches(','));
            }
        }
    }
}

/// The arguments of a call that does not fit: on a line of their own, or one to a line where that is too long, too.
fn write_arguments(arguments: &[Py], out: &mut String, indent: usize) {
    let deeper = indent + 4;
    let room = WIDTH.checked_sub(deeper);
    if arguments.is_empty() {
        return;
    }
    if room.and_then(|room| room_behind(arguments, room)).is_none() {
        write_each(arguments, out, deeper);
        return blanks(out, indent);
    }
    out.push('\n');
    blanks(out, deeper);
    write_joined(arguments, out);
    out.push('\n');
    blanks(out, indent);
}

fn write_joined(items: &[Py], out: &mut String) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        item.write_flat(out);
    }
}

/// What is left of the room when the items stand on one line, with commas between them.
fn room_behind(items: &[Py], room: usize) -> Option<usize> {
    let commas = items.len().saturating_sub(1) * 2;
    let mut room = room.checked_sub(commas)?;
    for item in items {
        room = item.room_behind(room)?;
    }
    Some(room)
}

/// One to a line, each with its comma.
fn write_each(items: &[Py], out: &mut String, indent: usize) {
    out.push('\n');
    for item in items {
        blanks(out, indent);
        item.lay_out(out, indent, indent, 1);
        out.push_str(",\n");
    }
}

fn blanks(out: &mut String, count: usize) {
    out.extend(std::iter::repeat_n(' ', count));
}

/// As many columns as ruff counts; wide characters count twice.
fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

fn is_wide(c: char) -> bool {
    matches!(u32::from(c), 0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f
        | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff | 0x20000..=0x3fffd)
}

/// A statement with its line end: `before`, the piece, `after`.
pub(crate) fn statement(indent: usize, before: &str, piece: &Py, after: &str) -> String {
    let mut out = String::new();
    blanks(&mut out, indent);
    out.push_str(before);
    piece.lay_out(&mut out, indent, indent + width(before), width(after));
    out.push_str(after);
    out.push('\n');
    out
}

/// A text literal. Characters that cannot be seen, or that change how a line reads, are written as escapes.
pub(crate) fn string(text: &str) -> String {
    // Most texts are such, and a revision has tens of thousands of them.
    let is_bare = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if text.bytes().all(is_bare) {
        return ["\"", text, "\""].concat();
    }
    let plain = !text.chars().any(is_hidden) && !text.contains(YOURS);
    if plain && text.contains('\\') && !text.contains('"') && !text.ends_with('\\') {
        return format!("r\"{text}\"");
    }
    let doubles = text.matches('"').count();
    let quote = if doubles > text.matches('\'').count() {
        '\''
    } else {
        '"'
    };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        if c == quote || c == '\\' {
            out.push('\\');
            out.push(c);
        } else {
            push_visible(&mut out, c);
        }
    }
    out.push(quote);
    out.replace(YOURS, "# \\u2500─ yours ")
}

/// Several lines as one literal, between triple quotes that stand on lines of their own.
pub(crate) fn block(text: &str) -> String {
    let mut out = String::from("\"\"\"\n");
    for c in text.chars() {
        match c {
            '\n' => out.push('\n'),
            '\\' => out.push_str("\\\\"),
            other => push_visible(&mut out, other),
        }
    }
    let body = out
        .split_off(4)
        .replace("\"\"\"", "\\\"\\\"\\\"")
        .replace(YOURS, "# \\u2500─ yours ");
    format!("\"\"\"\n{body}\n\"\"\"")
}

fn push_visible(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\t' => out.push_str("\\t"),
        '\r' => out.push_str("\\r"),
        c if is_hidden(c) && u32::from(c) < 0x100 => out.push_str(&format!("\\x{:02x}", u32::from(c))),
        c if is_hidden(c) && u32::from(c) < 0x10000 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
        c if is_hidden(c) => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        c => out.push(c),
    }
}

/// Controls, and what turns the direction of writing or has no width.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c), 0xa0 | 0xad | 0x61c | 0x115f | 0x1160 | 0x180e | 0x2000..=0x200f | 0x2028..=0x202f
            | 0x205f..=0x206f | 0x3000 | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff9..=0xfffb | 0xe0000..=0xe0fff)
}

/// Documentation as Python gives it back: without blanks at the ends of lines, and without what all lines but the first are indented by.
pub(crate) fn documented(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    let Some((first, rest)) = lines.split_first() else {
        return String::new();
    };
    let indent = |line: &&str| line.len() - line.trim_start_matches(' ').len();
    let common = rest
        .iter()
        .filter(|line| !line.is_empty())
        .map(indent)
        .min()
        .unwrap_or(0);
    let rest = rest.iter().map(|line| line.get(common..).unwrap_or_default());
    std::iter::once(first.trim_start())
        .chain(rest)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The documentation of a class, a function or a module, at an indent.
pub(crate) fn docstring(indent: usize, text: &str) -> String {
    let lines: Vec<String> = documented(text).lines().map(doc_line).collect();
    let Some((first, rest)) = lines.split_first() else {
        return String::new();
    };
    let pad = " ".repeat(indent);
    let lead = if first.starts_with('"') { " " } else { "" };
    let mut out = format!("{pad}\"\"\"{lead}{first}");
    if rest.is_empty() {
        if out.ends_with('"') {
            out.pop();
            out.push_str("\\\"");
        }
        out.push_str("\"\"\"\n");
        return out;
    }
    for line in rest {
        out.push('\n');
        if !line.is_empty() {
            out.push_str(&format!("{pad}{line}"));
        }
    }
    out.push_str(&format!("\n{pad}\"\"\"\n"));
    out
}

/// One line of documentation: no escapes, no end of the literal, nothing that cannot be seen.
fn doc_line(line: &str) -> String {
    let mut out = String::new();
    for c in line.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            other => push_visible(&mut out, other),
        }
    }
    out.replace("\"\"\"", "\\\"\\\"\\\"")
        .replace(YOURS, "# \\u2500─ yours ")
}

/// Text for a comment: one line.
pub(crate) fn comment(text: &str) -> String {
    text.chars().map(|c| if is_hidden(c) { ' ' } else { c }).collect()
}

/// The line below which everything is the user's.
pub(crate) fn yours(indent: usize) -> String {
    let rule = "─".repeat(79_usize.saturating_sub(indent + YOURS.chars().count()));
    format!("{}{YOURS}{rule}\n", " ".repeat(indent))
}

#[cfg(test)]
mod tests {
    use super::{Py, block, docstring, statement, string};

    #[test]
    fn texts_stay_inside_of_their_quotes() {
        assert_eq!(string("plain"), "\"plain\"");
        assert_eq!(string("it's"), "\"it's\"");
        assert_eq!(string("a \"word\""), "'a \"word\"'");
        assert_eq!(string("\"'"), "\"\\\"'\"");
        assert_eq!(string("^\\$"), "r\"^\\$\"");
        assert_eq!(string("\\"), "\"\\\\\"");
        assert_eq!(string("\\\""), "'\\\\\"'");
        assert_eq!(string("a\nb\u{202e}\u{1}"), "\"a\\nb\\u202e\\x01\"");
        assert_eq!(block("a\"\"\"b\\"), "\"\"\"\na\\\"\\\"\\\"b\\\\\n\"\"\"");
    }

    #[test]
    fn documentation_cannot_end_early() {
        assert_eq!(docstring(4, "Says \"x\""), "    \"\"\"Says \"x\\\"\"\"\"\n");
        assert_eq!(docstring(0, "a\"\"\"b\\"), "\"\"\"a\\\"\\\"\\\"b\\\\\"\"\"\n");
        assert_eq!(docstring(2, "One\n\n  two"), "  \"\"\"One\n\n  two\n  \"\"\"\n");
        assert!(!docstring(0, "# ── yours ──").contains("# ── yours"));
    }

    #[test]
    fn a_call_breaks_in_two_steps() {
        let long = "a".repeat(50);
        let atoms = |count| (0..count).map(|_| Py::atom(long.clone()));
        let two = statement(4, "x = ", &Py::call("f", atoms(2)), "");
        assert_eq!(two, format!("    x = f({long}, {long})\n"));
        let longer = statement(12, "wide = ", &Py::call("f", atoms(2)), "");
        assert_eq!(
            longer,
            format!("            wide = f(\n                {long}, {long}\n            )\n")
        );
        let three = statement(0, "x = ", &Py::call("f", atoms(3)), "");
        assert_eq!(
            three,
            format!("x = f(\n    {long},\n    {long},\n    {long},\n)\n")
        );
        let tuple = statement(0, "x = ", &Py::Tuple(atoms(3).collect()), "");
        assert_eq!(
            tuple,
            format!("x = (\n    {long},\n    {long},\n    {long},\n)\n")
        );
        let alone = Py::Tuple(vec![Py::atom("a")]);
        assert_eq!(statement(0, "", &alone, ""), "(a,)\n");
    }
}
