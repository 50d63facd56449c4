//! Shapes: the declared form of JSON values.

use std::collections::HashMap;

use diagnostics::{Diagnostic, Span};
use syntax::ast;

use super::{Resolver, describe};
use crate::{Field, Scalar, ShapeId, Type, codes};

impl<'t> Resolver<'t> {
    pub(super) fn shape_fields(&mut self) {
        for (at, view) in self.shapes.clone().into_iter().enumerate() {
            self.shape(ShapeId(at as u32), view);
        }
        self.recursive_shapes();
    }

    fn shape(&mut self, id: ShapeId, view: ast::Shape<'t>) {
        let mut names: HashMap<&str, Span> = HashMap::new();
        for view in view.fields() {
            let Some(name) = view.name() else { continue };
            if let Some(first) = names.insert(name.text, name.span) {
                let message = format!("the shape has two fields named `{}`", name.text);
                self.push(
                    Diagnostic::new(&codes::DUPLICATE_FIELD, name.span, message).also(first, "the first one"),
                );
                continue;
            }
            let Some((field, said)) = self.read_field(name, view) else {
                continue;
            };
            self.check_in_shape(&field, view);
            let Some(shape) = self.model.shapes.get_mut(id.0 as usize) else {
                continue;
            };
            let at = shape.fields.len() as u32;
            shape.fields.push(field);
            self.late_in_shapes
                .extend(said.take_late().into_iter().map(|late| (id, at, late)));
        }
    }

    fn check_in_shape(&mut self, field: &Field, view: ast::Field<'t>) {
        let bad_type = match &field.ty {
            Type::Reference(_) | Type::Related(_) => {
                Some("a value inside JSON cannot refer to a row: move it to the entity")
            }
            Type::Scalar(Scalar::PasswordHash | Scalar::Token) => {
                Some("secrets do not belong into JSON: move it to the entity")
            }
            _ => None,
        };
        if let Some(help) = bad_type {
            let shown = describe::type_name(&self.model, &field.ty);
            let message = format!("`{shown}` cannot stand in a shape");
            return self.report(&codes::NOT_IN_SHAPE, field.type_span, message, help);
        }
        const ONLY_ENTITIES: [&str; 7] = [
            "unique",
            "owner",
            "on_delete",
            "encrypted",
            "computed",
            "column",
            "id",
        ];
        for attr in view.attrs() {
            let Some(name) = attr.name() else { continue };
            if ONLY_ENTITIES.contains(&name.text) {
                let message = format!("`@{}` cannot stand in a shape", name.text);
                self.report(
                    &codes::NOT_IN_SHAPE,
                    attr.span(),
                    message,
                    "put it on a field of the entity that holds the shape",
                );
            }
        }
    }

    /// A shape that contains itself would be infinite, unless a list or `?` ends it.
    fn recursive_shapes(&mut self) {
        let inner: Vec<Vec<(u32, Span)>> = self
            .model
            .shapes
            .iter()
            .map(|shape| required_inside(&shape.fields))
            .collect();
        let mut state = vec![0_u8; inner.len()];
        for start in 0..inner.len() {
            let mut stack = vec![(start, 0_usize)];
            while let Some((at, next)) = stack.pop() {
                let Some(edges) = inner.get(at) else { continue };
                if let Some(state) = state.get_mut(at) {
                    if next == 0 && *state != 0 {
                        continue;
                    }
                    *state = 1;
                }
                let Some((to, span)) = edges.get(next).copied() else {
                    if let Some(state) = state.get_mut(at) {
                        *state = 2;
                    }
                    continue;
                };
                stack.push((at, next + 1));
                match state.get(to as usize) {
                    Some(0) => stack.push((to as usize, 0)),
                    Some(1) => {
                        let name = self
                            .model
                            .shapes
                            .get(to as usize)
                            .map_or("", |shape| shape.name.text.as_str());
                        let message = format!("`{name}` contains itself without end");
                        let found = Diagnostic::new(&codes::RECURSIVE_SHAPE, span, message);
                        self.push(found.help("write a `?` behind the type, or make it a list"));
                    }
                    _ => {}
                }
            }
        }
    }
}

fn required_inside(fields: &[Field]) -> Vec<(u32, Span)> {
    let required = fields.iter().filter(|field| !field.optional);
    required
        .filter_map(|field| match field.ty {
            Type::Shape(id) => Some((id.0, field.type_span)),
            _ => None,
        })
        .collect()
}
