//! Written fields: their types, and the attributes that need no other field.

use std::borrow::Cow;

use diagnostics::{Diagnostic, Span};
use syntax::ast;

use super::types::Class;
use super::{Late, Resolver, attrs, describe, doc_of, name_of};
use crate::{EntityId, Field, FieldId, FieldOrigin, OnDelete, Ownership, Privacy, Protection, Scalar, Type};
use crate::{Unique, UniqueScope, codes, naming};

/// About how many fields the policy adds to an entity.
const IMPLIED: usize = 14;

/// What a field says that belongs to its entity.
#[derive(Default)]
pub(super) struct Said<'t> {
    seen: Vec<ast::Name<'t>>,
    unique: Option<(UniqueScope, Span)>,
    id: Option<Span>,
    late: Vec<Late<'t>>,
    /// An attribute was not understood: what seems to be missing may be what it meant.
    unsure: bool,
}

impl<'t> Said<'t> {
    /// What waits until all fields are known.
    pub(super) fn take_late(self) -> Vec<Late<'t>> {
        self.late
    }
}

impl<'t> Resolver<'t> {
    pub(super) fn written_fields(&mut self) {
        let views = self.entities.clone();
        self.fields = views.iter().map(|_| std::collections::HashMap::new()).collect();
        self.field_views = views.iter().map(|_| Vec::new()).collect();
        for (at, view) in views.into_iter().enumerate() {
            let id = EntityId(at as u32);
            // Moving fields as the list grows would be half of the work.
            let count = view.fields().count();
            self.change(id, |entity| entity.fields.reserve_exact(count + IMPLIED));
            for field in view.fields() {
                self.written_field(id, field);
            }
        }
    }

    fn written_field(&mut self, id: EntityId, view: ast::Field<'t>) {
        let Some(name) = view.name() else { return };
        if let Some(first) = self
            .field_named(id, name.text)
            .and_then(|id| self.field(id))
            .map(|field| field.name.span)
        {
            let message = format!("`{}` has two fields named `{}`", self.entity_name(id), name.text);
            self.push(
                Diagnostic::new(&codes::DUPLICATE_FIELD, name.span, message).also(first, "the first one"),
            );
            return;
        }
        let Some((field, said)) = self.read_field(name, view) else {
            return;
        };
        let Some(index) = self.model.entity(id).map(|entity| entity.fields.len() as u32) else {
            return;
        };
        let field_id = FieldId { entity: id, index };
        if let Some(names) = self.fields.get_mut(id.0 as usize) {
            names.insert(Cow::Borrowed(name.text), index);
        }
        if let Some(views) = self.field_views.get_mut(id.0 as usize) {
            views.push(view);
        }
        if said.unsure || field.ty == Type::Unknown {
            self.unsure.insert(id);
        }
        self.late
            .extend(said.late.into_iter().map(|late| (field_id, late)));
        if let Some(span) = said.id {
            self.id_attribute(id, field_id, span);
        }
        let owner = field.owner;
        self.change(id, |entity| {
            entity.fields.push(field);
            if let Some((scope, span)) = said.unique {
                entity.uniques.push(Unique {
                    fields: vec![field_id],
                    scope,
                    from_field: true,
                    span,
                });
            }
        });
        if let Some(span) = owner {
            self.say_owner(id, field_id, span);
        }
    }

    fn id_attribute(&mut self, id: EntityId, field: FieldId, span: Span) {
        if let Some((_, first)) = self.id_attributes.get(&id) {
            let found = Diagnostic::new(&codes::SECOND_CLAUSE, span, "a second field says `@id`")
                .also(*first, "the first one");
            self.push(found.help("a key of several fields is written `key (a, b)`"));
            return;
        }
        self.id_attributes.insert(id, (field, span));
    }

