/** True for a schema `n` that is not the server's own. */
export const IS_OF_DATABASE = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

/** True for a schema `n` in which something stands that no extension made; an extension itself is not in its schema. */
export const HOLDS_OWN = `EXISTS (
  SELECT FROM pg_catalog.pg_depend d
  WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = n.oid AND d.deptype = 'n'
    AND d.classid <> 'pg_catalog.pg_extension'::pg_catalog.regclass
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
      WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e'))`;

/**
 * What stands in no schema and is of no extension, extensions among it: type and name as an archive has them, the statement that drops it, and the schemas of
 * what it cannot be without. Run with an empty search_path, as pg_dump does. A cast or transform of a type that stands in a
 * schema of the application goes with that and is not among them.
 */
export const LOOSE = `
  WITH object (class, oid, type, name, shown, quoted) AS (
    SELECT 'pg_publication'::regclass, oid, 'PUBLICATION', pubname::text, 'PUBLICATION', quote_ident(pubname)
      FROM pg_publication
    UNION ALL SELECT 'pg_extension'::regclass, oid, 'EXTENSION', extname, 'EXTENSION', quote_ident(extname)
      FROM pg_extension
    UNION ALL SELECT 'pg_event_trigger'::regclass, oid, 'EVENT TRIGGER', evtname, 'EVENT TRIGGER', quote_ident(evtname)
      FROM pg_event_trigger
    UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid, 'FOREIGN DATA WRAPPER', fdwname,
      'FOREIGN DATA WRAPPER', quote_ident(fdwname) FROM pg_foreign_data_wrapper
    UNION ALL SELECT 'pg_foreign_server'::regclass, oid, 'SERVER', srvname, 'SERVER', quote_ident(srvname)
      FROM pg_foreign_server
    UNION ALL SELECT 'pg_user_mapping'::regclass, m.umid, 'USER MAPPING',
      format('USER MAPPING %s SERVER %s', m.usename, m.srvname), 'USER MAPPING',
      format('FOR %s SERVER %I', CASE m.umuser WHEN 0 THEN 'PUBLIC' ELSE quote_ident(m.usename) END, m.srvname)
      FROM pg_user_mappings m
    UNION ALL SELECT 'pg_language'::regclass, oid, 'PROCEDURAL LANGUAGE', lanname, 'LANGUAGE', quote_ident(lanname)
      FROM pg_language WHERE lanispl
    UNION ALL SELECT 'pg_am'::regclass, oid, 'ACCESS METHOD', amname, 'ACCESS METHOD', quote_ident(amname)
      FROM pg_am WHERE oid >= 16384
    UNION ALL SELECT 'pg_cast'::regclass, oid, 'CAST',
      format('CAST (%s AS %s)', format_type(castsource, NULL), format_type(casttarget, NULL)), 'CAST',
      format('(%s AS %s)', format_type(castsource, NULL), format_type(casttarget, NULL)) FROM pg_cast WHERE oid >= 16384
    UNION ALL SELECT 'pg_transform'::regclass, t.oid, 'TRANSFORM',
      format('TRANSFORM FOR %s LANGUAGE %s', format_type(trftype, NULL), l.lanname), 'TRANSFORM',
      format('FOR %s LANGUAGE %I', format_type(trftype, NULL), l.lanname)
      FROM pg_transform t JOIN pg_language l ON l.oid = t.trflang
  ), needed AS (
    SELECT o.class, o.oid, d.refclassid, n.nspname::text AS schema
    FROM object o JOIN pg_depend d ON d.classid = o.class AND d.objid = o.oid AND d.deptype IN ('n', 'a')
    LEFT JOIN pg_proc p ON d.refclassid = 'pg_proc'::regclass AND p.oid = d.refobjid
    LEFT JOIN pg_type t ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid
    JOIN pg_namespace n ON n.oid = coalesce(p.pronamespace, t.typnamespace)
    WHERE n.nspname !~ '^pg_'
  )
  SELECT o.type, o.name, format('DROP %s IF EXISTS %s%s', o.shown, o.quoted, CASE o.type WHEN 'USER MAPPING' THEN '' ELSE ' CASCADE' END) AS drop,
    to_jsonb(ARRAY(SELECT DISTINCT s.schema COLLATE "C" FROM needed s WHERE s.class = o.class AND s.oid = o.oid ORDER BY 1)) AS schemas
  FROM object o
  WHERE NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = o.class AND e.objid = o.oid AND e.deptype = 'e')
    AND NOT (o.type IN ('CAST', 'TRANSFORM') AND EXISTS (
      SELECT FROM needed s WHERE s.class = o.class AND s.oid = o.oid AND s.refclassid = 'pg_type'::regclass))
  ORDER BY o.type COLLATE "C", o.name COLLATE "C"`;
