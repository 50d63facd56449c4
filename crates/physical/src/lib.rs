//! What will exist in a database: the relational family.
//!
//! The types are rich enough to hold a database that we did not design. They hold names as stored, never SQL text made of
//! names: that is written by a dialect, through its quoting.
//!
//! [`Blueprint`] is what `design` answers: a [`Database`] without dialect, and the [`Behaviour`]s and [`Service`]s that each
//! dialect realises by its own means.

mod access;
mod behaviour;
mod database;
mod expr;
mod hash;
mod name;
mod origin;
mod own;
mod routine;
mod rows;
mod table;
mod types;

pub use access::{Grant, Grantee, Policy, PolicyCommand, Privilege, Role};
pub use behaviour::*;
pub use database::{Database, NamedType, NamedTypeKind, Opaque, Schema};
pub use expr::{Builtin, Comparison, Context, Expr, Factor, Literal, Sign};
pub use hash::{FORMAT, hash};
pub use name::{Ident, Name};
pub use origin::Origin;
pub use own::{OWN, leave_out_own};
pub use routine::{
    Argument, Function, Timing, Trigger, TriggerAction, TriggerEvent, View, ViewJoin, ViewQuery, Volatility,
};
pub use rows::{Rows, Value};
pub use table::{
    Check, Column, DefaultValue, Expected, ForeignKey, Generated, Identity, Index, IndexKey, IndexMethod,
    Inheritance, OnDelete, Partition, PartitionBy, PartitionOf, Partitioned, PrimaryKey, RowSecurity, Seed,
    Table, Unique, Written,
};
pub use types::SqlType;
