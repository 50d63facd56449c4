//! What has no words of its own in the schema: its statement as the server prints it, or as it follows from the catalog.

/// Kind, schema, name, statements, undo, what it belongs to. Without statements it is an object of which only the name is
/// known. `opclass` and `collation used` are what indexes name by number.
pub(super) const OTHERS: &str = "
SELECT 'opclass', o.oid::int8, n.nspname::text, o.opcname::text, CASE WHEN o.opcdefault THEN 'default' END, NULL, NULL::int8
  FROM pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace
UNION ALL
SELECT 'collation used', l.oid::int8, n.nspname::text, l.collname::text, NULL, NULL, NULL
  FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace
 WHERE l.oid IN (SELECT unnest(i.indcollation) FROM pg_index i)
UNION ALL
SELECT 'default rights', a.oid::int8, n.nspname::text, pg_get_userbyid(a.defaclrole)::text, a.defaclacl::text,
       a.defaclobjtype::text, NULL
  FROM pg_default_acl a LEFT JOIN pg_namespace n ON n.oid = a.defaclnamespace
UNION ALL
SELECT x.kind, x.oid::int8, x.nsp::text, x.name::text,
       CASE WHEN x.definition IS NOT NULL THEN concat_ws(E';\\n', rtrim(x.definition, ';'),
            CASE WHEN x.owner <> 0 THEN format('ALTER %s OWNER TO %I', x.object, pg_get_userbyid(x.owner)) END,
            'COMMENT ON ' || x.object || ' IS ' || quote_literal(nullif(d.description, ''))) END,
       'DROP ' || x.object, x.relation::int8
  FROM (
SELECT 'rule' AS kind, 'pg_rewrite'::regclass AS class, r.oid, n.nspname AS nsp, r.rulename AS name,
       concat_ws(E';\\n', rtrim(pg_get_ruledef(r.oid), ';'), CASE WHEN r.ev_enabled <> 'O' THEN
              format('ALTER TABLE %s %s RULE %I', r.ev_class::regclass, CASE r.ev_enabled WHEN 'D' THEN 'DISABLE'
                     WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, r.rulename) END) AS definition,
       0::oid AS owner, format('RULE %I ON %s', r.rulename, r.ev_class::regclass) AS object, r.ev_class AS relation
  FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE r.rulename <> '_RETURN'
UNION ALL
SELECT 'statistics', 'pg_statistic_ext'::regclass, s.oid, n.nspname, s.stxname,
       concat_ws(E';\\n', pg_get_statisticsobjdef(s.oid),
              format('ALTER STATISTICS %I.%I SET STATISTICS ', n.nspname, s.stxname) || nullif(s.stxstattarget, -1)),
       s.stxowner, format('STATISTICS %I.%I', n.nspname, s.stxname), s.stxrelid
  FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
UNION ALL
SELECT 'event trigger', 'pg_event_trigger'::regclass, v.oid, NULL, v.evtname,
       format('CREATE EVENT TRIGGER %I ON %s%s EXECUTE FUNCTION %s()', v.evtname, v.evtevent,
              CASE WHEN v.evttags IS NULL THEN '' ELSE format(' WHEN TAG IN (%s)',
                   (SELECT string_agg(quote_literal(x), ', ') FROM unnest(v.evttags) x)) END, v.evtfoid::regproc)
       || CASE WHEN v.evtenabled = 'O' THEN '' ELSE format(E';\\nALTER EVENT TRIGGER %I %s', v.evtname, CASE v.evtenabled
               WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END) END,
       v.evtowner, format('EVENT TRIGGER %I', v.evtname), NULL
  FROM pg_event_trigger v
UNION ALL
SELECT 'operator', 'pg_operator'::regclass, o.oid, n.nspname, o.oprname,
       format('CREATE OPERATOR %I.%s (%s)', n.nspname, o.oprname, concat_ws(', ',
              format('FUNCTION = %s', o.oprcode),
              CASE WHEN o.oprleft <> 0 THEN format('LEFTARG = %s', format_type(o.oprleft, NULL)) END,
              format('RIGHTARG = %s', format_type(o.oprright, NULL)),
              (SELECT format('COMMUTATOR = OPERATOR(%I.%s)', cn.nspname, k.oprname) FROM pg_operator k
                 JOIN pg_namespace cn ON cn.oid = k.oprnamespace WHERE k.oid = o.oprcom),
              (SELECT format('NEGATOR = OPERATOR(%I.%s)', cn.nspname, k.oprname) FROM pg_operator k
                 JOIN pg_namespace cn ON cn.oid = k.oprnamespace WHERE k.oid = o.oprnegate),
              CASE WHEN o.oprrest <> 0 THEN format('RESTRICT = %s', o.oprrest) END,
              CASE WHEN o.oprjoin <> 0 THEN format('JOIN = %s', o.oprjoin) END,
              CASE WHEN o.oprcanhash THEN 'HASHES' END, CASE WHEN o.oprcanmerge THEN 'MERGES' END)),
       o.oprowner, format('OPERATOR %I.%s (%s, %s)', n.nspname, o.oprname,
              CASE WHEN o.oprleft = 0 THEN 'NONE' ELSE format_type(o.oprleft, NULL) END, format_type(o.oprright, NULL)), NULL
  FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
 WHERE o.oprcode <> 0
UNION ALL
SELECT 'collation', 'pg_collation'::regclass, l.oid, n.nspname, l.collname,
       format('CREATE COLLATION %I.%I (%s)', n.nspname, l.collname, concat_ws(', ',
              format('PROVIDER = %s', CASE l.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END),
              'LOCALE = ' || quote_literal(coalesce(to_jsonb(l) ->> 'colllocale', to_jsonb(l) ->> 'colliculocale')),
              CASE WHEN l.collprovider = 'c' THEN format('LC_COLLATE = %L, LC_CTYPE = %L', l.collcollate, l.collctype) END,
              'RULES = ' || quote_literal(to_jsonb(l) ->> 'collicurules'),
              CASE WHEN NOT l.collisdeterministic THEN 'DETERMINISTIC = false' END)),
       l.collowner, format('COLLATION %I.%I', n.nspname, l.collname), NULL
  FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace
UNION ALL
SELECT 'publication', 'pg_publication'::regclass, p.oid, NULL, p.pubname,
       format('CREATE PUBLICATION %I%s WITH (publish = %L, publish_via_partition_root = %s)', p.pubname,
              CASE WHEN p.puballtables THEN ' FOR ALL TABLES' ELSE ' FOR ' || nullif(concat_ws(', ',
                (SELECT string_agg(format('TABLE ONLY %s%s%s', t.prrelid::regclass,
                        ' (' || (SELECT string_agg(quote_ident(y.attname), ', ' ORDER BY y.attnum) FROM pg_attribute y
                                  WHERE y.attrelid = t.prrelid AND y.attnum = ANY (t.prattrs)) || ')',
                        ' WHERE ' || pg_get_expr(t.prqual, t.prrelid)), ', ' ORDER BY t.prrelid)
                   FROM pg_publication_rel t WHERE t.prpubid = p.oid),
                (SELECT string_agg(format('TABLES IN SCHEMA %I', y.nspname), ', ' ORDER BY y.nspname)
                   FROM pg_publication_namespace t JOIN pg_namespace y ON y.oid = t.pnnspid WHERE t.pnpubid = p.oid)), '') END,
              concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
                        CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END),
              CASE WHEN p.pubviaroot THEN 'true' ELSE 'false' END),
       p.pubowner, format('PUBLICATION %I', p.pubname), NULL
  FROM pg_publication p
