//! Model to physical: one file per decision, each with its reason.
