//! Roles, rights and policies.

use serde::Serialize;

use crate::{Expr, Ident, Origin};

/// A role. Those that we design cannot log in: people and services are made members of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Role {
    /// Its name.
    pub name: Ident,
    /// Whether it can log in.
    pub login: bool,
    /// SUPERUSER.
    pub superuser: bool,
    /// BYPASSRLS.
    pub bypass_rls: bool,
    /// Roles whose rights it has.
    pub member_of: Vec<Ident>,
    /// What it is for.
    pub comment: Option<String>,
    /// Where it comes from.
    #[serde(skip)]
    pub origin: Origin,
}

/// Who holds a right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grantee {
    /// Everyone.
    Public,
    /// A role.
    Role(Ident),
}

/// A right. Which apply depends on the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Privilege {
    /// Read rows.
    Select,
    /// Add rows.
    Insert,
    /// Change rows.
    Update,
    /// Remove rows.
    Delete,
    /// Empty the table.
    Truncate,
    /// Make a foreign key to it.
    References,
    /// Put a trigger on it.
    Trigger,
    /// Use a schema, a sequence, a type.
    Usage,
    /// Make objects in a schema.
    Create,
    /// Call a function.
    Execute,
}

/// A right on an object, held by someone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Grant {
    /// What may be done.
    pub privilege: Privilege,
    /// With these columns only; empty for the whole object.
    pub columns: Vec<Ident>,
    /// By whom.
    pub grantee: Grantee,
}

/// Which statements a policy speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyCommand {
    /// All of them.
    All,
    /// SELECT.
    Select,
    /// INSERT.
    Insert,
    /// UPDATE.
    Update,
    /// DELETE.
    Delete,
}

/// A policy of row-level security.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Policy {
    /// Its name.
    pub name: Ident,
    /// Permissive policies are OR'd; restrictive ones are AND'd on top.
    pub permissive: bool,
    /// For which statements.
    pub command: PolicyCommand,
    /// For whom; empty for everyone.
    pub roles: Vec<Ident>,
    /// Which rows are there to be seen, changed, removed.
    pub using: Option<Expr>,
    /// What a new or changed row must be like.
    pub check: Option<Expr>,
    /// Why.
    pub comment: Option<String>,
    /// Where it comes from.
    #[serde(skip)]
    pub origin: Origin,
}
