//! Entities without defaults: their heads and columns. What they may say is what a table can hold, and nothing about people.

use std::collections::HashMap;

use diagnostics::{Diagnostic, Span};
use syntax::ast::{self, Expr, LiteralValue};

use super::{Named, Resolver, doc_of, name_of};
use crate::found::{
    Found, FoundAction, FoundColumn, FoundDefault, FoundId, FoundKey, FoundMade, FoundReference, FoundTarget,
    FoundType,
};
use crate::{Scalar, Type, codes, naming};

const ON_HEADS: [&str; 5] = ["table", "was", "schema", "strict", "without_rowid"];
const ON_FIELDS: [&str; 13] = [
    "column",
    "type",
    "default",
    "generated",
    "computed",
    "id",
    "unique",
    "name",
    "on_delete",
    "on_update",
    "deferred",
    "collate",
    "was",
];
const APART: &str =
    "take `without defaults` away and everything can be said: then the design decides for it, too";

/// Whether an entity leaves out all defaults.
pub(super) fn is_found(view: ast::Entity<'_>) -> bool {
    view.without()
        .any(|without| without.names().any(|name| name.text == "defaults"))
}

/// What is read of one such entity before those that it refers to are known.
struct Draft {
    found: Found,
    id: Option<(u32, Span)>,
    names: HashMap<String, Span>,
}

impl<'t> Resolver<'t> {
    /// The name of an entity without defaults; what it holds is read when all names are known.
    pub(super) fn add_found(&mut self, view: ast::Entity<'t>, name: ast::Name<'t>) {
        self.found_views.push(view);
        self.model.found.push(Found {
            name: name_of(name),
            because: String::new(),
            table: naming::table(name.text),
            was: Vec::new(),
            schema: None,
            strict: false,
            without_rowid: false,
            doc: doc_of(view.doc()),
            columns: Vec::new(),
            key: None,
            uniques: Vec::new(),
            indexes: Vec::new(),
            references: Vec::new(),
            checks: Vec::new(),
            sql: Vec::new(),
        });
    }

    /// Columns first, since clauses of one name those of another.
    pub(super) fn found_entities(&mut self) {
        let views = self.found_views.clone();
        for (at, view) in views.iter().enumerate() {
            let Some(found) = self.model.found.get(at).cloned() else {
                continue;
            };
            let found = self.found_entity(found, *view);
            if let Some(place) = self.model.found.get_mut(at) {
                *place = found;
            }
        }
        for (at, view) in views.into_iter().enumerate() {
            self.found_clauses(FoundId(at as u32), view);
        }
        self.found_product();
    }

    fn found_entity(&mut self, found: Found, view: ast::Entity<'t>) -> Found {
        let mut draft = Draft {
            found,
            id: None,
            names: HashMap::new(),
        };
        self.found_head(&mut draft.found, view);
        for field in view.fields() {
            self.found_field(&mut draft, field);
        }
        if let Some((at, span)) = draft.id {
            draft.found.key = Some(FoundKey {
                columns: vec![at],
                doc: None,
                deferred: false,
                name: None,
                span,
            });
        }
        draft.found
    }

    fn found_head(&mut self, found: &mut Found, view: ast::Entity<'t>) {
        for without in view.without() {
            for name in without.names() {
                if name.text == "defaults" {
                    found.because = without.reason().map(|reason| reason.value()).unwrap_or_default();
                } else {
                    let message = format!("there is no `{}` left to leave out", name.text);
                    self.report(
                        &codes::FOUND_ONLY,
                        name.span,
                        message,
                        "keep `without defaults` alone",
                    );
                }
            }
        }
        let whose = view.owns_self().map(ast::OwnsSelf::span);
        if let Some(span) = whose.or_else(|| view.public().map(ast::Public::span)) {
            let message = format!("nothing keeps rows of `{}` apart", found.name.text);
            self.report(&codes::FOUND_ONLY, span, message, APART);
        }
        let mut seen = Vec::new();
        for attr in view.attrs() {
            let Some(name) = attr.name() else { continue };
            if self.is_second(&mut seen, name) {
                continue;
            }
            match name.text {
                "table" => {
                    if let Some((text, _)) =
                        self.text_arg(attr, "write the table's name: `@table(\"orders\")`")
                    {
                        found.table = text;
                    }
                }
                "schema" => {
                    found.schema = self
                        .text_arg(attr, "write the schema's name: `@schema(\"billing\")`")
                        .map(|(text, _)| text);
                }
                "was" => found.was = self.tables_arg(attr),
                "strict" | "without_rowid" => {
                    self.of_sqlite(attr, name.text);
                    let said = if name.text == "strict" {
                        &mut found.strict
                    } else {
                        &mut found.without_rowid
                    };
                    *said = true;
                }
                _ => self.unknown_attribute(name, &ON_HEADS, "an entity without defaults"),
            }
        }
    }

