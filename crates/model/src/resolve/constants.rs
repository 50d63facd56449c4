//! Defaults, limits and patterns: constants that a field's type must be able to hold.

use diagnostics::{Diagnostic, Span};
use syntax::ast::{self, ArgValue, Expr};

use super::exprs::BOOL;
use super::types::Class;
use super::{Resolver, describe};
use crate::{ExprKind, Literal, Scalar, Type, codes};

/// The limits of a field, both included.
pub(super) type Limits = (Option<Literal>, Option<Literal>, Span);

impl<'t> Resolver<'t> {
    /// A constant as a value of a type, or a complaint.
    pub(super) fn constant(&mut self, view: Expr<'t>, ty: &Type, optional: bool) -> Option<Literal> {
        let span = view.span();
        let class = Class::of(ty);
        if class == Class::Unknown {
            return None;
        }
        if let Some(number) = view.as_number() {
            if class != Class::Number {
                return self.no_value(view, ty);
            }
            return literal_of(self.number(number, Some(ty), span));
        }
        match view {
            Expr::EmptyList(_) if class == Class::List || *ty == Type::Scalar(Scalar::Json) => {
                Some(Literal::EmptyArray)
            }
            Expr::Call(call) => self.function_constant(call, ty),
            Expr::Path(path) => match (ty, path.single()) {
                (Type::Enum(id), Some(word)) => literal_of(self.member(*id, word.text, word.span)),
                _ => self.no_value(view, ty),
            },
            Expr::Literal(literal) => match literal.value()? {
                ast::LiteralValue::Null if optional => Some(Literal::Null),
                ast::LiteralValue::Bool(it) if *ty == BOOL => Some(Literal::Bool(it)),
                ast::LiteralValue::Text(text) => {
                    let good = match class {
                        Class::Json => matches!(text.value().trim(), "{}" | "[]"),
                        Class::Text
                        | Class::Date
                        | Class::Instant
                        | Class::Time
                        | Class::Uuid
                        | Class::Ip
                        | Class::Enum(_) => true,
                        _ => false,
                    };
                    if good {
                        literal_of(self.text(text, Some(ty)))
                    } else {
                        self.no_value(view, ty)
                    }
                }
                _ => self.no_value(view, ty),
            },
            _ => self.no_value(view, ty),
        }
    }

    fn function_constant(&mut self, call: ast::Call<'t>, ty: &Type) -> Option<Literal> {
        let name = call.path().and_then(ast::Path::single)?;
        let found = match name.text {
            "now" => Some((Literal::Now, Class::Instant)),
            "today" => Some((Literal::Today, Class::Date)),
            "uuid4" => Some((Literal::Uuid4, Class::Uuid)),
            "uuid7" => Some((Literal::Uuid7, Class::Uuid)),
            _ => None,
        };
        match found {
            Some((literal, class)) if class == Class::of(ty) => Some(literal),
            Some(_) => self.no_value(Expr::Call(call), ty),
            None => {
                const KNOWN: [&str; 4] = ["now", "today", "uuid4", "uuid7"];
                let meant = self.near(name.text, KNOWN.into_iter());
                let message = format!("there is no function `{}` for defaults", name.text);
                let near = super::Near {
                    typed: name.text,
                    meant,
                };
                self.unknown(
                    &codes::UNKNOWN_FUNCTION,
                    name.span,
                    message,
                    near,
                    "there are `now()`, `today()`, `uuid4()` and `uuid7()`",
                );
                None
            }
        }
    }

    fn no_value(&mut self, view: Expr<'t>, ty: &Type) -> Option<Literal> {
        let shown = describe::type_name(&self.model, ty);
        let message = format!("`{}` is no value of `{shown}`", view.node().text());
        let help = match Class::of(ty) {
            Class::Bool => "write `true` or `false`",
            Class::Number => "write a number, without quotes",
            Class::Text => "write a text in quotes",
            Class::Instant => "write `now()`, or an instant: `\"2026-01-31T12:00:00Z\"`",
            Class::Date => "write `today()`, or a day: `\"2026-01-31\"`",
            Class::Uuid => "write `uuid4()`",
            Class::Json => "write `\"{}\"` or `\"[]\"`",
            Class::List => "write `[]`, the only default of a list",
            Class::Reference(_) => {
                "a row cannot be a default: write a `?` behind the type, or set it where the row is made"
            }
            Class::Secret | Class::Token => "a secret that stands in the schema is none: remove the default",
            _ => "remove it, or give a constant of that type",
        };
        self.report(&codes::DEFAULT_MISMATCH, view.span(), message, help);
        None
    }

