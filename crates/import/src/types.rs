//! Types of columns.

use physical::SqlType;

use crate::Ground;
use crate::text::quoted;

/// How the type of a column is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    /// `String(80)`
    pub word: String,
    /// Behind `@type`, where the word alone would be another type.
    pub spelled: Option<String>,
}

impl Said {
    fn plain(word: impl Into<String>) -> Self {
        Self {
            word: word.into(),
            spelled: None,
        }
    }

    /// The attribute, with a blank before it.
    pub(crate) fn attribute(&self) -> String {
        let spelled = self.spelled.as_ref();
        spelled.map_or_else(String::new, |text| format!(" @type({})", quoted(text)))
    }
}

/// Says a type; `None` for one without any name.
pub(crate) fn say(ground: &Ground<'_>, ty: &SqlType) -> Option<Said> {
    let dialect = ground.asked.dialect;
    let spelled = (dialect.type_name)(ty);
    if spelled.trim().is_empty() {
        return None;
    }
    if dialect.name == "sqlite" {
        return Some(sqlite(ty, spelled));
    }
    Some(postgres(ground, ty, spelled))
}

fn postgres(ground: &Ground<'_>, ty: &SqlType, spelled: String) -> Said {
    let as_it_is = |word: &str| Said {
        word: word.to_owned(),
        spelled: Some(spelled.clone()),
    };
    match ty {
        SqlType::Boolean => Said::plain("Bool"),
        SqlType::SmallInt => as_it_is("Int"),
        SqlType::Integer => Said::plain("Int"),
        SqlType::BigInt => Said::plain("BigInt"),
        SqlType::Real => as_it_is("Float"),
        SqlType::Double => Said::plain("Float"),
        SqlType::Numeric(Some((digits, scale))) if (1..=38).contains(digits) && scale <= digits => {
            Said::plain(format!("Decimal({digits}, {scale})"))
        }
        SqlType::Numeric(_) => as_it_is("Decimal(38, 10)"),
        SqlType::Text => Said::plain("Text"),
        SqlType::Varchar(length) => Said::plain(format!("String({length})")),
        SqlType::Char(length) => as_it_is(&format!("String({length})")),
        SqlType::Uuid => Said::plain("Uuid"),
        SqlType::Bytes => Said::plain("Bytes"),
        SqlType::Date => Said::plain("Date"),
        SqlType::Time => Said::plain("Time"),
        SqlType::TimestampTz => Said::plain("Instant"),
        SqlType::Timestamp => as_it_is("Instant"),
        SqlType::Interval => Said::plain("Duration"),
        SqlType::Json => Said::plain("Json"),
        SqlType::JsonText => as_it_is("Json"),
        SqlType::Inet => Said::plain("Ip"),
        SqlType::Array(of) => {
            let inner = postgres(ground, of, (ground.asked.dialect.type_name)(of));
            // There are no lists of lists.
            let word = if inner.word.starts_with('[') {
                "[Text]".to_owned()
            } else {
                format!("[{}]", inner.word)
            };
            let other = inner.spelled.is_some() || inner.word.starts_with('[');
            Said {
                word,
                spelled: other.then_some(spelled),
            }
        }
        SqlType::Named(name) => match ground.enums.get(name) {
            Some(called) => Said::plain(called.clone()),
            None => as_it_is("Text"),
        },
        SqlType::Other(text) if text.starts_with("timestamp") => as_it_is("Instant"),
        SqlType::Other(text) if text.starts_with("time") => as_it_is("Time"),
        SqlType::Other(_) => as_it_is("Text"),
    }
}

/// In SQLite a type is a hint, and what it hints at is found in its letters.
fn sqlite(ty: &SqlType, spelled: String) -> Said {
    let SqlType::Other(declared) = ty else {
        return match spelled.as_str() {
            "INTEGER" => Said::plain("BigInt"),
            "REAL" => Said::plain("Float"),
            "BLOB" => Said::plain("Bytes"),
            _ => Said::plain("Text"),
        };
    };
    let upper = declared.to_ascii_uppercase();
    let has = |part: &str| upper.contains(part);
    let length = upper
        .split_once('(')
        .and_then(|(_, rest)| rest.trim_end_matches(')').trim().parse::<u32>().ok());
    let word = if has("BOOL") {
        "Bool".to_owned()
    } else if has("INT") {
        "BigInt".to_owned()
    } else if has("CHAR") {
        let length = length.filter(|length| (1..=10_485_760).contains(length));
        length.map_or_else(|| "Text".to_owned(), |length| format!("String({length})"))
    } else if has("DATETIME") || has("TIMESTAMP") {
        "Instant".to_owned()
    } else if has("DATE") {
        "Date".to_owned()
    } else if has("REAL") || has("FLOA") || has("DOUB") {
        "Float".to_owned()
    } else if has("BLOB") || has("BINARY") || has("BYTEA") {
        "Bytes".to_owned()
    } else if has("JSON") {
        "Json".to_owned()
    } else {
        "Text".to_owned()
    };
    Said {
        word,
        spelled: Some(spelled),
    }
}
