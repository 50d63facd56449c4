//! What must make way because what it stands on is changed or made anew.

use std::collections::BTreeSet;

use physical::{
    Expr, Ident, Index, Opaque, Origin, Policy, Table, Trigger, TriggerAction, TriggerEvent, ViewQuery,
};
use plan::Object;

use super::Work;
use crate::diff;
use crate::mentions::{each_path, mentions};

impl Work<'_> {
    pub(super) fn is_upset(&self, object: &Object<'_>) -> bool {
        match object {
            Object::View(view) => match &view.query {
                ViewQuery::Sql(sql) => self.mentions_upset(sql),
                ViewQuery::Select { from, joins, .. } => {
                    let names = std::iter::once(from).chain(joins.iter().map(|join| &join.table));
                    names
                        .into_iter()
                        .any(|name| self.relation_is_upset(&name.to_string()))
                }
            },
            Object::Policy(table, policy) => self.policy_is_upset(table, policy),
            Object::Trigger(table, trigger) => self.trigger_is_upset(table, trigger),
            Object::Function(function) => {
                let types = function.arguments.iter().map(|argument| argument.ty.as_str());
                let mut defaults = function
                    .arguments
                    .iter()
                    .filter_map(|argument| argument.default.as_deref());
                types
                    .chain([function.returns.as_str()])
                    .any(|text| self.mentions_retyped(text) || self.mentions_other(text))
                    || defaults.any(|text| self.mentions_remade(text))
            }
            Object::Index(table, index) => {
                let keys = index.keys.iter().map(|key| &key.expr);
                self.stands_on_renewed(table, index)
                    || keys.chain(&index.predicate).any(|expr| match expr {
                        Expr::Sql(sql) => {
                            self.mentions_retyped(sql)
                                || self.mentions_remade(sql)
                                || self.speaks_of_retyped(table, expr)
                        }
                        _ => false,
                    })
            }
            Object::ForeignKey(_, key) if self.recut.contains(&key.references) => true,
            Object::ForeignKey(table, key) => {
                let own = self.upset_columns(&table.name.to_string());
                let theirs = self.upset_columns(&key.references.to_string());
                let loses = self
                    .tables
                    .get(&format!("table {}", key.references))
                    .is_some_and(diff::loses_key);
                loses
                    || key.columns.iter().any(|column| own.contains(column.as_str()))
                    || key
                        .referenced
                        .iter()
                        .any(|column| theirs.contains(column.as_str()))
            }
            Object::Opaque(opaque) => self.opaque_is_upset(opaque),
            _ => false,
        }
    }

    /// Whether a policy speaks of a column that is changed: of its own table, or of any table that it looks into.
    fn policy_is_upset(&self, table: &Table, policy: &Policy) -> bool {
        let mut conditions = policy.using.iter().chain(&policy.check);
        if conditions.clone().any(|expr| self.expr_is_upset(expr)) {
            return true;
        }
        let names = match self.changed_within(table) {
            Within::Nothing => return false,
            Within::Anything => return true,
            Within::Columns(names) => names,
        };
        // The row as a whole has the changed column, too.
        let row = table.name.name.as_str();
        conditions.any(|expr| {
            names_any(expr, &|qualifier, name| {
                names.contains(name) || qualifier.is_none() && name == row
            })
        })
    }

    /// Whether a trigger waits for a column that is changed, looks at it before it fires, or calls a function that is made anew.
    fn trigger_is_upset(&self, table: &Table, trigger: &Trigger) -> bool {
        if let TriggerAction::Call { function, .. } = &trigger.action
            && self.function_is_remade(&function.to_string())
        {
            return true;
        }
        let waits_for = || {
            trigger.events.iter().flat_map(|event| match event {
                TriggerEvent::Update(columns) => columns.as_slice(),
                _ => &[],
            })
        };
        if waits_for().next().is_none() && trigger.when.is_none() {
            return false;
        }
        let names = match self.changed_within(table) {
            Within::Nothing => return false,
            Within::Anything => return true,
            Within::Columns(names) => names,
        };
        // Without a column behind it, it is the whole row.
        let row = |name: &str| ["old", "new"].iter().any(|row| name.eq_ignore_ascii_case(row));
        waits_for().any(|column| names.contains(column.as_str()))
            || trigger.when.iter().any(|expr| {
                names_any(expr, &|qualifier, name| {
                    names.contains(name) || qualifier.is_none() && row(name)
                })
            })
    }

    /// What of a table is changed so that what stands on it must make way.
    fn changed_within(&self, table: &Table) -> Within {
        let name = table.name.to_string();
        if !self.retyped.is_empty() || self.recut.contains(&table.name) || table.partition_of.is_some() {
            return match self.relation_is_upset(&name) {
                true => Within::Anything,
                false => Within::Nothing,
            };
        }
        let names = self.upset_columns(&name);
        match names.is_empty() {
            true => Within::Nothing,
            false => Within::Columns(names),
        }
    }

    /// Whether an index is of columns that go and come again, or of expressions that the server reads anew.
    fn stands_on_renewed(&self, table: &Table, index: &Index) -> bool {
        let change = self.tables.get(&format!("table {}", table.name));
        let Some(change) = change.filter(|_| !self.from.dialect.keys_in_tables) else {
            return false;
        };
        let renewed = diff::renewed(&change.edits);
        let mut of_expressions = match self.is_retyped_beside(change) {
            true => BTreeSet::new(),
            false => diff::recast(&change.edits),
        };
        of_expressions.extend(renewed.iter().cloned());
        let expression = |expr: &Expr| match expr {
            Expr::Column { .. } => diff::speaks_of(expr, &renewed),
            Expr::Sql(sql) => match table.column(sql.trim_matches('"')) {
                Some(column) => renewed.contains(column.name.as_str()),
                None => diff::speaks_of(expr, &of_expressions),
            },
            other => diff::speaks_of(other, &of_expressions),
        };
        let mut exprs = index.keys.iter().map(|key| &key.expr).chain(&index.predicate);
        exprs.any(expression)
            || index
                .include
                .iter()
                .any(|column| renewed.contains(column.as_str()))
    }

    /// Whether what it hangs on is made anew, or the column whose sequence it speaks of.
    fn opaque_is_upset(&self, opaque: &Opaque) -> bool {
        let remade = |name: &physical::Name| {
            let hosts = ["view ", "foreign table ", "index "];
            let plain = name.to_string();
            self.remade.iter().any(|known| {
                hosts.iter().any(|kind| known.strip_prefix(kind) == Some(&plain))
                    || known.starts_with(&format!("index {} of", name.name))
            })
        };
        let counted = opaque.kind.starts_with("identity sequence")
            && opaque.depends_on.first().is_some_and(|table| {
                self.tables
                    .get(&format!("table {table}"))
                    .is_some_and(|change| diff::recounts(change, &opaque.detail))
            });
        // A sequence that a table owns would go with it.
        let owned =
            opaque.kind == "sequence owner" && opaque.depends_on.iter().any(|name| self.recut.contains(name));
        let routine =
            diff::is_routine(opaque) && self.mentions_retyped(&opaque.undo.clone().unwrap_or_default());
        // A trigger goes with its view, which is made anew where it cannot be replaced.
        let triggers = opaque.kind == "trigger"
            && opaque.depends_on.iter().any(|name| {
                self.from.dialect.keys_in_tables && self.replaced.contains(&format!("view {name}"))
            });
        let of_retyped = opaque
            .depends_on
            .iter()
            .any(|name| self.retyped.contains(&format!("type {name}")));
        of_retyped
            || counted
            || owned
            || routine
            || triggers
            || opaque.depends_on.iter().any(remade)
            || self.text_is_upset(opaque)
    }

    /// Whether what the server has read of a text speaks of something that makes way for another.
    pub(super) fn text_is_upset(&self, opaque: &Opaque) -> bool {
        let silent =
            opaque.setting || matches!(opaque.kind.as_str(), "sequence" | "extension" | "default rights");
        let calm = self.remade.is_empty() && self.gone.is_empty() && self.upset.is_empty();
        if silent || calm || opaque.origin != Origin::Found {
            return false;
        }
        let text = crate::graph::checked(opaque);
        let rule = opaque.kind == "rule" && self.mentions_upset(text);
        rule || self.mentions_remade(text) || self.mentions_other(text)
    }

    /// Whether a text names something that is kept as text, and is made anew.
    pub(super) fn mentions_other(&self, text: &str) -> bool {
        let kinds = [
            "composite type",
            "range type",
            "domain",
            "collation",
            "foreign server",
            "foreign data wrapper",
            "text search dictionary",
            "text search configuration",
            "text search parser",
            "text search template",
        ];
        mentions(text, &|path| {
            kinds
                .iter()
                .any(|kind| self.remade.contains(&format!("{kind} {path}")))
        })
    }
}

/// What of a table is changed.
enum Within {
    Nothing,
    Columns(BTreeSet<String>),
    /// Nobody looks closer.
    Anything,
}

/// Whether an expression has such a name as a column, or as a word of SQL that is not taken apart; names come with what qualifies them.
fn names_any(expr: &Expr, wanted: &dyn Fn(Option<&str>, &str) -> bool) -> bool {
    let mut found = match expr {
        Expr::Column { table, name, .. } => wanted(table.as_ref().map(Ident::as_str), name.as_str()),
        Expr::Sql(sql) => {
            let mut found = false;
            each_path(sql, &mut |qualifier, name| found |= wanted(qualifier, name));
            found
        }
        _ => false,
    };
    expr.children(&mut |child| found |= names_any(child, wanted));
    found
}
