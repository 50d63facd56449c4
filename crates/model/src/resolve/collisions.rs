//! Names that would meet in the database.

use std::borrow::Cow;
use std::collections::HashMap;

use diagnostics::{Diagnostic, Span};

use super::Resolver;
use crate::naming::LONGEST_IDENTIFIER;
use crate::{FieldOrigin, Type, codes};

impl Resolver<'_> {
    pub(super) fn collisions(&mut self) {
        self.table_collisions();
        self.column_collisions();
    }

    fn table_collisions(&mut self) {
        let entities = self.model.entities.iter();
        let mut tables: Vec<(String, Span, String)> = entities
            .map(|entity| (entity.table.clone(), entity.name.span, entity.name.text.clone()))
            .collect();
        // Those of another schema cannot meet these.
        let found = self.model.found.iter().filter(|found| found.schema.is_none());
        tables.extend(found.map(|found| (found.table.clone(), found.name.span, found.name.text.clone())));
        for link in &self.model.links {
            let field = self.model.field(link.field).map(|field| field.name.clone());
            tables.extend(field.map(|name| (link.table.clone(), name.span, name.text)));
        }
        // Databases differ in whether case tells two tables apart, so here it does not.
        let mut known: HashMap<String, (Span, String)> = HashMap::new();
        let mut found = Vec::new();
        for (table, span, name) in &tables {
            self.long_identifier(table, *span, "table");
            match known.get(&table.to_lowercase()) {
                Some((first, other)) => {
                    found.push((table.clone(), *span, name.clone(), *first, other.clone()))
                }
                None => {
                    known.insert(table.to_lowercase(), (*span, name.clone()));
                }
            }
        }
        for (table, span, name, first, other) in found {
            let message = format!("`{other}` and `{name}` would share the table `{table}`");
            let diagnostic =
                Diagnostic::new(&codes::TABLE_COLLISION, span, message).also(first, "the other one");
            self.push(
                diagnostic.help("give one of them another name, or a table of its own: `@table(\"…\")`"),
            );
        }
        let gone = self
            .model
            .entities
            .iter()
            .flat_map(|entity| entity.was.iter().map(move |was| (was, entity.name.span)));
        let still: Vec<(String, Span, Span)> = gone
            .filter_map(|(was, span)| {
                known
                    .get(&was.to_lowercase())
                    .map(|(place, _)| (was.clone(), span, *place))
            })
            .collect();
        for (was, span, place) in still {
            let message = format!("this says that it was `{was}`, which is still there");
            let diagnostic =
                Diagnostic::new(&codes::WAS_STILL_EXISTS, span, message).also(place, "still there");
            self.push(diagnostic.help("remove `@was`, or rename the other one"));
        }
    }

    fn column_collisions(&mut self) {
        let mut found: Vec<Diagnostic> = Vec::new();
        let mut long = Vec::new();
        let mut known: HashMap<Cow<'_, str>, (Span, &str)> = HashMap::new();
        for entity in &self.model.entities {
            known.clear();
            for field in &entity.fields {
                if matches!(field.ty, Type::Related(_)) {
                    continue;
                }
                if field.origin == FieldOrigin::Written && field.column.len() > LONGEST_IDENTIFIER {
                    long.push((field.column.clone(), field.name.span));
                }
                let column = folded(&field.column);
                // Implied fields never meet each other.
                let other = match field.origin {
                    FieldOrigin::Written => known.insert(column, (field.name.span, &field.name.text)),
                    FieldOrigin::Implied(_) => known.get(&column).copied(),
                };
                if let Some((first, other)) = other {
                    let message = format!(
                        "`{other}` and `{}` would share the column `{}`",
                        field.name.text, field.column
                    );
                    let written = field.origin == FieldOrigin::Written;
                    let (at, place) = if written {
                        (field.name.span, first)
                    } else {
                        (first, field.name.span)
                    };
                    let diagnostic =
                        Diagnostic::new(&codes::COLUMN_COLLISION, at, message).also(place, "the other one");
                    found.push(
                        diagnostic
                            .help("rename one of them, or give it a column of its own: `@column(\"…\")`"),
                    );
                }
            }
            for field in &entity.fields {
                for was in &field.was {
                    if let Some((place, _)) = known.get(&folded(was)) {
                        let message = format!("this says that it was `{was}`, which is still there");
                        let diagnostic = Diagnostic::new(&codes::WAS_STILL_EXISTS, field.name.span, message);
                        found.push(
                            diagnostic
                                .also(*place, "still there")
                                .help("remove `@was`, or rename the other one"),
                        );
                    }
                }
            }
        }
        self.found.extend(found);
        for (column, span) in long {
            self.long_identifier(&column, span, "column");
        }
    }

    fn long_identifier(&mut self, name: &str, span: Span, what: &str) {
        if name.len() <= LONGEST_IDENTIFIER {
            return;
        }
        let message = format!("the {what} `{name}` has a name of {} bytes", name.len());
        let help = format!(
            "PostgreSQL cuts names after 63 bytes without a word: write a shorter one, or `@{what}(\"…\")`"
        );
        self.report(&codes::LONG_IDENTIFIER, span, message, &help);
    }
}

/// A name as databases compare it that do not look at case.
fn folded(name: &str) -> Cow<'_, str> {
    if name
        .bytes()
        .any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii())
    {
        Cow::Owned(name.to_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}
