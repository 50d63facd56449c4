//! Columns: their types, and what stands in them by default.

use physical::{Column, DefaultValue, Expr, Generated, Ident, Identity, Origin, SqlType};
use plan::CatalogError;

use super::answers::Row;
use super::text::without_database;

/// How text is compared where nothing else is said: by code points, without padding.
pub(super) const COLLATION: &str = "utf8mb4_nopad_bin";

/// A column that was found, and what of it has no place in a [`Column`].
pub(super) struct Found {
    pub(super) table: String,
    pub(super) column: Column,
    pub(super) unread: Vec<&'static str>,
}

/// Reads a row of the columns.
pub(super) fn read(row: &mut Row<'_>, database: &str) -> Result<Found, CatalogError> {
    let table = row.text()?.to_owned();
    let name = row.text()?;
    let ty = row.text()?;
    let mut column = Column::new(name, sql_type(ty), Origin::Found);
    column.nullable = row.bool()?;
    let default = row.maybe()?;
    let collation = row.maybe()?;
    let extra = Extra::of(row.text()?);
    let computed = row.maybe()?.filter(|sql| !sql.is_empty());
    column.comment = row.comment()?;
    column.identity = extra.auto_increment.then_some(Identity::ByDefault);
    column.generated = computed.map(|sql| Generated {
        expr: Expr::Sql(sql.to_owned()),
        stored: extra.stored,
    });
    column.collation = collation.filter(|name| *name != COLLATION).map(str::to_owned);
    let mut unread = extra.unread();
    if default.is_some_and(|sql| is_damaged(ty, sql)) {
        unread.push("default with bytes that are no text");
    }
    match default_value(default, extra.on_update.as_deref(), database) {
        Ok(default) => column.default = default,
        Err(what) => unread.push(what),
    }
    Ok(Found {
        table,
        column,
        unread,
    })
}

/// The words that the server says beside a column.
#[derive(Default)]
struct Extra {
    auto_increment: bool,
    stored: bool,
    invisible: bool,
    unversioned: bool,
    on_update: Option<String>,
}

impl Extra {
    fn of(text: &str) -> Self {
        let mut extra = Self::default();
        for part in text.split(", ") {
            match part {
                "auto_increment" => extra.auto_increment = true,
                "STORED GENERATED" | "PERSISTENT" => extra.stored = true,
                "INVISIBLE" => extra.invisible = true,
                "WITHOUT SYSTEM VERSIONING" => extra.unversioned = true,
                other => {
                    if let Some(value) = other.strip_prefix("on update ") {
                        extra.on_update = Some(value.to_owned());
                    }
                }
            }
        }
        extra
    }

    fn unread(&self) -> Vec<&'static str> {
        let said = [
            (self.invisible, "INVISIBLE"),
            (self.unversioned, "WITHOUT SYSTEM VERSIONING"),
        ];
        said.into_iter()
            .filter_map(|(is, what)| is.then_some(what))
            .collect()
    }
}

/// What stands behind `DEFAULT`, word for word as the server prints it; what an update sets stands behind it, as it is written.
fn default_value(
    default: Option<&str>,
    on_update: Option<&str>,
    database: &str,
) -> Result<Option<DefaultValue>, &'static str> {
    let default = default.map(|sql| without_database(sql, database));
    let sql = match (default, on_update) {
        (None, None) => return Ok(None),
        // Where NULL may stand it is what stands there by itself.
        (Some(sql), None) if sql == "NULL" => return Ok(None),
        (Some(sql), None) => sql,
        (Some(sql), Some(update)) => format!("{sql} ON UPDATE {update}"),
        (None, Some(_)) => return Err("ON UPDATE without a default"),
    };
    Ok(Some(DefaultValue::Expr(Expr::Sql(sql))))
}

/// Bytes in a default are printed as if they were text, with question marks for what is none.
fn is_damaged(ty: &str, default: &str) -> bool {
    let bytes = [
        "binary",
        "varbinary",
        "tinyblob",
        "blob",
        "mediumblob",
        "longblob",
    ];
    let word = ty.split(['(', ' ']).next().unwrap_or(ty);
    bytes.contains(&word) && default.contains('?')
}

