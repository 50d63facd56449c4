//! One file for each command.

pub(crate) mod build;
pub(crate) mod check;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod findings;
pub(crate) mod fmt;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod migrate;
pub(crate) mod prove;
pub(crate) mod seal;
pub(crate) mod trail;
pub(crate) mod verify;
