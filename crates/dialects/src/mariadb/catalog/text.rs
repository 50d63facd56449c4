//! Names and constants in definitions that are put together here, and definitions without the name of their database.

use physical::Ident;

/// A name, in backticks: definitions that were found are always written so by the server.
pub(super) fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Names with commas between.
pub(super) fn quoted<'a>(names: impl IntoIterator<Item = &'a Ident>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| quote(name.as_str())).collect();
    names.join(", ")
}

/// A text constant. What a backslash means depends on `sql_mode`, so a text with one is written as its bytes.
pub(super) fn constant(text: &str) -> String {
    if !text.contains(['\\', '\0']) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("_utf8mb4 x'{hex}'")
}

/// Takes the name of the database out of what the server printed: the same schema is the same in whatever database it is.
///
/// Where the name stands for something else as well (a table, an alias), nothing is taken out: the text stays true.
pub(super) fn without_database(sql: &str, database: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(at) = rest.find(['`', '\'', '"']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let mark = from.chars().next().unwrap_or('`');
        let (token, after) = from.split_at(end_of(from, mark));
        let names_it = mark == '`' && name_in(token) == database;
        match after.strip_prefix('.') {
            Some(after) if names_it => rest = after,
            None if names_it => return sql.to_owned(),
            _ => {
                out.push_str(token);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// How long the token is that begins with this mark; a doubled mark, or one behind a backslash in a text, does not end it.
fn end_of(from: &str, mark: char) -> usize {
    let mut chars = from.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && mark != '`' {
            chars.next();
        } else if c == mark && chars.next_if(|(_, next)| *next == mark).is_none() {
            return at + c.len_utf8();
        }
    }
    from.len()
}

fn name_in(token: &str) -> String {
    let inside = token.strip_prefix('`').and_then(|token| token.strip_suffix('`'));
    inside.unwrap_or(token).replace("``", "`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_goes_out_of_definitions() {
        let cases = [
            (
                "select `d`.`t`.`a` AS `a` from `d`.`t`",
                "select `t`.`a` AS `a` from `t`",
            ),
            (
                "select '`d`.`t`', 'it''s `d`.', \"`d`.\" from `d`.`t`",
                "select '`d`.`t`', 'it''s `d`.', \"`d`.\" from `t`",
            ),
            ("select 'a\\'`d`.' from `e`.`d`", "select 'a\\'`d`.' from `e`.`d`"),
            // It is an alias, too.
            (
                "select `d`.`a` AS `a` from `d`.`t` `d`",
                "select `d`.`a` AS `a` from `d`.`t` `d`",
            ),
            ("nextval(`d`.`s`)", "nextval(`s`)"),
            ("", ""),
            ("`d", "`d"),
            ("'", "'"),
        ];
        for (sql, expected) in cases {
            assert_eq!(without_database(sql, "d"), expected);
        }
        assert_eq!(without_database("`a``b`.`c`", "a`b"), "`c`");
    }

    #[test]
    fn constants_and_names_cannot_break_out() {
        assert_eq!(quote("a`b"), "`a``b`");
        assert_eq!(constant("it's"), "'it''s'");
        assert_eq!(constant("\\'"), "_utf8mb4 x'5c27'");
    }
}