/// A type as the server prints it. Widths for display say nothing about what a column holds and are left out; whatever has no
/// word of its own stays as it is printed.
pub(super) fn sql_type(printed: &str) -> SqlType {
    let (word, rest) = match printed.split_once('(') {
        Some((word, rest)) => (word, rest),
        None => (printed, ""),
    };
    let (inside, behind) = rest.rsplit_once(')').unwrap_or(("", ""));
    let length = inside.parse::<u32>().ok().filter(|_| behind.is_empty());
    let plain = rest.is_empty();
    match word {
        "tinyint" if inside == "1" && behind.is_empty() => SqlType::Boolean,
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" => integer(word, behind, printed),
        "float" if plain => SqlType::Real,
        "double" if plain => SqlType::Double,
        "decimal" if behind.is_empty() => {
            numeric(inside).unwrap_or_else(|| SqlType::Other(printed.to_owned()))
        }
        "longtext" if plain => SqlType::Text,
        "longblob" if plain => SqlType::Bytes,
        "uuid" if plain => SqlType::Uuid,
        "date" if plain => SqlType::Date,
        "time" if length == Some(6) => SqlType::Time,
        "datetime" if length == Some(6) => SqlType::TimestampTz,
        "varchar" if length.is_some() => SqlType::Varchar(length.unwrap_or_default()),
        "char" if length.is_some() => SqlType::Char(length.unwrap_or_default()),
        _ => SqlType::Other(printed.to_owned()),
    }
}

/// A type as statements have it: without widths for display, which no two versions of the server print alike.
pub(super) fn plain(printed: &str) -> String {
    match sql_type(printed) {
        SqlType::SmallInt => "smallint".to_owned(),
        SqlType::Integer => "int".to_owned(),
        SqlType::BigInt => "bigint".to_owned(),
        SqlType::Other(text) => text,
        _ => printed.to_owned(),
    }
}

fn integer(word: &str, behind: &str, printed: &str) -> SqlType {
    match (word, behind) {
        ("smallint", "") => SqlType::SmallInt,
        ("int", "") => SqlType::Integer,
        ("bigint", "") => SqlType::BigInt,
        // The width is how many zeros are shown.
        (_, behind) if behind.contains("zerofill") => SqlType::Other(printed.to_owned()),
        (word, behind) => SqlType::Other(format!("{word}{behind}")),
    }
}

fn numeric(inside: &str) -> Option<SqlType> {
    let (precision, scale) = inside.split_once(',').unwrap_or((inside, "0"));
    Some(SqlType::Numeric(Some((
        precision.parse().ok()?,
        scale.parse().ok()?,
    ))))
}

/// Whether a check is the one by which a column of type JSON is told: MariaDB has the name as another one for a text.
pub(super) fn is_json(column: &Ident, clause: &str) -> bool {
    let name = super::text::quote(column.as_str());
    clause.eq_ignore_ascii_case(&format!("json_valid({name})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_what_they_hold() {
        let other = |text: &str| SqlType::Other(text.to_owned());
        let cases = [
            ("tinyint(1)", SqlType::Boolean),
            ("tinyint(4)", other("tinyint")),
            ("tinyint(1) unsigned", other("tinyint unsigned")),
            ("smallint(6)", SqlType::SmallInt),
            ("int(11)", SqlType::Integer),
            ("int", SqlType::Integer),
            ("int(10) unsigned", other("int unsigned")),
            ("int(10) unsigned zerofill", other("int(10) unsigned zerofill")),
            ("bigint(20)", SqlType::BigInt),
            ("bigint(20) unsigned", other("bigint unsigned")),
            ("decimal(10,2)", SqlType::Numeric(Some((10, 2)))),
            ("decimal(10,2) unsigned", other("decimal(10,2) unsigned")),
            ("float", SqlType::Real),
            ("float(7,3)", other("float(7,3)")),
            ("double unsigned", other("double unsigned")),
            ("varchar(9)", SqlType::Varchar(9)),
            ("char(4)", SqlType::Char(4)),
            (
                "longtext /*M!100301 COMPRESSED*/",
                other("longtext /*M!100301 COMPRESSED*/"),
            ),
            (
                "varchar(9) /*M!100301 COMPRESSED*/",
                other("varchar(9) /*M!100301 COMPRESSED*/"),
            ),
            ("longtext", SqlType::Text),
            ("text", other("text")),
            ("enum('a)','varchar(9)')", other("enum('a)','varchar(9)')")),
            ("datetime(6)", SqlType::TimestampTz),
            ("datetime", other("datetime")),
            ("timestamp(6)", other("timestamp(6)")),
            ("time(6)", SqlType::Time),
            ("uuid", SqlType::Uuid),
            ("bit(3)", other("bit(3)")),
            ("", other("")),
            (")(", other(")(")),
        ];
        for (printed, expected) in cases {
            assert_eq!(sql_type(printed), expected, "{printed}");
        }
    }
}
