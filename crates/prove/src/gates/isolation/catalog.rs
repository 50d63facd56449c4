//! What the catalog shows: how functions, views and roles are made, whatever their names.

use engine::Connection;

use super::leaks::catalog_fault;
use super::sheet::Sheet;
use super::try_out::shown;
use crate::bench::Bench;
use crate::gate::Stop;

/// A query that must answer nothing.
struct Check {
    id: &'static str,
    claim: &'static str,
    sql: &'static str,
}

/// `{roles}` stands for an array of the project's roles, `{owners}` for those who own things, `{migrator}` for itself, `{tables}` for an array of tables with owners or tenants.
const CHECKS: &[Check] = &[
    Check {
        id: "pinned-paths",
        claim: "every function that runs with its owner's rights has a pinned search path",
        sql: "SELECT p.oid::regprocedure::text FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace \
              WHERE p.prosecdef AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' \
              AND NOT EXISTS (SELECT FROM unnest(p.proconfig) AS s (setting) WHERE s.setting IN \
                ('search_path=pg_catalog, pg_temp', 'search_path=pg_catalog,pg_temp', 'search_path=\"\"', 'search_path=pg_catalog'))",
    },
    Check {
        id: "public-functions",
        claim: "no function can be called by everyone, except those of extensions",
        sql: "SELECT p.oid::regprocedure::text FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace, \
              aclexplode(COALESCE(p.proacl, acldefault('f', p.proowner))) AS a \
              WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND a.grantee = 0 \
              AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')",
    },
    Check {
        id: "public-rights",
        claim: "no table, view, sequence or schema is open to everyone",
        sql: "SELECT c.oid::regclass || ' ' || a.privilege_type FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace, \
              aclexplode(c.relacl) AS a \
              WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND a.grantee = 0 \
              UNION ALL SELECT 'schema ' || n.nspname || ' ' || a.privilege_type FROM pg_namespace AS n, aclexplode(n.nspacl) AS a \
              WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT IN ('information_schema', 'public') AND a.grantee = 0 \
              UNION ALL SELECT 'column ' || c.oid::regclass || '.' || t.attname FROM pg_attribute AS t JOIN pg_class AS c ON c.oid = t.attrelid \
              JOIN pg_namespace AS n ON n.oid = c.relnamespace, aclexplode(t.attacl) AS a \
              WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND a.grantee = 0",
    },
    Check {
        id: "definers",
        claim: "functions with their owner's rights belong to a role that cannot log in, is no superuser, and is bound by row-level security",
        sql: "SELECT p.oid::regprocedure::text || ' belongs to ' || r.rolname FROM pg_proc AS p \
              JOIN pg_namespace AS n ON n.oid = p.pronamespace JOIN pg_roles AS r ON r.oid = p.proowner \
              WHERE p.prosecdef AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' \
              AND (r.rolsuper OR r.rolbypassrls OR r.rolcanlogin)",
    },
    Check {
        id: "views",
        claim: "every view has a security barrier and belongs to a role that cannot log in and is bound by row-level security",
        sql: "SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_roles AS r ON r.oid = c.relowner \
              WHERE c.relkind IN ('v', 'm') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' \
              AND (NOT 'security_barrier=true' = ANY (COALESCE(c.reloptions, '{}')) OR r.rolsuper OR r.rolbypassrls OR r.rolcanlogin OR c.relkind = 'm')",
    },
    Check {
        id: "leakproof",
        claim: "no function of the schema claims to be leakproof",
        sql: "SELECT p.oid::regprocedure::text FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace \
              WHERE p.proleakproof AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'",
    },
    Check {
        id: "role-attributes",
        claim: "no role of the project logs in, is a superuser, passes row-level security, makes roles or replicates",
        sql: "SELECT rolname::text FROM pg_roles WHERE rolname = ANY ({roles}) \
              AND (rolcanlogin OR rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)",
    },
    Check {
        id: "memberships",
        claim: "no role of the project has another's rights, except that the migrator has those of the three who own things",
        sql: "SELECT m.member::regrole || ' is a member of ' || m.roleid::regrole FROM pg_auth_members AS m \
              WHERE m.member::regrole::text = ANY ({roles}) AND NOT (m.member = {migrator}::regrole AND m.roleid = ANY ({owners}::regrole[]))",
    },
    Check {
        id: "forced",
        claim: "row-level security is on and forced where rows belong to someone",
        sql: "SELECT c.oid::regclass::text FROM pg_class AS c WHERE c.oid = ANY ({tables}::regclass[]) AND NOT (c.relrowsecurity AND c.relforcerowsecurity)",
    },
    Check {
        id: "default-rights",
        claim: "no default rights open what will be made later",
        sql: "SELECT d.defaclobjtype::text || ' ' || d.defaclacl::text FROM pg_default_acl AS d, aclexplode(d.defaclacl) AS a WHERE a.grantee = 0",
    },
    Check {
        id: "owners",
        claim: "no table belongs to a role that can log in or passes row-level security",
        sql: "SELECT c.oid::regclass || ' belongs to ' || r.rolname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
              JOIN pg_roles AS r ON r.oid = c.relowner WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' \
              AND (r.rolsuper OR r.rolbypassrls OR r.rolcanlogin)",
    },
];

/// Asks the catalog.
pub(super) fn all(bench: &mut Bench<'_>, superuser: &mut Connection) -> Result<(), Stop> {
    let subject = bench.subject;
    let roles = &subject.blueprint.roles;
    let text = |value: &str| engine::quote_literal(value);
    let names: Vec<String> = subject
        .realised
        .database
        .roles
        .iter()
        .map(|role| text(role.name.as_str()))
        .collect();
    let speller = crate::data::Speller::new(subject.dialect);
    let belongs = subject
        .blueprint
        .tables
        .iter()
        .filter(|info| info.owner.is_some() || info.tenant.is_some());
    let tables: Vec<String> = belongs.map(|info| text(&speller.name(&info.name))).collect();
    for check in CHECKS {
        let sql = check
            .sql
            .replace("{roles}", &format!("ARRAY[{}]::text[]", names.join(", ")))
            .replace("{tables}", &format!("ARRAY[{}]::text[]", tables.join(", ")))
            .replace(
                "{owners}",
                &format!(
                    "ARRAY[{}]",
                    [&roles.owner, &roles.guard, &roles.mask]
                        .map(|role| text(&format!("\"{role}\"")))
                        .join(", ")
                ),
            )
            .replace("{migrator}", &text(&format!("\"{}\"", roles.migrator)));
        let found = superuser.query(&sql, &[])?;
        let mut sheet = Sheet::new(check.id, "", check.claim);
        for row in &found.rows {
            let name = row.first().map(shown).unwrap_or_default();
            sheet.fault(catalog_fault(
                format!("not so: {}: `{name}`", check.claim),
                name,
                &sql,
            ));
        }
        sheet.summary = "the catalog shows none".to_owned();
        sheet.file(bench);
    }
    Ok(())
}
