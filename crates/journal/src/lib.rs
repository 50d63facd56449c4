//! Folders of migrations, the statements in them, and the history that a database keeps of them.
//!
//! Everything here is a function of bytes. `runner` brings the connection.

mod fault;
mod folder;
mod history;
mod instant;
mod kind;
mod lexer;
mod lineage;
mod split;
mod standing;

pub use fault::Fault;
pub use folder::{Bound, Migration, Placed, Script, Sums, all, one, read, sha256, title};
pub use history::{Event, EventKind, chain_fault, extend};
pub use instant::instant;
pub use kind::{Kind, Mode};
pub use lineage::{Beside, branch, forks, parent};
pub use split::{Language, Statement, split};
pub use standing::{Entry, Standing, compare};
