//! A column that begins to count by itself, where a sequence of its own counted before, or the other way round.
//!
//! The sequence of an identity column is called as that of a `serial` is. Both are there for a while, so that of the identity has another
//! name as long as the other one is.

use physical::{Column, Database, Name, Table};
use plan::{Action, Step, Undo};

use crate::postgres::catalog::{IDENTITY, expected_name};
use crate::postgres::ident;

/// Two sequences that want one name.
struct Contest {
    /// The column, as `ALTER TABLE … ALTER COLUMN …` names it.
    column: String,
    name: Name,
    meanwhile: Name,
    /// Whether it is the identity that comes.
    comes: bool,
}

/// Lets the sequences of identity columns have their names when nothing else has them.
pub(super) fn settled(mut steps: Vec<Step>, (from, to): (&Database, &Database)) -> Vec<Step> {
    let contests: Vec<Contest> = from
        .tables
        .iter()
        .filter_map(|table| Some((table, to.table(&table.name)?)))
        .flat_map(|(was, is)| contests((was, is), (from, to)))
        .collect();
    if contests.is_empty() {
        return steps;
    }
    for step in &mut steps {
        let of_identity = step.title.starts_with(IDENTITY);
        let Action::Sql(statements) = &mut step.action;
        contests
            .iter()
            .for_each(|contest| contest.settle(statements, of_identity));
        if let Undo::Sql(statements) = &mut step.undo {
            contests
                .iter()
                .for_each(|contest| contest.settle(statements, of_identity));
        }
    }
    steps
}

fn contests((was, is): (&Table, &Table), (from, to): (&Database, &Database)) -> Vec<Contest> {
    let stays = |before: &Column| {
        Some((
            before.identity.is_some(),
            is.column(before.name.as_str())?.identity.is_some(),
        ))
    };
    let changed = was.columns.iter().filter_map(|column| match stays(column)? {
        (false, true) => Some((column, true)),
        (true, false) => Some((column, false)),
        _ => None,
    });
    let contests = changed.filter_map(|(column, comes)| {
        let mut name = was.name.clone();
        name.name = expected_name(was.name.name.as_str(), column.name.as_str()).into();
        let other = if comes { from } else { to };
        let alone = |database: &Database| {
            database
                .opaque
                .iter()
                .any(|each| each.kind == "sequence" && each.name == name)
        };
        if !alone(other) {
            return None;
        }
        let mut meanwhile = name.clone();
        meanwhile.name = expected_name(was.name.name.as_str(), &format!("{}_by_itself", column.name)).into();
        Some(Contest {
            column: format!(
                "ALTER TABLE {} ALTER COLUMN {} ",
                ident::name(&was.name),
                ident::ident(column.name.as_str())
            ),
            name,
            meanwhile,
            comes,
        })
    });
    contests.collect()
}

impl Contest {
    fn settle(&self, statements: &mut Vec<String>, of_identity: bool) {
        let (name, meanwhile) = (ident::name(&self.name), ident::name(&self.meanwhile));
        let mut out = Vec::with_capacity(statements.len());
        for statement in statements.drain(..) {
            let made = ["CREATE SEQUENCE ", "CREATE UNLOGGED SEQUENCE "]
                .iter()
                .any(|start| {
                    statement
                        .strip_prefix(start)
                        .is_some_and(|rest| rest.starts_with(&format!("{name} ")))
                });
            let own = ident::ident(self.name.name.as_str());
            let goes = statement == format!("DROP SEQUENCE IF EXISTS {name}")
                || statement.starts_with(&format!("ALTER SEQUENCE {name} SET SCHEMA "));
            let returns = statement.starts_with("ALTER SEQUENCE ")
                && !statement.starts_with(&format!("ALTER SEQUENCE {name} "))
                && statement.contains(&format!(".{own} SET SCHEMA "));
            if made || returns {
                out.push(renamed(&name, &self.meanwhile));
            }
            if of_identity && self.comes {
                let quoted = (ident::text(&name), ident::text(&meanwhile));
                let text = statement.replace(&quoted.0, &quoted.1);
                out.push(
                    text.replace(&format!(" {name} "), &format!(" {meanwhile} "))
                        .replace(&format!("FROM {name}"), &format!("FROM {meanwhile}")),
                );
            } else if statement.starts_with(&self.column) && statement.ends_with(" AS IDENTITY") {
                out.push(format!("{statement} (SEQUENCE NAME {meanwhile})"));
            } else {
                out.push(statement);
            }
            if goes {
                out.push(renamed(&meanwhile, &self.name));
            }
        }
        *statements = out;
    }
}

fn renamed(from: &str, to: &Name) -> String {
    format!(
        "ALTER SEQUENCE {from} RENAME TO {}",
        ident::ident(to.name.as_str())
    )
}
