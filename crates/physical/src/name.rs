//! Names of objects. They become SQL text only through a dialect's quoting.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// A name as the database stores it: unquoted, any characters.
///
/// Cheap to clone: a schema names each of its tables and columns many times.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ident(Arc<str>);

impl Ident {
    /// The name as it is stored.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into().into())
    }

    /// The bare, unquoted text: for comparing and for messages, never for SQL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Ident {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl From<String> for Ident {
    fn from(name: String) -> Self {
        Self(name.into())
    }
}

impl Serialize for Ident {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl fmt::Display for Ident {
    /// For messages; SQL is written through a dialect's quoting.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of an object that lives in a schema.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Name {
    /// The schema; `None` where the database has no schemas.
    pub schema: Option<Ident>,
    /// The name within the schema.
    pub name: Ident,
}

impl Name {
    /// A name in a schema.
    #[must_use]
    pub fn new(schema: impl Into<Ident>, name: impl Into<Ident>) -> Self {
        Self {
            schema: Some(schema.into()),
            name: name.into(),
        }
    }

    /// A name in a database without schemas.
    #[must_use]
    pub fn bare(name: impl Into<Ident>) -> Self {
        Self {
            schema: None,
            name: name.into(),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => write!(f, "{}", self.name),
        }
    }
}
