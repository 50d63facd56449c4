//! What is really there: rows and rights, as a superuser reads them. Only to choose attempts and to know what they must not
//! reach; never to decide what is right.

use std::collections::BTreeMap;

use engine::Connection;
use physical::{Name, Table, TableInfo, Value};

use super::reach::Row;
use super::try_out::shown;
use crate::bench::Loaded;
use crate::data::{Datum, Speller, Values};
use crate::gate::Stop;
use crate::subject::Subject;

/// A table with its rows.
pub(crate) struct Ground<'a> {
    pub(crate) table: &'a Table,
    pub(crate) info: &'a TableInfo,
    /// As SQL.
    pub(crate) sql: String,
    /// The expression that answers a row's key as text, over `alias t`.
    pub(crate) key: String,
    pub(crate) rows: Vec<Row>,
}

/// Which columns a role may write, by the catalog.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rights {
    pub(crate) insert: Vec<String>,
    pub(crate) update: Vec<String>,
}

/// Reads all tables that have a purpose and a key.
pub(crate) fn read<'a>(
    subject: &'a Subject,
    superuser: &mut Connection,
    speller: Speller,
) -> Result<Vec<Ground<'a>>, Stop> {
    let mut all = Vec::new();
    for table in &subject.realised.database.tables {
        let found = subject
            .blueprint
            .tables
            .iter()
            .find(|info| info.name == table.name);
        let Some(info) = found else { continue };
        all.push(ground(superuser, speller, table, info)?);
    }
    Ok(all)
}

fn ground<'a>(
    superuser: &mut Connection,
    speller: Speller,
    table: &'a Table,
    info: &'a TableInfo,
) -> Result<Ground<'a>, Stop> {
    let sql = speller.name(&table.name);
    let key_columns: Vec<&str> = table
        .primary_key
        .iter()
        .flat_map(|key| &key.columns)
        .map(physical::Ident::as_str)
        .collect();
    let parts: Vec<String> = key_columns
        .iter()
        .map(|column| format!("t.{}::text", speller.ident(column)))
        .collect();
    let key = if parts.is_empty() {
        "'-'".to_owned()
    } else {
        format!("concat_ws('|', {})", parts.join(", "))
    };
    let column = |column: &Option<physical::Ident>| match column {
        Some(column) => format!("t.{}", speller.ident(column.as_str())),
        None => "NULL".to_owned(),
    };
    let single = match key_columns.as_slice() {
        [one] => format!("t.{}", speller.ident(one)),
        _ => "NULL".to_owned(),
    };
    let query = format!(
        "SELECT {key}, {}, {}, {single} FROM {sql} AS t ORDER BY 1",
        column(&info.owner),
        column(&info.tenant)
    );
    let found = superuser.query(&query, &[])?;
    let text = |value: &str| speller.text(value);
    let rows = found.rows.iter().map(|row| {
        let key_text = row.first().map(shown).unwrap_or_default();
        let condition = key_columns
            .iter()
            .zip(key_text.split('|'))
            .map(|(column, value)| format!("{} = {}", speller.ident(column), text(value)))
            .collect::<Vec<_>>()
            .join(" AND ");
        Row {
            key: key_text,
            condition: if condition.is_empty() {
                "true".to_owned()
            } else {
                condition
            },
            owner: row.get(1).and_then(datum),
            tenant: row.get(2).and_then(datum),
            id: row.get(3).and_then(datum),
        }
    });
    Ok(Ground {
        table,
        info,
        sql,
        key,
        rows: rows.collect(),
    })
}

fn datum(value: &Value) -> Option<Datum> {
    match value {
        Value::Int(value) => Some(Datum::Int(*value)),
        Value::Text(text) => {
            let digits: String = text.chars().filter(|digit| *digit != '-').collect();
            u128::from_str_radix(&digits, 16)
                .ok()
                .map(|bits| Datum::Uuid(bits.to_be_bytes()))
        }
        _ => None,
    }
}

/// Which columns each role may write: `(role, table) → columns`.
pub(crate) fn rights(
    superuser: &mut Connection,
    speller: Speller,
    roles: &[String],
    tables: &[Ground<'_>],
) -> Result<BTreeMap<(String, Name), Rights>, Stop> {
    let listed = |items: Vec<String>| format!("ARRAY[{}]::text[]", items.join(", "));
    let roles_sql = listed(roles.iter().map(|role| speller.text(role)).collect());
    let tables_sql = listed(tables.iter().map(|ground| speller.text(&ground.sql)).collect());
    let query = format!(
        "SELECT r.role, t.number::bigint, a.attname::text, \
            has_column_privilege(r.role::name, a.attrelid, a.attnum, 'INSERT'), \
            has_column_privilege(r.role::name, a.attrelid, a.attnum, 'UPDATE') \
         FROM unnest({roles_sql}) AS r (role) CROSS JOIN unnest({tables_sql}) WITH ORDINALITY AS t (name, number) \
         JOIN pg_attribute AS a ON a.attrelid = t.name::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' \
         ORDER BY 1, 2, a.attnum"
    );
    let found = superuser.query(&query, &[])?;
    let mut all: BTreeMap<(String, Name), Rights> = BTreeMap::new();
    for row in &found.rows {
        let [
            Value::Text(role),
            Value::Int(number),
            Value::Text(column),
            insert,
            update,
        ] = row.as_slice()
        else {
            continue;
        };
        let index = usize::try_from(*number - 1).unwrap_or(usize::MAX);
        let Some(ground) = tables.get(index) else { continue };
        let rights = all.entry((role.clone(), ground.table.name.clone())).or_default();
        if insert.as_bool() == Some(true) {
            rights.insert.push(column.clone());
        }
        if update.as_bool() == Some(true) {
            rights.update.push(column.clone());
        }
    }
    Ok(all)
}

impl Ground<'_> {
    /// A row of the maker's with this key.
    pub(crate) fn made<'m>(&self, loaded: &'m Loaded<'_>, row: &Row) -> Option<&'m Values> {
        let key = self.table.primary_key.as_ref()?;
        let rows = loaded.maker.rows(&self.table.name);
        rows.iter().find(|values| {
            let texts = key.columns.iter().map(|column| {
                values
                    .get(column.as_str())
                    .and_then(Datum::key_text)
                    .unwrap_or_default()
            });
            texts.collect::<Vec<_>>().join("|") == row.key
        })
    }
}
