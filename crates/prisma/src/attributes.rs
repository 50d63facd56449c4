//! Which attributes there are. One that is not known is told: nothing is left out in silence.

use diagnostics::{Diagnostic, Diagnostics, did_you_mean};

use crate::ast::Attribute;
use crate::codes;
use crate::datasource::Datasource;
use crate::ground::{Ground, Model};

/// Of a field, besides native types.
const OF_FIELD: &[&str] = &[
    "id",
    "unique",
    "default",
    "updatedAt",
    "map",
    "relation",
    "ignore",
];
/// Of a model.
const OF_MODEL: &[&str] = &["id", "unique", "index", "map", "ignore", "schema"];
/// Of an enum.
const OF_ENUM: &[&str] = &["map", "schema"];
/// Those that may stand several times.
const SEVERAL: &[&str] = &["unique", "index"];

/// Of other databases, and why they mean nothing here.
const ELSEWHERE: &[(&str, &str)] = &[
    ("fulltext", "is of MySQL and MongoDB"),
    ("shardKey", "is of PlanetScale"),
];

/// Tells attributes that are not known.
pub(crate) fn check(ground: &Ground<'_>, found: &mut Diagnostics) {
    for model in &ground.models {
        of_block(&model.block.attributes, OF_MODEL, found);
        of_fields(ground, model, found);
    }
    for of in &ground.enums {
        of_block(&of.block.attributes, OF_ENUM, found);
    }
}

fn of_fields(ground: &Ground<'_>, model: &Model<'_>, found: &mut Diagnostics) {
    for field in &model.fields {
        known(&field.field.attributes, OF_FIELD, ground.source, found);
        let of_relation = |attribute: &&Attribute| {
            let of_columns = ["id", "unique", "default", "updatedAt", "map"];
            of_columns.contains(&attribute.name.text.as_str())
        };
        if !field.is_relation() {
            continue;
        }
        for attribute in field.field.attributes.iter().filter(of_relation) {
            let message = format!(
                "`@{}` is about a column, and a relation is none",
                attribute.name.text
            );
            let finding = Diagnostic::new(&codes::BAD_RELATION, attribute.name.span, message);
            found.push(finding.help("write it at the field that holds the key of the other model"));
        }
    }
}

/// Tells attributes of a field or member that are not among some names and no native types.
pub(crate) fn known(attributes: &[Attribute], names: &[&str], source: &Datasource, found: &mut Diagnostics) {
    for (at, attribute) in attributes.iter().enumerate() {
        let name = attribute.name.text.as_str();
        match name.split_once('.') {
            Some((prefix, _)) if prefix == source.name.text => {}
            Some((prefix, native)) => {
                let message = format!("no datasource is called `{prefix}`");
                let finding = Diagnostic::new(&codes::UNKNOWN, attribute.name.span, message);
                found.push(finding.help(format!("write `@{}.{native}`", source.name.text)));
            }
            None if !names.contains(&name) => found.push(unknown(attribute, "@", names)),
            None => {}
        }
        let again = attributes.iter().take(at).any(|before| before.name.text == name);
        if again {
            found.push(twice(attribute, "@"));
        }
    }
}

fn of_block(attributes: &[Attribute], names: &[&str], found: &mut Diagnostics) {
    for (at, attribute) in attributes.iter().enumerate() {
        let name = attribute.name.text.as_str();
        if !names.contains(&name) {
            found.push(unknown(attribute, "@@", names));
        } else if !SEVERAL.contains(&name)
            && attributes.iter().take(at).any(|before| before.name.text == name)
        {
            found.push(twice(attribute, "@@"));
        }
    }
}

fn twice(attribute: &Attribute, marks: &str) -> Diagnostic {
    let message = format!("`{marks}{}` is said twice", attribute.name.text);
    Diagnostic::new(&codes::TAKEN, attribute.name.span, message).help("take one of them out")
}

fn unknown(attribute: &Attribute, marks: &str, names: &[&str]) -> Diagnostic {
    let name = &attribute.name.text;
    let elsewhere = ELSEWHERE.iter().find(|(known, _)| known == name);
    let message = match elsewhere {
        Some((_, why)) => format!("`{marks}{name}` {why}"),
        None => format!("`{marks}{name}` is no attribute that is known here"),
    };
    let help = match did_you_mean(name, names) {
        Some(meant) => format!("did you mean `{marks}{meant}`?"),
        None => "take it out: what it would make is not known, and would be missing".to_owned(),
    };
    Diagnostic::new(&codes::UNKNOWN, attribute.name.span, message).help(help)
}
