//! Shapes: the declared forms of JSON values.

use std::collections::BTreeSet;

use model::{Shape, ShapeId, Type};

use super::fields::Fields;
use super::imports::Imports;
use super::py::{Py, docstring, statement};
use super::units::Units;
use super::{GENERATED, Input};

/// The module of all shapes; `None` when there is none.
pub(super) fn module(input: &Input<'_>, units: &Units<'_>) -> Option<String> {
    if input.model.shapes.is_empty() {
        return None;
    }
    let mut imports = Imports::default();
    imports.own("..core.schemas", "Shape");
    let mut fields = Fields::of_shapes(units);
    let mut classes = String::new();
    for id in ordered(input) {
        let (Some(shape), Some(class)) = (input.model.shape(id), units.shapes.get(id.0 as usize)) else {
            continue;
        };
        classes.push_str("\n\n");
        classes.push_str(&one(shape, id, class, &mut fields, &mut imports));
    }
    let mut text = docstring(0, &format!("The forms of JSON values.\n\n{GENERATED}"));
    text.push_str("\nfrom __future__ import annotations\n\n");
    let mut own = imports.render(&input.place);
    // The module has the shapes itself.
    own = own
        .lines()
        .filter(|line| !line.starts_with("from .shapes "))
        .map(|line| format!("{line}\n"))
        .collect();
    text.push_str(&own);
    let aliases = fields.aliases();
    if aliases.is_empty() {
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text.push_str(&aliases);
    text.push_str(&classes);
    Some(text)
}

fn one(
    shape: &Shape,
    id: ShapeId,
    class: &str,
    fields: &mut Fields<'_, '_>,
    imports: &mut Imports,
) -> String {
    let mut text = statement(
        0,
        "",
        &Py::call(format!("class {class}"), [Py::atom("Shape")]),
        ":",
    );
    if let Some(doc) = &shape.doc {
        text.push_str(&docstring(4, doc));
        text.push('\n');
    }
    if shape.fields.is_empty() {
        text.push_str("    pass\n");
    }
    let mut names = super::names::Names::attributes();
    for (field, index) in shape.fields.iter().zip(0_u32..) {
        let name = names.take(&field.name.text);
        let ty = fields.of_shape(field, (id.0 << 16) | index, imports);
        let default = field
            .default
            .as_ref()
            .and_then(|(value, _)| fields.default(value, &field.ty, imports));
        let default = default.or_else(|| field.optional.then(|| "None".to_owned()));
        let optional = if field.optional { " | None" } else { "" };
        let alias = (name != field.name.text).then_some(("alias", field.name.text.as_str()));
        text.push_str(&super::schemas::line(
            &format!("{name}: {ty}{optional}"),
            alias,
            default,
            imports,
        ));
    }
    text
}

/// Those that others are made of come first.
fn ordered(input: &Input<'_>) -> Vec<ShapeId> {
    let mut order = Vec::new();
    let mut seen = BTreeSet::new();
    for at in 0..input.model.shapes.len() as u32 {
        visit(input, ShapeId(at), &mut seen, &mut order);
    }
    order
}

fn visit(input: &Input<'_>, id: ShapeId, seen: &mut BTreeSet<ShapeId>, order: &mut Vec<ShapeId>) {
    if !seen.insert(id) {
        return;
    }
    let fields = input
        .model
        .shape(id)
        .map(|shape| shape.fields.as_slice())
        .unwrap_or_default();
    for field in fields {
        if let Some(inner) = shape_of(&field.ty) {
            visit(input, inner, seen, order);
        }
    }
    order.push(id);
}

fn shape_of(ty: &Type) -> Option<ShapeId> {
    match ty {
        Type::Shape(id) => Some(*id),
        Type::Array(item) => shape_of(item),
        _ => None,
    }
}