    fn say_owner(&mut self, id: EntityId, field: FieldId, span: Span) {
        let Some(entity) = self.model.entity(id) else {
            return;
        };
        let contradiction = match &entity.ownership {
            Ownership::Itself => Some((entity.name.span, "it owns itself")),
            Ownership::Public { span, .. } => Some((*span, "it is public")),
            Ownership::IsTenant => Some((entity.name.span, "it is the tenant")),
            Ownership::Owner(first) => {
                let place = self
                    .field(*first)
                    .and_then(|field| field.owner)
                    .unwrap_or_default();
                let message = format!("`{}` has two owners", entity.name.text);
                let found = Diagnostic::new(&codes::SECOND_OWNER, span, message).also(place, "the first one");
                self.push(found.help("a row belongs to one; give others a right with `allow`"));
                return;
            }
            _ => None,
        };
        if let Some((place, what)) = contradiction {
            let message = format!("`{}` says two things about whose its rows are", entity.name.text);
            let found = Diagnostic::new(&codes::CONTRADICTORY_OWNERSHIP, span, message).also(place, what);
            self.push(found.help("keep one of them"));
            return;
        }
        self.change(id, |entity| entity.ownership = Ownership::Owner(field));
    }

    /// A field of an entity or shape, with the attributes that need no other field.
    pub(super) fn read_field(
        &mut self,
        name: ast::Name<'t>,
        view: ast::Field<'t>,
    ) -> Option<(Field, Said<'t>)> {
        let ty = view.ty().map_or(Type::Unknown, |ty| self.type_of(ty));
        let reference = matches!(ty, Type::Reference(_));
        let (privacy, protection) = by_type(&ty);
        let mut field = Field {
            name: name_of(name),
            column: naming::column(name.text, reference),
            was: Vec::new(),
            doc: doc_of(view.doc()),
            type_span: view.ty().map_or(name.span, ast::Type::span),
            optional: view.is_optional(),
            default: None,
            origin: FieldOrigin::Written,
            privacy,
            protection,
            owner: None,
            on_delete: None,
            relation: None,
            range: None,
            min_length: None,
            max_length: None,
            pattern: None,
            computed: None,
            immutable: None,
            ty,
        };
        if field.optional && matches!(field.ty, Type::Related(_)) {
            let help = "remove the `?`: a relation to nobody is an empty list";
            let message = format!("`{}` is a relation to many, which is never absent", name.text);
            self.report(&codes::OPTIONAL_RELATION, field.type_span, message, help);
            field.optional = false;
        }
        let mut said = Said::default();
        if let Some(value) = view.default().and_then(ast::Default::value) {
            said.late.push(Late::Default(value));
        }
        for attr in view.attrs() {
            self.field_attr(&mut field, &mut said, attr);
        }
        if said.id.is_some() && field.optional {
            let message = format!("`{}` is the key, and may be empty", field.name.text);
            self.report(&codes::OPTIONAL_KEY, field.type_span, message, "remove the `?`");
        }
        self.check_lengths(&field);
        Some((field, said))
    }

