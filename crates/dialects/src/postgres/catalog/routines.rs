//! Triggers, policies and functions.

use physical::{
    Argument, Database, Expr, Function, Ident, Name, Origin, Policy, PolicyCommand, Privilege, Timing,
    Trigger, TriggerAction, TriggerEvent, Volatility,
};
use plan::CatalogError;

use super::relations::{Relation, Relations};
use super::{Answers, acl, opaque, with_comment};
use crate::postgres::{ident, types};

pub(super) fn triggers(
    answers: &Answers<'_>,
    relations: &mut Relations,
    database: &mut Database,
) -> Result<(), CatalogError> {
    for mut row in answers.rows("triggers") {
        let of = row.int()?;
        let name = Ident::new(row.text()?);
        let bits = row.int()?;
        let enabled = row.text()?;
        let columns = row.numbers()?;
        let arguments = row.text()?;
        let function = Name::new(row.text()?, row.text()?);
        let transition_tables = (row.maybe()?.map(Ident::new), row.maybe()?.map(Ident::new));
        let comment = row.owned()?;
        let (constraint, conditional) = (row.bool()?, row.bool()?);
        let definition = row.maybe()?;
        let Some(relation) = relations.get(of) else {
            continue;
        };
        let as_text = constraint || relation.table.is_none();
        if as_text {
            let text = definition.unwrap_or_default();
            trigger_as_text(relation, &name, text, comment.as_deref(), database);
        }
        if matches!(enabled, "R" | "A") || (as_text && enabled == "D") {
            trigger_mode(relation, &name, enabled, database);
        }
        if as_text {
            continue;
        }
        let trigger = Trigger {
            name,
            timing: match bits {
                bits if bits & 2 != 0 => Timing::Before,
                bits if bits & 64 != 0 => Timing::InsteadOf,
                _ => Timing::After,
            },
            events: events(bits, relation.names(&columns)),
            per_row: bits & 1 != 0,
            transition_tables,
            when: definition
                .filter(|_| conditional)
                .and_then(condition)
                .map(Expr::Sql),
            action: TriggerAction::Call {
                function,
                arguments: texts(arguments),
            },
            enabled: enabled != "D",
            comment,
            origin: Origin::Found,
        };
        if let Some(table) = relations.table(of) {
            table.triggers.push(trigger);
        }
    }
    Ok(())
}

fn events(bits: i64, columns: Vec<Ident>) -> Vec<TriggerEvent> {
    let mut events = Vec::new();
    if bits & 4 != 0 {
        events.push(TriggerEvent::Insert);
    }
    if bits & 16 != 0 {
        events.push(TriggerEvent::Update(columns));
    }
    if bits & 8 != 0 {
        events.push(TriggerEvent::Delete);
    }
    if bits & 32 != 0 {
        events.push(TriggerEvent::Truncate);
    }
    events
}

fn trigger_mode(relation: &Relation, name: &Ident, enabled: &str, database: &mut Database) {
    let word = match enabled {
        "R" => "ENABLE REPLICA",
        "A" => "ENABLE ALWAYS",
        _ => "DISABLE",
    };
    let table = ident::name(&relation.name);
    let trigger = ident::ident(name.as_str());
    let mode = super::setting(
        "trigger mode",
        relation.name.clone(),
        format!("ALTER TABLE {table} {word} TRIGGER {trigger}"),
        format!("ALTER TABLE {table} ENABLE TRIGGER {trigger}"),
        vec![relation.name.clone(), of_trigger(relation, name)],
    );
    database.opaque.push(mode.told_by(name.as_str()));
}

/// What a trigger that is kept as text is called: the name of its relation belongs to it.
fn of_trigger(relation: &Relation, name: &Ident) -> Name {
    let mut full = relation.name.clone();
    full.name = Ident::new(format!("{} on {}", name, relation.name.name));
    full
}

fn trigger_as_text(
    relation: &Relation,
    name: &Ident,
    definition: &str,
    comment: Option<&str>,
    database: &mut Database,
) {
    let table = ident::name(&relation.name);
    let object = format!("{} ON {table}", ident::ident(name.as_str()));
    database.opaque.push(opaque(
        "trigger",
        of_trigger(relation, name),
        with_comment(definition.to_owned(), "TRIGGER", &object, comment),
        Some(format!("DROP TRIGGER {} ON {table}", ident::ident(name.as_str()))),
        vec![relation.name.clone()],
    ));
}

/// What stands in `WHEN (…)` of a trigger's definition.
fn condition(definition: &str) -> Option<String> {
    let (_, rest) = definition.split_once(" WHEN (")?;
    let (inside, _) = rest.rsplit_once(") EXECUTE FUNCTION ")?;
    Some(inside.to_owned())
}