    /// What only SQLite knows.
    fn of_sqlite(&mut self, attr: ast::Attr<'t>, word: &str) {
        self.no_args(attr);
        let others = self.model.project.as_ref();
        if others.is_some_and(|project| !project.databases.contains(&crate::Database::Sqlite)) {
            let message = format!("`@{word}` means something in SQLite alone");
            self.report(&codes::MISPLACED_ATTRIBUTE, attr.span(), message, "remove it");
        }
    }

    fn found_field(&mut self, draft: &mut Draft, view: ast::Field<'t>) {
        let Some(name) = view.name() else { return };
        if let Some(first) = draft.names.insert(name.text.to_owned(), name.span) {
            let message = format!("`{}` has two fields named `{}`", draft.found.name.text, name.text);
            let second = Diagnostic::new(&codes::DUPLICATE_FIELD, name.span, message);
            self.push(second.also(first, "the first one"));
            return;
        }
        let ty = view.ty().map_or(FoundType::Unknown, |ty| self.found_type(ty));
        let target = match ty {
            FoundType::KeyOf(target) => Some(target),
            _ => None,
        };
        let mut column = FoundColumn {
            name: name_of(name),
            column: naming::column(name.text, target.is_some()),
            was: Vec::new(),
            doc: doc_of(view.doc()),
            ty,
            optional: view.is_optional(),
            default: None,
            made: None,
            computed: None,
            collation: None,
        };
        let at = draft.found.columns.len() as u32;
        let mut reference = target.map(|target| FoundReference {
            columns: vec![at],
            target,
            referenced: Vec::new(),
            on_delete: FoundAction::NoAction,
            on_update: FoundAction::NoAction,
            doc: None,
            deferred: false,
            name: None,
            span: view.span(),
        });
        if let Some(value) = view.default().and_then(ast::Default::value) {
            column.default = self.found_constant(value, &column);
        }
        let mut seen = Vec::new();
        for attr in view.attrs() {
            let Some(name) = attr.name() else { continue };
            if !self.is_second(&mut seen, name) {
                self.found_attr((draft, at), &mut column, reference.as_mut(), (attr, name));
            }
        }
        draft.found.columns.push(column);
        draft.found.references.extend(reference);
    }

    fn found_attr(
        &mut self,
        (draft, at): (&mut Draft, u32),
        column: &mut FoundColumn,
        reference: Option<&mut FoundReference>,
        (attr, name): (ast::Attr<'t>, ast::Name<'t>),
    ) {
        let mut text = |help: &str| self.text_arg(attr, help).map(|(text, _)| text);
        match (name.text, reference) {
            ("column", _) => {
                if let Some(name) = text("write the column's name: `@column(\"name\")`") {
                    column.column = name;
                }
            }
            ("was", reference) => column.was = self.columns_arg(attr, reference.is_some()),
            ("type", _) => {
                if let Some(ty) = text("write the type as the database does: `@type(\"smallint\")`") {
                    column.ty = FoundType::Sql(ty);
                }
            }
            ("default", _) => {
                let sql = text("write SQL: `@default(\"now()\")`");
                column.default = sql.map(FoundDefault::Sql);
            }
            ("computed", _) => column.computed = text("write SQL: `@computed(\"price * pieces\")`"),
            ("collate", _) => {
                column.collation = text("write the collation as the database does: `@collate(\"NOCASE\")`")
            }
            ("generated", _) => column.made = self.found_made(attr),
            ("id", _) => {
                self.no_args(attr);
                if let Some((_, first)) = draft.id {
                    let second =
                        Diagnostic::new(&codes::SECOND_CLAUSE, attr.span(), "a second field says `@id`");
                    let second = second.also(first, "the first one");
                    self.push(second.help("a key of several fields is written `key (a, b)`"));
                } else {
                    draft.id = Some((at, attr.span()));
                }
            }
            ("unique", _) => {
                self.no_args(attr);
                draft.found.uniques.push(FoundKey {
                    columns: vec![at],
                    doc: None,
                    deferred: false,
                    name: None,
                    span: attr.span(),
                });
            }
            ("name", Some(reference)) => reference.name = text("write its name: `@name(\"fk_author\")`"),
            ("on_delete", Some(reference)) => reference.on_delete = self.found_action(attr),
            ("deferred", Some(reference)) => {
                self.no_args(attr);
                reference.deferred = true;
            }
            ("on_update", Some(reference)) => reference.on_update = self.found_action(attr),
            ("name" | "on_delete" | "on_update" | "deferred", None) => {
                let message = format!("`@{}` stands on a reference", name.text);
                let help = "put it behind the `unique (…)`, `index (…)`, `key (…)` or `reference …` that it is about";
                self.report(&codes::MISPLACED_ATTRIBUTE, attr.span(), message, help);
            }
            _ => self.unknown_attribute(name, &ON_FIELDS, "a field of an entity without defaults"),
        }
    }

    fn found_made(&mut self, attr: ast::Attr<'t>) -> Option<FoundMade> {
        const HELP: &str = "write one of `always`, `by_default`, `serial`";
        match self.word_arg(attr, HELP)?.text {
            "always" => Some(FoundMade::Always),
            "by_default" => Some(FoundMade::ByDefault),
            "serial" => Some(FoundMade::Serial),
            _ => {
                self.bad_argument(attr, HELP);
                None
            }
        }
    }

