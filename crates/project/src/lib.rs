//! The project folder: configuration, sources, confined atomic writes, and the manifest of generated files.
//!
//! Nothing here touches the machine by itself: every function takes a [`System`], of which only `app` makes the real one.

pub mod codes;
mod config;
mod create;
mod manifest;
mod models;
mod output;
mod python;
mod root;
mod sources;
mod system;

pub use config::Config;
pub use create::{create, replace};
pub use manifest::{Entry, Manifest};
pub use models::Models;
pub use output::{Change, Generated, Keeps, OutputError, Outputs, Plan, Standing};
pub use root::Root;
pub use sources::{Loaded, load};
pub use system::{Listed, Memory, System};
