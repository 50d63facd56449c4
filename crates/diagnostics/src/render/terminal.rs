//! The form for people: the source line with the words underlined, what is wrong, and what to do.
//!
//! Only the lines around a finding are looked at, and only a window of those, so that neither a long file
//! nor a long line makes a finding expensive. Nothing of the source reaches the terminal but visible text.

use super::place::Places;
use super::visible::{push, visible};
use super::{Options, summary};
use crate::{Certainty, Diagnostic, FileId, Label, Severity, Source, Sources, Span};
use std::fmt::Write as _;

/// Lines longer than this many columns are cut around what is underlined.
const WIDEST: usize = 120;
/// How much of a cut line is shown before what is underlined.
const BEFORE: usize = 40;

/// Every finding with its source, and a line that counts them.
#[must_use]
pub fn terminal(sources: &Sources, diagnostics: &[Diagnostic], options: &Options) -> String {
    let mut printer = Printer {
        sources,
        places: Places::new(sources),
        color: options.color,
        out: String::new(),
    };
    for found in diagnostics {
        printer.diagnostic(found);
    }
    let summary = summary(diagnostics);
    if !summary.is_empty() {
        let _ = writeln!(printer.out, "{summary}");
    }
    printer.out
}

#[derive(Clone, Copy)]
enum Style {
    Severity(Severity),
    Bold,
    Gutter,
    Second,
    Help,
}

impl Style {
    const fn code(self) -> &'static str {
        match self {
            Self::Severity(Severity::Error) => "1;31",
            Self::Severity(Severity::Warning) => "1;33",
            Self::Severity(Severity::Note) => "1;36",
            Self::Bold => "1",
            Self::Gutter | Self::Second => "34",
            Self::Help => "32",
        }
    }
}

/// What is underlined in one line.
struct Mark<'d> {
    start: usize,
    end: usize,
    primary: bool,
    text: &'d str,
}

struct Printer<'s> {
    sources: &'s Sources,
    places: Places<'s>,
    color: bool,
    out: String,
}

impl Printer<'_> {
    fn styled(&mut self, style: Style, text: &str) {
        if self.color && !text.is_empty() {
            let _ = write!(self.out, "\u{1b}[{}m{text}\u{1b}[0m", style.code());
        } else {
            self.out.push_str(text);
        }
    }

    fn diagnostic(&mut self, found: &Diagnostic) {
        let head = format!("{}[{}]", found.severity.name(), found.rule.code);
        self.styled(Style::Severity(found.severity), &head);
        self.styled(Style::Bold, &format!(": {}", visible(&found.message)));
        self.out.push('\n');
        let width = self.gutter(found);
        for (at, file) in self.files(found).into_iter().enumerate() {
            self.snippet(found, file, width, at == 0);
        }
        for help in &found.help {
            self.advice(width, "help", help);
        }
        if let Some(fix) = &found.fix {
            let doubt = if fix.certainty == Certainty::Certain {
                ""
            } else {
                " (suggested)"
            };
            self.advice(width, "fix", &format!("{}{doubt}", fix.title));
        }
        self.out.push('\n');
    }

    fn advice(&mut self, width: usize, word: &str, text: &str) {
        let indent = " ".repeat(width);
        for (at, line) in text.lines().enumerate() {
            let _ = write!(self.out, "{indent}");
            if at == 0 {
                self.styled(Style::Gutter, "=");
                self.out.push(' ');
                self.styled(Style::Help, &format!("{word}:"));
            } else {
                let _ = write!(self.out, "  {:1$}", "", word.len() + 1);
            }
            let _ = writeln!(self.out, " {}", visible(line));
        }
    }

    /// The files that have labels, that of the primary one first.
    fn files(&self, found: &Diagnostic) -> Vec<FileId> {
        let mut files: Vec<FileId> = Vec::new();
        for label in labels(found) {
            let file = label.0.span.file;
            if self.sources.get(file).is_some() && !files.contains(&file) {
                files.push(file);
            }
        }
        files
    }

    /// How many columns the line numbers take.
    fn gutter(&self, found: &Diagnostic) -> usize {
        let last = labels(found).filter_map(|(label, _)| {
            let source = self.sources.get(label.span.file)?;
            Some(source.position(last_byte(label.span)).line + 1)
        });
        last.max().map_or(1, |line| line.ilog10() as usize + 1)
    }

    fn snippet(&mut self, found: &Diagnostic, file: FileId, width: usize, first: bool) {
        let Some(source) = self.sources.get(file) else {
            return;
        };
        let mut here = labels(found).filter(|(label, _)| label.span.file == file);
        if let Some((label, _)) = here.next() {
            let at = self.places.start(label.span);
            let corner = if first { "┌─" } else { "├─" };
            let place = format!("{}:{}:{}", visible(&source.path), at.line, at.column);
            self.styled(Style::Gutter, &format!("{}{corner}", " ".repeat(width)));
            let _ = writeln!(self.out, " {place}");
            self.bar(width, "│");
            self.out.push('\n');
        }
        let mut before: Option<u32> = None;
        for (line, marks) in marks(source, found, file) {
            if before.is_some_and(|before| line > before + 1) {
                self.bar(width, "·");
                self.out.push('\n');
            }
            before = Some(line);
            self.line(source, line, &marks, width, found.severity);
        }
    }

    fn bar(&mut self, width: usize, sign: &str) {
        self.styled(Style::Gutter, &format!("{}{sign}", " ".repeat(width)));
    }

    /// A source line, and a line of marks for each label in it.
    fn line(&mut self, source: &Source, line: u32, marks: &[Mark<'_>], width: usize, severity: Severity) {
        let text = source.line(line);
        let window = Window::around(text, marks);
        self.styled(Style::Gutter, &format!("{:>width$}│", line + 1));
        let shown = window.show(text);
        let _ = writeln!(self.out, "{}{}", if shown.is_empty() { "" } else { " " }, shown);
        for mark in marks {
            let (indent, length) = window.columns(text, mark.start, mark.end);
            let sign = if mark.primary { "^" } else { "-" };
            let style = if mark.primary {
                Style::Severity(severity)
            } else {
                Style::Second
            };
            self.bar(width, "│");
            let _ = write!(self.out, " {}", " ".repeat(indent));
            let mut words = sign.repeat(length);
            if !mark.text.is_empty() {
                words.push(' ');
                words.push_str(&visible(mark.text));
            }
            self.styled(style, &words);
            self.out.push('\n');
        }
    }
}

