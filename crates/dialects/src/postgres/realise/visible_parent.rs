//! A row refers only to rows that its writer can see.
//!
//! A foreign key looks past row-level security: without this, whoever may write a reference could refer to rows of others, and
//! learn by trying which ids are taken. A row that is hidden is refused in the words of one that is not there. Checked with
//! the caller's rights, and only when the reference changes: who edits the rest of a row need not see all that it refers to.

use std::collections::BTreeMap;

use physical::{ForeignKey, Name, Privilege, Purpose, Table, TableInfo};

use super::code::{Part, Section};
use super::emit::{Refusal, indented, pairs, qualified};
use super::realiser::Realiser;

/// Guards every reference to rows that belong to someone, unless the foreign key itself keeps it among the same owner's or tenant's rows.
pub(super) fn realise(r: &mut Realiser<'_>) {
    let infos = &r.blueprint.tables;
    let holds_rows = |info: &&TableInfo| matches!(info.purpose, Purpose::Entity(_) | Purpose::Link(..));
    let by_name: BTreeMap<&Name, &TableInfo> = infos.iter().rev().map(|info| (&info.name, info)).collect();
    let mut guarded: Vec<(Name, ForeignKey)> = Vec::new();
    for info in infos.iter().filter(holds_rows) {
        let Some(table) = r.table(&info.name) else {
            continue;
        };
        for key in &table.foreign_keys {
            let parent = by_name.get(&key.references).copied();
            let is_tenant = r.blueprint.tenant.as_ref() == Some(&key.references);
            let hidden = parent
                .is_some_and(|parent| holds_rows(&parent) && must_be_seen(info, parent, is_tenant, key));
            if hidden {
                guarded.push((info.name.clone(), key.clone()));
            }
        }
    }
    for (table, key) in guarded {
        guard(r, &table, &key);
    }
}

fn must_be_seen(child: &TableInfo, parent: &TableInfo, is_tenant: bool, key: &ForeignKey) -> bool {
    let joins = |own: &Option<physical::Ident>, theirs: &Option<physical::Ident>| {
        let mut pairs = key.columns.iter().zip(&key.referenced);
        pairs.any(|(column, referenced)| own.as_ref() == Some(column) && theirs.as_ref() == Some(referenced))
    };
    if parent.owner.is_some() {
        return !joins(&child.owner, &parent.owner);
    }
    if parent.tenant.is_some() {
        return !joins(&child.tenant, &parent.tenant);
    }
    is_tenant
        && !key
            .columns
            .iter()
            .any(|column| child.tenant.as_ref() == Some(column))
}

fn guard(r: &mut Realiser<'_>, table: &Name, key: &ForeignKey) {
    let Some(origin) = r.table(table).map(|table: &Table| table.origin) else {
        return;
    };
    let raise = Refusal {
        code: "foreign_key_violation",
        message: &super::living_parent::message(table, &key.name),
        table,
        column: None,
        constraint: &key.name,
    }
    .raise();
    let given: Vec<String> = key
        .columns
        .iter()
        .map(|column| format!("NEW.{} IS NOT NULL", super::emit::id(column)))
        .collect();
    let moved: Vec<String> = key
        .columns
        .iter()
        .map(|column| format!("NEW.{0} IS DISTINCT FROM OLD.{0}", super::emit::id(column)))
        .collect();
    let unseen = format!(
        "NOT EXISTS (SELECT FROM {} AS p WHERE {})",
        qualified(&key.references),
        pairs("p", &key.referenced, "NEW", &key.columns)
    );
    let names: Vec<&str> = key.columns.iter().map(physical::Ident::as_str).collect();
    let section = |condition: String| Section {
        part: Part::Inherit,
        title: format!("{} refers to a row that the writer sees", names.join(", ")),
        lines: format!("IF {condition} THEN\n{}END IF;", indented(&raise, 4)),
        uses_actor: false,
    };
    // Functions of guard write such rows for people who are not known yet.
    r.guard(&key.references, Privilege::Select, &[]);
    let Some(code) = r.code_of(table, origin) else {
        return;
    };
    code.insert
        .push(section(format!("{}\n   AND {unseen}", given.join("\n   AND "))));
    code.update.push(section(format!(
        "{}\n   AND ({})\n   AND {unseen}",
        given.join("\n   AND "),
        moved.join(" OR ")
    )));
}
