//! Reading answers value by value, in the order of the query's columns.

use physical::{Rows, Value};
use plan::CatalogError;

use super::queries::QUERIES;

/// The answers, by the name of the query.
pub(super) struct Answers<'a>(pub(super) &'a [Rows]);

impl<'a> Answers<'a> {
    /// The rows that a query was answered by.
    pub(super) fn rows(&self, name: &str) -> impl Iterator<Item = Row<'a>> {
        let found = QUERIES.iter().zip(self.0).find(|(query, _)| query.name == name);
        found.into_iter().flat_map(|(query, rows)| {
            rows.rows.iter().map(|row| Row {
                query: query.name,
                values: row.iter(),
                at: 0,
            })
        })
    }
}

/// One row of an answer; each call takes the next value.
pub(super) struct Row<'a> {
    query: &'static str,
    values: std::slice::Iter<'a, Value>,
    at: usize,
}

impl<'a> Row<'a> {
    fn next(&mut self) -> Result<&'a Value, CatalogError> {
        self.at += 1;
        self.values.next().ok_or_else(|| self.error("is missing"))
    }

    fn error(&self, what: &str) -> CatalogError {
        CatalogError {
            query: self.query,
            message: format!("value {} {what}", self.at),
        }
    }

    /// A text.
    pub(super) fn text(&mut self) -> Result<&'a str, CatalogError> {
        self.maybe()?.ok_or_else(|| self.error("is not text"))
    }

    /// A text or NULL.
    pub(super) fn maybe(&mut self) -> Result<Option<&'a str>, CatalogError> {
        match self.next()? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            _ => Err(self.error("is not text")),
        }
    }

    /// A comment; an empty one is none.
    pub(super) fn comment(&mut self) -> Result<Option<String>, CatalogError> {
        Ok(self.maybe()?.filter(|text| !text.is_empty()).map(str::to_owned))
    }

    /// An integer or NULL.
    pub(super) fn int(&mut self) -> Result<Option<i64>, CatalogError> {
        match self.next()? {
            Value::Null => Ok(None),
            Value::Int(value) => Ok(Some(*value)),
            // More than any integer of ours: of rows, that is many.
            Value::Text(_) => Ok(Some(i64::MAX)),
            _ => Err(self.error("is not an integer")),
        }
    }

    /// A truth; NULL is none.
    pub(super) fn bool(&mut self) -> Result<bool, CatalogError> {
        match self.next()? {
            Value::Null => Ok(false),
            value => value.as_bool().ok_or_else(|| self.error("is not a truth")),
        }
    }
}
