//! Functions of the declared queries.

use std::collections::{BTreeMap, BTreeSet};

use model::{Entity, EntityId, Expr, ExprKind, Literal, Query, SortKey, Tracked, Type};

use super::columns::Class;
use super::conditions::{Conditions, literal};
use super::imports::Imports;
use super::names::Names;
use super::py::{Py, comment, docstring, statement};
use super::types::value;
use super::units::Unit;

/// A class that must be there when a function runs, and the module that has it.
pub(super) type Needed = BTreeSet<(String, String)>;

/// The functions of a class. Those modules that import this one in turn are imported inside of the functions.
pub(super) fn finders(class: &Class<'_, '_>, late: &Needed, imports: &mut Imports) -> (String, Needed) {
    let mut out = String::new();
    let mut needed = Needed::new();
    let Some(entity) = class.unit.entity() else {
        return (out, needed);
    };
    for (query, name) in entity.queries.iter().zip(&class.unit.queries) {
        let mut finder = Finder::new(class, entity, query);
        match finder.text(name, late, imports) {
            Some(text) => {
                out.push_str(&text);
                needed.append(&mut finder.conditions.needed);
            }
            None => out.push_str(&format!(
                "\n    # The query `{}` takes SQL of its own: no function stands for it.\n",
                comment(&query.name.text)
            )),
        }
    }
    (out, needed)
}

struct Finder<'c, 'a> {
    class: &'c Class<'c, 'a>,
    entity: &'c Entity,
    query: &'c Query,
    conditions: Conditions<'c, 'a>,
}

impl<'c, 'a> Finder<'c, 'a> {
    fn new(class: &'c Class<'c, 'a>, entity: &'c Entity, query: &'c Query) -> Self {
        // A parameter must not hide a class that the function speaks of.
        let mut names = Names::parameters(&class.units.classes);
        let params = query.params.iter().map(|param| names.take(&param.name)).collect();
        Self {
            class,
            entity,
            query,
            conditions: Conditions {
                units: class.units,
                own: class.unit,
                params,
                tracked: &query.params,
                annotations: BTreeMap::new(),
                needed: Needed::new(),
                bases: Vec::new(),
            },
        }
    }

    fn text(&mut self, name: &str, late: &Needed, imports: &mut Imports) -> Option<String> {
        let mut spare = imports.clone();
        let imported = &mut spare;
        imported.own("..core.paging", "Query");
        let mut arguments = vec![Py::atom("cls")];
        if let Some(condition) = &self.query.condition {
            let parts: Option<Vec<Py>> = conjuncts(condition)
                .into_iter()
                .map(|part| self.conditions.condition(part, imported))
                .collect();
            arguments.push(Py::named("where", Py::Tuple(parts?)));
        }
        if !self.query.order.is_empty() {
            let keys: Option<Vec<Py>> = self
                .query
                .order
                .iter()
                .map(|key| self.order(key, imported))
                .collect();
            arguments.push(Py::named("order", Py::Tuple(keys?)));
        }
        if let Some(limit) = self.limit(imported) {
            arguments.push(Py::named("limit", Py::Atom(limit)));
        }
        if !self.query.select.is_empty() {
            let read: Option<Vec<Py>> = self
                .query
                .select
                .iter()
                .map(|id| Some(Py::Atom(format!("cls.{}", self.class.unit.value(id.index)?))))
                .collect();
            arguments.push(Py::named("load", Py::Tuple(read?)));
        }
        let signature = self.signature(imported);
        let class = &self.class.unit.class;
        let mut out = String::from("\n    @classmethod\n");
        out.push_str(&statement(
            4,
            "",
            &Py::call(format!("def {name}"), signature),
            &format!(" -> Query[{class}]:"),
        ));
        if let Some(doc) = &self.query.doc {
            out.push_str(&docstring(8, doc));
        }
        out.push_str(&self.import_late(late, imported));
        out.push_str(&statement(8, "return ", &Py::call("Query", arguments), ""));
        *imports = spare;
        Some(out)
    }