UNION ALL
SELECT 'foreign server', 'pg_foreign_server'::regclass, v.oid, NULL, v.srvname,
       format('CREATE SERVER %I', v.srvname) || coalesce(' TYPE ' || quote_literal(v.srvtype), '')
       || coalesce(' VERSION ' || quote_literal(v.srvversion), '') || format(' FOREIGN DATA WRAPPER %I', w.fdwname)
       || coalesce((SELECT ' OPTIONS (' || string_agg(format('%I %L', split_part(x, '=', 1),
              substr(x, strpos(x, '=') + 1)), ', ') || ')' FROM unnest(v.srvoptions) x), '')
       || coalesce((SELECT string_agg(format(E';\\nGRANT USAGE ON FOREIGN SERVER %I TO %s%s', v.srvname,
              CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
              CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END), '' ORDER BY a.grantee)
                   FROM aclexplode(v.srvacl) a WHERE a.grantee <> v.srvowner), ''),
       v.srvowner, format('SERVER %I', v.srvname), NULL
  FROM pg_foreign_server v JOIN pg_foreign_data_wrapper w ON w.oid = v.srvfdw
UNION ALL
SELECT 'cast', 'pg_cast'::regclass, k.oid, NULL, format('%s as %s', format_type(k.castsource, NULL), format_type(k.casttarget, NULL)),
       format('CREATE CAST (%s AS %s) %s', format_type(k.castsource, NULL), format_type(k.casttarget, NULL),
              CASE k.castmethod WHEN 'f' THEN 'WITH FUNCTION ' || k.castfunc::regprocedure WHEN 'i' THEN 'WITH INOUT'
                   ELSE 'WITHOUT FUNCTION' END
              || CASE k.castcontext WHEN 'i' THEN ' AS IMPLICIT' WHEN 'a' THEN ' AS ASSIGNMENT' ELSE '' END),
       0, format('CAST (%s AS %s)', format_type(k.castsource, NULL), format_type(k.casttarget, NULL)), NULL
  FROM pg_cast k WHERE k.oid >= 16384
