//! Relations: which fields are the two sides of one, and which columns hold it.

use std::collections::HashMap;

use diagnostics::{Diagnostic, Diagnostics, Span};
use physical::OnDelete;

use crate::arguments::{Arguments, Takes, bad, words};
use crate::ast::{Arity, Attribute};
use crate::codes;
use crate::ground::{FieldOf, Ground, Kind, Model};
use crate::keys::{column_of, of_field};

/// A relation that columns of a table hold.
pub(crate) struct Held<'g> {
    /// The place of the model with the columns.
    pub(crate) model: usize,
    /// The place of the other one.
    pub(crate) target: usize,
    pub(crate) columns: Vec<&'g FieldOf<'g>>,
    pub(crate) referenced: Vec<&'g FieldOf<'g>>,
    pub(crate) on_delete: OnDelete,
    pub(crate) on_update: OnDelete,
    pub(crate) map: Option<&'g str>,
    pub(crate) span: Span,
}

/// A relation that a table of its own holds.
pub(crate) struct Between {
    /// What it is called.
    pub(crate) name: String,
    /// The places of the two models, in the order of the columns `A` and `B`.
    pub(crate) models: (usize, usize),
    pub(crate) span: Span,
}

/// All relations of a schema.
#[derive(Default)]
pub(crate) struct Relations<'g> {
    pub(crate) held: Vec<Held<'g>>,
    pub(crate) between: Vec<Between>,
}

const RELATION: Takes = Takes {
    bare: &["name"],
    all: &["name", "fields", "references", "onDelete", "onUpdate", "map"],
};

/// One side of a relation.
#[derive(Clone, Copy)]
struct Side<'g> {
    model: usize,
    target: usize,
    field: &'g FieldOf<'g>,
    attribute: Option<&'g Attribute>,
    has_fields: bool,
}

impl Side<'_> {
    fn is_list(&self) -> bool {
        self.field.field.arity == Arity::List
    }

    fn span(&self) -> Span {
        self.field.field.name.span
    }
}

/// The two models, and the name where there is one.
type Group<'g> = (usize, usize, Option<&'g str>);

/// Finds the sides of each relation.
pub(crate) fn find<'g>(ground: &'g Ground<'g>, found: &mut Diagnostics) -> Relations<'g> {
    let mut order: Vec<Group<'g>> = Vec::new();
    let mut groups: HashMap<Group<'g>, Vec<Side<'g>>> = HashMap::new();
    for (at, model) in ground.models.iter().enumerate() {
        for field in &model.fields {
            let Kind::Relation(target) = field.kind else {
                continue;
            };
            let (side, name) = side(at, target, field, found);
            let group = (at.min(target), at.max(target), name);
            let sides = groups.entry(group).or_default();
            if sides.is_empty() {
                order.push(group);
            }
            sides.push(side);
        }
    }
    let mut all = Relations::default();
    for group in order {
        let sides = groups.get(&group).map(Vec::as_slice).unwrap_or_default();
        pair(ground, group, sides, &mut all, found);
    }
    all
}

fn side<'g>(
    model: usize,
    target: usize,
    field: &'g FieldOf<'g>,
    found: &mut Diagnostics,
) -> (Side<'g>, Option<&'g str>) {
    let attribute = of_field(field, "relation");
    let arguments = attribute.map(|attribute| Arguments::read(attribute, &RELATION, found));
    let name = arguments
        .as_ref()
        .and_then(|arguments| arguments.text("name", found));
    let has_fields = arguments.is_some_and(|arguments| arguments.get("fields").is_some());
    let side = Side {
        model,
        target,
        field,
        attribute,
        has_fields,
    };
    (side, name)
}

/// The two sides of a group, if it has two.
fn pair<'g>(
    ground: &'g Ground<'g>,
    (first, second, name): Group<'g>,
    sides: &[Side<'g>],
    all: &mut Relations<'g>,
    found: &mut Diagnostics,
) {
    let (one, other) = match sides {
        [one, other] if first == second || one.model != other.model => (one, other),
        [one] => {
            found.push(lonely(ground, one));
            alone(ground, one, all, found);
            return;
        }
        [one, ..] if first != second && sides.iter().all(|side| side.model == one.model) => {
            for side in sides {
                found.push(lonely(ground, side));
                alone(ground, side, all, found);
            }
            return;
        }
        [.., last] => {
            let message = "these fields could be sides of several relations";
            let mut finding = Diagnostic::new(&codes::BAD_RELATION, last.span(), message);
            for side in sides.iter().take(4) {
                finding = finding.also(side.span(), "here");
            }
            found.push(
                finding.help("give both sides of each relation a name of their own: `@relation(\"name\")`"),
            );
            return;
        }
        [] => return,
    };
    match (one.has_fields, other.has_fields) {
        (true, true) => {
            let message = "both sides say which columns hold the relation";
            let finding = Diagnostic::new(&codes::BAD_RELATION, other.span(), message);
            found.push(
                finding
                    .also(one.span(), "and here")
                    .help("take `fields` and `references` out on one side"),
            );
        }
        (true, false) => all.held.extend(held(ground, one, found)),
        (false, true) => all.held.extend(held(ground, other, found)),
        (false, false) if one.is_list() && other.is_list() => all.between.push(between(ground, one, name)),
        (false, false) => {
            let message = "nothing says which columns hold the relation";
            let side = if one.is_list() { other } else { one };
            let finding = Diagnostic::new(&codes::BAD_RELATION, side.span(), message);
            found.push(finding.help("write `@relation(fields: [otherId], references: [id])` at one side"));
        }
    }
}