/// Arguments of a trigger: hexadecimal, each with a zero byte behind.
fn texts(hex: &str) -> Vec<String> {
    let digits: Vec<u8> = hex
        .chars()
        .filter_map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let bytes: Vec<u8> = digits
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
        .collect();
    let mut out: Vec<String> = bytes
        .split(|byte| *byte == 0)
        .map(|part| String::from_utf8_lossy(part).into_owned())
        .collect();
    out.pop();
    out
}

pub(super) fn policies(answers: &Answers<'_>, relations: &mut Relations) -> Result<(), CatalogError> {
    for mut row in answers.rows("policies") {
        let of = row.int()?;
        let policy = Policy {
            name: Ident::new(row.text()?),
            command: match row.text()? {
                "r" => PolicyCommand::Select,
                "a" => PolicyCommand::Insert,
                "w" => PolicyCommand::Update,
                "d" => PolicyCommand::Delete,
                _ => PolicyCommand::All,
            },
            permissive: row.bool()?,
            roles: row.texts()?.into_iter().map(Ident::from).collect(),
            using: row.maybe()?.map(|sql| Expr::Sql(sql.to_owned())),
            check: row.maybe()?.map(|sql| Expr::Sql(sql.to_owned())),
            comment: row.owned()?,
            origin: Origin::Found,
        };
        if let Some(table) = relations.table(of) {
            table.policies.push(policy);
        }
    }
    Ok(())
}

pub(super) fn functions(answers: &Answers<'_>, database: &mut Database) -> Result<(), CatalogError> {
    for mut row in answers.rows("functions") {
        let name = Name::new(row.text()?, row.text()?);
        let kind = row.text()?;
        let owner = row.text()?.to_owned();
        let names = row.array()?;
        let argument_types = row.texts()?;
        let defaults = row.array()?;
        let returns = row.maybe()?.unwrap_or_default().to_owned();
        let language = row.text()?.to_owned();
        let volatility = match row.text()? {
            "i" => Volatility::Immutable,
            "s" => Volatility::Stable,
            _ => Volatility::Volatile,
        };
        let (strict, security_definer) = (row.bool()?, row.bool()?);
        let settings = row.texts()?;
        let body = row.maybe()?.unwrap_or_default();
        let list = row.maybe()?;
        let comment = row.owned()?;
        let signature = row.maybe()?.unwrap_or_default();
        let definition = row.maybe()?;
        let aggregate = row.maybe()?;
        // An aggregate of no values is written with a star.
        let inside = if kind == "a" && signature.is_empty() {
            "*"
        } else {
            signature
        };
        let object = format!("{}({inside})", ident::name(&name));
        if kind == "a" || definition.is_some() {
            let (word, text) = match (kind, definition) {
                ("a", _) => (
                    "AGGREGATE",
                    format!("CREATE AGGREGATE {object} ({})", aggregate.unwrap_or_default()),
                ),
                ("p", text) => ("PROCEDURE", text.unwrap_or_default().to_owned()),
                (_, text) => ("FUNCTION", text.unwrap_or_default().to_owned()),
            };
            let spelled: Vec<String> = argument_types.iter().map(|ty| types::spelled(ty)).collect();
            // Rights are given to functions, which know neither the star nor an order.
            let plain = match kind {
                "a" => format!("{}({})", ident::name(&name), spelled.join(", ")),
                _ => object.clone(),
            };
            let text = format!(
                "{};\n{}",
                text.trim_end(),
                owner_and_rights(word, (&object, &plain), &owner, list)
            );
            let text = with_comment(text, word, &object, comment.as_deref());
            let undo = Some(format!("DROP {word} {object}"));
            let routine = opaque(&word.to_lowercase(), name, text, undo, Vec::new());
            database.opaque.push(routine.told_by(spelled.join(", ")));
            continue;
        }
        super::rights_opaque(database, ("FUNCTION", &object), &name, list, &owner);
        let rights = acl::read(list, &owner, Some(Privilege::Execute));
        let arguments = argument_types
            .iter()
            .enumerate()
            .map(|(at, ty)| Argument {
                name: Ident::new(names.get(at).cloned().flatten().unwrap_or_default()),
                ty: types::spelled(ty),
                default: defaults.get(at).cloned().flatten(),
            })
            .collect();
        database.functions.push(Function {
            name,
            owner: Some(Ident::new(owner)),
            arguments,
            returns,
            language,
            volatility,
            strict,
            security_definer,
            settings: settings
                .iter()
                .filter_map(|setting| setting.split_once('='))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: body.to_owned(),
            grants: rights.grants,
            comment,
            origin: Origin::Found,
        });
    }
    Ok(())
}

/// The rest of a function that is kept as text.
fn owner_and_rights(word: &str, (object, plain): (&str, &str), owner: &str, list: Option<&str>) -> String {
    let of = if word == "PROCEDURE" { word } else { "FUNCTION" };
    let mut out = vec![format!("ALTER {word} {object} OWNER TO {}", ident::ident(owner))];
    out.extend(acl::whole(of, plain, list, owner));
    out.join(";\n")
}
