-- One line for each table: rows, and a checksum that does not depend on their order.
\set ON_ERROR_STOP on
SELECT format(
         'SELECT %L, count(*), md5(coalesce(string_agg(md5(t::text), '''' ORDER BY md5(t::text)), '''')) FROM %s AS t',
         rpad(c.oid::regclass::text, 16), c.oid::regclass)
  FROM pg_class AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
 ORDER BY c.oid::regclass::text
\gexec
