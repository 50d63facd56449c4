//! Names that change while what they name stays.

use physical::{Ident, Name};
use serde::Serialize;

/// A name that changes; what it names, and what is in it, stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Rename {
    /// A table, within its schema.
    Table {
        /// What it is called.
        from: Name,
        /// What it shall be called.
        to: Name,
    },
    /// A column.
    Column {
        /// Its table, by the name that it shall have.
        table: Name,
        /// What it is called.
        from: Ident,
        /// What it shall be called.
        to: Ident,
    },
    /// A constraint.
    Constraint {
        /// Its table, by the name that it shall have.
        table: Name,
        /// What it is called.
        from: Ident,
        /// What it shall be called.
        to: Ident,
    },
    /// An index, in the schema of its table.
    Index {
        /// Its table, by the name that it shall have.
        table: Name,
        /// What it is called.
        from: Ident,
        /// What it shall be called.
        to: Ident,
    },
    /// A sequence, within its schema.
    Sequence {
        /// What it is called.
        from: Name,
        /// What it shall be called.
        to: Name,
    },
}
