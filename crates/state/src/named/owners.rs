//! Who owns what a script makes: whoever runs it. That is no difference between two schemas.

use std::collections::BTreeMap;

use physical::{Database, Ident, Name};

/// As whom scripts are run when the other side does not say.
pub(super) const RUNNER: &str = "architrave_state";

/// Who owns the most in a database.
pub(super) fn prevailing(database: &Database) -> Option<Ident> {
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
        .filter(|owner| !owner.as_str().starts_with("pg_"))
}

/// Takes the runner's name out of both sides; what has no owner then has that of its namesake on the other side.
pub(super) fn settle(one: &mut Database, other: &mut Database) {
    forget(one);
    forget(other);
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

fn forget(database: &mut Database) {
    each_owner(database, &mut |_, owner| {
        if owner.as_ref().is_some_and(|name| name.as_str() == RUNNER) {
            *owner = None;
        }
    });
    let end = format!(" OWNER TO {RUNNER}");
    database.opaque.retain_mut(|opaque| {
        // The dialect puts one statement on a line of its own where it says who owns an object.
        let lines = opaque
            .definition
            .split(";\n")
            .filter(|line| !line.ends_with(&end));
        let rest = lines.collect::<Vec<_>>().join(";\n");
        let said_nothing_else = rest.is_empty() && !opaque.is_unread();
        opaque.definition = rest;
        !said_nothing_else
    });
    database.roles.retain(|role| role.name.as_str() != RUNNER);
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
