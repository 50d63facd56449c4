//! Which type a name stands for.

use diagnostics::{Certainty, Diagnostic};
use syntax::ast;

use super::{Named, Near, Resolver};
use crate::{Scalar, Type, codes};

/// The built-in types.
const BUILT_IN: [&str; 21] = [
    "Bool",
    "Int",
    "BigInt",
    "Float",
    "Decimal",
    "Money",
    "String",
    "Text",
    "Uuid",
    "Date",
    "Time",
    "Instant",
    "Duration",
    "Bytes",
    "Json",
    "Email",
    "Phone",
    "Url",
    "Ip",
    "PasswordHash",
    "Token",
];

/// What other languages call our types.
const FOREIGN: [(&str, &str); 17] = [
    ("Boolean", "Bool"),
    ("Integer", "Int"),
    ("Long", "BigInt"),
    ("Number", "Int"),
    ("Double", "Float"),
    ("Numeric", "Decimal(12, 2)"),
    ("Varchar", "String(200)"),
    ("Str", "String(200)"),
    ("UUID", "Uuid"),
    ("DateTime", "Instant"),
    ("Datetime", "Instant"),
    ("Timestamp", "Instant"),
    ("Timestamptz", "Instant"),
    ("JSON", "Json"),
    ("Jsonb", "Json"),
    ("Password", "PasswordHash"),
    ("Blob", "Bytes"),
];

const LONGEST_STRING: i128 = 10_485_760;
const MOST_DIGITS: i128 = 38;

pub(super) fn is_built_in(name: &str) -> bool {
    BUILT_IN.contains(&name)
}

impl<'t> Resolver<'t> {
    /// The type of a field. `[T]` of an entity is [`Type::Related`].
    pub(super) fn type_of(&mut self, view: ast::Type<'t>) -> Type {
        let Some(name) = view.name() else {
            return Type::Unknown;
        };
        let inner = self.named_type(name, view);
        if !view.is_list() {
            return inner;
        }
        match inner {
            Type::Reference(entity) => Type::Related(entity),
            Type::Unknown => Type::Unknown,
            Type::Scalar(Scalar::PasswordHash | Scalar::Token) => {
                let message = format!("there cannot be a list of `{}`", name.text);
                self.report(
                    &codes::BAD_TYPE_ARGUMENT,
                    view.span(),
                    message,
                    "give the secrets an entity of their own",
                );
                Type::Unknown
            }
            inner => Type::Array(Box::new(inner)),
        }
    }

    fn named_type(&mut self, name: ast::Name<'t>, view: ast::Type<'t>) -> Type {
        let known = self.items.get(name.text).map(|(named, _)| *named);
        if let Some(named) = known {
            if view.args().is_some() {
                self.no_type_args(name, view);
            }
            return match named {
                Named::Found(_) => {
                    self.refers_to_found(name);
                    Type::Unknown
                }
                Named::Entity(id) => Type::Reference(id),
                Named::Enum(id) => Type::Enum(id),
                Named::Shape(id) => Type::Shape(id),
            };
        }
        if is_built_in(name.text) {
            return self.scalar(name, view).map_or(Type::Unknown, Type::Scalar);
        }
        // A type in lower case has been complained about, with the right spelling.
        if !name.text.starts_with(char::is_lowercase) {
            self.unknown_type(name);
        }
        Type::Unknown
    }

    fn unknown_type(&mut self, name: ast::Name<'_>) {
        let foreign = FOREIGN
            .iter()
            .find(|(word, _)| *word == name.text)
            .map(|(_, ours)| (*ours).to_owned());
        let known: Vec<String> = self
            .items
            .keys()
            .map(|&name| name.to_owned())
            .chain(BUILT_IN.map(str::to_owned))
            .collect();
        let mut known: Vec<&str> = known.iter().map(String::as_str).collect();
        known.sort_unstable();
        let meant = foreign.or_else(|| self.near(name.text, known.into_iter()));
        let message = format!("there is no type `{}`", name.text);
        let near = Near {
            typed: name.text,
            meant,
        };
        self.unknown(
            &codes::UNKNOWN_TYPE,
            name.span,
            message,
            near,
            "declare it with `entity`, `enum` or `shape`",
        );
    }

    fn no_type_args(&mut self, name: ast::Name<'_>, view: ast::Type<'_>) {
        let span = view.args().map_or(name.span, |args| args.span());
        let message = format!("`{}` takes no arguments", name.text);
        let found = Diagnostic::new(&codes::BAD_TYPE_ARGUMENT, span, message);
        self.push(found.replace(Certainty::Suggested, "remove them", span, ""));
    }

