//! The gates: each states a claim and tries to refute it on a real database.
