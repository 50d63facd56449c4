//! Keys of encryption.

use physical::Privilege;

use super::Place;
use super::realiser::Realiser;

/// Lets guard shred keys. Wrapping and unwrapping happen outside the database: it never sees a key that it could use.
pub(super) fn realise(r: &mut Realiser<'_>, at: Place<'_>) {
    for privilege in [Privilege::Select, Privilege::Delete] {
        r.guard(at.table, privilege, &[]);
    }
}
