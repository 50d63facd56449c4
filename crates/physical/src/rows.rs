//! What a database answers: the only shape in which rows travel from `engine` to pure code.

/// One value, in the few kinds that every database can answer in.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// A boolean. SQLite has none and answers [`Value::Int`].
    Bool(bool),
    /// Any integer type.
    Int(i64),
    /// Any binary floating point type.
    Float(f64),
    /// Text, and every type without a kind of its own here, as the server prints it.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// The answer to one query.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    /// Column names, as the server gives them.
    pub columns: Vec<String>,
    /// The rows; each has as many values as there are columns.
    pub rows: Vec<Vec<Value>>,
}

impl Value {
    /// The text, when it is text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The integer, when it is one.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// Truth, also as SQLite answers it.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::Int(value) => Some(*value != 0),
            _ => None,
        }
    }

    /// Whether it is NULL.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

impl Rows {
    /// The one value of an answer with one row; `None` when there is no row.
    #[must_use]
    pub fn scalar(&self) -> Option<&Value> {
        self.rows.first().and_then(|row| row.first())
    }

    /// The position of a column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }
}