    pub(super) fn range(&mut self, attr: ast::Attr<'t>, ty: &Type) -> Option<Limits> {
        const HELP: &str = "write `@range(1..100)`, `@range(0..)` or `@range(..100)`; both ends are included";
        let range = match attr.args().next().and_then(ast::Arg::value) {
            Some(ArgValue::Range(range)) => range,
            _ => {
                self.bad_argument(attr, HELP);
                return None;
            }
        };
        if range.lo().is_none() && range.hi().is_none() || attr.args().nth(1).is_some() {
            self.bad_argument(attr, HELP);
            return None;
        }
        let lo = match range.lo() {
            Some(lo) => Some(self.constant(lo, ty, false)?),
            None => None,
        };
        let hi = match range.hi() {
            Some(hi) => Some(self.constant(hi, ty, false)?),
            None => None,
        };
        if let (Some(lo), Some(hi)) = (&lo, &hi)
            && less(hi, lo)
        {
            let message = "no value lies in this range";
            let found = Diagnostic::new(&codes::EMPTY_RANGE, range.span(), message);
            self.push(found.help("the lower end stands first"));
            return None;
        }
        Some((lo, hi, attr.span()))
    }

    pub(super) fn pattern_attr(&mut self, attr: ast::Attr<'t>, help: &str) -> Option<(String, Span)> {
        let (pattern, span) = self.text_arg(attr, help)?;
        self.check_pattern(&pattern, span);
        Some((pattern, attr.span()))
    }

    /// Patterns are the part of regular expressions that PostgreSQL, Python and JavaScript read the same way.
    pub(super) fn check_pattern(&mut self, pattern: &str, span: Span) {
        if let Some(fault) = pattern_fault(pattern) {
            let help = "write groups, classes, `|`, `*`, `+`, `?`, `{n,m}`, `^` and `$`; double each `\\`: `\"^\\\\d+$\"`";
            self.report(&codes::BROKEN_PATTERN, span, format!("the pattern {fault}"), help);
        }
    }
}

/// Why a pattern cannot be used.
fn pattern_fault(pattern: &str) -> Option<&'static str> {
    let mut open = 0_u32;
    let mut in_class = false;
    let mut class_empty = false;
    let mut nothing_before = true;
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        let mut nothing = false;
        match c {
            '\\' => match chars.next() {
                None => return Some("ends in a `\\`"),
                Some('1'..='9' | 'k') => {
                    return Some("refers back to a group, which makes matching slow without bound");
                }
                Some('d' | 'D' | 'w' | 'W' | 's' | 'S' | 'n' | 't' | 'r') => {}
                Some(other) if other.is_ascii_alphanumeric() => {
                    return Some("has an escape that databases read differently");
                }
                Some(_) => {}
            },
            ']' if in_class && !class_empty => in_class = false,
            '^' if in_class && class_empty => continue,
            _ if in_class => {}
            '[' => {
                in_class = true;
                class_empty = true;
                if chars.peek() == Some(&'^') {
                    chars.next();
                }
                continue;
            }
            '(' => {
                if chars.peek() == Some(&'?') {
                    chars.next();
                    if chars.next() != Some(':') {
                        return Some("looks ahead or behind, or names a group");
                    }
                }
                open += 1;
                nothing = true;
            }
            ')' if open == 0 => return Some("has a `)` too many"),
            ')' => open -= 1,
            '|' | '^' => nothing = true,
            '*' | '+' | '?' if nothing_before => return Some("repeats nothing"),
            _ => {}
        }
        class_empty = false;
        nothing_before = nothing;
    }
    if in_class {
        return Some("has a `[` that is never closed");
    }
    (open > 0).then_some("has a `(` that is never closed")
}

fn literal_of(expr: crate::Expr) -> Option<Literal> {
    match expr.kind {
        ExprKind::Literal(literal) => Some(literal),
        _ => None,
    }
}

/// Whether one constant is less than another of the same type.
pub(super) fn less(one: &Literal, other: &Literal) -> bool {
    let number = |literal: &Literal| match literal {
        Literal::Int(n) => Some(*n as f64),
        Literal::Decimal(text) => text.parse::<f64>().ok(),
        _ => None,
    };
    match (number(one), number(other)) {
        (Some(one), Some(other)) => one < other,
        _ => matches!((one, other), (Literal::Text(one), Literal::Text(other)) if one < other),
    }
}

#[cfg(test)]
mod tests {
    use super::pattern_fault;

    #[test]
    fn portable_patterns_pass_and_others_do_not() {
        for good in [
            "^[a-z]+$",
            "^\\d{3}-(ab|cd)?$",
            "^[^]a]$",
            "[[:alpha:]]",
            "(?:x|y)*",
            "a\\.b",
        ] {
            assert_eq!(pattern_fault(good), None, "{good}");
        }
        for bad in [
            "(", ")", "[a", "*a", "(?=a)", "(?<n>a)", "(a)\\1", "\\", "\\p", "a|*",
        ] {
            assert!(pattern_fault(bad).is_some(), "{bad}");
        }
    }
}
