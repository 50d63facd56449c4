//! The published shape of what a proof found.