UNION ALL
SELECT 'text search dictionary', 'pg_ts_dict'::regclass, g.oid, n.nspname, g.dictname,
       format('CREATE TEXT SEARCH DICTIONARY %I.%I (%s)', n.nspname, g.dictname, concat_ws(', ',
              format('TEMPLATE = %I.%I', tn.nspname, m.tmplname), g.dictinitoption)),
       g.dictowner, format('TEXT SEARCH DICTIONARY %I.%I', n.nspname, g.dictname), NULL
  FROM pg_ts_dict g JOIN pg_namespace n ON n.oid = g.dictnamespace
  JOIN pg_ts_template m ON m.oid = g.dicttemplate JOIN pg_namespace tn ON tn.oid = m.tmplnamespace
UNION ALL
SELECT 'text search configuration', 'pg_ts_config'::regclass, g.oid, n.nspname, g.cfgname,
       format('CREATE TEXT SEARCH CONFIGURATION %I.%I (PARSER = %I.%I)', n.nspname, g.cfgname, pn.nspname, p.prsname)
       || coalesce((SELECT string_agg(format(E';\\nALTER TEXT SEARCH CONFIGURATION %I.%I ADD MAPPING FOR %I WITH %s', n.nspname,
                   g.cfgname, k.alias, m.dicts), '' ORDER BY m.maptokentype)
              FROM (SELECT y.maptokentype, string_agg(format('%I.%I', yn.nspname, yd.dictname), ', ' ORDER BY y.mapseqno) AS dicts
                      FROM pg_ts_config_map y JOIN pg_ts_dict yd ON yd.oid = y.mapdict
                      JOIN pg_namespace yn ON yn.oid = yd.dictnamespace WHERE y.mapcfg = g.oid GROUP BY y.maptokentype) m
              JOIN ts_token_type(g.cfgparser) k ON k.tokid = m.maptokentype), ''),
       g.cfgowner, format('TEXT SEARCH CONFIGURATION %I.%I', n.nspname, g.cfgname), NULL
  FROM pg_ts_config g JOIN pg_namespace n ON n.oid = g.cfgnamespace
  JOIN pg_ts_parser p ON p.oid = g.cfgparser JOIN pg_namespace pn ON pn.oid = p.prsnamespace
 WHERE g.oid >= 16384
UNION ALL
SELECT 'text search parser', 'pg_ts_parser'::regclass, p.oid, n.nspname, p.prsname,
       format('CREATE TEXT SEARCH PARSER %I.%I (%s)', n.nspname, p.prsname, concat_ws(', ', format('START = %s', p.prsstart),
              format('GETTOKEN = %s', p.prstoken), format('END = %s', p.prsend), format('LEXTYPES = %s', p.prslextype),
              CASE WHEN p.prsheadline <> 0 THEN format('HEADLINE = %s', p.prsheadline) END)),
       0, format('TEXT SEARCH PARSER %I.%I', n.nspname, p.prsname), NULL
  FROM pg_ts_parser p JOIN pg_namespace n ON n.oid = p.prsnamespace
