//! The contract of a relational dialect: data and functions, without defaults, so that forgetting one does not compile.

use physical::{Blueprint, Database, DefaultValue, Expr, Ident, IndexKey, Literal, Realised, Rows, SqlType};

use crate::{Change, Keep, Step, TableChange};

/// A relational database product, as pure functions. `dialects` has one `static` of these per product.
pub struct Relational {
    /// In configuration and on the command line: `postgres`.
    pub name: &'static str,
    /// For people: `PostgreSQL`.
    pub title: &'static str,
    /// The oldest version that is supported, as printed.
    pub floor: &'static str,
    /// How long a name can be, in bytes.
    pub identifier_limit: usize,
    /// Whether names that differ only by case are the same name (SQLite).
    pub folds_case: bool,
    /// Whether a foreign key can only be said where its table is made, so that another one is another table (SQLite).
    pub keys_in_tables: bool,
    /// Statements that a script begins with, so that what it makes means the same whoever runs it.
    pub opening: &'static [&'static str],
    /// What a script for the product's own client ends a statement with that holds semicolons; `None` where the client sees where it
    /// ends.
    pub delimiter: Option<&'static str>,
    /// What an administrator should know who runs what is theirs, a line each.
    pub administrator: &'static [&'static str],
    /// Writes a name, quoted where it must be.
    pub ident: fn(&str) -> String,
    /// Writes a constant.
    pub literal: fn(&Literal) -> String,
    /// Writes a type.
    pub type_name: fn(&SqlType) -> String,
    /// Writes an expression.
    pub expression: fn(&Expr) -> Result<String, Unspeakable>,
    /// Writes an expression whose value goes into a column of a type.
    pub computed: fn(&Expr, &SqlType) -> Result<String, Unspeakable>,
    /// Writes what stands behind `DEFAULT` in a column of a type.
    pub default: fn(&DefaultValue, &SqlType) -> Result<String, Unspeakable>,
    /// Writes a key of an index, with its operator class and direction.
    pub index_key: fn(&IndexKey) -> Result<String, Unspeakable>,
    /// Whether a bare word must be quoted.
    pub reserved: fn(&str) -> bool,
    /// Makes triggers and functions of behaviours and services, and names what is lost.
    pub realise: fn(&Blueprint) -> Realised,
    /// Statements that put the running transaction into a context; the same call that emitted models make.
    pub enter: fn(&Blueprint, &ContextValues) -> Vec<String>,
    /// Statements that end the context of the running transaction, before it is committed; empty where it ends by itself.
    pub leave: fn(&Blueprint) -> Vec<String>,
    /// Services as statements with parameters (`:name`), by the name of each, where the database stores no functions.
    pub scripts: fn(&Blueprint) -> Vec<(String, String)>,
    /// Statements that begin the transaction of an undo.
    pub undo_prelude: &'static [&'static str],
    /// Puts a change into words. Never fails: what it cannot say was taken out by `realise`.
    pub steps: fn(&Change<'_>) -> Vec<Step>,
    /// Puts into words that something is set aside in place of going for good; `None` where it cannot be.
    pub keep: fn(&Keep<'_>) -> Option<Vec<Step>>,
    /// Which columns of a large table get their types beside the old ones, while the application goes on; none where nothing is written anew.
    pub beside: fn(&TableChange<'_>) -> Result<Vec<Ident>, Unspeakable>,
    /// Puts around the steps between two databases what all of them need together.
    pub frame: fn(Vec<Step>, (&Database, &Database)) -> Vec<Step>,
    /// The queries that read the catalog, always the same number.
    pub catalog: fn() -> &'static [CatalogQuery],
    /// Makes a database of the answers, in the order of the queries.
    pub read_catalog: fn(&[Rows]) -> Result<Database, CatalogError>,
    /// Brings a database, designed or read, into the one form in which two of them are compared: sorted, expressions in the
    /// server's own spelling as far as that is known without asking it, what the server adds by itself made explicit.
    pub canonical: fn(&Database) -> Database,
}

impl std::fmt::Debug for Relational {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Relational({})", self.name)
    }
}

/// Whom and what a transaction acts for, as the application knows it: public ids only.
#[derive(Debug, Clone, Default)]
pub struct ContextValues {
    /// The actor's public id; `None` before anyone is known.
    pub actor: Option<String>,
    /// The tenant's public id.
    pub tenant: Option<String>,
    /// With a signed context: until when it holds (seconds since 1970), and the HMAC-SHA256 over it in hex.
    pub signature: Option<(i64, String)>,
}

/// A query of the catalog.
#[derive(Debug, Clone, Copy)]
pub struct CatalogQuery {
    /// What it reads: `tables`.
    pub name: &'static str,
    /// The text.
    pub sql: &'static str,
}

/// The catalog answered something that we do not understand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogError {
    /// Which query.
    pub query: &'static str,
    /// What is wrong with the answer.
    pub message: String,
}

impl std::fmt::Display for CatalogError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "the catalog's answer for {} cannot be read: {}",
            self.query, self.message
        )
    }
}

impl std::error::Error for CatalogError {}

/// An expression that the database cannot say with the meaning that it has elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unspeakable {
    /// Why, as a sentence without a final period.
    pub reason: String,
}

impl std::fmt::Display for Unspeakable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Unspeakable {}
