//! Steps, actions, locks, hazards and undo: the shape of a migration.
