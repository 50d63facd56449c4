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
    pub(crate) fn flat(&self) -> String {
        match self {
            Self::Atom(text) => text.clone(),
            Self::Before(before, inner) => format!("{before}{}", inner.flat()),
            Self::Call(head, arguments) => format!("{head}({})", joined(arguments)),
            Self::Tuple(items) if items.len() == 1 => format!("({},)", joined(items)),
            Self::Tuple(items) => format!("({})", joined(items)),
            Self::Listed(open, items, close) => format!("{open}{}{close}", joined(items)),
        }
    }

    /// The piece as it stands at an indent, behind so many characters of its line and before so many others.
    fn laid_out(&self, indent: usize, before: usize, after: usize) -> String {
        let flat = self.flat();
        if before + width(&flat) + after <= WIDTH {
            return flat;
        }
        match self {
            Self::Atom(_) => flat,
            Self::Before(text, inner) => {
                format!("{text}{}", inner.laid_out(indent, before + width(text), after))
            }
            Self::Call(head, arguments) if arguments.is_empty() => format!("{head}()"),
            Self::Call(head, arguments) => {
                let body = joined(arguments);
                let deeper = indent + 4;
                if deeper + width(&body) <= WIDTH {
                    return format!("{head}(\n{}{body}\n{})", blanks(deeper), blanks(indent));
                }
                format!("{head}({}{})", each(arguments, deeper), blanks(indent))
            }
            Self::Tuple(items) => format!("({}{})", each(items, indent + 4), blanks(indent)),
            Self::Listed(open, items, close) => {
                format!("{open}{}{}{close}", each(items, indent + 4), blanks(indent))
            }
        }
    }
}

fn joined(items: &[Py]) -> String {
    items.iter().map(Py::flat).collect::<Vec<_>>().join(", ")
}

/// One to a line, each with its comma.
fn each(items: &[Py], indent: usize) -> String {
    let mut out = String::from("\n");
    for item in items {
        out.push_str(&format!(
            "{}{},\n",
            blanks(indent),
            item.laid_out(indent, indent, 1)
        ));
    }
    out
}

fn blanks(count: usize) -> String {
    " ".repeat(count)
}

/// As many columns as ruff counts; wide characters count twice.
fn width(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

fn is_wide(c: char) -> bool {
    matches!(u32::from(c), 0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f
        | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff | 0x20000..=0x3fffd)
}

/// A statement with its line end: `before`, the piece, `after`.
pub(crate) fn statement(indent: usize, before: &str, piece: &Py, after: &str) -> String {
    let start = indent + width(before);
    format!(
        "{}{before}{}{after}\n",
        blanks(indent),
        piece.laid_out(indent, start, width(after))
    )
}

/// A text literal. Characters that cannot be seen, or that change how a line reads, are written as escapes.
pub(crate) fn string(text: &str) -> String {
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
fn is_hidden(c: char) -> bool {
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
    let pad = blanks(indent);
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
    format!("{}{YOURS}{rule}\n", blanks(indent))
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
        assert_eq!(Py::Tuple(vec![Py::atom("a")]).flat(), "(a,)");
    }
}
