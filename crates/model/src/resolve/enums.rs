//! Enums: their members, and the moves between them.

use std::collections::{HashMap, HashSet};

use diagnostics::{Diagnostic, Span};
use syntax::ast;

use super::{Resolver, doc_of};
use crate::{EnumId, EnumMember, Literal, Name, codes};

/// What is collected about one enum.
#[derive(Default)]
struct Draft<'t> {
    members: Vec<EnumMember>,
    by_name: HashMap<String, u32>,
    moves: Vec<(u32, u32)>,
    known_moves: HashSet<(u32, u32)>,
    initial: Vec<u32>,
    seen_attrs: HashMap<u32, Vec<ast::Name<'t>>>,
}

impl<'t> Resolver<'t> {
    pub(super) fn enumerations(&mut self) {
        for (at, view) in self.enums.clone().into_iter().enumerate() {
            self.enumeration(EnumId(at as u32), view);
        }
    }

    fn enumeration(&mut self, id: EnumId, view: ast::Enum<'t>) {
        let mut native = false;
        let mut type_name = None;
        let mut seen = Vec::new();
        for attr in view.attrs() {
            let Some(name) = attr.name() else { continue };
            if self.is_second(&mut seen, name) {
                continue;
            }
            match name.text {
                "native" => {
                    native = true;
                    self.no_args(attr);
                }
                "type" => type_name = self.enum_type_name(attr, view),
                _ => self.unknown_attribute(name, &["native", "type"], "an enum"),
            }
        }
        let mut draft = Draft::default();
        for chain in view.chains() {
            self.chain(&mut draft, chain);
        }
        if draft.members.is_empty()
            && let Some(name) = view.name()
        {
            let message = format!("`{}` has no members", name.text);
            self.report(
                &codes::EMPTY_ENUM,
                name.span,
                message,
                "list them: `open, closed`, or with moves: `open -> closed`",
            );
        }
        self.check_values(&draft);
        if let Some(it) = self.model.enums.get_mut(id.0 as usize) {
            it.native = native;
            it.type_name = type_name;
            it.members = draft.members;
            it.moves = draft.moves;
        }
        self.members.push(draft.by_name);
        self.said_initial.push(draft.initial);
    }

    fn enum_type_name(&mut self, attr: ast::Attr<'t>, view: ast::Enum<'t>) -> Option<String> {
        let said = |attr: ast::Attr<'_>| attr.name().is_some_and(|name| name.text == "native");
        if !view.attrs().any(said) {
            let message = "only an enum that is a type of the database has a name there";
            let help = "write `@native` beside it, or remove it";
            self.report(&codes::MISPLACED_ATTRIBUTE, attr.span(), message, help);
        }
        let name = self.text_arg(attr, "write the name of the type: `@type(\"order_state\")`");
        name.map(|(name, _)| name)
    }

    fn chain(&mut self, draft: &mut Draft<'t>, chain: ast::Chain<'t>) {
        let mut doc = doc_of(chain.doc());
        let mut before: Option<Vec<u32>> = None;
        let alone = chain.groups().nth(1).is_none();
        for group in chain.groups() {
            let mut positions = Vec::new();
            for member in group.members() {
                positions.extend(self.enum_member(draft, member, doc.take(), alone));
            }
            for &from in before.iter().flatten() {
                for &to in &positions {
                    self.add_move(draft, from, to, group.span());
                }
            }
            before = Some(positions);
        }
    }

    fn add_move(&mut self, draft: &mut Draft<'t>, from: u32, to: u32, span: Span) {
        let name = |at: u32| {
            draft
                .members
                .get(at as usize)
                .map_or("", |member| member.name.text.as_str())
        };
        if from == to {
            let message = format!("`{}` moves to itself", name(from));
            self.report(
                &codes::REPEATED_MEMBER,
                span,
                message,
                "staying where it is needs no arrow",
            );
        } else if draft.known_moves.insert((from, to)) {
            draft.moves.push((from, to));
        } else {
            let message = format!("the move from `{}` to `{}` is listed twice", name(from), name(to));
            self.report(&codes::REPEATED_MEMBER, span, message, "remove one of them");
        }
    }

