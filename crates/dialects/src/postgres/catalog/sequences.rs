//! Sequences: kept as text, except where a column says all there is to say.

use physical::{Database, Name};

use super::{acl, opaque, with_comment};
use crate::postgres::ident;

/// The kind of setting that says how the sequence of an identity column counts.
pub(in crate::postgres) const IDENTITY: &str = "identity sequence";

/// How such a sequence counts by itself, whatever its type.
const BY_ITSELF: &str = "INCREMENT BY 1 NO MINVALUE NO MAXVALUE START WITH 1 CACHE 1 NO CYCLE";

/// How long a name can be.
const LONGEST: usize = 63;

/// A sequence as the catalog has it.
#[derive(Debug)]
pub(super) struct Sequence {
    pub(super) name: Name,
    pub(super) owner: String,
    /// Its options, as they are written.
    pub(super) text: String,
    /// Whether they are those that an identity column has by itself.
    pub(super) plain: bool,
    pub(super) unlogged: bool,
    pub(super) rights: Option<String>,
    pub(super) comment: Option<String>,
}

impl Sequence {
    /// A sequence that is made by itself, whether a column owns it or not.
    pub(super) fn alone(&self, database: &mut Database) {
        let quoted = ident::name(&self.name);
        let word = if self.unlogged { "UNLOGGED " } else { "" };
        let mut text = vec![
            format!("CREATE {word}SEQUENCE {quoted} {}", self.text),
            format!("ALTER SEQUENCE {quoted} OWNER TO {}", ident::ident(&self.owner)),
        ];
        text.extend(self.granted(&quoted));
        database.opaque.push(opaque(
            "sequence",
            self.name.clone(),
            with_comment(text.join(";\n"), "SEQUENCE", &quoted, self.comment.as_deref()),
            Some(format!("DROP SEQUENCE IF EXISTS {quoted}")),
            Vec::new(),
        ));
    }

    /// A sequence behind an identity column of a table.
    pub(super) fn of_identity(&self, table: &Name, column: &str, database: &mut Database) {
        let quoted = ident::name(&self.name);
        let expected = expected_name(table.name.as_str(), column);
        if self.name.name.as_str() != expected.as_str() {
            self.renamed((table, column), &expected, database);
        }
        let mut say = |kind: &str, text: String, back: String| {
            let on = vec![table.clone(), self.name.clone()];
            let option = super::setting(kind, self.name.clone(), text, back, on);
            database.opaque.push(option.told_by(column));
        };
        if !self.plain {
            let own = format!("ALTER SEQUENCE {quoted} {}", self.text);
            let usual = format!(
                "ALTER SEQUENCE {quoted} AS bigint MINVALUE 1 MAXVALUE {}",
                i64::MAX
            );
            let mut back = within(&own, &usual);
            // What is written there are bounds of the widest type, which the sequence need not have.
            back.push(format!("ALTER SEQUENCE {quoted} {BY_ITSELF}"));
            let back = back.join(";\n");
            let text = format!("ALTER SEQUENCE {quoted} {} RESTART", self.text);
            say(IDENTITY, text, back);
        }
        for right in self.granted(&quoted) {
            super::right(database, &self.name, right);
        }
        if self.comment.is_some() {
            let text = with_comment(String::new(), "SEQUENCE", &quoted, self.comment.as_deref());
            let back = format!("COMMENT ON SEQUENCE {quoted} IS NULL");
            let on = vec![table.clone(), self.name.clone()];
            database
                .opaque
                .push(super::setting("comment", self.name.clone(), text, back, on));
        }
    }

    fn renamed(&self, (table, column): (&Name, &str), expected: &str, database: &mut Database) {
        let mut made = self.name.clone();
        made.name = expected.into();
        let rename = |from: &Name, to: &Name| {
            let (from, to) = (ident::name(from), ident::ident(to.name.as_str()));
            format!("ALTER SEQUENCE {from} RENAME TO {to}")
        };
        let (there, back) = (rename(&made, &self.name), rename(&self.name, &made));
        let name = opaque(
            "identity sequence name",
            self.name.clone(),
            there,
            Some(back),
            vec![table.clone()],
        );
        database.opaque.push(name.told_by(column));
    }

    fn granted(&self, quoted: &str) -> Vec<String> {
        acl::whole("SEQUENCE", quoted, self.rights.as_deref(), &self.owner)
    }
}

/// The name that the server gives the sequence of an identity column: the longer of both parts is cut until all fits.
pub(in crate::postgres) fn expected_name(table: &str, column: &str) -> String {
    let (mut table, mut column) = (table.to_owned(), column.to_owned());
    while table.len() + column.len() + "__seq".len() > LONGEST {
        let longer = if table.len() > column.len() {
            &mut table
        } else {
            &mut column
        };
        if longer.pop().is_none() {
            break;
        }
    }
    format!("{table}_{column}_seq")
}

/// One of the numbers in how a sequence counts.
fn number(text: &str, word: &str) -> Option<i128> {
    let (_, rest) = text.rsplit_once(word)?;
    rest.split(' ').next()?.parse().ok()
}

fn bounds(text: &str) -> Option<(i128, i128)> {
    Some((number(text, " MINVALUE ")?, number(text, " MAXVALUE ")?))
}

/// Brings a sequence between bounds that leave out some of those between which it is: the server refuses to have it elsewhere. Both are
/// given as `ALTER SEQUENCE name AS type INCREMENT BY 1 MINVALUE 1 MAXVALUE 9 …`.
pub(in crate::postgres) fn within(from: &str, to: &str) -> Vec<String> {
    let name = from
        .strip_prefix("ALTER SEQUENCE ")
        .and_then(|rest| rest.rsplit_once(" AS "));
    let (Some((least, most)), Some((low, high)), Some((name, _))) = (bounds(from), bounds(to), name) else {
        return Vec::new();
    };
    if low <= least && high >= most {
        return Vec::new();
    }
    let (wide_low, wide_high) = (low.min(least), high.max(most));
    vec![
        format!("ALTER SEQUENCE {name} AS bigint MINVALUE {wide_low} MAXVALUE {wide_high}"),
        format!(
            "SELECT setval({}, least(greatest(last_value, {low}), {high}), is_called AND last_value >= {low}) FROM {name}",
            ident::text(name)
        ),
    ]
}

/// Has a sequence that counted by itself count as a text says: from its start where it has given no number yet, else on from where it is.
pub(in crate::postgres) fn taken_over(text: &str) -> Vec<String> {
    let name = text
        .strip_prefix("ALTER SEQUENCE ")
        .and_then(|rest| rest.rsplit_once(" AS "));
    let start = number(text, " START WITH ");
    let (Some((low, high)), Some(start), Some((name, _))) = (bounds(text), start, name) else {
        return Vec::new();
    };
    vec![
        format!(
            "ALTER SEQUENCE {name} AS bigint MINVALUE {} MAXVALUE {}",
            low.min(1),
            i64::MAX
        ),
        format!(
            "SELECT setval({}, CASE WHEN is_called THEN least(greatest(last_value, {low}), {high}) ELSE {start} END, \
             is_called AND last_value >= {low}) FROM {name}",
            ident::text(name)
        ),
        text.to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::expected_name;

    #[test]
    fn names_are_cut_where_the_server_cuts_them() {
        assert_eq!(expected_name("orders", "id"), "orders_id_seq");
        let long = expected_name(&"t".repeat(60), &"c".repeat(10));
        assert_eq!(long, format!("{}_{}_seq", "t".repeat(48), "c".repeat(10)));
    }
}