    /// Imports what the function needs: above, or inside where that would be a circle.
    fn import_late(&self, late: &Needed, imports: &mut Imports) -> String {
        let mut out = String::new();
        for (module, class) in &self.conditions.needed {
            if *class == self.class.unit.class {
                continue;
            }
            if late.contains(&(module.clone(), class.clone())) {
                imports.checked(&format!(".{module}"), class);
                out.push_str(&format!("        from .{module} import {class}\n"));
            } else {
                imports.own(&format!(".{module}"), class);
            }
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out
    }

    fn order(&mut self, key: &SortKey, imports: &mut Imports) -> Option<Py> {
        let [one] = key.path.steps.as_slice() else {
            return None;
        };
        let attribute = self
            .class
            .unit
            .value(one.index)
            .filter(|_| one.entity == self.entity.id)?;
        let word = if key.descending { "desc" } else { "asc" };
        imports.own("..core.paging", word);
        Some(Py::call(word, [Py::Atom(format!("cls.{attribute}"))]))
    }

    fn limit(&self, imports: &mut Imports) -> Option<String> {
        if let Some(id) = self.query.limit_param {
            return self.conditions.params.get(id.0 as usize).cloned();
        }
        let limit = self.query.limit.as_ref()?;
        matches!(limit, Literal::Int(_)).then(|| literal(self.class.units, limit, &Type::Unknown, imports))?
    }

    fn signature(&self, imports: &mut Imports) -> Vec<Py> {
        let mut arguments = vec![Py::atom("cls")];
        for (at, (name, param)) in self.conditions.params.iter().zip(&self.query.params).enumerate() {
            let one = match self.conditions.annotations.get(&at) {
                Some(annotation) => (*annotation).to_owned(),
                None => self.annotation(param, imports),
            };
            let annotation = if param.list {
                imports.standard("collections.abc", "Sequence");
                format!("Sequence[{one}]")
            } else {
                one
            };
            arguments.push(Py::Atom(format!("{name}: {annotation}")));
        }
        arguments
    }

    fn annotation(&self, param: &Tracked, imports: &mut Imports) -> String {
        match param.ty {
            Type::Reference(id) => self.reference(id, imports),
            _ if self.is_limit(param) => "int".to_owned(),
            ref ty => value(self.class.units, ty, imports, "."),
        }
    }

    fn is_limit(&self, param: &Tracked) -> bool {
        let limit = self
            .query
            .limit_param
            .and_then(|id| self.query.params.get(id.0 as usize));
        limit.is_some_and(|limit| limit.name == param.name)
    }

    fn reference(&self, id: EntityId, imports: &mut Imports) -> String {
        let Some(other) = self.class.units.entity(id) else {
            return "object".to_owned();
        };
        let class = || other.class.clone();
        match how_named(other) {
            HowNamed::ByPublicId => {
                imports.own("..core.database", "Ref");
                format!("Ref[{}]", self.known(other, imports))
            }
            HowNamed::ByKey => {
                let field = other.key().and_then(|key| other.field(key.name.as_str()));
                field.map_or_else(class, |(_, field)| {
                    value(self.class.units, &field.ty, imports, ".")
                })
            }
            HowNamed::NotAtAll => self.known(other, imports),
        }
    }

    fn known(&self, other: &Unit<'_>, imports: &mut Imports) -> String {
        if other.class != self.class.unit.class {
            imports.checked(&format!(".{}", other.module), &other.class);
        }
        other.class.clone()
    }
}

/// By what the outside names a row.
pub(super) enum HowNamed {
    ByPublicId,
    ByKey,
    NotAtAll,
}

/// By what the outside names rows of a class.
pub(super) fn how_named(unit: &Unit<'_>) -> HowNamed {
    let is_internal = || unit.key().is_none_or(|key| key.identity.is_some());
    if unit.is_named() {
        HowNamed::ByPublicId
    } else if is_internal() {
        HowNamed::NotAtAll
    } else {
        HowNamed::ByKey
    }
}

/// What all must hold, each by itself.
fn conjuncts(condition: &Expr) -> Vec<&Expr> {
    match &condition.kind {
        ExprKind::And(all) => all.iter().flat_map(conjuncts).collect(),
        _ => vec![condition],
    }
}
