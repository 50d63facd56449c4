//! The project folder: configuration, confined atomic writes, manifest, canonical hash.
