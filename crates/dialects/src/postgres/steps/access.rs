//! Roles, schemas, extensions, rights, row-level security.

use physical::{
    Expr, Grant, Grantee, Ident, Policy, PolicyCommand, Privilege, Role, RowSecurity, Schema, Table,
};
use plan::{Hazard, Lock, RunsAs, Section, Step, Undo};

use super::routine::free_tag;
use super::{comment, locking, shown, step, undo, wrap};
use crate::postgres::expression::{expression, or_refused};
use crate::postgres::ident;

/// Roles belong to the cluster, not to the database: one may be there already, and may still be needed by another database
/// when this one is undone. So making one tolerates that it exists, and one is removed only when nothing in the cluster belongs
/// to it, or to a group that it is in, any more.
pub(super) fn role(role: &Role) -> Step {
    let name = role.name.as_str();
    let mut create = ident::sql();
    create.kw("BEGIN\n    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = ");
    create
        .text(name)
        .kw(") THEN\n        CREATE ROLE ")
        .ident(&role.name);
    create.kw(if role.login { " LOGIN" } else { " NOLOGIN" });
    create.kw(if role.superuser { " SUPERUSER" } else { "" });
    create.kw(if role.bypass_rls { " BYPASSRLS" } else { "" });
    create.kw(";\n    END IF;\nEND");
    let mut statements = vec![block(&create.finish())];
    for group in &role.member_of {
        let mut sql = ident::sql();
        sql.kw("GRANT ").ident(group).kw(" TO ").ident(&role.name);
        statements.push(sql.finish());
    }
    comment(
        &mut statements,
        "ROLE",
        &ident::ident(name),
        role.comment.as_deref(),
    );
    let mut drop = ident::sql();
    drop.kw("BEGIN\n    IF EXISTS (\n        SELECT FROM pg_catalog.pg_shdepend AS d\n");
    drop.kw("        JOIN pg_catalog.pg_roles AS r ON r.oid = d.refobjid\n        WHERE d.refclassid = ");
    drop.kw("'pg_catalog.pg_authid'::regclass AND r.rolname IN (")
        .text(name);
    for group in &role.member_of {
        drop.kw(", ").text(group.as_str());
    }
    drop.kw(")\n    ) THEN\n        RAISE NOTICE 'role % is still used elsewhere and stays', ");
    drop.text(name)
        .kw(";\n    ELSE\n        DROP ROLE IF EXISTS ")
        .ident(&role.name);
    drop.kw(";\n    END IF;\nEND");
    let mut step = step(
        format!("role {name}"),
        Section::Access,
        statements,
        undo(block(&drop.finish())),
        role.origin,
    );
    if role.origin == physical::Origin::Found {
        // It was somebody's before, and other databases of the server may know it.
        step.undo = Undo::WithOther;
    }
    step.runs_as = RunsAs::Administrator;
    step
}

/// An anonymous block. A name in it may hold what usually ends it.
fn block(body: &str) -> String {
    let tag = if body.contains("$$") {
        free_tag("block", body)
    } else {
        "$$".to_owned()
    };
    format!("DO {tag}\n{body}\n{tag}")
}

pub(super) fn schema(schema: &Schema) -> Step {
    let name = ident::ident(schema.name.as_str());
    let public = schema.name.as_str() == "public";
    let mut statements = if public {
        public_schema(schema)
    } else {
        let mut create = ident::sql();
        create.kw("CREATE SCHEMA ").ident(&schema.name);
        if let Some(owner) = &schema.owner {
            create.kw(" AUTHORIZATION ").ident(owner);
        }
        vec![create.finish()]
    };
    let everyone = schema.grants.iter().any(|grant| grant.grantee == Grantee::Public);
    if public || !everyone {
        let mut sql = ident::sql();
        sql.kw("REVOKE ALL ON SCHEMA ")
            .ident(&schema.name)
            .kw(" FROM PUBLIC");
        statements.push(sql.finish());
    }
    grant_statements(&mut statements, "SCHEMA ", &name, &schema.grants);
    comment(&mut statements, "SCHEMA", &name, schema.comment.as_deref());
    let back = if public {
        Undo::Sql(usual_public(schema))
    } else {
        undo(format!("DROP SCHEMA {name}"))
    };
    let title = format!("schema {}", schema.name);
    let mut step = step(title, Section::Access, statements, back, schema.origin);
    step.runs_as = RunsAs::Administrator;
    step
}