UNION ALL
SELECT 'text search template', 'pg_ts_template'::regclass, p.oid, n.nspname, p.tmplname,
       format('CREATE TEXT SEARCH TEMPLATE %I.%I (%s)', n.nspname, p.tmplname, concat_ws(', ',
              CASE WHEN p.tmplinit <> 0 THEN format('INIT = %s', p.tmplinit) END, format('LEXIZE = %s', p.tmpllexize))),
       0, format('TEXT SEARCH TEMPLATE %I.%I', n.nspname, p.tmplname), NULL
  FROM pg_ts_template p JOIN pg_namespace n ON n.oid = p.tmplnamespace
UNION ALL
SELECT 'operator class', 'pg_opclass'::regclass, o.oid, n.nspname, o.opcname, NULL, 0, NULL, NULL
  FROM pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace
UNION ALL
SELECT 'operator family', 'pg_opfamily'::regclass, o.oid, n.nspname, o.opfname, NULL, 0, NULL, NULL
  FROM pg_opfamily o JOIN pg_namespace n ON n.oid = o.opfnamespace
UNION ALL
SELECT 'conversion', 'pg_conversion'::regclass, o.oid, n.nspname, o.conname,
       format('CREATE %sCONVERSION %I.%I FOR %L TO %L FROM %s', CASE WHEN o.condefault THEN 'DEFAULT ' ELSE '' END, n.nspname,
              o.conname, pg_encoding_to_char(o.conforencoding), pg_encoding_to_char(o.contoencoding), o.conproc),
       o.conowner, format('CONVERSION %I.%I', n.nspname, o.conname), NULL
  FROM pg_conversion o JOIN pg_namespace n ON n.oid = o.connamespace
UNION ALL
SELECT 'language', 'pg_language'::regclass, l.oid, NULL, l.lanname,
       concat_ws(' ', CASE WHEN l.lanpltrusted THEN 'CREATE TRUSTED LANGUAGE' ELSE 'CREATE LANGUAGE' END, quote_ident(l.lanname),
              format('HANDLER %s', l.lanplcallfoid::regproc), CASE WHEN l.laninline <> 0 THEN format('INLINE %s', l.laninline::regproc) END,
              CASE WHEN l.lanvalidator <> 0 THEN format('VALIDATOR %s', l.lanvalidator::regproc) END),
       l.lanowner, format('LANGUAGE %I', l.lanname), NULL
  FROM pg_language l WHERE l.oid >= 16384
UNION ALL
SELECT 'foreign data wrapper', 'pg_foreign_data_wrapper'::regclass, w.oid, NULL, w.fdwname,
       concat_ws(' ', format('CREATE FOREIGN DATA WRAPPER %I', w.fdwname),
              CASE WHEN w.fdwhandler <> 0 THEN format('HANDLER %s', w.fdwhandler::regproc) END,
              CASE WHEN w.fdwvalidator <> 0 THEN format('VALIDATOR %s', w.fdwvalidator::regproc) END,
              (SELECT 'OPTIONS (' || string_agg(format('%I %L', split_part(x, '=', 1), substr(x, strpos(x, '=') + 1)), ', ') || ')'
                 FROM unnest(w.fdwoptions) x))
       || coalesce((SELECT string_agg(format(E';\\nGRANT USAGE ON FOREIGN DATA WRAPPER %I TO %s%s', w.fdwname,
              CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
              CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END), '' ORDER BY a.grantee)
                   FROM aclexplode(w.fdwacl) a WHERE a.grantee <> w.fdwowner), ''),
       w.fdwowner, format('FOREIGN DATA WRAPPER %I', w.fdwname), NULL
  FROM pg_foreign_data_wrapper w
