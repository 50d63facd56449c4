//! The queries that read the catalog. Their number does not grow with the schema; each answer is read in the order of its
//! columns by the function of the same name.
//!
//! They run in one transaction. The first pins the settings on which the server's spelling depends, and keeps the server from
//! compiling what runs once: that took ten times as long as the queries themselves.

use plan::CatalogQuery;

use super::others;

/// All queries, in the order in which the answers are read.
pub(super) static QUERIES: &[CatalogQuery] = &[
    CatalogQuery {
        name: "session",
        sql: SESSION,
    },
    CatalogQuery {
        name: "schemas",
        sql: SCHEMAS,
    },
    CatalogQuery {
        name: "roles",
        sql: ROLES,
    },
    CatalogQuery {
        name: "types",
        sql: TYPES,
    },
    CatalogQuery {
        name: "relations",
        sql: RELATIONS,
    },
    CatalogQuery {
        name: "columns",
        sql: COLUMNS,
    },
    CatalogQuery {
        name: "constraints",
        sql: CONSTRAINTS,
    },
    CatalogQuery {
        name: "indexes",
        sql: INDEXES,
    },
    CatalogQuery {
        name: "triggers",
        sql: TRIGGERS,
    },
    CatalogQuery {
        name: "policies",
        sql: POLICIES,
    },
    CatalogQuery {
        name: "functions",
        sql: FUNCTIONS,
    },
    CatalogQuery {
        name: "others",
        sql: others::OTHERS,
    },
    CatalogQuery {
        name: "totals",
        sql: others::TOTALS,
    },
];

const SESSION: &str = "
SELECT set_config('search_path', '', true), set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO', true),
       set_config('IntervalStyle', 'postgres', true), set_config('bytea_output', 'hex', true),
       set_config('extra_float_digits', '1', true), set_config('quote_all_identifiers', 'off', true), set_config('jit', 'off', true)";

const SCHEMAS: &str = "
SELECT 'schema', n.oid::int8, n.nspname::text, pg_get_userbyid(n.nspowner)::text, n.nspacl::text, d.description
  FROM pg_namespace n
  LEFT JOIN pg_description d ON d.classoid = 'pg_namespace'::regclass AND d.objoid = n.oid AND d.objsubid = 0
 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_namespace'::regclass AND e.objid = n.oid
                      AND e.deptype = 'e')
UNION ALL
SELECT 'extension', e.oid::int8, e.extname::text, n.nspname::text, NULL, NULL
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace";

const ROLES: &str = "
SELECT r.rolname::text, r.rolcanlogin, r.rolsuper, r.rolbypassrls, d.description, m.groups::text
  FROM pg_roles r
  LEFT JOIN pg_shdescription d ON d.classoid = 'pg_authid'::regclass AND d.objoid = r.oid
  LEFT JOIN (SELECT m.member, array_agg(DISTINCT g.rolname) AS groups
               FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
              GROUP BY m.member) m ON m.member = r.oid
 WHERE r.rolname !~ '^pg_'";

const TYPES: &str = "
SELECT t.oid::int8, n.nspname::text, t.typname::text, t.typtype::text, pg_get_userbyid(t.typowner)::text, d.description,
       (SELECT array_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid)::text,
       CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END, t.typnotnull, t.typdefault,
       t.typacl::text, t.typrelid::int8,
       CASE WHEN t.typtype = 'r' THEN (SELECT concat_ws(', ', format('SUBTYPE = %s', format_type(r.rngsubtype, NULL)),
              format('SUBTYPE_OPCLASS = %I.%I', pn.nspname, p.opcname),
              CASE WHEN r.rngcollation <> 0 THEN (SELECT format('COLLATION = %I.%I', ln.nspname, l.collname)
                   FROM pg_collation l JOIN pg_namespace ln ON ln.oid = l.collnamespace WHERE l.oid = r.rngcollation) END,
              CASE WHEN r.rngcanonical <> 0 THEN format('CANONICAL = %s', r.rngcanonical) END,
              CASE WHEN r.rngsubdiff <> 0 THEN format('SUBTYPE_DIFF = %s', r.rngsubdiff) END,
              (SELECT format('MULTIRANGE_TYPE_NAME = %I.%I', mn.nspname, m.typname)
                 FROM pg_type m JOIN pg_namespace mn ON mn.oid = m.typnamespace WHERE m.oid = r.rngmultitypid))
              FROM pg_range r JOIN pg_opclass p ON p.oid = r.rngsubopc JOIN pg_namespace pn ON pn.oid = p.opcnamespace
             WHERE r.rngtypid = t.oid) END,
       CASE WHEN t.typtype = 'd' AND t.typcollation <> (SELECT b.typcollation FROM pg_type b WHERE b.oid = t.typbasetype)
            THEN (SELECT format('%I.%I', ln.nspname, l.collname)
                    FROM pg_collation l JOIN pg_namespace ln ON ln.oid = l.collnamespace WHERE l.oid = t.typcollation) END
  FROM pg_type t
  JOIN pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_class c ON c.oid = t.typrelid
  LEFT JOIN pg_description d ON d.classoid = 'pg_type'::regclass AND d.objoid = t.oid AND d.objsubid = 0
 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND (t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'b' AND t.typelem = 0) OR c.relkind = 'c')
   AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_type'::regclass AND e.objid = t.oid AND e.deptype = 'e')";

