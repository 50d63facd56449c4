//! Rows of others that everyone may read, change or delete: for databases that do not hide rows themselves.

use std::collections::BTreeMap;

use model::{AccessRule, Action, Entity};

use super::columns::Class;
use super::conditions::Conditions;
use super::finders::Needed;
use super::imports::Imports;
use super::py::{Py, statement};

/// What of the schema each function answers, and what the function is called.
const RIGHTS: [(Action, &str); 3] = [
    (Action::Read, "__readable__"),
    (Action::Update, "__changeable__"),
    (Action::Delete, "__deletable__"),
];

/// The functions of a class whose rows have owners, where the schema allows anything beyond them.
///
/// A condition that has no words in SQLAlchemy is left out: whoever depends on it sees less.
pub(super) fn rights(class: &Class<'_, '_>, imports: &mut Imports) -> String {
    let mut out = String::new();
    let Some(entity) = class.unit.entity().filter(|_| class.unit.info.owner.is_some()) else {
        return out;
    };
    for (action, name) in RIGHTS {
        let mut rules = conditions(class, entity, action, imports);
        let rule = match rules.len() {
            0 => continue,
            1 => rules.remove(0),
            _ => Py::call("sa.or_", rules),
        };
        imports.sqlalchemy();
        out.push_str("\n    @classmethod\n");
        out.push_str(&format!("    def {name}(cls) -> sa.ColumnElement[bool]:\n"));
        out.push_str(&statement(8, "return ", &rule, ""));
    }
    out
}

/// For which rows an action is allowed to everyone. Roles are left out: a database without rights has none.
fn conditions(class: &Class<'_, '_>, entity: &Entity, action: Action, imports: &mut Imports) -> Vec<Py> {
    let allows = entity.allows.iter();
    let open = allows.filter(|allow| allow.roles.is_empty() && allow.actions.contains(&action));
    open.filter_map(|allow| match &allow.rule {
        // Within the tenant, which is added to every query by itself.
        AccessRule::Always | AccessRule::Tenant => Some(Py::atom("sa.true()")),
        AccessRule::Owner => None,
        AccessRule::When(expr) => {
            let mut conditions = Conditions {
                units: class.units,
                own: class.unit,
                params: Vec::new(),
                tracked: &[],
                annotations: BTreeMap::new(),
                needed: Needed::new(),
                bases: Vec::new(),
            };
            let condition = conditions.condition(expr, imports)?;
            // Rights read the row and the clock: there is no other class to import.
            conditions.needed.is_empty().then_some(condition)
        }
    })
    .collect()
}
