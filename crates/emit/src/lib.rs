//! Plan and physical to files; pure and deterministic.