const RELATIONS: &str = "
SELECT c.oid::int8, n.nspname::text, c.relname::text, c.relkind::text, pg_get_userbyid(c.relowner)::text,
       c.relrowsecurity, c.relforcerowsecurity, c.relpersistence::text, c.relreplident::text, c.reloptions::text,
       c.relacl::text, d.description,
       CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
       p.partstrat::text, p.partattrs::text, CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
       c.relispartition,
       (SELECT array_agg(i.inhparent::int8 ORDER BY i.inhseqno) FROM pg_inherits i WHERE i.inhrelid = c.oid)::text,
       CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END,
       o.refobjid::int8, o.refobjsubid, o.deptype::text,
       CASE WHEN c.relkind = 'S' THEN format('AS %s INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s%s',
            format_type(s.seqtypid, NULL), s.seqincrement, s.seqmin, s.seqmax, s.seqstart, s.seqcache,
            CASE WHEN s.seqcycle THEN ' CYCLE' ELSE ' NO CYCLE' END) END,
       s.seqincrement = 1 AND s.seqstart = 1 AND s.seqmin = 1 AND s.seqcache = 1 AND NOT s.seqcycle
       AND s.seqmax = CASE s.seqtypid WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647
                      ELSE 9223372036854775807 END,
       CASE WHEN c.relkind = 'f' THEN (SELECT format(' SERVER %I', v.srvname) || CASE WHEN f.ftoptions IS NULL THEN ''
            ELSE format(' OPTIONS (%s)', (SELECT string_agg(format('%I %L', split_part(x, '=', 1),
                 substr(x, strpos(x, '=') + 1)), ', ') FROM unnest(f.ftoptions) x)) END
          FROM pg_foreign_table f JOIN pg_foreign_server v ON v.oid = f.ftserver WHERE f.ftrelid = c.oid) END,
       CASE WHEN c.relispartition THEN c.relkind = 'r' AND c.reloptions IS NULL AND c.relacl IS NULL AND d.description IS NULL
              AND NOT c.relrowsecurity AND c.relpersistence = 'p'
              AND EXISTS (SELECT FROM pg_inherits h JOIN pg_partitioned_table q ON q.partrelid = h.inhparent
                            JOIN pg_class w ON w.oid = h.inhparent AND w.relowner = c.relowner
                            JOIN pg_attribute y ON y.attrelid = q.partrelid AND y.attnum = q.partattrs[0]
                           WHERE h.inhrelid = c.oid AND q.partstrat = 'r' AND q.partdefid <> 0
                             AND y.atttypid IN ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype))
              AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype <> 'n'
                                 AND CASE WHEN k.contype = 'c' THEN k.conislocal ELSE k.conparentid = 0 END)
              AND NOT EXISTS (SELECT FROM pg_index k JOIN pg_class x ON x.oid = k.indexrelid
                               WHERE k.indrelid = c.oid AND NOT x.relispartition)
              AND NOT EXISTS (SELECT FROM pg_trigger k WHERE k.tgrelid = c.oid AND NOT k.tgisinternal AND k.tgparentid = 0) END,
       CASE WHEN c.reltoastrelid <> 0 THEN (SELECT x.reloptions::text FROM pg_class x WHERE x.oid = c.reltoastrelid) END,
       CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END,
       CASE WHEN c.relreplident = 'i' THEN (SELECT x.relname::text FROM pg_index k JOIN pg_class x ON x.oid = k.indexrelid
                                             WHERE k.indrelid = c.oid AND k.indisreplident) END,
       CASE WHEN c.relkind IN ('r', 'm') AND c.relhasindex
            THEN (SELECT x.relname::text FROM pg_index k JOIN pg_class x ON x.oid = k.indexrelid
                   WHERE k.indrelid = c.oid AND k.indisclustered) END,
       (SELECT x.attname::text FROM pg_attribute x WHERE x.attrelid = o.refobjid AND x.attnum = o.refobjsubid),
       c.reltuples::int8,
       CASE WHEN c.relkind IN ('r', 'm') THEN (SELECT x.amname::text FROM pg_am x WHERE x.oid = c.relam AND x.amname <> 'heap') END
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = c.oid AND d.objsubid = 0
  LEFT JOIN pg_partitioned_table p ON p.partrelid = c.oid
  LEFT JOIN pg_sequence s ON s.seqrelid = c.oid
  LEFT JOIN pg_depend o ON c.relkind = 'S' AND o.classid = 'pg_class'::regclass AND o.objid = c.oid AND o.objsubid = 0
       AND o.refclassid = 'pg_class'::regclass AND o.deptype IN ('a', 'i')
 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')
   AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
 ORDER BY c.oid";

