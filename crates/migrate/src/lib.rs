//! Physical times physical to a plan.