/// All labels, and whether each is the primary one, which comes first.
fn labels(found: &Diagnostic) -> impl Iterator<Item = (&Label, bool)> {
    let primary = found.primary.iter().map(|label| (label, true));
    primary.chain(found.secondary.iter().map(|label| (label, false)))
}

/// The last byte that a span covers: a span that ends with a line end does not reach into the next line.
const fn last_byte(span: Span) -> u32 {
    if span.end > span.start {
        span.end - 1
    } else {
        span.start
    }
}

/// The lines that have something underlined, in order, with what is underlined in them.
fn marks<'d>(source: &Source, found: &'d Diagnostic, file: FileId) -> Vec<(u32, Vec<Mark<'d>>)> {
    let mut lines: Vec<(u32, Vec<Mark<'d>>)> = Vec::new();
    let mut add = |line: u32, mark: Mark<'d>| match lines.iter_mut().find(|(known, _)| *known == line) {
        Some((_, marks)) => marks.push(mark),
        None => lines.push((line, vec![mark])),
    };
    for (label, primary) in labels(found).filter(|(label, _)| label.span.file == file) {
        let (first, last) = (
            source.position(label.span.start),
            source.position(last_byte(label.span)),
        );
        let start = first.column as usize;
        let text = label.text.as_str();
        if first.line == last.line {
            let end = start + (label.span.end - label.span.start) as usize;
            add(
                first.line,
                Mark {
                    start,
                    end,
                    primary,
                    text,
                },
            );
        } else {
            let whole = source.line(first.line).len();
            add(
                first.line,
                Mark {
                    start,
                    end: whole,
                    primary,
                    text: "",
                },
            );
            let indent = source
                .line(last.line)
                .bytes()
                .take_while(u8::is_ascii_whitespace)
                .count();
            let end = last.column as usize + 1;
            add(
                last.line,
                Mark {
                    start: indent.min(end),
                    end,
                    primary,
                    text,
                },
            );
        }
    }
    lines.sort_by_key(|(line, _)| *line);
    lines
}

/// The part of a line that is shown.
struct Window {
    start: usize,
    end: usize,
}

impl Window {
    fn around(text: &str, marks: &[Mark<'_>]) -> Self {
        // A byte takes at most eight columns; short lines need no measuring.
        if text.len() <= WIDEST {
            return Self {
                start: 0,
                end: text.len(),
            };
        }
        let primary = marks.iter().find(|mark| mark.primary).or(marks.first());
        let at = floor(text, primary.map_or(0, |mark| mark.start));
        let (head, tail) = text.split_at_checked(at).unwrap_or((text, ""));
        let start = head
            .char_indices()
            .rev()
            .take(BEFORE)
            .last()
            .map_or(at, |(start, _)| start);
        let end = tail
            .char_indices()
            .nth(WIDEST - BEFORE)
            .map_or(text.len(), |(end, _)| at + end);
        Self { start, end }
    }

    fn show(&self, text: &str) -> String {
        let mut out = String::new();
        if self.start > 0 {
            out.push('…');
        }
        for c in text.get(self.start..self.end).unwrap_or("").chars() {
            push(&mut out, c);
        }
        if self.end < text.len() {
            out.push('…');
        } else {
            out.truncate(out.trim_end().len());
        }
        out
    }

    /// How far in the marks begin, and how many columns they take: at least one.
    fn columns(&self, text: &str, start: usize, end: usize) -> (usize, usize) {
        let cut = usize::from(self.start > 0);
        let start = floor(text, start.clamp(self.start, self.end));
        let end = floor(text, end.clamp(start, self.end));
        let columns = |from: usize, to: usize| {
            let mut scratch = String::new();
            text.get(from..to)
                .unwrap_or("")
                .chars()
                .map(|c| push(&mut scratch, c))
                .sum::<usize>()
        };
        (cut + columns(self.start, start), columns(start, end).max(1))
    }
}

/// The start of the character at a place.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}