const COLUMNS: &str = "
SELECT a.attrelid::int8, a.attnum, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       a.attidentity::text, a.attgenerated::text, pg_get_expr(v.adbin, v.adrelid),
       CASE WHEN a.attcollation <> t.typcollation
            THEN (SELECT quote_ident(n.nspname) || '.' || quote_ident(l.collname)
                    FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace
                   WHERE l.oid = a.attcollation) END,
       a.attcollation::int8, a.attacl::text, d.description,
       CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage::text || t.typstorage::text END, a.attcompression::text,
       nullif(a.attstattarget, -1)::text, a.attoptions::text, a.attislocal,
       (SELECT string_agg(format('%I %L', split_part(x, '=', 1), substr(x, strpos(x, '=') + 1)), ', ')
          FROM unnest(a.attfdwoptions) x)
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef v ON v.adrelid = a.attrelid AND v.adnum = a.attnum
  LEFT JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = a.attrelid AND d.objsubid = a.attnum
 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
   AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attrelid, a.attnum";

const CONSTRAINTS: &str = "
SELECT o.conrelid::int8, o.contypid::int8, o.conname::text, o.contype::text, o.condeferrable, o.condeferred,
       o.convalidated, o.conkey::text, o.confkey::text, o.confrelid::int8, o.confupdtype::text, o.confdeltype::text,
       o.confdelsetcols::text, CASE WHEN o.contype = 'c' THEN pg_get_expr(o.conbin, o.conrelid) END, o.connoinherit,
       CASE WHEN r.relispartition AND o.contype <> 'f' THEN true ELSE o.conislocal AND o.conparentid = 0 END,
       d.description, coalesce(i.indnullsnotdistinct, false),
       CASE WHEN o.contype IN ('x', 't') OR o.confmatchtype = 'f' OR (o.condeferrable AND NOT o.condeferred)
              OR (o.contype = 'p' AND o.condeferrable) OR i.indnatts > i.indnkeyatts OR o.connoinherit AND o.contype = 'c'
              OR (o.contype = 'c' AND o.contypid <> 0 AND NOT o.convalidated)
              OR (o.contype = 'f' AND EXISTS (SELECT FROM pg_index k WHERE k.indexrelid = o.conindid
                  AND (NOT k.indimmediate OR k.indnatts > k.indnkeyatts
                       OR (o.conrelid = o.confrelid AND NOT EXISTS (SELECT FROM pg_constraint u
                            WHERE u.conindid = k.indexrelid AND u.contype IN ('p', 'u'))))))
              OR (current_setting('server_version_num')::int >= 180000
                  AND (to_jsonb(o) ->> 'conperiod' = 'true' OR to_jsonb(o) ->> 'conenforced' = 'false'))
            THEN pg_get_constraintdef(o.oid) END,
       CASE WHEN o.contype = 'f' THEN (SELECT k.relname::text FROM pg_class k WHERE k.oid = o.conindid) END,
       CASE WHEN o.contypid <> 0 THEN n.nspname::text END,
       CASE WHEN o.contypid <> 0 THEN (SELECT t.typname::text FROM pg_type t WHERE t.oid = o.contypid) END
  FROM pg_constraint o
  JOIN pg_namespace n ON n.oid = o.connamespace
  LEFT JOIN pg_class r ON r.oid = o.conrelid
  LEFT JOIN pg_index i ON i.indexrelid = o.conindid AND o.contype IN ('p', 'u')
  LEFT JOIN pg_description d ON d.classoid = 'pg_constraint'::regclass AND d.objoid = o.oid AND d.objsubid = 0
 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND o.contype IN ('c', 'f', 'p', 'u', 'x')
 ORDER BY o.conrelid, o.conname";

