//! Enums and domains; composite, range and base types are kept as text.

use physical::{Database, Expr, Ident, Name, NamedType, NamedTypeKind, Opaque, Origin};
use plan::CatalogError;

use super::relations::Relations;
use super::tables::domain_checks;
use super::{Answers, acl, opaque, with_comment};
use crate::postgres::expression::{expression, or_refused};
use crate::postgres::{ident, types};

/// What is common to all types.
struct Common<'a> {
    name: Name,
    owner: &'a str,
    comment: Option<String>,
    rights: Option<&'a str>,
}

impl Common<'_> {
    /// A type that is kept as text.
    fn as_text(&self, kind: &str, create: &str, more: &[String]) -> Opaque {
        let quoted = ident::name(&self.name);
        let mut text = vec![
            format!("CREATE TYPE {quoted} AS {create}"),
            format!("ALTER TYPE {quoted} OWNER TO {}", ident::ident(self.owner)),
        ];
        text.extend(acl::whole("TYPE", &quoted, self.rights, self.owner));
        text.extend(more.iter().cloned());
        let text = with_comment(text.join(";\n"), "TYPE", &quoted, self.comment.as_deref());
        let undo = Some(format!("DROP TYPE {quoted}"));
        opaque(kind, self.name.clone(), text, undo, Vec::new())
    }

    fn domain_as_text(&self, base: &str, not_null: bool, checks: &[(Ident, Expr)]) -> Opaque {
        let quoted = ident::name(&self.name);
        let mut create = format!("CREATE DOMAIN {quoted} AS {base}");
        create.push_str(if not_null { " NOT NULL" } else { "" });
        for (name, check) in checks {
            let check = or_refused(expression(check));
            create.push_str(&format!(
                " CONSTRAINT {} CHECK ({check})",
                ident::ident(name.as_str())
            ));
        }
        let mut text = vec![create];
        text.push(format!(
            "ALTER DOMAIN {quoted} OWNER TO {}",
            ident::ident(self.owner)
        ));
        text.extend(acl::whole("TYPE", &quoted, self.rights, self.owner));
        let text = with_comment(text.join(";\n"), "DOMAIN", &quoted, self.comment.as_deref());
        let undo = Some(format!("DROP DOMAIN {quoted}"));
        opaque("domain", self.name.clone(), text, undo, Vec::new())
    }
}

/// Enums and domains; composite and range types as text. Of a base type, which is made of functions in C, only the name.
pub(super) fn types(
    answers: &Answers<'_>,
    relations: &mut Relations,
    database: &mut Database,
) -> Result<(), CatalogError> {
    let mut checks = domain_checks(answers, database)?;
    for mut row in answers.rows("types") {
        let number = row.int()?;
        let name = Name::new(row.text()?, row.text()?);
        let kind = row.text()?;
        let (owner, comment) = (row.text()?, row.owned()?);
        let labels = row.texts()?;
        let (base, not_null, default) = (row.maybe()?, row.bool()?, row.maybe()?);
        let rights = row.maybe()?;
        let relation = row.int()?;
        let (range, collation) = (row.maybe()?, row.maybe()?);
        let common = Common {
            name,
            owner,
            comment,
            rights,
        };
        let name = common.name.clone();
        let kind = match kind {
            "e" => NamedTypeKind::Enum(labels),
            // A collation has no word of its own, and a domain cannot be given one later.
            "d" if collation.is_some() => {
                let base = format!(
                    "{} COLLATE {}",
                    base.unwrap_or_default(),
                    collation.unwrap_or_default()
                );
                let checks = checks.remove(&number).unwrap_or_default();
                let text = common.domain_as_text(&base, not_null, &checks);
                database.opaque.push(text);
                domain_default(&name, default, database);
                continue;
            }
            "d" => NamedTypeKind::Domain {
                base: types::parse(base.unwrap_or_default()),
                not_null,
                checks: checks.remove(&number).unwrap_or_default(),
            },
            "c" => {
                let found = relations.get(relation);
                let columns = found.map_or_else(String::new, |each| each.column_text.join(", "));
                let comments = found.map_or(&[][..], |each| each.column_comments.as_slice());
                let text = common.as_text("composite type", &format!("({columns})"), comments);
                database.opaque.push(text);
                continue;
            }
            "r" => {
                let text = common.as_text(
                    "range type",
                    &format!("RANGE ({})", range.unwrap_or_default()),
                    &[],
                );
                database.opaque.push(text);
                continue;
            }
            _ => {
                database
                    .opaque
                    .push(opaque("base type", name, String::new(), None, Vec::new()));
                continue;
            }
        };
        domain_default(&name, default, database);
        for text in acl::whole("TYPE", &ident::name(&name), rights, owner) {
            super::right(database, &name, text);
        }
        database.types.push(NamedType {
            name,
            owner: Some(owner.into()),
            kind,
            comment: common.comment,
            origin: Origin::Found,
        });
    }
    Ok(())
}

fn domain_default(name: &Name, default: Option<&str>, database: &mut Database) {
    let Some(default) = default else { return };
    let quoted = ident::name(name);
    database.opaque.push(opaque(
        "domain default",
        name.clone(),
        format!("ALTER DOMAIN {quoted} SET DEFAULT {default}"),
        Some(format!("ALTER DOMAIN {quoted} DROP DEFAULT")),
        vec![name.clone()],
    ));
}
