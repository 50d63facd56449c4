//! Functions, triggers and views.

use serde::Serialize;

use crate::{Expr, Grant, Ident, Name, Origin};

/// A stored function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Function {
    /// Its name.
    pub name: Name,
    /// Who owns it.
    pub owner: Option<Ident>,
    /// Arguments: name, type as the server prints it, default as SQL.
    pub arguments: Vec<Argument>,
    /// What it returns, as the server prints it (`trigger`, `bigint`, `TABLE(id uuid)`).
    pub returns: String,
    /// `sql`, `plpgsql`.
    pub language: String,
    /// How much it may be cached.
    pub volatility: Volatility,
    /// Whether NULL arguments answer NULL without a call.
    pub strict: bool,
    /// Runs with the rights of its owner.
    pub security_definer: bool,
    /// Settings pinned for the call, such as `search_path`.
    pub settings: Vec<(String, String)>,
    /// The body, verbatim.
    pub body: String,
    /// Rights; a function that we design is executable by nobody else.
    pub grants: Vec<Grant>,
    /// What it is for.
    pub comment: Option<String>,
    /// Where it comes from.
    #[serde(skip)]
    pub origin: Origin,
}

/// One argument of a function.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Argument {
    /// Its name.
    pub name: Ident,
    /// Its type, spelled by the dialect.
    pub ty: String,
    /// Its default, as SQL.
    pub default: Option<String>,
}

/// How much a function's answer may be cached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Volatility {
    /// Never.
    Volatile,
    /// Within a statement.
    Stable,
    /// For ever.
    Immutable,
}

/// A trigger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trigger {
    /// Its name; triggers of one kind fire in the order of their names.
    pub name: Ident,
    /// When it fires.
    pub timing: Timing,
    /// On what.
    pub events: Vec<TriggerEvent>,
    /// Once per row, or once per statement.
    pub per_row: bool,
    /// Transition tables: OLD TABLE, NEW TABLE names.
    pub transition_tables: (Option<Ident>, Option<Ident>),
    /// Only when this is true.
    pub when: Option<Expr>,
    /// What it does.
    pub action: TriggerAction,
    /// Whether it is enabled.
    pub enabled: bool,
    /// What it is for.
    pub comment: Option<String>,
    /// Where it comes from.
    #[serde(skip)]
    pub origin: Origin,
}

/// When a trigger fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Timing {
    /// Before the change; may alter or refuse it.
    Before,
    /// After the change.
    After,
    /// Instead of it, on views.
    InsteadOf,
}

/// What a trigger reacts to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerEvent {
    /// INSERT.
    Insert,
    /// UPDATE, of any column when the list is empty.
    Update(Vec<Ident>),
    /// DELETE.
    Delete,
    /// TRUNCATE.
    Truncate,
}

/// What a trigger does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerAction {
    /// Calls a function.
    Call {
        /// Which.
        function: Name,
        /// With these text arguments.
        arguments: Vec<String>,
    },
    /// Runs these statements (SQLite), verbatim.
    Body(String),
}

/// A view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct View {
    /// Its name.
    pub name: Name,
    /// Who owns it.
    pub owner: Option<Ident>,
    /// What it shows.
    pub query: ViewQuery,
    /// Whether rows are stored.
    pub materialized: bool,
    /// `security_barrier`: functions in a caller's condition see no hidden rows.
    pub security_barrier: bool,
    /// `security_invoker`: base tables are read with the caller's rights.
    pub security_invoker: bool,
    /// Rights.
    pub grants: Vec<Grant>,
    /// What it is for.
    pub comment: Option<String>,
    /// Where it comes from.
    #[serde(skip)]
    pub origin: Origin,
}

/// What a view shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ViewQuery {
    /// Columns and expressions of one table, with references resolved by joins.
    Select {
        /// The table, under the alias `t`.
        from: Name,
        /// `LEFT JOIN table AS alias ON alias.column = t.column`.
        joins: Vec<ViewJoin>,
        /// Name in the view, and what it shows.
        items: Vec<(Ident, Expr)>,
        /// Which rows.
        filter: Option<Expr>,
    },
    /// A query as the server or the user writes it.
    Sql(String),
}

/// A reference resolved by a view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ViewJoin {
    /// The joined table.
    pub table: Name,
    /// Its alias.
    pub alias: Ident,
    /// Pairs of (column of the joined table, column of `t`).
    pub on: Vec<(Ident, Ident)>,
}
