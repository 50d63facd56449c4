//! The architrave binary: command line, printing, and the only user of the real system.

fn main() {}