/// A side that says which columns hold the relation says all that a database has to know.
fn alone<'g>(ground: &'g Ground<'g>, side: &Side<'g>, all: &mut Relations<'g>, found: &mut Diagnostics) {
    if side.has_fields {
        all.held.extend(held(ground, side, found));
    }
}

fn lonely(ground: &Ground<'_>, side: &Side<'_>) -> Diagnostic {
    let name = |at: usize| {
        ground
            .models
            .get(at)
            .map_or("", |model| model.block.name.text.as_str())
    };
    let message = format!(
        "the relation `{}` has no other side in `{}`",
        side.field.field.name.text,
        name(side.target)
    );
    let help = format!(
        "write a field of type `{0}` or `{0}[]` in `{1}`, with the same name of the relation if it has one",
        name(side.model),
        name(side.target)
    );
    Diagnostic::new(&codes::LONELY, side.span(), message).help(help)
}

fn between(ground: &Ground<'_>, one: &Side<'_>, name: Option<&str>) -> Between {
    let of = |at: usize| {
        ground
            .models
            .get(at)
            .map_or("", |model| model.block.name.text.as_str())
    };
    let models = if of(one.model) <= of(one.target) {
        (one.model, one.target)
    } else {
        (one.target, one.model)
    };
    Between {
        name: name.map_or_else(|| format!("{}To{}", of(models.0), of(models.1)), str::to_owned),
        models,
        span: one.span(),
    }
}

/// The columns of the side that holds the relation.
fn held<'g>(ground: &'g Ground<'g>, side: &Side<'g>, found: &mut Diagnostics) -> Option<Held<'g>> {
    let attribute = side.attribute?;
    // What is wrong with the arguments was told when the side was read.
    let mut told = Diagnostics::default();
    let arguments = Arguments::read(attribute, &RELATION, &mut told);
    let model = ground.models.get(side.model)?;
    let target = ground.models.get(side.target)?;
    let columns = named(model, &arguments, "fields", found);
    let referenced = named(target, &arguments, "references", found);
    if side.is_list() {
        let finding = Diagnostic::new(
            &codes::BAD_RELATION,
            side.span(),
            "a list is held by the other side",
        );
        found.push(finding.help("move `fields` and `references` to the other side"));
        return None;
    }
    if columns.len() != referenced.len() || columns.is_empty() {
        let message = "`fields` and `references` name as many fields as each other, and at least one";
        let finding = Diagnostic::new(&codes::BAD_RELATION, attribute.name.span, message);
        found.push(finding.help("write `fields: [otherId], references: [id]`"));
        return None;
    }
    let required = columns.iter().any(|field| field.field.arity == Arity::Required);
    let usual = if required {
        OnDelete::Restrict
    } else {
        OnDelete::SetNull
    };
    Some(Held {
        model: side.model,
        target: side.target,
        columns,
        referenced,
        on_delete: action(&arguments, "onDelete", found).unwrap_or(usual),
        on_update: action(&arguments, "onUpdate", found).unwrap_or(OnDelete::Cascade),
        map: arguments.text("map", found),
        span: attribute.name.span,
    })
}

fn named<'g>(
    model: &'g Model<'g>,
    arguments: &Arguments<'_>,
    name: &str,
    found: &mut Diagnostics,
) -> Vec<&'g FieldOf<'g>> {
    let Some(value) = arguments.get(name) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for (word, item) in words(value, found) {
        all.extend(column_of(model, word, item, found));
    }
    all
}

fn action(arguments: &Arguments<'_>, name: &str, found: &mut Diagnostics) -> Option<OnDelete> {
    let value = arguments.get(name)?;
    match value.as_word() {
        Some("Cascade") => Some(OnDelete::Cascade),
        Some("Restrict") => Some(OnDelete::Restrict),
        Some("NoAction") => Some(OnDelete::NoAction),
        Some("SetNull") => Some(OnDelete::SetNull),
        Some("SetDefault") => Some(OnDelete::SetDefault),
        _ => {
            let help = "write `Cascade`, `Restrict`, `NoAction`, `SetNull` or `SetDefault`";
            found.push(bad(value, "this is nothing that can happen to a row", help));
            None
        }
    }
}
