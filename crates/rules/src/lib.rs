//! Lints on the model: one file per rule.
