//! Constants, written as values of a kind.

use physical::Literal;
use plan::Unspeakable;

use super::expression::{Level, Piece, unspeakable};
use super::ident::{self, text};
use super::kind::Kind;
use super::temporal;
use super::types::{MAX_DIGITS, power, scaled};

type Said = Result<Piece, Unspeakable>;

/// Writes a constant on its own.
pub(super) fn literal_alone(value: &Literal) -> Said {
    Ok(match value {
        Literal::Null => Piece::atom("NULL", Kind::Any),
        Literal::Bool(_) => Piece::atom(ident::literal(value), Kind::Bool),
        Literal::Int(number) => {
            let level = if *number < 0 && *number != i64::MIN {
                Level::Concat
            } else {
                Level::Atom
            };
            Piece::new(ident::literal(value), level, Kind::Int(digits_of(*number)))
        }
        Literal::Decimal(decimal) => {
            let places = decimal
                .split_once('.')
                .map_or(0, |(_, fraction)| fraction.trim_end_matches('0').len());
            let scale = u32::try_from(places).unwrap_or(u32::MAX);
            match scaled(decimal, scale.min(MAX_DIGITS)) {
                Some(number) => {
                    let level = if number < 0 { Level::Concat } else { Level::Atom };
                    Piece::new(number.to_string(), level, Kind::Decimal(digits_of(number), scale))
                }
                None => return unspeakable(format!("`{decimal}` does not fit into 64 bits")),
            }
        }
        Literal::Text(_) => Piece::atom(ident::literal(value), Kind::Text),
        Literal::Bytes(_) => Piece::atom(ident::literal(value), Kind::Bytes),
        Literal::EmptyArray => Piece::atom("'[]'", Kind::Array(Box::new(Kind::Any))),
    })
}

fn digits_of(number: i64) -> u32 {
    number
        .unsigned_abs()
        .checked_ilog10()
        .map_or(1, |digits| digits + 1)
}

/// Writes a constant as one of this kind.
pub(super) fn literal_as(value: &Literal, goal: &Kind) -> Said {
    let piece = |number: i64, kind: Kind| {
        let level = if number < 0 { Level::Concat } else { Level::Atom };
        Piece::new(number.to_string(), level, kind)
    };
    match (value, goal) {
        (Literal::Int(number), Kind::Decimal(_, scale)) => match number.checked_mul(power(*scale)) {
            Some(units) => Ok(piece(units, goal.clone())),
            None => unspeakable(format!(
                "`{number}` does not fit into 64 bits at {scale} decimal places"
            )),
        },
        (Literal::Decimal(decimal), Kind::Decimal(_, scale)) => match scaled(decimal, *scale) {
            Some(units) => Ok(piece(units, goal.clone())),
            None => unspeakable(format!(
                "`{decimal}` has more than {scale} decimal places or does not fit"
            )),
        },
        (Literal::Decimal(decimal), Kind::Int(_)) => match scaled(decimal, 0) {
            Some(units) => Ok(piece(units, goal.clone())),
            None => unspeakable(format!("`{decimal}` is no whole number")),
        },
        (Literal::Decimal(decimal), Kind::Float) if decimal.contains('.') => {
            let level = if decimal.starts_with('-') {
                Level::Concat
            } else {
                Level::Atom
            };
            Ok(Piece::new(decimal, level, Kind::Float))
        }
        (Literal::Decimal(decimal), Kind::Float) => {
            Ok(Piece::new(format!("{decimal}.0"), Level::Concat, Kind::Float))
        }
        (Literal::Int(number), Kind::Float) => {
            Ok(Piece::new(format!("{number}.0"), Level::Concat, Kind::Float))
        }
        (Literal::Int(_) | Literal::Decimal(_), Kind::Unbounded) => {
            Ok(Piece::atom(text(&ident::literal(value)), Kind::Unbounded))
        }
        (Literal::Text(value), Kind::Instant) => match temporal::instant(value) {
            Some(stored) => Ok(Piece::atom(text(&stored), Kind::Instant)),
            None => unspeakable(format!("`{value}` is no instant that milliseconds can hold")),
        },
        (Literal::Text(value), Kind::Date) => match temporal::date(value) {
            Some(stored) => Ok(Piece::atom(text(&stored), Kind::Date)),
            None => unspeakable(format!("`{value}` is no date")),
        },
        (Literal::Text(value), Kind::Time) => match temporal::time(value) {
            Some(stored) => Ok(Piece::atom(text(&stored), Kind::Time)),
            None => unspeakable(format!("`{value}` is no time of day that milliseconds can hold")),
        },
        (Literal::Text(value), Kind::Uuid) => Ok(Piece::atom(text(&value.to_ascii_lowercase()), Kind::Uuid)),
        (_, goal) => literal_alone(value).map(|piece| match goal {
            Kind::Any => piece,
            goal if piece.kind == Kind::Any => Piece {
                kind: goal.clone(),
                ..piece
            },
            _ => piece,
        }),
    }
}
