//! How long rows stay.

use diagnostics::Diagnostic;
use syntax::ast;

use super::types::Class;
use super::{Resolver, describe, times};
use crate::{EntityId, FieldId, Retention, RetentionKind, codes};

/// Events, the field that records each, and what leaves it out.
const EVENTS: [(&str, &str, &str); 4] = [
    ("created", "created_at", "timestamps"),
    ("updated", "updated_at", "timestamps"),
    ("deleted", "deleted_at", "soft_delete"),
    ("accessed", "last_accessed", "access"),
];

impl<'t> Resolver<'t> {
    pub(super) fn retain(&mut self, id: EntityId, view: ast::Retain<'t>) {
        let (Some(duration), Some(name)) = (view.duration(), view.after()) else {
            return;
        };
        let Some(field) = self.retention_start(id, name) else {
            return;
        };
        let kind = if view.anonymises() {
            RetentionKind::Anonymise
        } else {
            RetentionKind::Purge
        };
        let earlier = self.model.entity(id).and_then(|entity| {
            entity
                .retention
                .iter()
                .find(|it| it.kind == kind && it.field == field)
                .map(|it| it.span)
        });
        if let Some(first) = earlier {
            let found = Diagnostic::new(
                &codes::RETENTION_TWICE,
                view.span(),
                "two retentions start at the same event",
            );
            self.push(found.also(first, "the first one").help("keep the shorter one"));
            return;
        }
        let retention = Retention {
            kind,
            after: times::span_of(duration),
            field,
            span: view.span(),
        };
        self.change(id, |entity| entity.retention.push(retention));
    }

    fn retention_start(&mut self, id: EntityId, name: ast::Name<'t>) -> Option<FieldId> {
        let own = self.field_named(id, name.text);
        let event = EVENTS.iter().find(|(event, _, _)| *event == name.text);
        if own.is_none()
            && let Some((event, field, what)) = event
        {
            let found = self.field_named(id, field);
            if found.is_none() {
                let message = format!("`{}` does not record when a row is {event}", self.entity_name(id));
                let help =
                    format!("it does so unless `{what}` is switched off; or start at a field of your own");
                self.report(&codes::RETENTION_NEVER, name.span, message, &help);
            }
            return found;
        }
        let field = self.expect_field(id, name)?;
        let ty = self.field(field)?.ty.clone();
        if !matches!(Class::of(&ty), Class::Instant | Class::Date | Class::Unknown) {
            let shown = describe::type_name(&self.model, &ty);
            let message = format!("`{}` is of type `{shown}`, which is no time", name.text);
            let help =
                "name a field of type `Instant` or `Date`, or `created`, `updated`, `deleted`, `accessed`";
            self.report(&codes::RETENTION_NOT_TIME, name.span, message, help);
            return None;
        }
        Some(field)
    }
}
