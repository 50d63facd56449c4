//! Applies the fixes that nobody has to look at.

use crate::{Certainty, Diagnostic, Edit, FileId, Sources, Span};
use std::collections::BTreeMap;

/// Edits by place. No two of them touch the same byte.
type Accepted<'d> = BTreeMap<Span, &'d str>;

/// The files that change, with their new text, when every certain fix is applied.
///
/// A fix is applied as a whole or not at all: one that would overlap an earlier one is left for the next
/// run, when its place may have moved.
#[must_use]
pub fn apply_fixes(sources: &Sources, diagnostics: &[Diagnostic]) -> Vec<(FileId, String)> {
    let mut accepted = Accepted::new();
    let certain = diagnostics
        .iter()
        .filter_map(|d| d.fix.as_ref())
        .filter(|fix| fix.certainty == Certainty::Certain);
    for fix in certain {
        if fits(sources, &accepted, &fix.edits) {
            accepted.extend(fix.edits.iter().map(|edit| (edit.span, edit.text.as_str())));
        }
    }
    sources
        .iter()
        .filter_map(|(id, source)| Some((id, rewrite(&accepted, id, &source.text)?)))
        .collect()
}

/// Whether all edits of a fix can be made beside the accepted ones, and beside each other.
fn fits(sources: &Sources, accepted: &Accepted<'_>, edits: &[Edit]) -> bool {
    let mut own = Accepted::new();
    edits.iter().all(|edit| {
        let exists = sources
            .get(edit.span.file)
            .is_some_and(|source| source.text.get(edit.span.range()).is_some());
        let free = exists && is_free(accepted, edit.span) && is_free(&own, edit.span);
        own.insert(edit.span, &edit.text);
        free
    })
}

/// Whether an edit overlaps none of the accepted ones. Those do not overlap, so the neighbours suffice.
fn is_free(accepted: &Accepted<'_>, span: Span) -> bool {
    let before = accepted.range(..=span).next_back();
    let after = accepted.range(span..).next();
    let clear_before =
        before.is_none_or(|(other, _)| other.file != span.file || other.end <= span.start && *other != span);
    let clear_after =
        after.is_none_or(|(other, _)| other.file != span.file || other.start >= span.end && *other != span);
    clear_before && clear_after
}

fn rewrite(accepted: &Accepted<'_>, file: FileId, text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let mine = accepted.range(Span::new(file, 0, 0)..=Span::new(file, u32::MAX, u32::MAX));
    for (span, replacement) in mine {
        out.push_str(text.get(at..span.start as usize)?);
        out.push_str(replacement);
        at = span.end as usize;
    }
    out.push_str(text.get(at..)?);
    (out != text).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::apply_fixes;
    use crate::{Certainty, Diagnostic, Edit, FileId, Rule, Severity, Sources, Span};

    static RULE: Rule = Rule {
        code: "TST001",
        name: "test",
        severity: Severity::Error,
        summary: "a test",
    };

    fn fix(certainty: Certainty, edits: &[(u32, u32, u32, &str)]) -> Diagnostic {
        let edit = |(file, start, end, text): &(u32, u32, u32, &str)| Edit {
            span: Span::new(FileId(*file), *start, *end),
            text: (*text).to_owned(),
        };
        Diagnostic::global(&RULE, "wrong").fix(certainty, "mend it", edits.iter().map(edit).collect())
    }

    fn check(texts: &[&str], fixes: &[Diagnostic], expect: &[(u32, &str)]) {
        let mut sources = Sources::default();
        for text in texts {
            sources.add("a.arch", *text);
        }
        let expect: Vec<_> = expect
            .iter()
            .map(|(id, text)| (FileId(*id), (*text).to_owned()))
            .collect();
        assert_eq!(apply_fixes(&sources, fixes), expect);
    }

    #[test]
    fn certain_fixes_are_applied_and_suggested_ones_are_not() {
        let fixes = [
            fix(Certainty::Certain, &[(0, 0, 3, "ONE")]),
            fix(Certainty::Suggested, &[(0, 4, 7, "TWO")]),
            fix(Certainty::Certain, &[(0, 8, 8, "and ")]),
        ];
        check(&["one two three"], &fixes, &[(0, "ONE two and three")]);
    }

    #[test]
    fn the_second_of_two_overlapping_fixes_waits() {
        let fixes = [
            fix(Certainty::Certain, &[(0, 1, 4, "X")]),
            fix(Certainty::Certain, &[(0, 3, 6, "Y")]),
        ];
        check(&["abcdef"], &fixes, &[(0, "aXef")]);
        let inside = [
            fix(Certainty::Certain, &[(0, 1, 4, "X")]),
            fix(Certainty::Certain, &[(0, 2, 2, "Y")]),
        ];
        check(&["abcdef"], &inside, &[(0, "aXef")]);
        let around = [
            fix(Certainty::Certain, &[(0, 2, 2, "Y")]),
            fix(Certainty::Certain, &[(0, 1, 4, "X")]),
        ];
        check(&["abcdef"], &around, &[(0, "abYcdef")]);
    }

    #[test]
    fn two_insertions_at_one_place_have_no_order() {
        let fixes = [
            fix(Certainty::Certain, &[(0, 2, 2, "X")]),
            fix(Certainty::Certain, &[(0, 2, 2, "Y")]),
        ];
        check(&["abcd"], &fixes, &[(0, "abXcd")]);
    }

    #[test]
    fn neighbours_do_not_overlap() {
        let fixes = [
            fix(Certainty::Certain, &[(0, 2, 4, "Y")]),
            fix(Certainty::Certain, &[(0, 0, 2, "X")]),
            fix(Certainty::Certain, &[(0, 4, 4, "Z")]),
            fix(Certainty::Certain, &[(0, 2, 2, "-")]),
        ];
        check(&["abcdef"], &fixes, &[(0, "X-YZef")]);
    }

    #[test]
    fn no_fix_is_applied_by_half() {
        let fixes = [
            fix(Certainty::Certain, &[(0, 0, 1, "X")]),
            fix(Certainty::Certain, &[(1, 0, 1, "Y"), (0, 0, 1, "Z")]),
            fix(Certainty::Certain, &[(1, 2, 3, "Y"), (1, 2, 3, "Z")]),
        ];
        check(&["abc", "abc"], &fixes, &[(0, "Xbc")]);
    }

    #[test]
    fn places_that_do_not_exist_are_left_alone() {
        check(&["é"], &[fix(Certainty::Certain, &[(0, 1, 2, "e")])], &[]);
        check(&["a"], &[fix(Certainty::Certain, &[(0, 0, 9, "e")])], &[]);
        check(&["a"], &[fix(Certainty::Certain, &[(7, 0, 1, "e")])], &[]);
    }

    #[test]
    fn a_fix_that_changes_nothing_changes_no_file() {
        check(&["abc"], &[fix(Certainty::Certain, &[(0, 0, 1, "a")])], &[]);
    }
}