    fn enum_member(
        &mut self,
        draft: &mut Draft<'t>,
        view: ast::Member<'t>,
        doc: Option<String>,
        alone: bool,
    ) -> Option<u32> {
        let text = view.value()?;
        let span = view
            .name()
            .map(|name| name.span)
            .or_else(|| view.text().map(|text| text.span))?;
        let at = match draft.by_name.get(&text) {
            Some(at) => {
                let first = draft
                    .members
                    .get(*at as usize)
                    .map(|member| member.name.span)
                    .unwrap_or_default();
                if alone && view.attrs().next().is_none() {
                    let found =
                        Diagnostic::new(&codes::REPEATED_MEMBER, span, format!("`{text}` is listed twice"));
                    self.push(found.also(first, "the first time"));
                }
                *at
            }
            None => {
                let at = draft.members.len() as u32;
                draft.by_name.insert(text.clone(), at);
                let name = Name {
                    text: text.clone(),
                    span,
                };
                draft.members.push(EnumMember {
                    name,
                    value: text,
                    doc: None,
                });
                at
            }
        };
        self.member_attrs(draft, at, view);
        if let Some(member) = draft.members.get_mut(at as usize) {
            member.doc = member.doc.take().or(doc);
        }
        Some(at)
    }

    fn member_attrs(&mut self, draft: &mut Draft<'t>, at: u32, view: ast::Member<'t>) {
        for attr in view.attrs() {
            let Some(name) = attr.name() else { continue };
            if self.is_second(draft.seen_attrs.entry(at).or_default(), name) {
                continue;
            }
            match name.text {
                "initial" => {
                    self.no_args(attr);
                    draft.initial.push(at);
                }
                "value" => {
                    let value = self.text_arg(attr, "write what is stored: `@value(\"OPEN\")`");
                    if let (Some((value, _)), Some(member)) = (value, draft.members.get_mut(at as usize)) {
                        member.value = value;
                    }
                }
                _ => self.unknown_attribute(name, &["initial", "value"], "a member of an enum"),
            }
        }
    }

    fn check_values(&mut self, draft: &Draft<'t>) {
        let mut values: HashMap<&str, &EnumMember> = HashMap::new();
        let mut folded: HashMap<String, &EnumMember> = HashMap::new();
        for member in &draft.members {
            if let Some(first) = values.insert(&member.value, member) {
                let message = format!(
                    "`{}` and `{}` are both stored as `{}`",
                    first.name.text, member.name.text, member.value
                );
                let found = Diagnostic::new(&codes::DUPLICATE_VALUE, member.name.span, message);
                self.push(
                    found
                        .also(first.name.span, "the other one")
                        .help("give each its own `@value(\"…\")`"),
                );
            } else if let Some(first) = folded.insert(member.name.text.to_lowercase(), member) {
                let message = format!(
                    "`{}` and `{}` differ only by case",
                    first.name.text, member.name.text
                );
                let found = Diagnostic::new(&codes::MEMBERS_DIFFER_BY_CASE, member.name.span, message);
                self.push(
                    found
                        .also(first.name.span, "the other one")
                        .help("rename one of them"),
                );
            }
        }
    }

    /// Where rows begin, and whether every member can be reached (M4). Defaults must be known.
    pub(super) fn finish_enums(&mut self) {
        let mut initial: Vec<Vec<u32>> = std::mem::take(&mut self.said_initial);
        let entity_fields = self.model.entities.iter().flat_map(|entity| &entity.fields);
        let shape_fields = self.model.shapes.iter().flat_map(|shape| &shape.fields);
        for field in entity_fields.chain(shape_fields) {
            if let Some((Literal::Member(id, at), _)) = &field.default
                && let Some(initial) = initial.get_mut(id.0 as usize)
            {
                initial.push(*at);
            }
        }
        for (at, mut initial) in initial.into_iter().enumerate() {
            initial.push(0);
            initial.sort_unstable();
            initial.dedup();
            self.finish_enum(at, initial);
        }
    }

    fn finish_enum(&mut self, at: usize, initial: Vec<u32>) {
        let Some(it) = self.model.enums.get_mut(at) else {
            return;
        };
        let all = it.members.len() as u32;
        if it.moves.is_empty() {
            it.initial = (0..all).collect();
            return;
        }
        let mut reached: HashSet<u32> = it.moves.iter().map(|(_, to)| *to).collect();
        reached.extend(&initial);
        it.initial = initial.into_iter().filter(|at| *at < all).collect();
        let unreached = it
            .members
            .iter()
            .enumerate()
            .filter(|(at, _)| !reached.contains(&(*at as u32)));
        let unreached: Vec<Name> = unreached.map(|(_, member)| member.name.clone()).collect();
        let enumeration = it.name.text.clone();
        for name in unreached {
            let message = format!("no move of `{enumeration}` leads to `{}`", name.text);
            let found = Diagnostic::new(&codes::UNREACHABLE_MEMBER, name.span, message);
            let help = format!(
                "if rows can begin there, write `{} @initial`; else it is a typo or lacks an arrow",
                name.text
            );
            self.push(found.label("never entered").help(help));
        }
    }
}