    fn scalar(&mut self, name: ast::Name<'t>, view: ast::Type<'t>) -> Option<Scalar> {
        let plain = match name.text {
            "Bool" => Scalar::Bool,
            "Int" => Scalar::Int,
            "BigInt" => Scalar::BigInt,
            "Float" => Scalar::Float,
            "Money" => Scalar::Money,
            "Text" => Scalar::Text,
            "Uuid" => Scalar::Uuid,
            "Date" => Scalar::Date,
            "Time" => Scalar::Time,
            "Instant" => Scalar::Instant,
            "Duration" => Scalar::Duration,
            "Json" => Scalar::Json,
            "Email" => Scalar::Email,
            "Phone" => Scalar::Phone,
            "Url" => Scalar::Url,
            "Ip" => Scalar::Ip,
            "PasswordHash" => Scalar::PasswordHash,
            "Token" => Scalar::Token,
            _ => return self.scalar_with_args(name, view),
        };
        if view.args().is_some() {
            self.no_type_args(name, view);
        }
        Some(plain)
    }

    fn scalar_with_args(&mut self, name: ast::Name<'t>, view: ast::Type<'t>) -> Option<Scalar> {
        let numbers: Option<Vec<i128>> = view
            .args()
            .into_iter()
            .flat_map(ast::Args::iter)
            .map(|arg| {
                arg.expr()
                    .and_then(ast::Expr::as_number)
                    .and_then(syntax::Number::as_integer)
            })
            .collect();
        let numbers = numbers.as_deref().unwrap_or(&[-1]);
        let length = |n: i128| {
            u32::try_from(n)
                .ok()
                .filter(|n| (1..=LONGEST_STRING).contains(&i128::from(*n)))
        };
        let scalar = match (name.text, numbers) {
            ("String", []) => {
                let found = Diagnostic::new(
                    &codes::UNBOUNDED_STRING,
                    name.span,
                    "`String` does not say how long it may be",
                );
                let found = found.help("write `String(200)`, or `Text` for text of any length");
                self.push(found.replace(
                    Certainty::Suggested,
                    "write `String(200)`",
                    name.span,
                    "String(200)",
                ));
                return Some(Scalar::String(200));
            }
            ("String", [n]) => length(*n).map(Scalar::String),
            ("Bytes", []) => Some(Scalar::Bytes(None)),
            ("Bytes", [n]) => length(*n).map(|n| Scalar::Bytes(Some(n))),
            ("Decimal", [digits, scale])
                if (1..=MOST_DIGITS).contains(digits) && (0..=*digits).contains(scale) =>
            {
                u32::try_from(*digits)
                    .ok()
                    .zip(u32::try_from(*scale).ok())
                    .map(|(digits, scale)| Scalar::Decimal(digits, scale))
            }
            _ => None,
        };
        if scalar.is_none() {
            let help = match name.text {
                "Decimal" => "write `Decimal(12, 2)`: digits in all (1 to 38), digits behind the point",
                _ => "write the longest length: `String(200)`; it is at least 1 and at most 10485760",
            };
            let span = view.args().map_or(name.span, |args| args.span());
            self.report(
                &codes::BAD_TYPE_ARGUMENT,
                span,
                format!("`{}` cannot have these arguments", name.text),
                help,
            );
        }
        scalar
    }
}

/// What values of a type can be compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Bool,
    Number,
    Text,
    Uuid,
    Ip,
    Date,
    Time,
    Instant,
    Duration,
    Bytes,
    Json,
    Secret,
    Token,
    Enum(crate::EnumId),
    Reference(crate::EntityId),
    List,
    Related,
    Unknown,
}

impl Class {
    pub(super) fn of(ty: &Type) -> Self {
        match ty {
            Type::Scalar(scalar) => match scalar {
                Scalar::Bool => Self::Bool,
                Scalar::Int | Scalar::BigInt | Scalar::Float | Scalar::Decimal(..) | Scalar::Money => {
                    Self::Number
                }
                Scalar::String(_) | Scalar::Text | Scalar::Email | Scalar::Phone | Scalar::Url => Self::Text,
                Scalar::Uuid => Self::Uuid,
                Scalar::Ip => Self::Ip,
                Scalar::Date => Self::Date,
                Scalar::Time => Self::Time,
                Scalar::Instant => Self::Instant,
                Scalar::Duration => Self::Duration,
                Scalar::Bytes(_) => Self::Bytes,
                Scalar::Json => Self::Json,
                Scalar::PasswordHash => Self::Secret,
                Scalar::Token => Self::Token,
            },
            Type::Enum(id) => Self::Enum(*id),
            Type::Shape(_) => Self::Json,
            Type::Reference(id) => Self::Reference(*id),
            Type::Array(_) => Self::List,
            Type::Related(_) => Self::Related,
            Type::Unknown => Self::Unknown,
        }
    }

    /// Whether values of the class have an order.
    pub(super) fn is_ordered(self) -> bool {
        matches!(
            self,
            Self::Number
                | Self::Text
                | Self::Date
                | Self::Time
                | Self::Instant
                | Self::Duration
                | Self::Unknown
        )
    }

    pub(super) fn fits(self, other: Self) -> bool {
        self == Self::Unknown || other == Self::Unknown || self == other
    }
}
