//! Time-ordered ids for servers before 18, which have no function of their own for them.

use physical::{DefaultValue, Origin, Volatility};

use super::emit::qualified;
use super::realiser::{Draft, Realiser, RunsAs};

/// Makes `uuid_v7()` when a column needs it, and answers the call.
pub(super) fn realise(r: &mut Realiser<'_>) -> Option<String> {
    let needed = r
        .database
        .tables
        .iter()
        .flat_map(|table| &table.columns)
        .any(|column| column.default == Some(DefaultValue::Uuid7));
    if !needed {
        return None;
    }
    let name = r.private("uuid_v7");
    let call = format!("{}()", qualified(&name));
    let body = "
BEGIN
    -- version 4 has its 122 random bits from the server's strong source; 48 of them give way to the milliseconds since 1970,
    -- and two bits turn version 4 into 7
    RETURN encode(
        set_bit(set_bit(
            overlay(uuid_send(gen_random_uuid())
                    PLACING substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                    FROM 1 FOR 6),
            52, 1), 53, 1),
        'hex')::uuid;
END
";
    let draft = Draft {
        name,
        arguments: Vec::new(),
        returns: "uuid".to_owned(),
        language: "plpgsql",
        volatility: Volatility::Volatile,
        runs_as: RunsAs::Caller,
        body: body.to_owned(),
        execute: r
            .everyone()
            .into_iter()
            .chain([r.blueprint.roles.guard.clone()])
            .collect(),
        comment: "A time-ordered UUID (RFC 9562, version 7). It says when it was made.".to_owned(),
        origin: Origin::Decision("identity", None),
    };
    r.add_function(draft);
    Some(call)
}
