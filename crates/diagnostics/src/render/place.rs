//! Where a finding is, as people and tools count it: from one, in characters.

use crate::{FileId, Sources, Span};
use serde::Serialize;

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Point {
    /// From one.
    pub(super) line: u32,
    /// From one, in characters.
    pub(super) column: u32,
    /// From zero, in bytes.
    pub(super) offset: u32,
}

/// Counts columns; remembers the last place, so that many findings on one long line are counted once.
pub(super) struct Places<'s> {
    sources: &'s Sources,
    last: Option<(FileId, u32, Point)>,
}

impl<'s> Places<'s> {
    pub(super) const fn new(sources: &'s Sources) -> Self {
        Self { sources, last: None }
    }

    pub(super) fn path(&self, file: FileId) -> &'s str {
        self.sources.get(file).map_or("", |source| source.path.as_str())
    }

    pub(super) fn start(&mut self, span: Span) -> Point {
        self.point(span.file, span.start)
    }

    pub(super) fn end(&mut self, span: Span) -> Point {
        self.point(span.file, span.end)
    }

    fn point(&mut self, file: FileId, offset: u32) -> Point {
        let Some(source) = self.sources.get(file) else {
            return Point {
                line: 1,
                column: 1,
                offset,
            };
        };
        let position = source.position(offset);
        let line_start = offset.min(source.text.len() as u32) - position.column;
        let known = self
            .last
            .filter(|(f, start, at)| *f == file && *start == line_start && at.offset <= offset);
        let (from, column) = known.map_or((line_start, 1), |(_, _, at)| (at.offset, at.column));
        let between = source.text.get(from as usize..offset as usize).unwrap_or("");
        let point = Point {
            line: position.line + 1,
            column: column + between.chars().count() as u32,
            offset,
        };
        self.last = Some((file, line_start, point));
        point
    }
}

#[cfg(test)]
mod tests {
    use super::{Places, Point};
    use crate::{Sources, Span};

    #[test]
    fn columns_count_characters_forwards_and_backwards() {
        let mut sources = Sources::default();
        let file = sources.add("a", "ä\nöü x\n");
        let mut places = Places::new(&sources);
        assert_eq!(
            places.start(Span::new(file, 5, 7)),
            Point {
                line: 2,
                column: 2,
                offset: 5
            }
        );
        assert_eq!(
            places.end(Span::new(file, 5, 7)),
            Point {
                line: 2,
                column: 3,
                offset: 7
            }
        );
        assert_eq!(
            places.start(Span::new(file, 3, 7)),
            Point {
                line: 2,
                column: 1,
                offset: 3
            }
        );
        assert_eq!(
            places.start(Span::new(file, 0, 7)),
            Point {
                line: 1,
                column: 1,
                offset: 0
            }
        );
    }
}
