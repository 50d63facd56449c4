//! `ALTER … OWNER TO role`, as a superuser could say it: whoever gives an object away must see to it that the new owner may have made it.

use engine::{Connection, EngineError};
use physical::Value;

use super::words::{Scanner, Word};

/// Who shall own an object, and the schema that it is in if the statement says so: both as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Giving<'t> {
    schema: Option<&'t str>,
    role: &'t str,
}

/// Reads a statement; `None` for any other.
pub(super) fn read(statement: &str) -> Option<Giving<'_>> {
    let mut scanner = Scanner::new(statement, true);
    let mut pieces: Vec<&str> = Vec::new();
    let mut schema = None;
    let mut owner = None;
    while let Ok(Some((word, range))) = scanner.next() {
        let piece = statement.get(range).unwrap_or_default();
        match word {
            Word::Plain(plain) if pieces.is_empty() && !plain.eq_ignore_ascii_case("alter") => return None,
            Word::Plain(plain) if plain.eq_ignore_ascii_case("owner") => owner = Some(pieces.len()),
            // Of several points the first is the schema's.
            Word::Mark('.') if schema.is_none() && owner.is_none() => schema = pieces.last().copied(),
            _ => {}
        }
        pieces.push(piece);
    }
    let rest = pieces.get(owner? + 1..)?;
    match rest {
        [to, role] if to.eq_ignore_ascii_case("to") => Some(Giving { schema, role }),
        _ => None,
    }
}

/// Runs a statement that gives something away.
///
/// # Errors
/// What the server says about it.
pub(super) fn run(
    connection: &mut Connection,
    giving: Giving<'_>,
    statement: &str,
) -> Result<(), EngineError> {
    let schema = match giving.schema {
        Some(schema) => schema.to_owned(),
        // Without one it is the schema itself that is given away, or the statement says what is wrong.
        None => match scalar(
            connection,
            "SELECT pg_catalog.quote_ident(pg_catalog.current_schema())",
            &[],
        )? {
            Some(schema) => schema,
            None => return connection.batch(statement),
        },
    };
    let may = scalar(
        connection,
        "SELECT pg_catalog.has_schema_privilege(pg_catalog.to_regrole($1), pg_catalog.to_regnamespace($2), 'CREATE')::text",
        &[Value::Text(giving.role.to_owned()), Value::Text(schema.clone())],
    )?;
    if may.as_deref() != Some("false") {
        return connection.batch(statement);
    }
    connection.batch(&format!("GRANT CREATE ON SCHEMA {schema} TO {}", giving.role))?;
    connection.batch(statement)?;
    // Whoever was given the schema itself keeps what an owner has.
    let owns = scalar(
        connection,
        "SELECT (nspowner = pg_catalog.to_regrole($1))::text FROM pg_catalog.pg_namespace WHERE oid = pg_catalog.to_regnamespace($2)",
        &[Value::Text(giving.role.to_owned()), Value::Text(schema.clone())],
    )?;
    if owns.as_deref() == Some("true") {
        return Ok(());
    }
    connection.batch(&format!("REVOKE CREATE ON SCHEMA {schema} FROM {}", giving.role))
}

/// Makes whoever runs a script a member of the roles that it has made, as servers from 16 on do by themselves.
const JOIN_ALL: &str = "DO $$
DECLARE
    made record;
BEGIN
    IF current_user = session_user THEN
        FOR made IN
            SELECT r.rolname FROM pg_catalog.pg_roles AS r
            WHERE NOT r.rolsuper AND r.rolname !~ '^pg_' AND NOT pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER')
              AND NOT pg_catalog.pg_has_role(r.oid, session_user, 'MEMBER')
        LOOP
            EXECUTE pg_catalog.format('GRANT %I TO %I', made.rolname, session_user);
        END LOOP;
    END IF;
END
$$";

/// Before a statement that [`speaks_of_roles`].
///
/// # Errors
/// What the server says.
pub(super) fn join_all(connection: &mut Connection) -> Result<(), EngineError> {
    connection.batch(JOIN_ALL)
}

/// Whether a statement may want to act for another role.
pub(super) fn speaks_of_roles(statement: &str) -> bool {
    let mut scanner = Scanner::new(statement, true);
    while let Ok(Some((word, _))) = scanner.next() {
        if let Word::Plain(word) = word
            && ["owner", "authorization", "role"]
                .iter()
                .any(|known| word.eq_ignore_ascii_case(known))
        {
            return true;
        }
    }
    false
}

fn scalar(
    connection: &mut Connection,
    sql: &str,
    parameters: &[Value],
) -> Result<Option<String>, EngineError> {
    let rows = connection.query(sql, parameters)?;
    let first = rows.rows.first().and_then(|row| row.first());
    Ok(first.and_then(Value::as_text).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::{Giving, read};

    #[test]
    fn what_is_given_to_whom() {
        let given = |schema, role| Some(Giving { schema, role });
        assert_eq!(
            read("ALTER TABLE public.t OWNER TO app"),
            given(Some("public"), "app")
        );
        assert_eq!(
            read("alter table only \"a.b\".t owner to \"My app\""),
            given(Some("\"a.b\""), "\"My app\"")
        );
        assert_eq!(
            read("ALTER FUNCTION f(x.y) OWNER TO app"),
            given(Some("x"), "app")
        );
        assert_eq!(read("ALTER TABLE t OWNER TO app -- why"), given(None, "app"));
        assert_eq!(read("ALTER TABLE t ADD owner text"), None);
        assert_eq!(read("CREATE TABLE t (owner text)"), None);
        assert_eq!(read("ALTER TABLE t OWNER TO a b"), None);
    }
}
