//! What fields and heads say about other fields: defaults, ranges, computed values, partitions.

use diagnostics::Diagnostic;
use syntax::ast;

use super::exprs::{Place, Scope};
use super::types::Class;
use super::{Late, Resolver, describe};
use crate::{EntityId, Expr, ExprKind, FieldId, Scalar, Type, codes};

impl<'t> Resolver<'t> {
    pub(super) fn late_attributes(&mut self) {
        for (id, late) in std::mem::take(&mut self.late) {
            let Some(field) = self.field(id) else { continue };
            let (ty, optional) = (field.ty.clone(), field.optional);
            match late {
                Late::Default(view) => self.default_of(id, view, &ty, optional),
                Late::Range(attr) => {
                    let limits = self.range(attr, &ty);
                    if let Some(field) = self.field_mut(id) {
                        field.range = limits;
                    }
                }
                Late::Computed(attr) => self.computed(id, attr, &ty),
            }
        }
        self.computed_of_computed();
        for (id, at, late) in std::mem::take(&mut self.late_in_shapes) {
            self.late_in_shape(id, at, late);
        }
        for (at, view) in self.entities.clone().into_iter().enumerate() {
            self.partitions(EntityId(at as u32), view);
        }
    }

    fn default_of(&mut self, id: FieldId, view: ast::Expr<'t>, ty: &Type, optional: bool) {
        if matches!(ty, Type::Related(_)) {
            let message = "a relation to many has no default";
            return self.report(
                &codes::DEFAULT_MISMATCH,
                view.span(),
                message,
                "remove it: a new row relates to nobody",
            );
        }
        let default = self
            .constant(view, ty, optional)
            .map(|literal| (literal, view.span()));
        if let Some(field) = self.field_mut(id) {
            field.default = default;
        }
    }

    fn late_in_shape(&mut self, id: crate::ShapeId, at: u32, late: Late<'t>) {
        let field = |model: &crate::Model| {
            model
                .shape(id)
                .and_then(|shape| shape.fields.get(at as usize))
                .cloned()
        };
        let Some(field) = field(&self.model) else { return };
        let (default, range) = match late {
            Late::Default(view) => (
                self.constant(view, &field.ty, field.optional)
                    .map(|literal| (literal, view.span())),
                None,
            ),
            Late::Range(attr) => (None, self.range(attr, &field.ty)),
            Late::Computed(_) => return,
        };
        let slot = self
            .model
            .shapes
            .get_mut(id.0 as usize)
            .and_then(|shape| shape.fields.get_mut(at as usize));
        if let Some(slot) = slot {
            slot.default = slot.default.take().or(default);
            slot.range = slot.range.take().or(range);
        }
    }

    fn computed(&mut self, id: FieldId, attr: ast::Attr<'t>, ty: &Type) {
        let mut args = attr.args();
        let (Some(view), None) = (args.next().and_then(ast::Arg::expr), args.next()) else {
            return self.bad_argument(attr, "write what it follows from: `@computed(price * quantity)`");
        };
        if let Some(place) = self
            .field(id)
            .and_then(|field| field.default.as_ref().map(|(_, span)| *span))
        {
            let message = "a computed field cannot have a default";
            let found =
                Diagnostic::new(&codes::MISPLACED_ATTRIBUTE, attr.span(), message).also(place, "the default");
            return self.push(found.help("remove one of them"));
        }
        let mut scope = Scope::new(id.entity, Place::Computed);
        let expr = self.infer(&mut scope, view, Some(ty));
        if expr.kind != ExprKind::Unknown && !assignable(&expr.ty, ty) {
            let (from, to) = (
                describe::type_name(&self.model, &expr.ty),
                describe::type_name(&self.model, ty),
            );
            let message = format!("this is a value of type `{from}`, and the field is of type `{to}`");
            self.report(
                &codes::TYPE_MISMATCH,
                expr.span,
                message,
                "change the type of the field, or the expression",
            );
            return;
        }
        if let Some(field) = self.field_mut(id) {
            field.computed = Some((expr, attr.span()));
        }
    }

    /// Databases compute such columns in no promised order, so none may read another.
    fn computed_of_computed(&mut self) {
        let mut found = Vec::new();
        for field in self.model.entities.iter().flat_map(|entity| &entity.fields) {
            let Some((expr, _)) = &field.computed else {
                continue;
            };
            let mut reads = Vec::new();
            paths(expr, &mut reads);
            for (id, span) in reads {
                if let Some(other) = self.field(id).filter(|other| other.computed.is_some()) {
                    found.push((span, field.name.text.clone(), other.name.text.clone()));
                }
            }
        }
        for (span, name, other) in found {
            let message = match name == other {
                true => format!("`{name}` is computed from itself"),
                false => format!("`{name}` is computed from `{other}`, which is computed too"),
            };
            self.report(
                &codes::COMPUTED_OF_COMPUTED,
                span,
                message,
                "write out what it follows from, with stored fields only",
            );
        }
    }

    fn partitions(&mut self, id: EntityId, view: ast::Entity<'t>) {
        for attr in view.attrs() {
            let Some(name) = attr
                .name()
                .filter(|name| matches!(name.text, "partition" | "shard"))
            else {
                continue;
            };
            let help = if name.text == "partition" {
                "write `@partition(by: created_at)`"
            } else {
                "write `@shard(field)`"
            };
            let Some(word) = self.word_arg(attr, help) else {
                continue;
            };
            let Some(field) = self.expect_field(id, word) else {
                continue;
            };
            let by_time = self.field(field).map(|field| Class::of(&field.ty));
            let by_time = matches!(by_time, Some(Class::Instant | Class::Date));
            if name.text == "partition" && !by_time {
                self.bad_argument(
                    attr,
                    "partitions are made by month: name a field of type `Instant` or `Date`",
                );
                continue;
            }
            let said = Some((field, attr.span()));
            if name.text == "partition" {
                // A row that moved to another partition would be a row removed and another made, with new stamps.
                if let Some(field) = self.field_mut(field) {
                    field.immutable.get_or_insert(attr.span());
                }
            }
            self.change(id, |entity| {
                if name.text == "partition" {
                    entity.partition = said
                } else {
                    entity.shard = said
                }
            });
        }
    }
}

/// Whether a value of one type can be stored as another.
fn assignable(from: &Type, to: &Type) -> bool {
    let whole = |ty: &Type| matches!(ty, Type::Scalar(Scalar::Int | Scalar::BigInt));
    let exact = |ty: &Type| !matches!(ty, Type::Scalar(Scalar::Float));
    let (one, other) = (Class::of(from), Class::of(to));
    if one == Class::Number && other == Class::Number {
        return if whole(to) {
            whole(from)
        } else {
            exact(from) || !exact(to)
        };
    }
    one.fits(other)
}

/// Every field that an expression reads.
pub(super) fn paths(expr: &Expr, out: &mut Vec<(FieldId, diagnostics::Span)>) {
    if let ExprKind::Path(path) = &expr.kind {
        out.extend(path.steps.last().map(|id| (*id, expr.span)));
    }
    expr.children(&mut |child| paths(child, out));
}
