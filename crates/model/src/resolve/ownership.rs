//! Whose the rows of each entity are, and required references that form a circle.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

use diagnostics::{Diagnostic, Span};

use super::Resolver;
use crate::{EntityId, FieldId, Ownership, Type, codes};

/// A required reference from one entity to another.
#[derive(Clone, Copy)]
struct Edge {
    field: FieldId,
    to: EntityId,
    span: Span,
}

impl Resolver<'_> {
    pub(super) fn ownerships(&mut self) {
        let edges = self.required_edges();
        let component = components(&edges);
        self.circles(&edges, &component);
        self.said_owners();
        let owned = self.reachable_owned(&edges);
        let open: Vec<EntityId> = self
            .model
            .entities
            .iter()
            .filter(|e| e.ownership == Ownership::Unknown)
            .map(|e| e.id)
            .collect();
        let mut via: Vec<Option<FieldId>> = vec![None; edges.len()];
        for id in open {
            self.inherit(id, &edges, &component, &owned, &mut via);
        }
        self.roots(&via);
    }

    /// Required references to single rows, by entity.
    fn required_edges(&self) -> Vec<Vec<Edge>> {
        let of = |entity: &crate::Entity| {
            let fields = entity
                .fields
                .iter()
                .enumerate()
                .filter(|(_, field)| !field.optional);
            let edge = |(at, field): (usize, &crate::Field)| match field.ty {
                Type::Reference(to) => {
                    let field_id = FieldId {
                        entity: entity.id,
                        index: at as u32,
                    };
                    Some(Edge {
                        field: field_id,
                        to,
                        span: field.type_span,
                    })
                }
                _ => None,
            };
            fields.filter_map(edge).collect()
        };
        self.model.entities.iter().map(of).collect()
    }

    fn circles(&mut self, edges: &[Vec<Edge>], component: &[u32]) {
        let mut told = std::collections::HashSet::new();
        for (at, all) in edges.iter().enumerate() {
            for edge in all {
                let (from, to) = (component.get(at), component.get(edge.to.0 as usize));
                if from != to || from.is_none_or(|circle| !told.insert(*circle)) {
                    continue;
                }
                let way = self.way_back(EntityId(at as u32), edge.to, edges);
                let message = circle_message(&way);
                let found = Diagnostic::new(&codes::REQUIRED_CYCLE, edge.span, message);
                self.push(found.help("write a `?` behind one of the types in the circle"));
            }
        }
    }

    /// The shortest way along required references from an entity by one of its own back to it, by name: who, through whom.
    fn way_back(&self, home: EntityId, first: EntityId, edges: &[Vec<Edge>]) -> Vec<String> {
        let mut before: HashMap<EntityId, EntityId> = HashMap::from([(first, home)]);
        let mut open = VecDeque::from([first]);
        while let Some(at) = open.pop_front().filter(|at| *at != home) {
            for edge in edges.get(at.0 as usize).into_iter().flatten() {
                if let Entry::Vacant(unseen) = before.entry(edge.to) {
                    unseen.insert(at);
                    open.push_back(edge.to);
                }
            }
        }
        let step = |at: &EntityId| before.get(at).copied();
        let steps = std::iter::successors(step(&home), |at| step(at).filter(|_| *at != first && *at != home));
        let mut way: Vec<EntityId> = steps.filter(|at| *at != home).collect();
        way.push(home);
        way.reverse();
        way.into_iter()
            .map(|at| self.entity_name(at).to_owned())
            .collect()
    }

    /// `@owner` on a reference: to someone who owns themselves, or to something that is owned.
    fn said_owners(&mut self) {
        let said: Vec<(EntityId, FieldId)> = self
            .model
            .entities
            .iter()
            .filter_map(|entity| match entity.ownership {
                Ownership::Owner(field) => Some((entity.id, field)),
                _ => None,
            })
            .collect();
        for (id, field_id) in said {
            let Some(field) = self.field(field_id) else {
                continue;
            };
            let (span, optional, target) =
                (field.owner.unwrap_or_default(), field.optional, field.ty.clone());
            let name = field.name.text.clone();
            if optional {
                let message = format!("`{name}` owns the row, and may be absent");
                self.report(
                    &codes::OPTIONAL_OWNER,
                    span,
                    message,
                    "remove the `?`: a row without an owner is nobody's and everybody's",
                );
            }
            let Type::Reference(target) = target else { continue };
            let target_owner = self.model.entity(target).map(|entity| entity.ownership.clone());
            if matches!(target_owner, Some(Ownership::Public { .. } | Ownership::IsTenant)) {
                let other = self.entity_name(target);
                let message = format!("`{other}` belongs to no one, so it cannot own anything");
                let help =
                    "`@owner` stands on a reference to an entity that `owns self`, or that is owned itself";
                self.report(&codes::OWNER_OWNS_NOTHING, span, message, help);
                self.change(id, |entity| entity.ownership = Ownership::Tenant);
            }
        }
    }

    /// The entities whose rows have an owner, or could inherit one.
    fn reachable_owned(&self, edges: &[Vec<Edge>]) -> Vec<bool> {
        let count = self.model.entities.len();
        let mut referrers: Vec<Vec<u32>> = vec![Vec::new(); count];
        for (at, all) in edges.iter().enumerate() {
            for edge in all {
                if let Some(list) = referrers.get_mut(edge.to.0 as usize) {
                    list.push(at as u32);
                }
            }
        }
        let starts = self
            .model
            .entities
            .iter()
            .filter(|entity| matches!(entity.ownership, Ownership::Owner(_)));
        let mut queue: Vec<u32> = starts.map(|entity| entity.id.0).collect();
        let mut owned = vec![false; count];
        while let Some(at) = queue.pop() {
            let undecided =
                self.model.entities.get(at as usize).is_some_and(|entity| {
                    matches!(entity.ownership, Ownership::Owner(_) | Ownership::Unknown)
                });
            if let Some(seen) = owned.get_mut(at as usize).filter(|seen| undecided && !**seen) {
                *seen = true;
                queue.extend(referrers.get(at as usize).into_iter().flatten());
            }
        }
        owned
    }

    fn inherit(
        &mut self,
        id: EntityId,
        edges: &[Vec<Edge>],
        component: &[u32],
        owned: &[bool],
        via: &mut [Option<FieldId>],
    ) {
        let at = id.0 as usize;
        let is_owned = |edge: &&Edge| owned.get(edge.to.0 as usize) == Some(&true);
        let elsewhere = |edge: &&Edge| component.get(edge.to.0 as usize) != component.get(at);
        let all: Vec<Edge> = edges
            .get(at)
            .into_iter()
            .flatten()
            .filter(is_owned)
            .filter(elsewhere)
            .copied()
            .collect();
        match all.as_slice() {
            [] => self.without_owner(id, edges.get(at).map_or(&[], Vec::as_slice)),
            [only] => {
                if let Some(slot) = via.get_mut(at) {
                    *slot = Some(only.field);
                }
            }
            [first, second, ..] => {
                let name = self.entity_name(id);
                let message = format!("`{name}` could inherit its owner in {} ways", all.len());
                let found = Diagnostic::new(&codes::SEVERAL_OWNERS, second.span, message)
                    .also(first.span, "or through this");
                self.push(found.help("write `@owner` behind the one that decides"));
                if let Some(slot) = via.get_mut(at) {
                    *slot = Some(first.field);
                }
            }
        }
    }

    /// Nothing is inherited: the tenant owns the row, or nobody does.
    fn without_owner(&mut self, id: EntityId, edges: &[Edge]) {
        if self.model.entity(id).is_some_and(|entity| entity.tenant.value) {
            self.change(id, |entity| entity.ownership = Ownership::Tenant);
            return;
        }
        let in_circle =
            edges.iter().any(|edge| edge.to == id) || self.tenant_unclear || self.unsure.contains(&id);
        let Some(entity) = self.model.entity(id).filter(|_| !in_circle) else {
            return;
        };
        let message = format!("nothing says whose the rows of `{}` are", entity.name.text);
        let found =
            Diagnostic::new(&codes::NO_OWNER, entity.name.span, message).label("anyone could read them");
        let owner = edges.iter().find(|edge| {
            self.model
                .entity(edge.to)
                .is_some_and(|entity| entity.ownership == Ownership::Itself)
        });
        let found = found.help(
            "write `@owner` behind a reference to whose they are, or `public because \"…\"` behind the name",
        );
        self.push(match owner {
            Some(edge) => found.fix(
                diagnostics::Certainty::Suggested,
                "write `@owner`",
                vec![diagnostics::Edit {
                    span: edge.span.after(),
                    text: " @owner".to_owned(),
                }],
            ),
            None => found,
        });
    }

    /// Follows each chain of references to the entity that owns itself at its end.
    fn roots(&mut self, via: &[Option<FieldId>]) {
        let count = self.model.entities.len();
        let mut roots: Vec<Option<EntityId>> = vec![None; count];
        let mut visited = vec![usize::MAX; count];
        for start in 0..count {
            let mut chain = Vec::new();
            let mut at = start;
            let root = loop {
                let known = roots.get(at).copied().flatten();
                let Some(entity) = self.model.entities.get(at) else {
                    break None;
                };
                if entity.ownership == Ownership::Itself {
                    break Some(entity.id);
                }
                let Some(visit) = visited.get_mut(at) else {
                    break None;
                };
                if known.is_some() || *visit != usize::MAX {
                    break known;
                }
                *visit = start;
                chain.push(at);
                let next = match entity.ownership {
                    Ownership::Owner(field) => Some(field),
                    Ownership::Unknown => via.get(at).copied().flatten(),
                    _ => None,
                };
                match next.and_then(|field| self.field(field)).map(|field| &field.ty) {
                    Some(Type::Reference(to)) => at = to.0 as usize,
                    _ => break None,
                }
            };
            for at in chain {
                if let Some(slot) = roots.get_mut(at) {
                    *slot = root;
                }
                self.settle(EntityId(at as u32), via.get(at).copied().flatten(), root);
            }
        }
    }

    fn settle(&mut self, id: EntityId, via: Option<FieldId>, root: Option<EntityId>) {
        let Some(entity) = self.model.entity(id) else {
            return;
        };
        let (via, said) = match entity.ownership {
            Ownership::Owner(field) => (Some(field), true),
            Ownership::Unknown => (via, false),
            _ => (None, false),
        };
        let Some(via) = via else { return };
        let direct = self
            .field(via)
            .is_some_and(|field| Some(&field.ty) == root.map(Type::Reference).as_ref());
        match root {
            Some(_) if said && direct => {}
            Some(root) => self.change(id, |entity| entity.ownership = Ownership::Inherited { via, root }),
            None if said => {
                let span = self.field(via).and_then(|field| field.owner).unwrap_or_default();
                let message = "the owner leads to nobody who owns themselves";
                let help =
                    "`@owner` stands on a reference to an entity that `owns self`, or that is owned itself";
                self.report(&codes::OWNER_OWNS_NOTHING, span, message, help);
                self.change(id, |entity| entity.ownership = Ownership::Unknown);
            }
            None => {}
        }
    }
}

