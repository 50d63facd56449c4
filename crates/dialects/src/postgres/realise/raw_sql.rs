//! SQL that the user wrote: run as it stands, after everything else. An extension is an object like others: an administrator
//! makes it, before anything needs it.

use physical::{Ident, Name, Opaque};

use super::realiser::Realiser;

pub(super) fn realise(r: &mut Realiser<'_>) {
    let written = r.blueprint.raw.iter().filter(|raw| raw.dialect == "postgres");
    for (position, raw) in written.enumerate() {
        if let Some(name) = extension(&raw.up) {
            if !r.database.extensions.contains(&name) {
                r.database.extensions.push(name);
            }
            continue;
        }
        r.database.opaque.push(Opaque {
            kind: "user sql".to_owned(),
            name: Name::bare(format!("sql_{}", position + 1)),
            detail: if raw.first { plan::FIRST } else { "" }.to_owned(),
            setting: false,
            definition: raw.up.clone(),
            undo: raw.undo.clone(),
            depends_on: Vec::new(),
            origin: raw.origin,
        });
    }
}

/// The name in a plain `CREATE EXTENSION [IF NOT EXISTS] name`; one with options is the user's own affair.
fn extension(sql: &str) -> Option<Ident> {
    let words: Vec<&str> = sql.trim().trim_end_matches(';').split_whitespace().collect();
    let (verb, rest) = words.split_at_checked(2)?;
    let is = |words: &[&str], wanted: &[&str]| {
        words.len() == wanted.len() && words.iter().zip(wanted).all(|(a, b)| a.eq_ignore_ascii_case(b))
    };
    let rest = match rest.split_at_checked(3) {
        Some((condition, name)) if is(condition, &["IF", "NOT", "EXISTS"]) => name,
        _ => rest,
    };
    let [name] = rest else { return None };
    let quoted = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let name = quoted.map_or_else(|| name.to_ascii_lowercase(), str::to_owned);
    (is(verb, &["CREATE", "EXTENSION"]) && !name.is_empty() && name.chars().all(plain))
        .then(|| Ident::new(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_extensions_are_told_from_other_sql() {
        let name = |sql| extension(sql).map(|name| name.as_str().to_owned());
        assert_eq!(name("create extension citext;").as_deref(), Some("citext"));
        assert_eq!(
            name("CREATE EXTENSION IF NOT EXISTS\n \"uuid-ossp\"").as_deref(),
            Some("uuid-ossp")
        );
        for other in [
            "",
            "CREATE EXTENSION",
            "CREATE EXTENSION citext SCHEMA public",
            "CREATE EXTENSION a; DROP TABLE b",
            "CREATE EXTENSION \"a b\"",
            "SELECT 1",
        ] {
            assert_eq!(name(other), None, "{other}");
        }
    }
}
