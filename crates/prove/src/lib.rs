//! The gates: each states a claim and tries to refute it on a real database.
//!
//! A gate is a folder under `gates` with one [`Gate`]: static metadata and a function that works at a [`Bench`]. Adding one
//! touches its folder, its page in `docs/gates`, its broken schemas in `fixtures/prove`, and the list [`GATES`].
//!
//! **Invariants.** What a gate expects is derived from the model (or from what was declared), what it finds comes from the
//! real database. Gates that speak of rights log in as members of the schema's roles. Not run is never a success. Nothing is
//! left running, whatever happens. The same seed gives the same rows.

mod bench;
pub mod data;
mod deploy;
mod diff;
mod execute;
mod gate;
mod gates;
mod host;
mod inventory;
mod progress;
mod prove;
mod rejection;
pub mod seal;
mod subject;
mod summary;

pub use bench::{Bench, Loaded, write};
pub use deploy::Change;
pub use execute::{Failure, Run, backward, forward};
pub use gate::{Gate, Stop};
pub use gates::GATES;
pub use host::{Db, Target};
pub use inventory::inventory;
pub use progress::{Progress, Silent};
pub use prove::{Job, Options, Workplace, chosen, prove};
pub use rejection::{Kind, Rejection};
pub use subject::{Framework, Models, Subject};
pub use summary::summary;
