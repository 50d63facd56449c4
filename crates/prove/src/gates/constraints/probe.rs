//! One row is tried, in a savepoint.

use engine::{Connection, DatabaseKind, EngineError};
use physical::{DefaultValue, SqlType, Table, Value};

use crate::data::{Datum, EPOCH_DAY, Speller, Values};
use crate::gate::Stop;
use crate::rejection::Rejection;

/// What happened to a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It stands in the table.
    Accepted,
    /// It was refused.
    Rejected(Rejection),
}

/// Tries rows of one table, in a transaction that is never committed.
pub(super) struct Probe<'a> {
    pub(super) connection: &'a mut Connection,
    pub(super) speller: Speller,
    /// How many rows were tried.
    pub(super) tried: u64,
}

impl Probe<'_> {
    /// Runs statements in a savepoint that is rolled back, and answers what the last of them came to.
    pub(super) fn try_all(&mut self, statements: &[String]) -> Result<Outcome, Stop> {
        self.tried += 1;
        self.connection.batch("SAVEPOINT probe")?;
        let mut outcome = Outcome::Accepted;
        for statement in statements {
            if let Err(error) = self.connection.batch(statement) {
                outcome = Outcome::Rejected(rejection(error)?);
                break;
            }
        }
        self.connection.batch("ROLLBACK TO SAVEPOINT probe")?;
        self.connection.batch("RELEASE SAVEPOINT probe")?;
        Ok(outcome)
    }

    /// Tries to insert a row.
    pub(super) fn insert(&mut self, table: &Table, row: &Values) -> Result<Outcome, Stop> {
        let sql = self.speller.insert(table, row);
        self.try_all(&[sql])
    }

    /// Runs statements with the triggers of a table taken off, so that a constraint is met alone.
    pub(super) fn try_bare(&mut self, table: &Table, statements: &[String]) -> Result<Outcome, Stop> {
        if self.connection.kind() == DatabaseKind::Postgres {
            let statements: Vec<String> = self
                .triggers_off(table)?
                .into_iter()
                .chain(statements.iter().cloned())
                .collect();
            return self.try_all(&statements);
        }
        // Dropping them and taking that back would make SQLite read its whole schema again for each row.
        self.connection.set_triggers(false)?;
        let outcome = self.try_all(statements);
        self.connection.set_triggers(true)?;
        outcome
    }

    /// The columns of each foreign key of a table that a row breaks, when the check is put off and then asked for. SQLite only.
    pub(super) fn broken_keys(&mut self, table: &Table, insert: &str) -> Result<Vec<Vec<String>>, Stop> {
        let name = self.speller.text(table.name.name.as_str());
        let ask = format!(
            "SELECT l.id, l.\"from\" FROM pragma_foreign_key_list({name}) AS l \
             WHERE l.id IN (SELECT fkid FROM pragma_foreign_key_check({name})) ORDER BY l.id, l.seq"
        );
        self.connection.set_triggers(false)?;
        self.connection
            .batch("SAVEPOINT late; PRAGMA defer_foreign_keys = ON")?;
        let written = self.connection.batch(insert);
        let rows = written.and_then(|()| self.connection.query(&ask, &[]));
        self.connection
            .batch("ROLLBACK TO SAVEPOINT late; RELEASE SAVEPOINT late; PRAGMA defer_foreign_keys = OFF")?;
        self.connection.set_triggers(true)?;
        let mut found: Vec<(i64, Vec<String>)> = Vec::new();
        for row in rows?.rows {
            let (Some(Value::Int(id)), Some(Value::Text(column))) = (row.first(), row.get(1)) else {
                continue;
            };
            match found.last_mut().filter(|(last, _)| last == id) {
                Some((_, columns)) => columns.push(column.clone()),
                None => found.push((*id, vec![column.clone()])),
            }
        }
        Ok(found.into_iter().map(|(_, columns)| columns).collect())
    }

    /// Statements that take the triggers off a table.
    pub(super) fn triggers_off(&mut self, table: &Table) -> Result<Vec<String>, Stop> {
        let name = self.speller.name(&table.name);
        if self.connection.kind() == DatabaseKind::Postgres {
            return Ok(vec![format!("ALTER TABLE {name} DISABLE TRIGGER USER")]);
        }
        let sql = format!(
            "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = {}",
            self.speller.text(table.name.name.as_str())
        );
        let rows = self.connection.query(&sql, &[])?;
        let names = rows.rows.iter().filter_map(|row| row.first()?.as_text());
        Ok(names
            .map(|name| format!("DROP TRIGGER {}", self.speller.ident(name)))
            .collect())
    }
}

fn rejection(error: EngineError) -> Result<Rejection, Stop> {
    if error.is_disk_full() {
        return Err(error.into());
    }
    Rejection::of(&error).ok_or_else(|| error.into())
}

/// A row with values also for what triggers would have stamped.
pub(super) fn complete(table: &Table, row: &Values) -> Values {
    let mut row = row.clone();
    for column in &table.columns {
        let has_default = !matches!(
            column.default,
            None | Some(DefaultValue::Literal(physical::Literal::Null))
        );
        let given = row.contains_key(column.name.as_str());
        if given || column.nullable || has_default || column.identity.is_some() || column.generated.is_some()
        {
            continue;
        }
        let value = match &column.ty {
            SqlType::SmallInt | SqlType::Integer | SqlType::BigInt => Datum::Int(1),
            SqlType::TimestampTz | SqlType::Timestamp => Datum::Instant(EPOCH_DAY * crate::data::DAY),
            SqlType::Boolean => Datum::Bool(false),
            SqlType::Bytes => Datum::Bytes(vec![0; 32]),
            _ => Datum::Text("x".to_owned()),
        };
        row.insert(column.name.as_str().to_owned(), value);
    }
    row
}
