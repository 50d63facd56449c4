//! Roles and rights.

use physical::{Grant, Grantee, Privilege, Role, Table};
use plan::{RunsAs, Section, Step, Undo};

use super::step;
use crate::mariadb::ident::{ident, idents, table as table_name};

/// Roles belong to the server, not to the database: one may be there already, and may be needed by another database.
pub(super) fn role(role: &Role) -> Step {
    let name = ident(&role.name);
    let mut statements = vec![format!("CREATE ROLE IF NOT EXISTS {name}")];
    let groups = role.member_of.iter();
    statements.extend(groups.map(|group| format!("GRANT {} TO {name}", ident(group))));
    let mut made = step(
        format!("role {}", role.name),
        Section::Access,
        statements,
        Undo::Sql(vec![format!("DROP ROLE IF EXISTS {name}")]),
        role.origin,
    );
    if role.origin == physical::Origin::Found {
        made.undo = Undo::WithOther;
    }
    made.runs_as = RunsAs::Administrator;
    made
}

/// All rights on a table.
pub(super) fn grants(table: &Table) -> Option<Step> {
    let name = table_name(&table.name);
    let mut statements = Vec::new();
    grant_statements(&mut statements, &name, &table.grants);
    if statements.is_empty() {
        return None;
    }
    let back = statements.iter().map(|grant| revoke(grant)).collect();
    let title = format!("rights on {}", table.name);
    Some(step(
        title,
        Section::Grants,
        statements,
        Undo::Sql(back),
        table.origin,
    ))
}

/// What a GRANT of ours gives, taken back.
fn revoke(grant: &str) -> String {
    let text = grant.replacen("GRANT ", "REVOKE ", 1);
    match text.rsplit_once(" TO ") {
        Some((before, whom)) => format!("{before} FROM {whom}"),
        None => text,
    }
}

/// One statement for each role.
pub(super) fn grant_statements(out: &mut Vec<String>, name: &str, grants: &[Grant]) {
    let mut roles: Vec<&physical::Ident> = Vec::new();
    for grant in grants {
        if let Grantee::Role(role) = &grant.grantee
            && !roles.contains(&role)
        {
            roles.push(role);
        }
    }
    for role in roles {
        let own = grants
            .iter()
            .filter(|grant| matches!(&grant.grantee, Grantee::Role(other) if other == role));
        let rights: Vec<String> = own.filter_map(right).collect();
        if !rights.is_empty() {
            out.push(format!(
                "GRANT {} ON {name} TO {}",
                rights.join(", "),
                ident(role)
            ));
        }
    }
}

fn right(grant: &Grant) -> Option<String> {
    let word = match grant.privilege {
        Privilege::Select => "SELECT",
        Privilege::Insert => "INSERT",
        Privilege::Update => "UPDATE",
        Privilege::Delete => "DELETE",
        Privilege::References => "REFERENCES",
        Privilege::Trigger => "TRIGGER",
        // Whoever may empty a table here may drop it.
        Privilege::Truncate | Privilege::Usage | Privilege::Create | Privilege::Execute => return None,
    };
    Some(match grant.columns.as_slice() {
        [] => word.to_owned(),
        columns => format!("{word} ({})", idents(columns)),
    })
}

/// Rights to call a function.
pub(super) fn execute<'a>(name: &'a str, grants: &'a [Grant]) -> impl Iterator<Item = String> + 'a {
    grants
        .iter()
        .filter_map(move |grant| match (&grant.grantee, grant.privilege) {
            (Grantee::Role(role), Privilege::Execute) => {
                Some(format!("GRANT EXECUTE ON FUNCTION {name} TO {}", ident(role)))
            }
            _ => None,
        })
}
