//! How a value is stored, and the statements that write rows.

use physical::{Literal, Name, SqlType, Table};
use plan::Relational;

use super::datum::{Datum, date_text, decimal_text, time_text, uuid_text};
use super::domain::scale_of;
use super::eval::Values;

/// Writes names and values for one database.
#[derive(Debug, Clone, Copy)]
pub struct Speller {
    dialect: &'static Relational,
    file: bool,
}

impl Speller {
    /// For a database.
    #[must_use]
    pub fn new(dialect: &'static Relational) -> Self {
        Self {
            dialect,
            file: dialect.name == "sqlite",
        }
    }

    /// For which database.
    #[must_use]
    pub const fn dialect(&self) -> &'static Relational {
        self.dialect
    }

    /// A name.
    #[must_use]
    pub fn ident(&self, name: &str) -> String {
        (self.dialect.ident)(name)
    }

    /// A name with its schema.
    #[must_use]
    pub fn name(&self, name: &Name) -> String {
        match &name.schema {
            Some(schema) => format!(
                "{}.{}",
                self.ident(schema.as_str()),
                self.ident(name.name.as_str())
            ),
            None => self.ident(name.name.as_str()),
        }
    }

    /// A text constant.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        (self.dialect.literal)(&Literal::Text(text.to_owned()))
    }

    /// A value, as a column of this type takes it.
    #[must_use]
    pub fn value(&self, value: &Datum, ty: &SqlType) -> String {
        (self.dialect.literal)(&self.literal(value, ty))
    }

    fn literal(&self, value: &Datum, ty: &SqlType) -> Literal {
        match value {
            Datum::Null => Literal::Null,
            Datum::Bool(value) => Literal::Bool(*value),
            Datum::Int(value) => self.number(i128::from(*value), 0, ty),
            Datum::Decimal(units, scale) => self.number(*units, *scale, ty),
            Datum::Float(value) => Literal::Decimal(plain_float(*value)),
            Datum::Text(text) => Literal::Text(text.clone()),
            Datum::Bytes(bytes) => Literal::Bytes(bytes.clone()),
            Datum::Uuid(bytes) => Literal::Text(uuid_text(bytes)),
            Datum::Date(day) => Literal::Text(date_text(*day)),
            Datum::Time(micros) => Literal::Text(time_text(*micros, if self.file { 3 } else { 6 })),
            Datum::Instant(micros) => Literal::Text(self.instant(*micros)),
            Datum::Interval(_, micros) if self.file => Literal::Int(*micros),
            Datum::Interval(months, micros) => {
                let seconds = decimal_text(i128::from(*micros), 6);
                Literal::Text(format!("{months} months {seconds} seconds"))
            }
            Datum::Json(text) => Literal::Text(text.clone()),
            Datum::Array(items) => self.array(items, ty),
        }
    }

    fn number(&self, units: i128, scale: u32, ty: &SqlType) -> Literal {
        // A file stores exact decimals of up to 18 digits as whole numbers of their last place.
        if let (true, SqlType::Numeric(Some((precision, _)))) = (self.file, ty) {
            let power = |exponent: u32| 10_i128.checked_pow(exponent).unwrap_or(1);
            let own = scale_of(ty);
            let scaled = if own >= scale {
                units * power(own - scale)
            } else {
                units / power(scale - own)
            };
            if *precision <= 18 {
                return i64::try_from(scaled)
                    .map_or_else(|_| Literal::Decimal(scaled.to_string()), Literal::Int);
            }
            return Literal::Text(decimal_text(units, scale));
        }
        match (self.file, ty, i64::try_from(units)) {
            (true, SqlType::Numeric(None), _) => Literal::Text(decimal_text(units, scale)),
            (_, _, Ok(value)) if scale == 0 => Literal::Int(value),
            _ => Literal::Decimal(decimal_text(units, scale)),
        }
    }

    fn instant(&self, micros: i64) -> String {
        let day = micros.div_euclid(super::datum::DAY);
        let places = if self.file { 3 } else { 6 };
        format!("{}T{}Z", date_text(day), time_text(micros, places))
    }

    fn array(&self, items: &[Datum], ty: &SqlType) -> Literal {
        let element = match ty {
            SqlType::Array(element) => element.as_ref(),
            other => other,
        };
        let texts = items.iter().map(|item| self.item(item, element));
        let inner = texts.collect::<Vec<_>>().join(",");
        // An array's text in PostgreSQL and JSON differ in their brackets; texts are escaped alike for what we make.
        Literal::Text(if self.file {
            format!("[{inner}]")
        } else {
            format!("{{{inner}}}")
        })
    }

    /// An element: in a file JSON within JSON, and bytes as base64 (see `docs/types.md`).
    fn item(&self, item: &Datum, element: &SqlType) -> String {
        if let (true, Datum::Json(text)) = (self.file, item) {
            return text.clone();
        }
        match self.literal(item, element) {
            Literal::Null => "null".to_owned(),
            Literal::Bool(value) => value.to_string(),
            Literal::Int(value) => value.to_string(),
            Literal::Decimal(text) => text,
            Literal::Text(text) => serde_json::Value::String(text).to_string(),
            Literal::Bytes(bytes) if self.file => format!("\"{}\"", super::base64(&bytes)),
            Literal::Bytes(bytes) => {
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("\"\\\\x{hex}\"")
            }
            Literal::EmptyArray => "[]".to_owned(),
        }
    }

    /// An INSERT of one row. Identity columns are given too.
    #[must_use]
    pub fn insert(&self, table: &Table, row: &Values) -> String {
        self.insert_many(table, &[row])
    }

    /// An INSERT of rows that have the same columns.
    #[must_use]
    pub fn insert_many(&self, table: &Table, rows: &[&Values]) -> String {
        let Some(first) = rows.first() else {
            return String::new();
        };
        let columns: Vec<String> = first.keys().map(|column| self.ident(column)).collect();
        let overriding = if self.file || !table.columns.iter().any(|column| column.identity.is_some()) {
            ""
        } else {
            " OVERRIDING SYSTEM VALUE"
        };
        let tuples: Vec<String> = rows
            .iter()
            .map(|row| format!("({})", self.tuple(table, row)))
            .collect();
        let values = tuples.join(", ");
        format!(
            "INSERT INTO {} ({}){overriding} VALUES {values}",
            self.name(&table.name),
            columns.join(", ")
        )
    }

    fn tuple(&self, table: &Table, row: &Values) -> String {
        let value = |(column, value): (&String, &Datum)| match table.column(column) {
            Some(column) => self.value(value, &column.ty),
            None => self.value(value, &SqlType::Text),
        };
        row.iter().map(value).collect::<Vec<_>>().join(", ")
    }

    /// `a = 1 AND b = 'x'`, over the given columns of a row.
    #[must_use]
    pub fn condition<'a>(
        &self,
        table: &Table,
        row: &Values,
        columns: impl IntoIterator<Item = &'a str>,
    ) -> String {
        let part = |column: &'a str| {
            let ty = table
                .column(column)
                .map_or(SqlType::Text, |column| column.ty.clone());
            match row.get(column) {
                None | Some(Datum::Null) => format!("{} IS NULL", self.ident(column)),
                Some(value) => format!("{} = {}", self.ident(column), self.value(value, &ty)),
            }
        };
        columns.into_iter().map(part).collect::<Vec<_>>().join(" AND ")
    }
}

fn plain_float(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
