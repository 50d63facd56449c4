//! Types of the schemas' fields: as they are shown, and with the rules that hold for what is sent.

use model::naming::snake;
use model::{Compare, Entity, Expr, ExprKind, Field, Literal, Privacy, Scalar, Type};

use super::conditions::literal;
use super::imports::Imports;
use super::names::{Names, pascal};
use super::py::{Py, statement, string};
use super::units::{Unit, Units};

/// The types of one module: those with rules have a name of their own.
pub(super) struct Fields<'s, 'a> {
    units: &'s Units<'a>,
    names: Names<'s>,
    defined: Vec<(u32, String)>,
    text: String,
}

impl<'s, 'a> Fields<'s, 'a> {
    pub(super) fn new(units: &'s Units<'a>, unit: &Unit<'_>) -> Self {
        Self {
            units,
            names: Names::aliases(&units.values, super::schemas::classes(&unit.class)),
            defined: Vec::new(),
            text: String::new(),
        }
    }

    /// Of a module without classes of entities.
    pub(super) fn of_shapes(units: &'s Units<'a>) -> Self {
        Self {
            units,
            names: Names::aliases(&units.values, []),
            defined: Vec::new(),
            text: String::new(),
        }
    }

    /// The types that were given names, in the order of their use.
    pub(super) fn aliases(&self) -> String {
        self.text.clone()
    }

    /// The type of a value that is shown.
    pub(super) fn read(&self, ty: &Type, imports: &mut Imports) -> String {
        match ty {
            Type::Scalar(Scalar::Instant) => core(imports, "Instant"),
            Type::Scalar(Scalar::Bytes(_)) => core(imports, "Bytes"),
            Type::Scalar(Scalar::Ip) => installed(imports, "IPvAnyAddress"),
            Type::Shape(id) => self.shape(*id, imports),
            Type::Array(item) => format!("list[{}]", self.read(item, imports)),
            _ => super::types::value(self.units, ty, imports, "..models."),
        }
    }

    fn shape(&self, id: model::ShapeId, imports: &mut Imports) -> String {
        match self.units.shapes.get(id.0 as usize) {
            Some(class) => {
                imports.own(".shapes", class);
                class.clone()
            }
            None => "object".to_owned(),
        }
    }

    /// The type of a value that is sent: with its rules.
    pub(super) fn sent(
        &mut self,
        field: &Field,
        index: u32,
        entity: &Entity,
        imports: &mut Imports,
    ) -> String {
        let mut rules = rules(self.units, field, imports);
        rules.extend(checked(self.units, entity, index, field, &rules, imports));
        self.named(field, index, &rules, imports)
    }

    /// The same for a member of a shape.
    pub(super) fn of_shape(&mut self, field: &Field, index: u32, imports: &mut Imports) -> String {
        let rules = rules(self.units, field, imports);
        self.named(field, index, &rules, imports)
    }

    fn named(&mut self, field: &Field, index: u32, rules: &[String], imports: &mut Imports) -> String {
        let hash = field.ty == Type::Scalar(Scalar::PasswordHash);
        let secret = field.privacy == Privacy::Secret && is_text(&field.ty) && !hash;
        let base = self.base(&field.ty, imports);
        if rules.is_empty() && !secret {
            return base;
        }
        if let Some((_, alias)) = self.defined.iter().find(|(known, _)| *known == index) {
            return alias.clone();
        }
        let alias = self.names.take_or(&pascal(&snake(&field.name.text)), "Value");
        let annotated = if hash {
            // A hash is hidden already: rules of its own go inside once more.
            imports.own("..core.schemas", "inside");
            imports.standard("typing", "Annotated");
            let inner = ruled(Py::atom("str"), rules, imports);
            Py::Listed(
                "Annotated[",
                vec![Py::Atom(base), Py::call("inside", [inner])],
                "]",
            )
        } else if secret {
            hidden(ruled(Py::Atom(base), rules, imports), imports)
        } else {
            ruled(Py::Atom(base), rules, imports)
        };
        self.text
            .push_str(&statement(0, &format!("{alias} = "), &annotated, ""));
        self.defined.push((index, alias.clone()));
        alias
    }

    /// The type of a value without the rules of its field.
    pub(super) fn base(&self, ty: &Type, imports: &mut Imports) -> String {
        let Type::Scalar(scalar) = ty else {
            return match ty {
                Type::Array(item) => format!("list[{}]", self.item(item, imports)),
                _ => self.read(ty, imports),
            };
        };
        let name = match scalar {
            Scalar::String(_) | Scalar::Text => "Text",
            Scalar::Email => "Email",
            Scalar::Phone => "Phone",
            Scalar::Url => "Url",
            Scalar::PasswordHash => "PasswordHash",
            Scalar::Money => "Money",
            Scalar::Decimal(..) => "Number",
            Scalar::Int => "Int",
            Scalar::BigInt => "BigInt",
            Scalar::Json => "Json",
            _ => return self.read(ty, imports),
        };
        core(imports, name)
    }

    /// The type of an element of a list, with the rules of its type.
    fn item(&self, ty: &Type, imports: &mut Imports) -> String {
        let base = self.base(ty, imports);
        let rules = match ty {
            Type::Scalar(scalar) => of_scalar(*scalar, None, None),
            _ => Vec::new(),
        };
        if rules.is_empty() {
            return base;
        }
        imports.standard("typing", "Annotated");
        imports.installed("pydantic", "Field");
        format!("Annotated[{base}, Field({})]", rules.join(", "))
    }

