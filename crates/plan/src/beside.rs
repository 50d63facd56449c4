//! Columns of large tables that get another type, beside the application.

use physical::{Database, Expected, Ident, Table};

/// From how many rows on a table is large: writing it anew takes longer than an application can wait for it.
pub const LARGE: u64 = 100_000;

/// How columns of a large table get another type where that would write the table anew.
#[derive(Debug, Clone)]
pub enum Beside {
    /// In place, while everybody waits, and why.
    Not(String),
    /// By columns of the new types that are filled beside those of the old, and take their names.
    Columns(Swap),
}

/// Columns that take the place of others.
#[derive(Debug, Clone)]
pub struct Swap {
    /// The columns, and what those beside them are called until they take their names.
    pub columns: Vec<(Ident, Ident)>,
    /// The table as it is and as it shall be, with the columns under those other names wherever it speaks of them, and with no other
    /// constraints and indexes than those that stay.
    pub tables: Box<(Table, Table)>,
}

/// Has tables count as large from another number of rows on; from 0 on all of them, whatever is known.
pub fn large_from(database: &mut Database, rows: u64) {
    for table in &mut database.tables {
        let known = table.expected.0;
        let counts = match known {
            _ if rows == 0 => Some(LARGE),
            Some(known) if known >= rows => Some(known.max(LARGE)),
            _ => None,
        };
        table.expected = Expected(counts);
    }
}

#[cfg(test)]
mod tests {
    use physical::{Database, Expected, Name, Origin, Table};

    use super::{LARGE, large_from};

    #[test]
    fn what_is_large_can_be_said_otherwise() {
        let large = |known: Option<u64>, from: u64| {
            let mut table = Table::new(Name::new("s", "t"), Origin::Found);
            table.expected = Expected(known);
            let mut database = Database {
                tables: vec![table],
                ..Database::default()
            };
            large_from(&mut database, from);
            let counts = database.tables.first().and_then(|table| table.expected.0);
            counts.is_some_and(|rows| rows >= LARGE)
        };
        assert!(large(Some(LARGE), LARGE) && !large(Some(LARGE - 1), LARGE));
        assert!(large(Some(10), 10) && !large(Some(9), 10));
        assert!(!large(Some(LARGE), LARGE + 1));
        assert!(!large(None, 1), "nobody knows");
        assert!(large(None, 0) && large(Some(0), 0), "always");
    }
}