/// The strongly connected component of each entity; alone, or in a circle. Tarjan's way, without recursion.
fn components(edges: &[Vec<Edge>]) -> Vec<u32> {
    const NONE: u32 = u32::MAX;
    let count = edges.len();
    let (mut index, mut low, mut component) = (vec![NONE; count], vec![NONE; count], vec![NONE; count]);
    let (mut next_index, mut next_component) = (0_u32, 0_u32);
    let mut open: Vec<usize> = Vec::new();
    let get = |list: &[u32], at: usize| list.get(at).copied().unwrap_or(NONE);
    let set = |list: &mut [u32], at: usize, value: u32| {
        if let Some(slot) = list.get_mut(at) {
            *slot = value;
        }
    };
    for start in 0..count {
        let mut work = vec![(start, 0_usize)];
        while let Some((at, step)) = work.pop() {
            if step == 0 {
                if get(&index, at) != NONE {
                    continue;
                }
                set(&mut index, at, next_index);
                set(&mut low, at, next_index);
                next_index += 1;
                open.push(at);
            }
            if let Some(edge) = edges.get(at).and_then(|all| all.get(step)) {
                let to = edge.to.0 as usize;
                work.push((at, step + 1));
                if get(&index, to) == NONE {
                    work.push((to, 0));
                } else if get(&component, to) == NONE {
                    let lowest = get(&low, at).min(get(&index, to));
                    set(&mut low, at, lowest);
                }
                continue;
            }
            if get(&low, at) == get(&index, at) {
                while let Some(member) = open.pop() {
                    set(&mut component, member, next_component);
                    if member == at {
                        break;
                    }
                }
                next_component += 1;
            }
            if let Some((parent, _)) = work.last().copied() {
                let lowest = get(&low, parent).min(get(&low, at));
                set(&mut low, parent, lowest);
            }
        }
    }
    component
}

/// So many of a circle are named.
const MOST_NAMED: usize = 6;

fn circle_message(way: &[String]) -> String {
    let named: Vec<String> = way
        .iter()
        .take(MOST_NAMED)
        .map(|name| format!("`{name}`"))
        .collect();
    let Some((name, others)) = named.split_first() else {
        return "required references form a circle".to_owned();
    };
    if others.is_empty() {
        return format!("a {name} needs another {name} first, so there can never be one");
    }
    let more = if way.len() > MOST_NAMED {
        ", and so on, and the last"
    } else {
        ", which"
    };
    let never = if others.len() == 1 {
        "either"
    } else {
        "any of them"
    };
    format!(
        "a {name} needs a {}{more} needs a {name} in turn, so there can never be {never}",
        others.join(", which needs a ")
    )
}
