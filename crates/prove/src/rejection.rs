//! Why a database refused a statement, in one vocabulary.

use engine::{EngineError, SqlError};

/// What kind of rule refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// NOT NULL.
    NotNull,
    /// A unique constraint, unique index, or primary key.
    Unique,
    /// A check.
    Check,
    /// A foreign key.
    ForeignKey,
    /// A type: too long, too large, no such form.
    Type,
    /// A rule that a trigger enforces.
    Rule,
    /// A right that is missing, or a row-level policy.
    Right,
    /// Anything else.
    Other,
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// What kind of rule.
    pub kind: Kind,
    /// The constraint, where the database names it.
    pub constraint: Option<String>,
    /// The column, or several with `, ` between, where the database names them.
    pub columns: Option<String>,
    /// SQLSTATE, also where a trigger of SQLite says it.
    pub code: String,
    /// What the database said.
    pub message: String,
}

impl Rejection {
    /// Understands an error. `None` when it is no refusal of the statement but a fault on the way.
    #[must_use]
    pub fn of(error: &EngineError) -> Option<Self> {
        let sql = error.sql()?;
        Some(if sql.code.starts_with("SQLITE") {
            Self::of_sqlite(sql)
        } else {
            Self::of_postgres(sql)
        })
    }

    fn of_postgres(sql: &SqlError) -> Self {
        // Our triggers speak with the codes of constraints, and name their rule where a constraint would stand.
        let kind = match sql.code.as_str() {
            "23502" => Kind::NotNull,
            "23505" => Kind::Unique,
            "23514" => Kind::Check,
            "23503" | "23001" => Kind::ForeignKey,
            "42501" => Kind::Right,
            "40001" => Kind::Rule,
            code if code.starts_with("22") => Kind::Type,
            _ => Kind::Other,
        };
        Self {
            kind,
            constraint: sql.constraint.clone(),
            columns: sql.column.clone(),
            code: sql.code.clone(),
            message: sql.message.clone(),
        }
    }

    fn of_sqlite(sql: &SqlError) -> Self {
        if let Some(rule) = sql.message.strip_prefix("architrave:") {
            let mut parts = rule.splitn(3, ':');
            let (code, table, rule) = (parts.next(), parts.next(), parts.next());
            let kind = match code {
                Some("23503") => Kind::ForeignKey,
                Some("23514") => Kind::Check,
                Some("42501") => Kind::Right,
                _ => Kind::Rule,
            };
            let constraint = table.zip(rule).map(|(table, rule)| format!("{table}_{rule}"));
            return Self {
                kind,
                constraint,
                columns: None,
                code: code.unwrap_or_default().to_owned(),
                message: sql.message.clone(),
            };
        }
        let kind = match sql.code.as_str() {
            "SQLITE_CONSTRAINT_NOTNULL" => Kind::NotNull,
            "SQLITE_CONSTRAINT_UNIQUE" | "SQLITE_CONSTRAINT_PRIMARYKEY" | "SQLITE_CONSTRAINT_ROWID" => {
                Kind::Unique
            }
            "SQLITE_CONSTRAINT_CHECK" => Kind::Check,
            "SQLITE_CONSTRAINT_FOREIGNKEY" => Kind::ForeignKey,
            // RESTRICT is refused by a trigger that SQLite makes of it.
            _ if sql.message == "FOREIGN KEY constraint failed" => Kind::ForeignKey,
            "SQLITE_CONSTRAINT_DATATYPE" | "SQLITE_MISMATCH" | "SQLITE_TOOBIG" => Kind::Type,
            _ => Kind::Other,
        };
        let columns = sql
            .message
            .split_once(" constraint failed: ")
            .filter(|_| kind != Kind::Check)
            .map(|(_, what)| {
                let names = what
                    .split(", ")
                    .map(|it| it.split_once('.').map_or(it, |(_, column)| column));
                names.collect::<Vec<_>>().join(", ")
            });
        Self {
            kind,
            constraint: sql.constraint.clone(),
            columns,
            code: sql.code.clone(),
            message: sql.message.clone(),
        }
    }

    /// Whether it is the refusal of this constraint over these columns. Where a database names neither, the kind must do.
    #[must_use]
    pub fn is_by(&self, kind: Kind, constraint: &str, columns: &[&str]) -> bool {
        if self.kind != kind {
            return false;
        }
        match (&self.constraint, &self.columns) {
            (Some(named), _) => named == constraint,
            (None, Some(named)) => named.split(", ").eq(columns.iter().copied()),
            (None, None) => true,
        }
    }
}
