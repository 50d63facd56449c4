//! What one line of one file says.

use diagnostics::Span;

/// One thing that a file says, and where.
#[derive(Debug, Clone)]
pub(crate) struct Clue {
    pub(crate) said: Said,
    pub(crate) span: Span,
    /// Why it says so, for people: "image `postgres:16`".
    pub(crate) why: String,
}

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// The name of the application.
    Name(String),
    /// A database.
    Database(Product, Weight),
    /// What the models are made with.
    Framework(Framework),
    /// What a description says they are made with.
    Mentioned(Framework),
    /// A base class of models: the package and module by dots below the folder that is imported from, and the class.
    Base {
        path: String,
        class: String,
        /// Why the models cannot have it for their base.
        unfit: Option<&'static str>,
    },
    /// A function `log_security_event`.
    Log {
        path: String,
        unfit: Option<&'static str>,
    },
    /// A model that was written by hand.
    Model { path: String, class: String },
    /// An environment of Alembic.
    Alembic,
    /// Something worth telling that decides nothing.
    Note,
}

/// How much a word about a database counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weight {
    /// A description speaks of it.
    Word,
    /// A driver is installed, perhaps for tests alone.
    Driver,
    /// It is what runs: a service, an address, a provider.
    Setting,
}

/// A database product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Product {
    Postgres,
    Sqlite,
    Mariadb,
    Mysql,
    Mongodb,
}

impl Product {
    /// The word of the language.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
            Self::Mariadb => "mariadb",
            Self::Mysql => "mysql",
            Self::Mongodb => "mongodb",
        }
    }

    /// Whether anything is emitted for it.
    pub(crate) const fn is_emitted(self) -> bool {
        matches!(self, Self::Postgres | Self::Sqlite)
    }

    /// The product of an address, a provider or an image: by the part before the point, the plus and the colon.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "postgres" | "postgresql" | "postgis" | "pgvector" | "timescaledb" | "cockroachdb" => {
                Some(Self::Postgres)
            }
            "sqlite" | "sqlite3" => Some(Self::Sqlite),
            "mariadb" => Some(Self::Mariadb),
            "mysql" | "percona" => Some(Self::Mysql),
            "mongodb" | "mongo" => Some(Self::Mongodb),
            _ => None,
        }
    }
}

/// What models are made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Framework {
    Sqlalchemy,
    /// By its name; planned.
    NotYet(&'static str),
    /// By its name; not planned.
    Unknown(&'static str),
}