    pub(super) fn found_action(&mut self, attr: ast::Attr<'t>) -> FoundAction {
        const HELP: &str = "write one of `restrict`, `cascade`, `set_null`, `set_default`";
        match self.word_arg(attr, HELP).map(|word| word.text) {
            Some("restrict") => FoundAction::Restrict,
            Some("cascade") => FoundAction::Cascade,
            Some("set_null") => FoundAction::SetNull,
            Some("set_default") => FoundAction::SetDefault,
            None => FoundAction::NoAction,
            Some(_) => {
                self.bad_argument(attr, HELP);
                FoundAction::NoAction
            }
        }
    }

    fn found_type(&mut self, view: ast::Type<'t>) -> FoundType {
        let Some(name) = view.name() else {
            return FoundType::Unknown;
        };
        let target = match self.items.get(name.text).map(|(named, _)| *named) {
            Some(Named::Found(id)) => Some(FoundTarget::Found(id)),
            Some(Named::Entity(id)) => Some(FoundTarget::Entity(id)),
            _ => None,
        };
        if let Some(target) = target {
            if view.is_list() {
                let message = format!("`[{}]` is no column of this table", name.text);
                self.report(&codes::FOUND_ONLY, view.span(), message, APART);
                return FoundType::Unknown;
            }
            return FoundType::KeyOf(target);
        }
        let ty = self.type_of(view);
        self.found_value(&ty, view.span())
    }

    fn found_value(&mut self, ty: &Type, span: Span) -> FoundType {
        match ty {
            Type::Scalar(
                Scalar::Money
                | Scalar::Email
                | Scalar::Phone
                | Scalar::Url
                | Scalar::PasswordHash
                | Scalar::Token
                | Scalar::Bytes(Some(_)),
            )
            | Type::Shape(_) => {
                let message = "this type comes with rules that nothing here would keep";
                let help = "write the type that the column has: `Text`, `String(80)`, `Decimal(18, 4)`, `Bytes`, `Json`";
                self.report(&codes::FOUND_ONLY, span, message, help);
                FoundType::Unknown
            }
            Type::Scalar(scalar) => FoundType::Scalar(*scalar),
            Type::Enum(id) if self.model.enumeration(*id).is_some_and(|it| it.native) => FoundType::Enum(*id),
            Type::Enum(_) => {
                let message = "this enum is text and a check, which nothing here would make";
                let help = "write `@native` on the enum if the database has a type for it; else `Text` and a `check (\"…\")`";
                self.report(&codes::FOUND_ONLY, span, message, help);
                FoundType::Unknown
            }
            Type::Array(of) => FoundType::List(Box::new(self.found_value(of, span))),
            Type::Reference(_) | Type::Related(_) | Type::Unknown => FoundType::Unknown,
        }
    }

    fn found_constant(&mut self, view: Expr<'t>, column: &FoundColumn) -> Option<FoundDefault> {
        let ty = match &column.ty {
            FoundType::Scalar(scalar) => Type::Scalar(*scalar),
            FoundType::Enum(id) => Type::Enum(*id),
            FoundType::List(_) => Type::Array(Box::new(Type::Scalar(Scalar::Text))),
            _ => {
                let help = "write it in SQL: `@default(\"…\")`";
                self.report(
                    &codes::DEFAULT_MISMATCH,
                    view.span(),
                    "nothing says what kind of value this is",
                    help,
                );
                return None;
            }
        };
        self.constant(view, &ty, column.optional)
            .map(FoundDefault::Constant)
    }

    /// SQL in quotes, where other entities have an expression.
    pub(super) fn found_sql(&mut self, view: Option<Expr<'t>>, span: Span) -> Option<String> {
        let text = match view {
            Some(Expr::Literal(literal)) => match literal.value() {
                Some(LiteralValue::Text(text)) => Some(text.value()),
                _ => None,
            },
            _ => None,
        };
        let text = text.filter(|text| !text.trim().is_empty());
        if text.is_none() {
            let message = "a check of an entity without defaults is written as the database has it";
            self.report(
                &codes::FOUND_ONLY,
                span,
                message,
                "write SQL in quotes: `check (\"price >= 0\")`",
            );
        }
        text
    }

    /// What is as found is of one product: its types and its SQL mean nothing to another.
    fn found_product(&mut self) {
        let Some(first) = self.model.found.first().map(|found| found.name.clone()) else {
            return;
        };
        let several = self
            .model
            .project
            .as_ref()
            .filter(|project| project.databases.len() > 1);
        if let Some(project) = several {
            let message = format!("`{}` is as it was found in one database", first.text);
            let found = Diagnostic::new(&codes::FOUND_IN_SEVERAL, first.span, message);
            let found = found.also(project.name.span, "the project is for several");
            self.push(found.help("name one database in the project"));
        }
    }
}
