//! The resolved logical schema: what the text means.