/// The schema `public` as a new database has it.
fn usual_public(schema: &Schema) -> Vec<String> {
    let mut given: Vec<String> = schema
        .grants
        .iter()
        .map(|grant| grantee(&grant.grantee))
        .collect();
    given.sort();
    given.dedup();
    let taken = given
        .iter()
        .map(|grantee| format!("REVOKE ALL ON SCHEMA public FROM {grantee}"));
    let usual = [
        "ALTER SCHEMA public OWNER TO pg_database_owner",
        "GRANT USAGE ON SCHEMA public TO PUBLIC",
        "COMMENT ON SCHEMA public IS 'standard public schema'",
    ];
    taken.chain(usual.map(str::to_owned)).collect()
}

/// Every new database has a `public`, with an owner and a comment.
fn public_schema(schema: &Schema) -> Vec<String> {
    let mut out = vec!["CREATE SCHEMA IF NOT EXISTS public".to_owned()];
    if schema.comment.is_none() {
        out.push("COMMENT ON SCHEMA public IS NULL".to_owned());
    }
    super::owner(&mut out, "SCHEMA", "public", schema.owner.as_ref());
    out
}

pub(super) fn extension(name: &Ident) -> Step {
    let quoted = ident::ident(name.as_str());
    let mut step = step(
        format!("extension {name}"),
        Section::Access,
        vec![format!("CREATE EXTENSION IF NOT EXISTS {quoted}")],
        undo(format!("DROP EXTENSION IF EXISTS {quoted}")),
        physical::Origin::Found,
    );
    step.runs_as = RunsAs::Administrator;
    step
}

pub(super) fn row_security(table: &Table) -> Step {
    let mut sql = ident::sql();
    sql.kw("ALTER TABLE ")
        .name(&table.name)
        .kw(" ENABLE ROW LEVEL SECURITY");
    if table.row_security == RowSecurity::Forced {
        sql.kw(", FORCE ROW LEVEL SECURITY");
    }
    let mut back = ident::sql();
    back.kw("ALTER TABLE ")
        .name(&table.name)
        .kw(" NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY");
    let step = step(
        format!("row-level security of {}", shown(&table.name)),
        Section::RowSecurity,
        vec![sql.finish()],
        undo(back.finish()),
        table.origin,
    );
    let code = format!("{} shows only what a policy admits", shown(&table.name));
    locking(step, Lock::AccessExclusive, vec![Hazard::BreaksCode(code)])
}

pub(super) fn policy(table: &Table, policy: &Policy) -> Step {
    let mut sql = ident::sql();
    sql.kw("CREATE POLICY ")
        .ident(&policy.name)
        .kw(" ON ")
        .name(&table.name);
    sql.kw("\n    AS ").kw(if policy.permissive {
        "PERMISSIVE"
    } else {
        "RESTRICTIVE"
    });
    sql.kw(" FOR ").kw(match policy.command {
        PolicyCommand::All => "ALL",
        PolicyCommand::Select => "SELECT",
        PolicyCommand::Insert => "INSERT",
        PolicyCommand::Update => "UPDATE",
        PolicyCommand::Delete => "DELETE",
    });
    sql.kw(" TO ");
    if policy.roles.is_empty() {
        sql.kw("PUBLIC");
    } else {
        sql.idents(&policy.roles);
    }
    condition(&mut sql, "\n    USING (", policy.using.as_ref());
    condition(&mut sql, "\n    WITH CHECK (", policy.check.as_ref());
    let mut statements = vec![sql.finish()];
    let mut object = ident::sql();
    let object = object.ident(&policy.name).kw(" ON ").name(&table.name).finish();
    comment(&mut statements, "POLICY", &object, policy.comment.as_deref());
    let step = step(
        format!("policy {} on {}", policy.name, shown(&table.name)),
        Section::RowSecurity,
        statements,
        undo(format!("DROP POLICY {object}")),
        policy.origin,
    );
    let code = format!(
        "which rows of {} are seen and changed is decided anew",
        shown(&table.name)
    );
    locking(step, Lock::AccessExclusive, vec![Hazard::BreaksCode(code)])
}

