import { expect, it } from "vitest";
import { readBody } from "./dumped.ts";

it("counts the tables that a dump makes, with data or without, and no view", () => {
  const { facts } = readBody(`
CREATE TABLE public.a (id integer);
CREATE UNLOGGED TABLE public.b (id integer);
CREATE FOREIGN TABLE public.c (id integer) SERVER s;
CREATE MATERIALIZED VIEW public.d AS SELECT 1 AS x WITH NO DATA;
CREATE VIEW public.e AS SELECT 1 AS x;
COMMENT ON TABLE public.a IS 'CREATE TABLE public.g ()';
`);
  expect(facts.made).toBe(4);
});

it("counts no view that an old pg_dump writes as a table", () => {
  const rule = 'CREATE RULE "_RETURN" AS\n    ON SELECT TO public.v DO INSTEAD SELECT 1 AS x;\n';
  expect(readBody(`CREATE TABLE public.v (x integer);\n${rule}`).facts.made).toBe(0);
});
