//! Rights on tables and columns, and whom they name.

use physical::{Grant, Grantee, Ident, Name, Origin, Privilege, Role};
use plan::CatalogError;

use super::Reading;
use super::answers::Answers;
use super::text::quote;

/// Reads rights, those on columns in the order of the table. What has no word of its own becomes a statement; the catalog shows those of others to who may read all of it.
pub(super) fn rights(answers: &Answers<'_>, reading: &mut Reading) -> Result<(), CatalogError> {
    for mut row in answers.rows("rights") {
        let who = Who::read(row.text()?);
        let (table, column) = (row.maybe()?, row.maybe()?);
        let word = row.text()?;
        let passed_on = row.bool()?;
        if word == "USAGE" && !passed_on {
            continue;
        }
        known(reading, &who);
        let given = table
            .zip(privilege(word))
            .is_some_and(|(table, privilege)| grant(reading, table, column, privilege, &who));
        if !given || passed_on {
            statement(reading, (table, column), word, &who, passed_on);
        }
    }
    for table in &mut reading.out.tables {
        let columns = &table.columns;
        let place = |name: &Ident| columns.iter().position(|column| column.name == *name);
        let grants = table.grants.iter_mut();
        grants.for_each(|grant| grant.columns.sort_by_key(place));
    }
    Ok(())
}

/// An account or a role.
struct Who {
    /// `user@host`, or the name of a role.
    name: String,
    /// As statements have it.
    written: String,
    account: bool,
    public: bool,
}

impl Who {
    /// Reads `'user'@'host'`; a role has no host.
    fn read(grantee: &str) -> Self {
        let (user, host) = grantee.rsplit_once("'@'").unwrap_or((grantee, "'"));
        let user = user.strip_prefix('\'').unwrap_or(user);
        let host = host.strip_suffix('\'').unwrap_or(host);
        let account = !host.is_empty();
        let public = !account && user == "PUBLIC";
        let (name, written) = match (account, public) {
            (true, _) => (
                format!("{user}@{host}"),
                format!("{}@{}", quote(user), quote(host)),
            ),
            (false, true) => (user.to_owned(), "PUBLIC".to_owned()),
            (false, false) => (user.to_owned(), quote(user)),
        };
        Self {
            name,
            written,
            account,
            public,
        }
    }

    fn grantee(&self) -> Grantee {
        match self.public {
            true => Grantee::Public,
            false => Grantee::Role(Ident::from(self.name.as_str())),
        }
    }
}

/// Who has a right is a role that the schema speaks of. Memberships are shown to nobody but administrators, and are not read.
fn known(reading: &mut Reading, who: &Who) {
    let roles = &mut reading.out.roles;
    if who.public || roles.iter().any(|role| role.name.as_str() == who.name) {
        return;
    }
    roles.push(Role {
        name: Ident::from(who.name.as_str()),
        login: who.account,
        superuser: false,
        bypass_rls: false,
        member_of: Vec::new(),
        comment: None,
        origin: Origin::Found,
    });
}

const fn privilege(word: &str) -> Option<Privilege> {
    Some(match word.as_bytes() {
        b"SELECT" => Privilege::Select,
        b"INSERT" => Privilege::Insert,
        b"UPDATE" => Privilege::Update,
        b"DELETE" => Privilege::Delete,
        b"REFERENCES" => Privilege::References,
        b"TRIGGER" => Privilege::Trigger,
        _ => return None,
    })
}

/// Adds a right to a table or a view; false when there is neither.
fn grant(reading: &mut Reading, on: &str, column: Option<&str>, privilege: Privilege, who: &Who) -> bool {
    let views = &mut reading.out.views;
    let view = views.iter_mut().find(|view| view.name.name.as_str() == on);
    let grants = match view {
        Some(view) => &mut view.grants,
        None => match reading.table(on) {
            Some(table) => &mut table.grants,
            None => return false,
        },
    };
    let grantee = who.grantee();
    let Some(column) = column.map(Ident::from) else {
        grants.push(Grant {
            privilege,
            columns: Vec::new(),
            grantee,
        });
        return true;
    };
    let same = |grant: &&mut Grant| {
        grant.privilege == privilege && grant.grantee == grantee && !grant.columns.is_empty()
    };
    match grants.iter_mut().find(same) {
        Some(grant) => grant.columns.push(column),
        None => grants.push(Grant {
            privilege,
            columns: vec![column],
            grantee,
        }),
    }
    true
}

/// A right as the statement that gives it: on the whole database, or of a kind that is MariaDB's alone, or one to be passed on.
fn statement(
    reading: &mut Reading,
    (table, column): (Option<&str>, Option<&str>),
    word: &str,
    who: &Who,
    passed_on: bool,
) {
    let column = column.map(|column| format!(" ({})", quote(column)));
    let column = column.unwrap_or_default();
    // A star alone is the database that is in use.
    let object = table.map_or_else(|| "*".to_owned(), quote);
    let option = if passed_on { " WITH GRANT OPTION" } else { "" };
    let text = format!("GRANT {word}{column} ON {object} TO {}{option}", who.written);
    let undo = format!("REVOKE {word}{column} ON {object} FROM {}", who.written);
    let name = table.unwrap_or("*");
    let right = super::opaque("right", name, text.clone(), Some(undo));
    let mut right = right.told_by(text).as_setting();
    right.depends_on = table.map(Name::bare).into_iter().collect();
    reading.push(right);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grantees_are_accounts_roles_or_everyone() {
        let cases = [
            ("'ann'@'%'", "ann@%", "`ann`@`%`", true),
            (
                "'a'@'b'@'local`host'",
                "a'@'b@local`host",
                "`a'@'b`@`local``host`",
                true,
            ),
            ("''@'h'", "@h", "``@`h`", true),
            ("'reader'@''", "reader", "`reader`", false),
            ("'PUBLIC'@''", "PUBLIC", "PUBLIC", false),
            ("reader", "reader", "`reader`", false),
        ];
        for (grantee, name, written, account) in cases {
            let who = Who::read(grantee);
            assert_eq!(
                (who.name.as_str(), who.written.as_str(), who.account),
                (name, written, account)
            );
        }
    }
}