UNION ALL
SELECT 'user mapping', 'pg_user_mapping'::regclass, u.umid, NULL, format('%s on %s', u.usename, u.srvname),
       CASE WHEN NOT EXISTS (SELECT FROM unnest(u.umoptions) x WHERE split_part(x, '=', 1) ~* 'pass|secret|key|token') THEN
              format('CREATE USER MAPPING FOR %s SERVER %I', CASE WHEN u.umuser = 0 THEN 'PUBLIC' ELSE quote_ident(u.usename) END,
                     u.srvname)
              || coalesce((SELECT ' OPTIONS (' || string_agg(format('%I %L', split_part(x, '=', 1),
                     substr(x, strpos(x, '=') + 1)), ', ') || ')' FROM unnest(u.umoptions) x), '') END,
       0, format('USER MAPPING FOR %s SERVER %I', CASE WHEN u.umuser = 0 THEN 'PUBLIC' ELSE quote_ident(u.usename) END, u.srvname),
       NULL
  FROM pg_user_mappings u
UNION ALL
SELECT 'transform', 'pg_transform'::regclass, t.oid, NULL, format('%s for %s', format_type(t.trftype, NULL), l.lanname),
       format('CREATE TRANSFORM FOR %s LANGUAGE %I (%s)', format_type(t.trftype, NULL), l.lanname, concat_ws(', ',
              CASE WHEN t.trffromsql <> 0 THEN format('FROM SQL WITH FUNCTION %s', t.trffromsql::regprocedure) END,
              CASE WHEN t.trftosql <> 0 THEN format('TO SQL WITH FUNCTION %s', t.trftosql::regprocedure) END)),
       0, format('TRANSFORM FOR %s LANGUAGE %I', format_type(t.trftype, NULL), l.lanname), NULL
  FROM pg_transform t JOIN pg_language l ON l.oid = t.trflang
UNION ALL
SELECT 'access method', 'pg_am'::regclass, m.oid, NULL, m.amname,
       format('CREATE ACCESS METHOD %I TYPE %s HANDLER %s', m.amname, CASE m.amtype WHEN 'i' THEN 'INDEX' ELSE 'TABLE' END, m.amhandler),
       0, format('ACCESS METHOD %I', m.amname), NULL
  FROM pg_am m WHERE m.oid >= 16384
UNION ALL
SELECT 'subscription', 'pg_subscription'::regclass, s.oid, NULL, s.subname, NULL, 0, NULL, NULL
  FROM pg_subscription s WHERE s.subdbid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
UNION ALL
SELECT 'shell type', 'pg_type'::regclass, t.oid, n.nspname, t.typname, NULL, 0, NULL, NULL
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'p' AND t.oid >= 16384
       ) x
  LEFT JOIN pg_description d ON d.classoid = x.class AND d.objoid = x.oid AND d.objsubid = 0
 WHERE (x.nsp IS NULL OR (x.nsp !~ '^pg_' AND x.nsp <> 'information_schema'))
   AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = x.class AND e.objid = x.oid AND e.deptype IN ('e', 'i'))";

/// How many objects of each query there are, asked as plainly as possible: whatever a query leaves out shows here.
pub(super) const TOTALS: &str = "
WITH own AS (SELECT n.oid FROM pg_namespace n WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'),
     extended AS (SELECT e.classid, e.objid FROM pg_depend e WHERE e.deptype = 'e')
SELECT 'relations', count(*)::int8 FROM pg_class c
 WHERE c.relnamespace IN (SELECT oid FROM own) AND c.relkind NOT IN ('i', 'I', 't')
   AND NOT EXISTS (SELECT FROM extended e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid)
UNION ALL
SELECT 'types', count(*) FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
 WHERE t.typnamespace IN (SELECT oid FROM own) AND t.typelem = 0 AND t.typtype NOT IN ('m', 'p')
   AND coalesce(c.relkind, 'c') = 'c'
   AND NOT EXISTS (SELECT FROM extended e WHERE e.classid = 'pg_type'::regclass AND e.objid = t.oid)
UNION ALL
SELECT 'functions', count(*) FROM pg_proc p WHERE p.pronamespace IN (SELECT oid FROM own)
   AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid
                      AND e.deptype IN ('e', 'i'))
UNION ALL
SELECT 'constraints', count(*) FROM pg_constraint o
 WHERE o.connamespace IN (SELECT oid FROM own) AND o.contype NOT IN ('t', 'n')
UNION ALL
SELECT 'triggers', count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
 WHERE c.relnamespace IN (SELECT oid FROM own) AND NOT t.tgisinternal AND t.tgparentid = 0
UNION ALL
SELECT 'policies', count(*) FROM pg_policy";