    /// A default as it stands in a class.
    pub(super) fn default(&self, value: &Literal, ty: &Type, imports: &mut Imports) -> Option<String> {
        match (value, ty) {
            (Literal::Member(id, at), _) => {
                let class = self.units.enums.get(id.0 as usize)?;
                imports.own("..models.enums", class);
                Some(format!("{class}.{}", self.units.member(*id, *at)?))
            }
            // JSON, a shape, bytes, a span of time: the database has it.
            (
                Literal::Text(_),
                Type::Scalar(Scalar::Json | Scalar::Bytes(_) | Scalar::Duration | Scalar::Ip),
            )
            | (Literal::Text(_), Type::Shape(_)) => None,
            (Literal::Text(text), Type::Scalar(Scalar::PasswordHash)) => {
                let class = installed(imports, "SecretStr");
                Some(format!("{class}({})", string(text)))
            }
            (Literal::EmptyArray, _) => {
                imports.installed("pydantic", "Field");
                Some("Field(default_factory=list)".to_owned())
            }
            _ => literal(self.units, value, ty, imports),
        }
    }
}

/// A type with rules.
fn ruled(base: Py, rules: &[String], imports: &mut Imports) -> Py {
    if rules.is_empty() {
        return base;
    }
    imports.standard("typing", "Annotated");
    imports.installed("pydantic", "Field");
    let rules = Py::call("Field", rules.iter().cloned().map(Py::Atom));
    Py::Listed("Annotated[", vec![base, rules], "]")
}

/// What is hidden keeps the rules of its type.
fn hidden(inner: Py, imports: &mut Imports) -> Py {
    imports.standard("typing", "Annotated");
    imports.own("..core.schemas", "inside");
    let class = installed(imports, "SecretStr");
    Py::Listed(
        "Annotated[",
        vec![Py::Atom(class), Py::call("inside", [inner])],
        "]",
    )
}

fn core(imports: &mut Imports, name: &str) -> String {
    imports.own("..core.schemas", name);
    name.to_owned()
}

fn installed(imports: &mut Imports, name: &str) -> String {
    imports.installed("pydantic", name);
    name.to_owned()
}

fn is_text(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Scalar(
            Scalar::String(_)
                | Scalar::Text
                | Scalar::Email
                | Scalar::Phone
                | Scalar::Url
                | Scalar::PasswordHash
        )
    )
}

/// Lengths and digits of a type, with those of the field.
fn of_scalar(scalar: Scalar, shortest: Option<u32>, longest: Option<u32>) -> Vec<String> {
    let own = match scalar {
        Scalar::String(most) | Scalar::Bytes(Some(most)) => Some(most),
        _ => None,
    };
    let most = match (own, longest) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
    let mut rules = Vec::new();
    rules.extend(shortest.map(|least| format!("min_length={least}")));
    rules.extend(most.map(|most| format!("max_length={most}")));
    if let Scalar::Decimal(digits, scale) = scalar {
        rules.push(format!("max_digits={digits}"));
        rules.push(format!("decimal_places={scale}"));
    }
    if scalar == Scalar::Float {
        rules.push("allow_inf_nan=False".to_owned());
    }
    rules
}

/// The rules that a field declares.
fn rules(units: &Units<'_>, field: &Field, imports: &mut Imports) -> Vec<String> {
    let (shortest, longest) = (field.min_length.map(|(n, _)| n), field.max_length.map(|(n, _)| n));
    let mut rules = match field.ty {
        Type::Scalar(scalar) => of_scalar(scalar, shortest, longest),
        // Lists have lengths, too.
        _ => of_scalar(Scalar::Text, shortest, longest),
    };
    if let Some((pattern, _)) = &field.pattern {
        rules.push(format!("pattern={}", string(pattern)));
    }
    if let Some((low, high, _)) = &field.range {
        for (word, limit) in [("ge", low), ("le", high)] {
            let limit = limit
                .as_ref()
                .and_then(|limit| bound(units, limit, &field.ty, imports));
            rules.extend(limit.map(|limit| format!("{word}={limit}")));
        }
    }
    rules
}

/// A limit; whole numbers need no class around them.
fn bound(units: &Units<'_>, value: &Literal, ty: &Type, imports: &mut Imports) -> Option<String> {
    match value {
        Literal::Int(number) => Some(number.to_string()),
        _ => literal(units, value, ty, imports),
    }
}

/// The rules of a field that stand in a check of the entity: `price >= 0`.
fn checked(
    units: &Units<'_>,
    entity: &Entity,
    index: u32,
    field: &Field,
    known: &[String],
    imports: &mut Imports,
) -> Vec<String> {
    let mut rules: Vec<String> = Vec::new();
    for check in &entity.checks {
        let ExprKind::Compare(op, left, right) = &check.expr.kind else {
            continue;
        };
        let word = match op {
            Compare::GreaterOrEqual => "ge",
            Compare::Greater => "gt",
            Compare::LessOrEqual => "le",
            Compare::Less => "lt",
            Compare::Equal | Compare::NotEqual => continue,
        };
        let limit = limit_of(left, right, index).and_then(|value| bound(units, value, &field.ty, imports));
        let taken = known
            .iter()
            .chain(&rules)
            .any(|rule| rule.starts_with(&format!("{word}=")));
        rules.extend(limit.filter(|_| !taken).map(|limit| format!("{word}={limit}")));
    }
    rules
}

fn limit_of<'e>(left: &Expr, right: &'e Expr, index: u32) -> Option<&'e Literal> {
    let (ExprKind::Path(path), ExprKind::Literal(value)) = (&left.kind, &right.kind) else {
        return None;
    };
    let [one] = path.steps.as_slice() else { return None };
    (one.index == index && matches!(value, Literal::Int(_) | Literal::Decimal(_))).then_some(value)
}
