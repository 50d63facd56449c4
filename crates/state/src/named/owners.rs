//! Who owns what a script makes: whoever runs it. That is no difference between two schemas.

use std::borrow::Cow;
use std::collections::BTreeMap;

use physical::{Database, Ident, Name, Opaque};
use plan::{Relational, Rename};

/// As whom scripts are run. What this role owns in a state has no owner.
pub const RUNNER: &str = "architrave_state";

/// Who owns the most in a database.
fn prevailing(database: &Database) -> Option<Ident> {
    let mut counts: BTreeMap<&Ident, usize> = BTreeMap::new();
    let tables = database.tables.iter().map(|each| &each.owner);
    let views = database.views.iter().map(|each| &each.owner);
    let functions = database.functions.iter().map(|each| &each.owner);
    let types = database.types.iter().map(|each| &each.owner);
    for owner in tables.chain(views).chain(functions).chain(types).flatten() {
        *counts.entry(owner).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.map(|(owner, _)| owner.clone())
        .filter(|owner| owner.as_str() != RUNNER)
}

/// Takes the one who owns the most out of a database: whoever builds it anew owns that.
pub(super) fn disown(database: &mut Database, dialect: &Relational) {
    if let Some(owner) = prevailing(database) {
        each_owner(database, &mut |_, owned| {
            if *owned == Some(owner.clone()) {
                *owned = Some(RUNNER.into());
            }
        });
        let old = format!(" OWNER TO {}", (dialect.ident)(owner.as_str()));
        let new = format!(" OWNER TO {RUNNER}");
        for opaque in &mut database.opaque {
            let lines = opaque.definition.split(";\n");
            let lines = lines.map(|line| match line.strip_suffix(&old) {
                Some(line) => format!("{line}{new}"),
                None => line.to_owned(),
            });
            opaque.definition = lines.collect::<Vec<_>>().join(";\n");
        }
    }
    forget(database, None, dialect);
}

/// Takes the runner's name out of both sides. What has no owner then has that of its namesake on the other side; in statements that say who owns
/// what, the runner stands for whoever owns the most there.
pub(super) fn settle(one: &mut Database, other: &mut Database, dialect: &Relational) {
    let owners = (prevailing(one), prevailing(other));
    forget(one, owners.1.as_ref(), dialect);
    forget(other, owners.0.as_ref(), dialect);
    adopt(one, other);
    adopt(other, one);
}

/// What an object is and what it is called.
type Object = (&'static str, Name);

fn each_owner(database: &mut Database, change: &mut dyn FnMut(Object, &mut Option<Ident>)) {
    for schema in &mut database.schemas {
        change(("schema", Name::bare(schema.name.clone())), &mut schema.owner);
    }
    for ty in &mut database.types {
        change(("type", ty.name.clone()), &mut ty.owner);
    }
    for table in &mut database.tables {
        change(("table", table.name.clone()), &mut table.owner);
    }
    for view in &mut database.views {
        change(("view", view.name.clone()), &mut view.owner);
    }
    for function in &mut database.functions {
        change(("function", function.name.clone()), &mut function.owner);
    }
}

fn forget(database: &mut Database, instead: Option<&Ident>, dialect: &Relational) {
    each_owner(database, &mut |_, owner| {
        if owner.as_ref().is_some_and(|name| name.as_str() == RUNNER) {
            *owner = None;
        }
    });
    speak_for(database, instead, dialect);
    let end = format!(" OWNER TO {RUNNER}");
    let owner = instead.map(|owner| format!(" OWNER TO {}", (dialect.ident)(owner.as_str())));
    database.opaque.retain_mut(|opaque| {
        default_rights(opaque, instead, dialect);
        // The dialect puts one statement on a line of its own where it says who owns an object.
        let lines = opaque.definition.split(";\n");
        let lines: Vec<String> = lines
            .filter_map(|line| match (line.strip_suffix(&end), &owner) {
                (Some(line), Some(owner)) => Some(format!("{line}{owner}")),
                (Some(_), None) => None,
                (None, _) => Some(line.to_owned()),
            })
            .collect();
        let said_nothing_else = lines.is_empty();
        opaque.definition = lines.join(";\n");
        !said_nothing_else
    });
    database.roles.retain(|role| role.name.as_str() != RUNNER);
}

/// What a script says of the objects that its runner will make is meant for whoever owns the most.
fn speak_for(database: &mut Database, instead: Option<&Ident>, dialect: &Relational) {
    database.opaque.retain_mut(|opaque| {
        if opaque.kind != "default rights" || opaque.name.name.as_str() != RUNNER {
            return true;
        }
        let Some(owner) = instead else { return false };
        let written = (dialect.ident)(owner.as_str());
        opaque.definition = opaque.definition.replace(RUNNER, &written);
        opaque.undo = opaque.undo.take().map(|undo| undo.replace(RUNNER, &written));
        for name in std::iter::once(&mut opaque.name).chain(&mut opaque.depends_on) {
            if name.name.as_str() == RUNNER {
                name.name.clone_from(owner);
            }
        }
        true
    });
}

fn adopt(into: &mut Database, from: &mut Database) {
    let mut known: BTreeMap<Object, Option<Ident>> = BTreeMap::new();
    each_owner(from, &mut |name, owner| {
        known.insert(name, owner.clone());
    });
    each_owner(into, &mut |name, owner| {
        if owner.is_none() {
            *owner = known.get(&name).cloned().flatten();
        }
    });
}

/// Rights that new objects of the runner get are those that new objects of its stand-in get; of whoever runs the plan where there is none.
fn default_rights(opaque: &mut Opaque, instead: Option<&Ident>, dialect: &Relational) {
    if opaque.kind != "default rights" || opaque.name.name.as_str() != RUNNER {
        return;
    }
    let old = format!(" FOR ROLE {RUNNER}");
    let new = instead.map(|owner| format!(" FOR ROLE {}", (dialect.ident)(owner.as_str())));
    let new = new.unwrap_or_default();
    opaque.definition = opaque.definition.replace(&old, &new);
    opaque.undo = opaque.undo.as_ref().map(|text| text.replace(&old, &new));
    let name = instead.cloned().unwrap_or_else(|| Ident::from("CURRENT_USER"));
    for each in opaque.depends_on.iter_mut().chain([&mut opaque.name]) {
        each.name.clone_from(&name);
    }
}

/// Both sides, where a table without an owner has that of the one that it is renamed from or to.
pub(super) fn follow<'d>(
    from: &'d Database,
    to: &'d Database,
    renames: &[Rename],
) -> (Cow<'d, Database>, Cow<'d, Database>) {
    let mut both = (Cow::Borrowed(from), Cow::Borrowed(to));
    for rename in renames {
        let Rename::Table { from: old, to: new } = rename else {
            continue;
        };
        let (Some(was), Some(is)) = (from.table(old), to.table(new)) else {
            continue;
        };
        match (&was.owner, &is.owner) {
            (Some(owner), None) => give(both.1.to_mut(), new, owner),
            (None, Some(owner)) => give(both.0.to_mut(), old, owner),
            _ => {}
        }
    }
    both
}

fn give(database: &mut Database, name: &Name, owner: &Ident) {
    for table in database.tables.iter_mut().filter(|table| table.name == *name) {
        table.owner = Some(owner.clone());
    }
}
