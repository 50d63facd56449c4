//! SQL inside of Python: statements that run as they stand, and parts of words that Alembic has.

use crate::sqlalchemy::py::{Py, is_hidden, statement, string};

/// Writes `run("…")` at an indent: one statement, taken as it stands.
pub(super) fn run(out: &mut String, indent: usize, sql: &str) {
    if !is_block(sql) {
        out.push_str(&statement(
            indent,
            "",
            &Py::call("run", [Py::Atom(string(sql))]),
            "",
        ));
        return;
    }
    // The first line stands behind the bracket, and what follows where it stood.
    let raw = if sql.contains('\\') { "r" } else { "" };
    let parts = [&" ".repeat(indent), "run(", raw, "\"\"\"", sql, "\"\"\")\n"];
    parts.iter().for_each(|part| out.push_str(part));
}

/// Whether a statement can stand between triple quotes: several lines, nothing that would leave the quotes or cannot be seen.
fn is_block(sql: &str) -> bool {
    sql.contains('\n')
        && !sql.contains("\"\"\"")
        && !sql.ends_with(['"', '\\'])
        && sql.chars().all(|c| c == '\n' || is_seen(c))
}

/// Whether a literal of one line would show a character as it is.
fn is_seen(c: char) -> bool {
    c.is_ascii_graphic() || matches!(c, ' ' | '\t') || !(c.is_ascii() || is_hidden(c))
}

/// A part of a statement, as a text in which SQLAlchemy finds no parameter.
pub(super) fn part(sql: &str) -> Py {
    let word = if has_parameters(sql) {
        "sa.literal_column"
    } else {
        "sa.text"
    };
    Py::call(word, [Py::Atom(string(sql))])
}

/// The same, where a bare text is taken for SQL.
pub(super) fn bare(sql: &str) -> Py {
    if has_parameters(sql) {
        part(sql)
    } else {
        Py::Atom(string(sql))
    }
}

/// Whether `sa.text` might take something for `:name`, or a backslash for the way to say that it is none. `::` is neither.
fn has_parameters(sql: &str) -> bool {
    sql.contains("\\:")
        || sql
            .replace("::", "")
            .split(':')
            .skip(1)
            .any(|rest| rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$')))
}

#[cfg(test)]
mod tests {
    use super::{has_parameters, run};

    fn written(indent: usize, sql: &str) -> String {
        let mut out = String::new();
        run(&mut out, indent, sql);
        out
    }

    #[test]
    fn statements_stay_inside_of_their_quotes() {
        assert_eq!(written(4, "DROP TABLE x"), "    run(\"DROP TABLE x\")\n");
        assert_eq!(written(0, "SELECT 'a\"b'"), "run(\"SELECT 'a\\\"b'\")\n");
        assert_eq!(written(0, "a\n  '%' :b"), "run(\"\"\"a\n  '%' :b\"\"\")\n");
        assert_eq!(written(0, "a\n\\d+"), "run(r\"\"\"a\n\\d+\"\"\")\n");
        assert_eq!(written(0, "a\n\"\"\"b"), "run('a\\n\"\"\"b')\n");
        assert_eq!(written(0, "a\n\"b\""), "run('a\\n\"b\"')\n");
        assert_eq!(written(0, "a\nb\\"), "run(\"a\\nb\\\\\")\n");
        assert_eq!(written(0, "a\r\nb"), "run(\"a\\r\\nb\")\n");
        assert_eq!(written(0, "a\nb\u{202e}"), "run(\"a\\nb\\u202e\")\n");
        assert_eq!(written(0, "a\nä€"), "run(\"\"\"a\nä€\"\"\")\n");
    }

    #[test]
    fn a_colon_may_be_a_parameter() {
        for sql in ["x = ':a'", "12:30", "\\: ", "a::b:c", "x :$1", "a:::b"] {
            assert!(has_parameters(sql), "{sql}");
        }
        for sql in ["a::text", "'a: b'", "x", "':'", ""] {
            assert!(!has_parameters(sql), "{sql}");
        }
    }
}
