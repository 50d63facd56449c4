//! Reading answers value by value, in the order of the query's columns.

use physical::{Rows, Value};
use plan::CatalogError;

/// One row of an answer; each call takes the next value.
pub(super) struct Cursor<'a> {
    query: &'static str,
    values: std::slice::Iter<'a, Value>,
    at: usize,
}

/// The rows of an answer.
pub(super) fn cursors<'a>(query: &'static str, rows: &'a Rows) -> impl Iterator<Item = Cursor<'a>> {
    rows.rows.iter().map(move |row| Cursor {
        query,
        values: row.iter(),
        at: 0,
    })
}

impl<'a> Cursor<'a> {
    fn next(&mut self) -> Result<&'a Value, CatalogError> {
        self.at += 1;
        self.values.next().ok_or_else(|| self.error("is missing"))
    }

    /// That the value just read is not what it should be.
    pub(super) fn error(&self, what: &str) -> CatalogError {
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

    /// A text or NULL, owned.
    pub(super) fn owned(&mut self) -> Result<Option<String>, CatalogError> {
        Ok(self.maybe()?.map(str::to_owned))
    }

    /// An integer; 0 for NULL, which no object has as its number.
    pub(super) fn int(&mut self) -> Result<i64, CatalogError> {
        match self.next()? {
            Value::Null => Ok(0),
            Value::Int(value) => Ok(*value),
            Value::Text(text) => text.parse().map_err(|_| self.error("is not an integer")),
            _ => Err(self.error("is not an integer")),
        }
    }

    /// A boolean; false for NULL.
    pub(super) fn bool(&mut self) -> Result<bool, CatalogError> {
        match self.next()? {
            Value::Null => Ok(false),
            Value::Text(text) => Ok(matches!(text.as_str(), "t" | "true")),
            value => value.as_bool().ok_or_else(|| self.error("is not a boolean")),
        }
    }

    /// A one-dimensional array as the server prints it; empty for NULL.
    pub(super) fn array(&mut self) -> Result<Vec<Option<String>>, CatalogError> {
        match self.maybe()? {
            None => Ok(Vec::new()),
            Some(text) => array(text).ok_or_else(|| self.error("is not an array")),
        }
    }

    /// An array without NULLs.
    pub(super) fn texts(&mut self) -> Result<Vec<String>, CatalogError> {
        Ok(self.array()?.into_iter().flatten().collect())
    }

    /// Numbers of an array `{1,2}` or a vector `1 2`.
    pub(super) fn numbers(&mut self) -> Result<Vec<i64>, CatalogError> {
        let Some(text) = self.maybe()? else {
            return Ok(Vec::new());
        };
        text.trim_matches(['{', '}'])
            .split([',', ' '])
            .filter(|part| !part.is_empty())
            .map(|part| part.parse().map_err(|_| self.error("is not a list of numbers")))
            .collect()
    }
}

/// Takes `{a,"b c",NULL}` apart.
pub(super) fn array(text: &str) -> Option<Vec<Option<String>>> {
    let inside = text.strip_prefix('{')?.strip_suffix('}')?;
    let mut out = Vec::new();
    if inside.is_empty() {
        return Some(out);
    }
    let mut chars = inside.chars();
    let mut item = String::new();
    let mut quoted = false;
    let mut was_quoted = false;
    loop {
        match chars.next() {
            Some('\\') => item.push(chars.next()?),
            Some('"') => {
                quoted = !quoted;
                was_quoted = true;
            }
            Some(c) if quoted || c != ',' => item.push(c),
            end => {
                let value = std::mem::take(&mut item);
                out.push((was_quoted || value != "NULL").then_some(value));
                was_quoted = false;
                if end.is_none() {
                    return (!quoted).then_some(out);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_arrays_apart() {
        assert_eq!(array("{}"), Some(vec![]));
        assert_eq!(
            array("{a,\"b, \\\"c\\\"\",NULL,\"NULL\",\"\"}"),
            Some(vec![
                Some("a".into()),
                Some("b, \"c\"".into()),
                None,
                Some("NULL".into()),
                Some(String::new())
            ])
        );
        assert_eq!(array("a"), None);
        assert_eq!(array("{\"a}"), None);
    }
}