const INDEXES: &str = "
SELECT i.indrelid::int8, c.relname::text, m.amname::text, i.indisunique, i.indnullsnotdistinct, i.indnkeyatts,
       i.indkey::text, i.indoption::text, i.indclass::text, i.indcollation::text, pg_get_expr(i.indpred, i.indrelid),
       CASE WHEN i.indexprs IS NOT NULL
            THEN (SELECT array_agg(pg_get_indexdef(i.indexrelid, k, false) ORDER BY k)
                    FROM generate_series(1, i.indnkeyatts) k)::text END,
       c.reloptions::text, d.description,
       CASE WHEN r.relkind = 'm' OR (r.relkind = 'p' AND NOT i.indisvalid)
              OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = i.indexrelid AND a.attoptions IS NOT NULL)
            THEN pg_get_indexdef(i.indexrelid) END,
       b.contype IS NOT NULL, i.indisvalid OR r.relkind <> 'p',
       CASE WHEN c.relispartition THEN (SELECT format('%I.%I', pn.nspname, pc.relname) FROM pg_inherits h
              JOIN pg_index pi ON pi.indexrelid = h.inhparent AND NOT pi.indisvalid
              JOIN pg_class pc ON pc.oid = h.inhparent JOIN pg_namespace pn ON pn.oid = pc.relnamespace
             WHERE h.inhrelid = c.oid) END,
       CASE WHEN c.relispartition THEN (SELECT pc.relname::text FROM pg_inherits h
              JOIN pg_class pc ON pc.oid = h.inhparent
             WHERE h.inhrelid = c.oid) END
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_class r ON r.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_am m ON m.oid = c.relam
  LEFT JOIN pg_constraint b ON b.conindid = i.indexrelid AND b.contype IN ('p', 'u', 'x')
  LEFT JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = c.oid AND d.objsubid = 0
 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND (b.contype IS NULL OR c.relispartition OR c.reloptions IS NOT NULL OR d.description IS NOT NULL)
   AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = r.oid AND e.deptype = 'e')
 ORDER BY i.indrelid, c.relname";

const TRIGGERS: &str = "
SELECT t.tgrelid::int8, t.tgname::text, t.tgtype, t.tgenabled::text, t.tgattr::text, encode(t.tgargs, 'hex'),
       pn.nspname::text, p.proname::text, t.tgoldtable::text, t.tgnewtable::text, d.description,
       t.tgconstraint <> 0, t.tgqual IS NOT NULL, CASE WHEN t.tgqual IS NOT NULL OR t.tgconstraint <> 0
         OR c.relkind NOT IN ('r', 'p') THEN pg_get_triggerdef(t.oid) END
  FROM pg_trigger t
  JOIN pg_class c ON c.oid = t.tgrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_proc p ON p.oid = t.tgfoid
  JOIN pg_namespace pn ON pn.oid = p.pronamespace
  LEFT JOIN pg_description d ON d.classoid = 'pg_trigger'::regclass AND d.objoid = t.oid AND d.objsubid = 0
 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT t.tgisinternal AND t.tgparentid = 0
 ORDER BY t.tgrelid, t.tgname";

const POLICIES: &str = "
SELECT p.polrelid::int8, p.polname::text, p.polcmd::text, p.polpermissive,
       ARRAY(SELECT r.rolname FROM pg_roles r WHERE r.oid = ANY (p.polroles) ORDER BY r.rolname)::text,
       pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid), d.description
  FROM pg_policy p
  LEFT JOIN pg_description d ON d.classoid = 'pg_policy'::regclass AND d.objoid = p.oid AND d.objsubid = 0
 ORDER BY p.polrelid, p.polname";

