//! What is set aside in place of going for good, so that the way back has it.

use physical::{Column, Ident, Table};

use crate::{Object, TableChange};

/// Something that would be lost. A dialect answers `None` where it cannot set it aside; it goes for good then, and the plan says so.
#[derive(Debug, Clone, Copy)]
pub enum Keep<'a> {
    /// Makes the place where things are set aside: a schema, or nothing where there are none.
    Place(&'a Ident),
    /// A table that goes, with its rows, and the positions of those foreign keys that are not told apart from it.
    Table(&'a Table, &'a [usize], &'a Ident),
    /// What hangs on such a table.
    Along(Object<'a>),
    /// What such a table needs, and goes as well: a type, a function, a sequence.
    Needed(Object<'a>, &'a Ident),
    /// The values of columns that go or become of a type that says less, with the key of each row; the change is done along with it.
    Columns(&'a TableChange<'a>, &'a Ident),
    /// What an enum was that lacks members now, while a table that is set aside is of it.
    Retyped {
        /// As it was.
        from: &'a physical::NamedType,
        /// What it is called.
        was: &'a physical::Name,
        /// Where to.
        place: &'a Ident,
    },
}

/// The columns by which rows can be told apart before a change and after it: those of the primary key, or of a unique constraint,
/// that stay as they are and always have a value.
#[must_use]
pub fn row_key<'a>(
    change: &TableChange<'a>,
    has_value: impl Fn(&Table, &Column) -> bool,
) -> Option<&'a [Ident]> {
    let (from, to) = (change.from, change.to);
    let primary = from.primary_key.iter().map(|key| key.columns.as_slice());
    let uniques = from.uniques.iter().map(|unique| unique.columns.as_slice());
    let serves = |columns: &&[Ident]| {
        let stays = |name: &Ident| {
            let after = to.columns.iter().find(|column| column.name == *name);
            let sides = from.column(name.as_str()).zip(after);
            sides.is_some_and(|(was, is)| {
                was.ty == is.ty && was.collation == is.collation && has_value(from, was)
            })
        };
        !columns.is_empty() && columns.iter().all(stays)
    };
    primary.chain(uniques).find(serves)
}