fn condition(sql: &mut crate::sql::Sql, word: &'static str, expr: Option<&Expr>) {
    if let Some(expr) = expr {
        sql.kw(word).fragment(&or_refused(expression(expr))).kw(")");
    }
}

pub(super) fn grants(table: &Table) -> Step {
    let mut statements = Vec::new();
    let name = ident::name(&table.name);
    grant_statements(&mut statements, "", &name, &table.grants);
    step(
        format!("rights on {}", shown(&table.name)),
        Section::Grants,
        statements,
        Undo::WithOther,
        table.origin,
    )
}

/// GRANT statements: rights on the whole object together, one statement per set of rights; columns one per privilege.
pub(super) fn grant_statements(out: &mut Vec<String>, kind: &'static str, object: &str, grants: &[Grant]) {
    let mut whole: Vec<(Vec<&Grant>, &Grantee)> = Vec::new();
    for grant in grants.iter().filter(|grant| grant.columns.is_empty()) {
        match whole.iter_mut().find(|(_, grantee)| *grantee == &grant.grantee) {
            Some((held, _)) => held.push(grant),
            None => whole.push((vec![grant], &grant.grantee)),
        }
    }
    let mut sets: Vec<(Vec<Privilege>, Vec<&Grantee>)> = Vec::new();
    for (held, grantee) in whole {
        let mut privileges: Vec<Privilege> = held.iter().map(|grant| grant.privilege).collect();
        privileges.sort();
        privileges.dedup();
        match sets.iter_mut().find(|(set, _)| *set == privileges) {
            Some((_, grantees)) => grantees.push(grantee),
            None => sets.push((privileges, vec![grantee])),
        }
    }
    for (privileges, grantees) in sets {
        let mut sql = ident::sql();
        sql.kw("GRANT ");
        for (index, each) in privileges.iter().enumerate() {
            sql.kw(if index == 0 { "" } else { ", " }).kw(privilege(*each));
        }
        sql.kw(" ON ").kw(kind).fragment(object).kw(" TO ");
        let names: Vec<String> = grantees.into_iter().map(grantee).collect();
        let first = sql.as_str().chars().count();
        sql.fragment(&wrap(&names, first, "    "));
        out.push(sql.finish());
    }
    for grant in grants.iter().filter(|grant| !grant.columns.is_empty()) {
        out.push(column_grant(kind, object, grant));
    }
}

fn column_grant(kind: &'static str, object: &str, grant: &Grant) -> String {
    let mut sql = ident::sql();
    sql.kw("GRANT ").kw(privilege(grant.privilege)).kw(" (");
    let columns: Vec<String> = grant
        .columns
        .iter()
        .map(|column| ident::ident(column.as_str()))
        .collect();
    let indent = " ".repeat(sql.as_str().len());
    let list = wrap(&columns, indent.len(), &indent);
    let tail = format!("ON {kind}{object} TO {}", grantee(&grant.grantee));
    let one_line = !list.contains('\n') && sql.as_str().len() + list.len() + tail.len() + 2 <= super::WIDTH;
    sql.fragment(&list)
        .kw(if one_line { ") " } else { ")\n    " })
        .fragment(&tail);
    sql.finish()
}

fn grantee(grantee: &Grantee) -> String {
    match grantee {
        Grantee::Public => "PUBLIC".to_owned(),
        Grantee::Role(role) => ident::ident(role.as_str()),
    }
}

const fn privilege(privilege: Privilege) -> &'static str {
    match privilege {
        Privilege::Select => "SELECT",
        Privilege::Insert => "INSERT",
        Privilege::Update => "UPDATE",
        Privilege::Delete => "DELETE",
        Privilege::Truncate => "TRUNCATE",
        Privilege::References => "REFERENCES",
        Privilege::Trigger => "TRIGGER",
        Privilege::Usage => "USAGE",
        Privilege::Create => "CREATE",
        Privilege::Execute => "EXECUTE",
    }
}
