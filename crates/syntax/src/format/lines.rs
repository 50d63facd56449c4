//! Lines with columns that stand below each other.

/// Which lines share their columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    /// Not in columns.
    Plain,
    /// A comment or documentation on a line of its own; columns go on behind it.
    Comment,
    Field,
    Setting,
    Clause,
}

#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) indent: usize,
    /// Whether a blank line stands before it.
    pub(super) blank: bool,
    pub(super) column: Column,
    pub(super) cells: Vec<String>,
    /// The column that the last cell wants for itself although nothing stands behind it.
    pub(super) reserve: usize,
    /// The comment behind it.
    pub(super) comment: Option<String>,
}

/// A cell that is wider than this does not push those of other lines.
const WIDEST_CELL: usize = 40;
/// A line that is longer than this does not push the comments of other lines.
const WIDEST_LINE: usize = 90;

impl Line {
    /// Adds to the last cell.
    pub(super) fn append(&mut self, text: &str) {
        if let Some(cell) = self.cells.last_mut() {
            cell.push_str(text);
        }
    }

    fn is_tall(&self) -> bool {
        self.cells.iter().any(|cell| cell.contains('\n'))
    }
}

/// All lines as text, with their columns and comments aligned.
pub(super) fn render(lines: &[Line]) -> String {
    let texts = align_cells(lines);
    let columns = comment_columns(lines, &texts);
    let mut out = String::with_capacity(texts.iter().map(|text| text.len() + 1).sum());
    for ((line, text), column) in lines.iter().zip(texts).zip(columns) {
        if line.blank {
            out.push('\n');
        }
        let start = out.len();
        out.push_str(&text);
        if let Some(comment) = &line.comment {
            let written = out.get(start..).map_or(0, last_width);
            let gap = column.saturating_sub(written).max(2);
            out.extend(std::iter::repeat_n(' ', gap));
            out.push_str(comment);
        }
        out.push('\n');
    }
    out
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// The width of the last line.
fn last_width(text: &str) -> usize {
    width(text.rsplit('\n').next().unwrap_or(text))
}

/// The lines without their comments, with their columns below each other.
fn align_cells(lines: &[Line]) -> Vec<String> {
    let mut texts = Vec::with_capacity(lines.len());
    let mut rest = lines;
    while let Some(first) = rest.first() {
        let (run, behind) = rest.split_at_checked(run_length(rest)).unwrap_or((rest, &[]));
        let widths = widths(run, first.column);
        texts.extend(run.iter().map(|line| row(line, &widths)));
        rest = behind;
    }
    texts
}

/// How many lines share their columns with the first one.
fn run_length(lines: &[Line]) -> usize {
    let Some(first) = lines.first() else { return 0 };
    if first.column == Column::Plain || first.column == Column::Comment {
        return 1;
    }
    let same = |line: &Line| line.column == first.column || line.column == Column::Comment;
    1 + lines
        .iter()
        .skip(1)
        .take_while(|line| same(line) && !line.blank && line.indent == first.indent)
        .count()
}

/// The width of each column but the last of a line.
fn widths(run: &[Line], column: Column) -> Vec<usize> {
    let gap = if column == Column::Clause { 1 } else { 2 };
    let mut widths = Vec::new();
    for line in run.iter().filter(|line| line.column == column) {
        let but_last = line.cells.len().saturating_sub(1);
        let filled = line.cells.iter().take(but_last).map(|cell| width(cell));
        let reserved = (line.reserve > 0).then_some(line.reserve);
        for (at, wanted) in filled.chain(reserved).enumerate() {
            if widths.len() <= at {
                widths.push(0);
            }
            if let Some(known) = widths.get_mut(at).filter(|_| wanted <= WIDEST_CELL) {
                *known = (wanted + gap).max(*known);
            }
        }
    }
    widths
}

fn row(line: &Line, widths: &[usize]) -> String {
    let mut out = " ".repeat(line.indent);
    if line.column == Column::Plain || line.column == Column::Comment {
        out.extend(line.cells.iter().map(String::as_str));
        return out;
    }
    let gap = if line.column == Column::Clause { 1 } else { 2 };
    for (at, cell) in line.cells.iter().enumerate() {
        out.push_str(cell);
        if at + 1 < line.cells.len() {
            let wanted = widths.get(at).copied().unwrap_or(0);
            let blanks = wanted.saturating_sub(width(cell)).max(gap);
            out.extend(std::iter::repeat_n(' ', blanks));
        }
    }
    out
}

/// The column of the comment behind each line: the same for lines that stand together.
fn comment_columns(lines: &[Line], texts: &[String]) -> Vec<usize> {
    let mut columns = Vec::with_capacity(lines.len());
    let mut rest = lines.iter().zip(texts).peekable();
    while let Some((first, text)) = rest.next() {
        let mut run = 1;
        let mut column = comment_column(first, text);
        while let Some((line, text)) = rest.next_if(|(line, _)| !line.blank && line.indent == first.indent) {
            column = column.max(comment_column(line, text));
            run += 1;
        }
        columns.extend(std::iter::repeat_n(column, run));
    }
    columns
}

/// Where the comment of a line would stand if it were alone.
fn comment_column(line: &Line, text: &str) -> usize {
    let width = last_width(text);
    let counts = line.comment.is_some() && !line.is_tall() && width <= WIDEST_LINE;
    if counts { width + 2 } else { 0 }
}
