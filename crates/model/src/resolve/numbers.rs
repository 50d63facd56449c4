//! Constants: numbers and texts as values of a type.

use diagnostics::Span;
use syntax::{Number, ast};

use super::types::Class;
use super::{Near, Resolver, describe, times};
use crate::{EnumId, Expr, ExprKind, Literal, Scalar, Type, codes};

/// A number as the source would write it.
pub(super) fn shown(number: Number) -> String {
    let sign = if number.mantissa < 0 { "-" } else { "" };
    format!(
        "{sign}{}",
        Number {
            mantissa: number.mantissa.abs(),
            ..number
        }
    )
}

/// The type of a number about which nothing else is known.
fn natural(number: Number) -> Type {
    let scalar = match number.as_integer().filter(|_| number.scale == 0) {
        Some(n) if i32::try_from(n).is_ok() => Scalar::Int,
        Some(_) => Scalar::BigInt,
        None => Scalar::Decimal(38, u32::from(number.scale)),
    };
    Type::Scalar(scalar)
}

/// Whether a number is a value of a type.
fn fits(number: Number, scalar: Scalar) -> bool {
    let whole = number.as_integer();
    let digits = |all: u32, scale: u32| {
        let limit = 10_i128
            .checked_pow(all.saturating_sub(scale))
            .unwrap_or(i128::MAX);
        let unit = 10_i128.checked_pow(u32::from(number.scale)).unwrap_or(1);
        let exact = 10_i128
            .checked_pow(u32::from(number.scale).saturating_sub(scale))
            .is_some_and(|n| number.mantissa % n == 0);
        (number.mantissa / unit).abs() < limit && exact
    };
    match scalar {
        Scalar::Int => whole.is_some_and(|n| i32::try_from(n).is_ok()),
        Scalar::BigInt => whole.is_some_and(|n| i64::try_from(n).is_ok()),
        Scalar::Decimal(all, scale) => digits(all, scale),
        Scalar::Money => digits(18, 4),
        _ => true,
    }
}

impl Resolver<'_> {
    /// A number; where a type is expected it must be a value of it.
    pub(super) fn number(&mut self, number: Number, expected: Option<&Type>, span: Span) -> Expr {
        let ty = match expected {
            Some(ty @ Type::Scalar(scalar)) if Class::of(ty) == Class::Number => {
                if !fits(number, *scalar) {
                    let name = describe::type_name(&self.model, ty);
                    let message = format!("`{}` is no value of `{name}`", shown(number));
                    self.report(&codes::BAD_LITERAL, span, message, range_help(*scalar));
                    return unknown(span);
                }
                ty.clone()
            }
            _ => natural(number),
        };
        let whole = number
            .as_integer()
            .filter(|_| number.scale == 0)
            .and_then(|n| i64::try_from(n).ok());
        let literal = whole.map_or_else(|| Literal::Decimal(shown(number)), Literal::Int);
        Expr {
            kind: ExprKind::Literal(literal),
            ty,
            span,
        }
    }

    /// A text; where a type is expected it must be a value of it.
    pub(super) fn text(&mut self, text: ast::Text<'_>, expected: Option<&Type>) -> Expr {
        let (value, span) = (text.value(), text.span);
        let Some(ty) = expected else {
            return Expr {
                kind: ExprKind::Literal(Literal::Text(value)),
                ty: Type::Scalar(Scalar::Text),
                span,
            };
        };
        if let Type::Enum(id) = ty {
            return self.member(*id, &value, span);
        }
        let good = match Class::of(ty) {
            Class::Date => times::is_date(&value),
            Class::Instant => times::is_instant(&value),
            Class::Time => times::is_time(&value),
            Class::Uuid => times::is_uuid(&value),
            Class::Ip => value.parse::<std::net::IpAddr>().is_ok(),
            Class::Text | Class::Json | Class::Unknown => true,
            _ => {
                return Expr {
                    kind: ExprKind::Literal(Literal::Text(value)),
                    ty: Type::Scalar(Scalar::Text),
                    span,
                };
            }
        };
        if !good {
            let name = describe::type_name(&self.model, ty);
            let help = match Class::of(ty) {
                Class::Date => "write a day as `\"2026-01-31\"`",
                Class::Instant => "write an instant with its zone: `\"2026-01-31T12:00:00Z\"`",
                Class::Time => "write a time of day as `\"12:30\"` or `\"12:30:00\"`",
                Class::Ip => "write an address as `\"192.0.2.1\"` or `\"2001:db8::1\"`",
                _ => "write a UUID as `\"00000000-0000-4000-8000-000000000000\"`",
            };
            self.report(
                &codes::BAD_LITERAL,
                span,
                format!("`{value}` is no value of `{name}`"),
                help,
            );
            return unknown(span);
        }
        Expr {
            kind: ExprKind::Literal(Literal::Text(value)),
            ty: ty.clone(),
            span,
        }
    }

    /// A member of an enum, or a complaint.
    pub(super) fn member(&mut self, id: EnumId, name: &str, span: Span) -> Expr {
        let at = self
            .members
            .get(id.0 as usize)
            .and_then(|members| members.get(name))
            .copied();
        let Some(at) = at else {
            let Some(it) = self.model.enumeration(id) else {
                return unknown(span);
            };
            let names: Vec<String> = it.members.iter().map(|member| member.name.text.clone()).collect();
            let message = format!("`{}` has no member `{name}`", it.name.text);
            let meant = self.near(name, names.iter().map(String::as_str));
            let help = format!("it has {}", describe::list(&names));
            self.unknown(
                &codes::UNKNOWN_MEMBER,
                span,
                message,
                Near { typed: name, meant },
                &help,
            );
            return unknown(span);
        };
        Expr {
            kind: ExprKind::Literal(Literal::Member(id, at)),
            ty: Type::Enum(id),
            span,
        }
    }
}

pub(super) fn unknown(span: Span) -> Expr {
    Expr {
        kind: ExprKind::Unknown,
        ty: Type::Unknown,
        span,
    }
}

fn range_help(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Int => {
            "an `Int` is whole and lies between -2147483648 and 2147483647; larger ones are `BigInt`"
        }
        Scalar::BigInt => "a `BigInt` is whole and has at most 19 digits",
        Scalar::Money => "`Money` has 14 digits before the point and 4 behind it",
        _ => "it has more digits, before or behind the point, than the type keeps",
    }
}