const FUNCTIONS: &str = "
SELECT n.nspname::text, p.proname::text, p.prokind::text, pg_get_userbyid(p.proowner)::text, p.proargnames::text,
       (SELECT array_agg(format_type(u.t, NULL) ORDER BY u.n) FROM unnest(p.proargtypes) WITH ORDINALITY u (t, n))::text,
       CASE WHEN p.pronargdefaults > 0
            THEN (SELECT array_agg(pg_get_function_arg_default(p.oid, k) ORDER BY k)
                    FROM generate_series(1, p.pronargs) k)::text END,
       pg_get_function_result(p.oid), l.lanname::text, p.provolatile::text, p.proisstrict, p.prosecdef,
       p.proconfig::text, p.prosrc, nullif(p.proacl, acldefault('f', p.proowner))::text, d.description, pg_get_function_identity_arguments(p.oid),
       CASE WHEN p.prokind = 'a' THEN NULL
            WHEN p.prokind <> 'f' OR l.lanname IN ('c', 'internal') OR p.prosqlbody IS NOT NULL OR p.proleakproof
              OR p.proparallel <> 'u' OR p.procost <> 100 OR p.prorows NOT IN (0, 1000) OR p.provariadic <> 0
              OR p.protrftypes IS NOT NULL OR p.prosupport <> 0 OR p.proargmodes && '{o,b,v}'::\"char\"[]
            THEN pg_get_functiondef(p.oid) END,
       CASE WHEN p.prokind = 'a' THEN (SELECT concat_ws(', ', format('SFUNC = %s', g.aggtransfn::regproc),
              format('STYPE = %s', format_type(g.aggtranstype, NULL)),
              CASE WHEN g.aggtransspace <> 0 THEN format('SSPACE = %s', g.aggtransspace) END,
              CASE WHEN g.aggfinalfn <> 0 THEN format('FINALFUNC = %s', g.aggfinalfn::regproc) END,
              CASE WHEN g.aggfinalextra THEN 'FINALFUNC_EXTRA' END,
              CASE WHEN g.aggfinalfn <> 0 THEN format('FINALFUNC_MODIFY = %s', CASE g.aggfinalmodify WHEN 'r'
                   THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END) END,
              CASE WHEN g.aggcombinefn <> 0 THEN format('COMBINEFUNC = %s', g.aggcombinefn::regproc) END,
              CASE WHEN g.aggserialfn <> 0 THEN format('SERIALFUNC = %s', g.aggserialfn::regproc) END,
              CASE WHEN g.aggdeserialfn <> 0 THEN format('DESERIALFUNC = %s', g.aggdeserialfn::regproc) END,
              CASE WHEN g.agginitval IS NOT NULL THEN format('INITCOND = %L', g.agginitval) END,
              CASE WHEN g.aggmtransfn <> 0 THEN format('MSFUNC = %s', g.aggmtransfn::regproc) END,
              CASE WHEN g.aggminvtransfn <> 0 THEN format('MINVFUNC = %s', g.aggminvtransfn::regproc) END,
              CASE WHEN g.aggmtranstype <> 0 THEN format('MSTYPE = %s', format_type(g.aggmtranstype, NULL)) END,
              CASE WHEN g.aggmtransspace <> 0 THEN format('MSSPACE = %s', g.aggmtransspace) END,
              CASE WHEN g.aggmfinalfn <> 0 THEN format('MFINALFUNC = %s', g.aggmfinalfn::regproc) END,
              CASE WHEN g.aggmfinalextra THEN 'MFINALFUNC_EXTRA' END,
              CASE WHEN g.aggmfinalfn <> 0 THEN format('MFINALFUNC_MODIFY = %s', CASE g.aggmfinalmodify WHEN 'r'
                   THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END) END,
              CASE WHEN g.aggminitval IS NOT NULL THEN format('MINITCOND = %L', g.aggminitval) END,
              CASE WHEN g.aggsortop <> 0 THEN format('SORTOP = %s', (SELECT format('OPERATOR(%I.%s)', sn.nspname, so.oprname)
                   FROM pg_operator so JOIN pg_namespace sn ON sn.oid = so.oprnamespace WHERE so.oid = g.aggsortop)) END,
              CASE WHEN g.aggkind = 'h' THEN 'HYPOTHETICAL' END,
              CASE p.proparallel WHEN 's' THEN 'PARALLEL = SAFE' WHEN 'r' THEN 'PARALLEL = RESTRICTED' END)
            FROM pg_aggregate g WHERE g.aggfnoid = p.oid) END
  FROM pg_proc p
  JOIN pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_language l ON l.oid = p.prolang
  LEFT JOIN pg_description d ON d.classoid = 'pg_proc'::regclass AND d.objoid = p.oid AND d.objsubid = 0
 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid
                      AND e.deptype IN ('e', 'i'))
 ORDER BY n.nspname, p.proname, p.oid";
