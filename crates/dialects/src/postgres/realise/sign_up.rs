//! A user row before anyone is logged in.

use physical::{DefaultValue, Ident, Privilege, Volatility};

use super::Place;
use super::emit::{id, qualified};
use super::realiser::{Draft, Realiser, RunsAs};
use crate::postgres::ident;

/// Makes the row; a unique violation names its constraint and echoes no value.
pub(super) fn realise(r: &mut Realiser<'_>, at: Place<'_>, name: &Ident, columns: &[Ident]) {
    let (key, public_id) = r.keys_of(at.table);
    let actors = r.actors_of(at.table);
    let given: Vec<String> = (1..=columns.len())
        .map(|position| format!("${position}"))
        .collect();
    let listed: Vec<String> = columns.iter().map(id).collect();
    let find_actor = actors.as_ref().map_or_else(String::new, |actors| {
        format!(
            "    SELECT a.public_id INTO actor FROM {} AS a WHERE a.user_id = new_id;\n",
            qualified(actors)
        )
    });
    let insert = if columns.is_empty() {
        "DEFAULT VALUES".to_owned()
    } else {
        format!("({})\n    VALUES ({})", listed.join(", "), given.join(", "))
    };
    let body = format!(
        "
#variable_conflict use_column
DECLARE
    new_id {key_type};
    violated text;
BEGIN
    INSERT INTO {table} AS t {insert}
    RETURNING t.{key}, t.{public_id} INTO new_id, public_id;
{find_actor}    RETURN NEXT;
EXCEPTION WHEN unique_violation THEN
    -- the server's own error prints the value
    GET STACKED DIAGNOSTICS violated = CONSTRAINT_NAME;
    RAISE EXCEPTION USING
        ERRCODE = 'unique_violation',
        MESSAGE = 'there is such a row already',
        SCHEMA = {schema}, TABLE = {bare}, CONSTRAINT = violated;
END
",
        table = qualified(at.table),
        key_type = crate::postgres::types::type_name(&r.key_type(Some(at.table))),
        schema = super::emit::text(at.table.schema.as_ref().map_or("", Ident::as_str)),
        bare = super::emit::text(at.table.name.as_str()),
    );
    let arguments: Vec<physical::Argument> = columns
        .iter()
        .map(|column| physical::Argument {
            // Columns answered and arguments share one namespace.
            name: Ident::new(format!("new_{column}")),
            ty: r.type_of(at.table, column),
            default: left_out(r, at, column),
        })
        .collect();
    r.guard(at.table, Privilege::Select, &[]);
    r.guard(at.table, Privilege::Insert, columns);
    if let Some(actors) = &actors {
        r.guard(actors, Privilege::Select, &[]);
    }
    let draft = Draft {
        name: r.private(name.as_str()),
        arguments: Vec::new(),
        returns: if actors.is_some() {
            "TABLE(public_id uuid, actor uuid)"
        } else {
            "TABLE(public_id uuid)"
        }
        .to_owned(),
        language: "plpgsql",
        volatility: Volatility::Volatile,
        runs_as: RunsAs::Guard,
        body,
        execute: r.applications(),
        comment: format!(
            "Makes a row of {} before anyone is logged in; answers its public id{}.",
            qualified(at.table),
            if actors.is_some() {
                " and that of its actor"
            } else {
                ""
            }
        ),
        origin: at.origin,
    };
    r.add_function(draft);
    if let Some(function) = r.database.functions.last_mut() {
        function.arguments = with_defaults_last(arguments);
    }
}

/// What an argument is when it is left out: what the column would be.
fn left_out(r: &Realiser<'_>, at: Place<'_>, column: &Ident) -> Option<String> {
    let column = r.table(at.table)?.column(column.as_str())?;
    match &column.default {
        Some(DefaultValue::Literal(literal)) => Some(ident::literal(literal)),
        _ => column.nullable.then(|| "NULL".to_owned()),
    }
}

/// The server wants every argument after one with a default to have one too; positions stay as declared.
fn with_defaults_last(mut arguments: Vec<physical::Argument>) -> Vec<physical::Argument> {
    let last_required = arguments.iter().rposition(|argument| argument.default.is_none());
    for (position, argument) in arguments.iter_mut().enumerate() {
        if last_required.is_some_and(|last| position < last) {
            argument.default = None;
        }
    }
    arguments
}
