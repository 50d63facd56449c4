//! How Prisma names what has no name of its own, and how PostgreSQL shortens names.

/// The longest name in PostgreSQL, in bytes.
pub(crate) const LONGEST: usize = 63;

/// The beginning of a text, at most so many bytes long.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    let end = (0..=bytes).rev().find(|at| text.is_char_boundary(*at));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

/// `User_email_key`: the table, the columns, and what it is; shortened before the last part.
pub(crate) fn constraint(limit: usize, table: &str, columns: &[&str], suffix: &str) -> String {
    let mut name = table.to_owned();
    for column in columns {
        name.push('_');
        name.push_str(column);
    }
    let room = limit.saturating_sub(suffix.len());
    format!("{}{suffix}", cut(&name, room))
}

/// The sequence of a `serial` column, as PostgreSQL names it: the longer of the two parts is shortened first.
pub(crate) fn sequence(table: &str, column: &str) -> String {
    const SUFFIX: &str = "_seq";
    let room = LONGEST - SUFFIX.len() - 1;
    let (mut first, mut second) = (table.len(), column.len());
    while first + second > room {
        if first > second {
            first -= 1;
        } else {
            second -= 1;
        }
    }
    format!("{}_{}{SUFFIX}", cut(table, first), cut(column, second))
}

#[cfg(test)]
mod tests {
    use super::{constraint, sequence};

    #[test]
    fn names_are_cut_at_characters() {
        assert_eq!(constraint(63, "User", &["a", "b"], "_key"), "User_a_b_key");
        let long = "ä".repeat(40);
        let name = constraint(63, &long, &[], "_pkey");
        assert_eq!(name, format!("{}_pkey", "ä".repeat(29)));
        assert_eq!(sequence("User", "id"), "User_id_seq");
        assert_eq!(sequence(&long, "id"), format!("{}_id_seq", "ä".repeat(28)));
    }
}