    fn field_attr(&mut self, field: &mut Field, said: &mut Said<'t>, attr: ast::Attr<'t>) {
        let Some(name) = attr.name() else { return };
        if self.is_second(&mut said.seen, name) {
            return;
        }
        let known = attrs::ON_FIELDS
            .iter()
            .find(|(known, _)| *known == name.text && *known != "initial");
        let Some((_, example)) = known else {
            let names: Vec<&str> = attrs::ON_FIELDS
                .iter()
                .map(|(name, _)| *name)
                .filter(|name| *name != "initial")
                .collect();
            said.unsure = true;
            return self.unknown_attribute(name, &names, "a field");
        };
        if field.ty == Type::Unknown {
            return;
        }
        if let Err(help) = fits(name.text, &field.ty) {
            let shown = describe::type_name(&self.model, &field.ty);
            let message = format!("`@{}` does not fit a field of type `{shown}`", name.text);
            return self.report(&codes::MISPLACED_ATTRIBUTE, attr.span(), message, help);
        }
        let help = format!("write `{example}`");
        match name.text {
            "unique" => said.unique = self.unique_attr(attr).map(|scope| (scope, attr.span())),
            "range" => said.late.push(Late::Range(attr)),
            "computed" => said.late.push(Late::Computed(attr)),
            "pattern" => field.pattern = self.pattern_attr(attr, &help),
            "min" => field.min_length = self.count_arg(attr, &help).map(|n| (n, attr.span())),
            "max" => field.max_length = self.count_arg(attr, &help).map(|n| (n, attr.span())),
            "on_delete" => self.on_delete_attr(field, attr),
            "pii" | "secret" => self.privacy_attr(field, attr, name),
            "encrypted" => self.encrypted_attr(field, attr),
            "column" => {
                if let Some((column, _)) = self.text_arg(attr, &help) {
                    field.column = column;
                }
            }
            "was" => {
                let reference = matches!(field.ty, Type::Reference(_));
                field.was = self.columns_arg(attr, reference);
            }
            // Read once all fields are known, by `relations`.
            "inverse" | "through" | "table" => {}
            _ => {
                self.no_args(attr);
                match name.text {
                    "owner" => field.owner = Some(attr.span()),
                    "immutable" => field.immutable = Some(attr.span()),
                    _ => said.id = Some(attr.span()),
                }
            }
        }
    }

    /// Former names of a column: those of references carry `_id`.
    pub(super) fn columns_arg(&mut self, attr: ast::Attr<'t>, reference: bool) -> Vec<String> {
        let names = self.names_arg(attr, "write `@was(old_name)`");
        let column = |(name, quoted): (String, bool)| match reference && !quoted && !name.ends_with("_id") {
            true => naming::column(&name, true),
            false => name,
        };
        names.into_iter().map(column).collect()
    }

    pub(super) fn unique_attr(&mut self, attr: ast::Attr<'t>) -> Option<UniqueScope> {
        if attr.arg_list().is_none() {
            return Some(UniqueScope::Own);
        }
        let word = self.word_arg(attr, "write `@unique`, or `@unique(global) because \"…\"`")?;
        if word.text != "global" {
            self.bad_argument(attr, "write `@unique`, or `@unique(global) because \"…\"`");
            return Some(UniqueScope::Own);
        }
        let because = self.needed_reason(attr, "whoever may try values learns which exist anywhere");
        Some(UniqueScope::Global(because))
    }

    fn on_delete_attr(&mut self, field: &mut Field, attr: ast::Attr<'t>) {
        const HELP: &str = "write one of `cascade`, `restrict`, `set_null`";
        let Some(word) = self.word_arg(attr, HELP) else {
            return;
        };
        let action = match word.text {
            "cascade" => OnDelete::Cascade,
            "restrict" => OnDelete::Restrict,
            "set_null" => OnDelete::SetNull,
            _ => return self.bad_argument(attr, HELP),
        };
        if action == OnDelete::SetNull && !field.optional {
            let message = format!("`{}` is required, so it cannot be emptied", field.name.text);
            let found = Diagnostic::new(&codes::SET_NULL_ON_REQUIRED, attr.span(), message);
            let found = found.also(field.type_span, "required");
            self.push(
                found.help("write a `?` behind the type, or `@on_delete(restrict)` or `@on_delete(cascade)`"),
            );
            return;
        }
        field.on_delete = Some((action, attr.span()));
    }

    fn privacy_attr(&mut self, field: &mut Field, attr: ast::Attr<'t>, name: ast::Name<'t>) {
        if name.text == "secret" {
            self.no_args(attr);
            field.privacy = Privacy::Secret;
            return;
        }
        let special = attr.arg_list().is_some();
        if special {
            match self.word_arg(attr, "write `@pii`, or `@pii(special)`") {
                Some(word) if word.text == "special" => {}
                Some(_) => self.bad_argument(attr, "write `@pii`, or `@pii(special)`"),
                None => return,
            }
        }
        let class = if special {
            Privacy::Special
        } else {
            Privacy::Personal
        };
        field.privacy = field.privacy.max(class);
    }

