//! What is no part of any state.

use physical::Database;
use plan::Relational;

use super::was;

/// Takes out what this tool keeps for itself, and comments that only say what was called otherwise before.
pub(super) fn leave_out(database: &mut Database, dialect: &Relational) {
    physical::leave_out_own(database);
    if dialect.name == "sqlite" {
        was::leave_out(database);
    }
}
