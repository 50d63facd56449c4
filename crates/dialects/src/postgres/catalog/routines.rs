//! Triggers, policies and functions.

use physical::{
    Argument, Database, Expr, Function, Ident, Name, Origin, Policy, PolicyCommand, Privilege, Timing,
    Trigger, TriggerAction, TriggerEvent, Volatility,
};
use plan::CatalogError;

use super::relations::{Relation, Relations};
use super::{Answers, acl, opaque};
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
        if matches!(enabled, "R" | "A") {
            trigger_mode(relation, &name, enabled, database);
        }
        if constraint || relation.table.is_none() {
            trigger_as_text(relation, &name, definition.unwrap_or_default(), database);
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
    let word = if enabled == "R" { "REPLICA" } else { "ALWAYS" };
    let table = ident::name(&relation.name);
    let trigger = ident::ident(name.as_str());
    database.opaque.push(opaque(
        "trigger mode",
        relation.name.clone(),
        format!("ALTER TABLE {table} ENABLE {word} TRIGGER {trigger}"),
        Some(format!("ALTER TABLE {table} ENABLE TRIGGER {trigger}")),
        vec![relation.name.clone()],
    ));
}

fn trigger_as_text(relation: &Relation, name: &Ident, definition: &str, database: &mut Database) {
    let mut full = relation.name.clone();
    full.name.clone_from(name);
    let table = ident::name(&relation.name);
    // The definition is only asked for where it is always needed; on a partition it is not.
    let text = if definition.is_empty() {
        format!("-- trigger {name} of {}", relation.name)
    } else {
        definition.to_owned()
    };
    database.opaque.push(opaque(
        "trigger",
        full,
        text,
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
        let rights = acl::read(row.maybe()?, &owner, Some(Privilege::Execute));
        let comment = row.owned()?;
        let signature = row.maybe()?.unwrap_or_default();
        let definition = row.maybe()?;
        let aggregate = row.maybe()?;
        let object = format!("{}({signature})", ident::name(&name));
        if kind == "a" || definition.is_some() {
            let (word, text) = match (kind, definition) {
                ("a", _) => (
                    "AGGREGATE",
                    format!("CREATE AGGREGATE {object} ({})", aggregate.unwrap_or_default()),
                ),
                ("p", text) => ("PROCEDURE", text.unwrap_or_default().to_owned()),
                (_, text) => ("FUNCTION", text.unwrap_or_default().to_owned()),
            };
            let text = format!(
                "{};\n{}",
                text.trim_end(),
                owner_and_rights(word, &object, &owner, &rights)
            );
            let undo = Some(format!("DROP {word} {object}"));
            let kind = word.to_lowercase();
            database.opaque.push(opaque(&kind, name, text, undo, Vec::new()));
            continue;
        }
        super::rights_opaque(database, "function", &name, rights.others);
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
fn owner_and_rights(word: &str, object: &str, owner: &str, rights: &acl::Acl) -> String {
    let word = if word == "AGGREGATE" { "FUNCTION" } else { word };
    let mut out = format!("REVOKE ALL ON {word} {object} FROM PUBLIC");
    for grant in &rights.grants {
        let grantee = match &grant.grantee {
            physical::Grantee::Public => "PUBLIC".to_owned(),
            physical::Grantee::Role(role) => ident::ident(role.as_str()),
        };
        out.push_str(&format!(";\nGRANT EXECUTE ON {word} {object} TO {grantee}"));
    }
    out.push_str(&format!(
        ";\nALTER {word} {object} OWNER TO {}",
        ident::ident(owner)
    ));
    out
}