    fn encrypted_attr(&mut self, field: &mut Field, attr: ast::Attr<'t>) {
        let mut searchable = false;
        if attr.arg_list().is_some() {
            match self.word_arg(attr, "write `@encrypted`, or `@encrypted(searchable)`") {
                Some(word) if word.text == "searchable" => searchable = true,
                Some(_) => self.bad_argument(attr, "write `@encrypted`, or `@encrypted(searchable)`"),
                None => {}
            }
        }
        field.protection = Protection::Encrypted { searchable };
    }

    fn check_lengths(&mut self, field: &Field) {
        let longest = match field.ty {
            Type::Scalar(Scalar::String(n) | Scalar::Bytes(Some(n))) => Some((n, field.type_span)),
            _ => None,
        };
        let min = field.min_length;
        let upper = [field.max_length, longest].into_iter().flatten();
        for (max, place) in upper {
            if let Some((min, span)) = min.filter(|(min, _)| *min > max) {
                let message = format!("nothing is at least {min} and at most {max} long");
                let found =
                    Diagnostic::new(&codes::EMPTY_RANGE, span, message).also(place, "the other limit");
                self.push(found.help("swap them, or raise the upper one"));
                return;
            }
        }
    }
}

/// What the type alone says about privacy.
fn by_type(ty: &Type) -> (Privacy, Protection) {
    match ty {
        Type::Scalar(Scalar::Email | Scalar::Phone | Scalar::Ip) => (Privacy::Personal, Protection::Plain),
        Type::Scalar(Scalar::PasswordHash | Scalar::Token) => (Privacy::Secret, Protection::Hashed),
        Type::Array(inner) => by_type(inner),
        _ => (Privacy::None, Protection::Plain),
    }
}

/// Whether an attribute makes sense on a type; else what to write in its place.
fn fits(attr: &str, ty: &Type) -> Result<(), &'static str> {
    let class = Class::of(ty);
    let text =
        class == Class::Text && !matches!(ty, Type::Scalar(Scalar::Email | Scalar::Phone | Scalar::Url));
    let (good, help) = match attr {
        "unique" => (
            !matches!(
                class,
                Class::Json | Class::List | Class::Related | Class::Secret | Class::Bool
            ),
            "a unique field is a value that can be told apart by equality, and has more than two",
        ),
        "owner" | "on_delete" => (
            matches!(class, Class::Reference(_)),
            "it stands on a reference to one row: `customer User`",
        ),
        "min" | "max" if class == Class::Number => (
            false,
            "limits of numbers are written `@range(1..100)`, `@range(0..)`",
        ),
        "min" | "max" => (
            text || matches!(class, Class::List | Class::Bytes),
            "it limits the length of a text, of bytes or of a list",
        ),
        "range" => (
            matches!(class, Class::Number | Class::Date | Class::Instant | Class::Time),
            "it limits numbers, dates and times; lengths are `@min(…)` and `@max(…)`",
        ),
        "pattern" => (
            text,
            "it stands on `String` and `Text`; the other types know their form",
        ),
        "encrypted" => (
            !matches!(
                class,
                Class::Reference(_)
                    | Class::Related
                    | Class::Secret
                    | Class::Token
                    | Class::Bool
                    | Class::Enum(_)
            ),
            "references must stay readable for the database, few-valued fields give themselves away, and secrets are hashed",
        ),
        "inverse" | "through" | "table" => (
            class == Class::Related,
            "it stands on a relation to many: `lines [OrderLine]`",
        ),
        "id" => (
            matches!(
                class,
                Class::Number | Class::Text | Class::Uuid | Class::Date | Class::Reference(_)
            ),
            "a key is a number, a text, a UUID, a day or a reference",
        ),
        "was" => (
            class != Class::Related,
            "a relation to many has no column that could be renamed",
        ),
        _ => (
            class != Class::Related,
            "a relation to many is no column: put it on the other side",
        ),
    };
    if good { Ok(()) } else { Err(help) }
}
