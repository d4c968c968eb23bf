import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HEADER, readBody, readDump, refusalOf, TRAILER } from "./dumped.ts";

const DATA = `COPY public.t (a, b) FROM stdin;
1\t-- PostgreSQL database dump complete
2\t\\\\!touch /tmp/x
\\N\t;'$$"/*
-- PostgreSQL database dump complete
\\.

`;

const BODY = `\\restrict KEY1

-- Dumped from database version 15.18
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);

--
-- Name: f(); Type: FUNCTION; Schema: public; Owner: o
--

CREATE FUNCTION public.f(x integer) RETURNS integer
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT CASE WHEN (x > 1) THEN 2 ELSE 3 END AS "case";
 SELECT 1;
END;

CREATE FUNCTION public.g() RETURNS void LANGUAGE plpgsql AS $_$ BEGIN; -- ' $$ ; \\! COMMIT;
END $_$;
COMMENT ON TABLE public.t IS 'it''s \\! "; -- here';
CREATE RULE r AS ON INSERT TO public.t DO ALSO ( SELECT 1; SELECT 2; );
CREATE TABLE public."a;""b\\" (x text DEFAULT E'\\'; \\\\');
${DATA}BEGIN;

SELECT pg_catalog.lo_open('1', 131072);
SELECT pg_catalog.lowrite(0, '\\x00');
SELECT pg_catalog.lo_close(0);

COMMIT;

SELECT pg_catalog.setval('public.s', 1, false);
GRANT SELECT ON TABLE public.t TO PUBLIC;
`;

const DUMP = `${HEADER}${BODY}${TRAILER}\\unrestrict KEY1\n\n`;

describe("a whole dump", () => {
  it("gives its statements and data, without its comments, commands and transactions", () => {
    const { sql, facts } = readDump(DUMP);
    expect(facts).toMatchObject({ statements: 17, tables: 1, madeBy: "15.18", leftOut: [], forbidden: null });
    expect(facts.bytes).toBe(Buffer.byteLength(DUMP));
    expect(sql).toContain(DATA.trimEnd());
    expect(
      sql.split("\n").filter((line) => /^(\\restrict|\\unrestrict|BEGIN;|COMMIT;|-- Name)/.test(line)),
    ).toEqual([]);
    const kept = [...BODY.matchAll(/^(SET|SELECT pg_catalog|CREATE|COMMENT|GRANT).*$/gm)].map(
      ([line]) => line,
    );
    for (const line of kept) expect(sql).toContain(line);
  });

  it("is the same in pieces of any size", () => {
    const whole = readDump(DUMP);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 }), (sizes) => {
        expect(readDump(DUMP, {}, sizes)).toEqual(whole);
      }),
      { numRuns: 200 },
    );
    expect(readDump(DUMP, {}, [1])).toEqual(whole);
  });

  it("of a pg_dump before 15.14 has no restrict lines", () => {
    const old = DUMP.replaceAll(/^\\(un)?restrict.*\n/gm, "");
    expect(readDump(old).sql).toBe(readDump(DUMP).sql);
  });

  it("may hold Windows line ends in its data", () => {
    const { sql } = readBody("COPY public.t (a) FROM stdin;\r\n1\r\n\\.\r\nSET row_security = off;\n");
    expect(sql).toBe("COPY public.t (a) FROM stdin;\n1\r\n\\.\r\nSET row_security = off;\n");
  });

  it("may hold statements and data of any length", () => {
    const long = `INSERT INTO public.t VALUES ('${"x;'' ".repeat(600_000)}');\n`;
    const data = `COPY public.t (a) FROM stdin;\n${"y".repeat(3_000_000)}\n\\.\n`;
    expect(readBody(`${long}${data}`, {}, [100_000]).sql).toBe(`${long}${data}`);
  });
});

describe("a dump that was cut", () => {
  it("is called truncated at every byte behind its header", () => {
    const bytes = Buffer.from(DUMP);
    const last = DUMP.lastIndexOf("\\unrestrict KEY1") + "\\unrestrict KEY1".length;
    for (let length = HEADER.length; length < last; length += 1)
      expect(refusalOf(() => readDump(bytes.subarray(0, length).toString("latin1")))).toMatch(
        /^OBJECT_DAMAGED .*truncated/,
      );
    expect(refusalOf(() => readDump(bytes.subarray(0, last).toString("latin1")))).toBeNull();
  });

  it("names the table whose data it ends in, whatever the data look like", () => {
    const cut = `${HEADER}${DATA.slice(0, DATA.lastIndexOf("\\."))}`;
    expect(refusalOf(() => readDump(cut))).toMatch(
      /truncated: after \d+ bytes it ends inside the data of public\.t$/,
    );
  });

  it("is none when there is nothing, or something else", () => {
    for (const text of ["", "\n", "PGDMP\u0001", "DROP TABLE t;", "-- a note\nSELECT 1;"])
      expect(refusalOf(() => readDump(text))).toMatch(/OBJECT_DAMAGED the dump is no plain dump/);
  });

  it("is not whole with another dump behind its end", () => {
    expect(refusalOf(() => readDump(`${DUMP}${DUMP}`))).toMatch(/OBJECT_DAMAGED/);
    expect(refusalOf(() => readDump(`${HEADER}${TRAILER}DROP TABLE t;\n`))).toMatch(/goes on behind its end/);
  });

  it("holds no zero bytes", () => {
    expect(refusalOf(() => readBody("COPY public.t (a) FROM stdin;\na\0b\n\\.\n"))).toMatch(/zero byte/);
  });
});

describe("what no restore of a plain dump runs", () => {
  it.each([
    "\\! touch x",
    "\\connect other",
    "\\c other",
    "\\i file.sql",
    "\\copy t from program 'id'",
    "\\set x `id`",
    "\\o | id",
    "\\g | id",
    "\\restrict a b",
    "\\unrestrict KEY",
    "\\.",
    "-- harmless\r\\! touch x",
    "CREATE TABLE t (a int) \\g | id",
    "SET row_security = off\\;",
    "COPY t FROM PROGRAM 'id';",
    "COPY t TO PROGRAM 'id';",
    "COPY t TO stdout;",
    "COPY t FROM '/etc/passwd';",
    "COPY t FROM stdin WITH (FORMAT csv);",
    "COPY t FROM stdin; \\! id",
    "COPY/**/t FROM PROGRAM 'id';",
    "/* x */ COPY t TO PROGRAM 'id';",
    "DO $$ BEGIN END $$;",
    "SELECT pg_read_file('x');",
    "SELECT pg_catalog.set_config('search_path', '', false), pg_catalog.set_config('standard_conforming_strings', 'off', false);",
    "SELECT pg_catalog.set_config('standard_conforming_strings', 'off', false);",
    "SELECT pg_catalog.lo_export(1, '/tmp/x');",
    "SET standard_conforming_strings = off;",
    "SET client_encoding = 'SJIS';",
    "SET client_encoding = 'sh-ift_jis_2004';",
    "SET constructor = 1;",
    "COMMIT AND CHAIN;",
    "ROLLBACK;",
    "END;",
    "CALL p();",
    "LOAD 'x';",
    "CREATE DATABASE x;",
    "ALTER DATABASE x SET a = b;",
    "ALTER SYSTEM SET archive_command = 'id';",
    "DROP DATABASE x;",
    "DROP ROLE x;",
    "CREATE USER x;",
    "GRANT admin TO app;",
    "EXECUTE x;",
    "CREATE TABLE t (a text DEFAULT 'a' 'b');",
    "CREATE TABLE t (a text DEFAULT 1e'\\'');",
    "CREATE TABLE t (a text DEFAULT 1$x$;$x$);",
  ])("is %j", (text) => {
    expect(refusalOf(() => readBody(`${text}\n`))).toMatch(/^(LOAD_FAILED|OBJECT_DAMAGED)/);
  });

  it("is only noted for who loads nothing", () => {
    const body = `CREATE DATABASE x;\n\\connect x\nCREATE TABLE t (a int);\n${DATA}`;
    const { facts } = readBody(body, { onForbidden: "note" });
    expect(facts).toMatchObject({ forbidden: "CREATE DATABASE x", tables: 1 });
    expect(refusalOf(() => readDump(`${HEADER}${body}`, { onForbidden: "note" }))).toMatch(/truncated/);
  });

  it("is told without values", () => {
    const said = refusalOf(() => readBody("SELECT secret('password');\n"));
    expect(said).toContain("holds SELECT secret");
    expect(said).not.toContain("password");
  });
});

describe("what it leaves out", () => {
  it("is what would reach beyond the database: subscriptions, comments and grants of others", () => {
    const { sql, facts } = readBody(`CREATE SUBSCRIPTION sub CONNECTION 'password=x' PUBLICATION p;
ALTER SUBSCRIPTION sub OWNER TO o;
COMMENT ON SUBSCRIPTION sub IS 'x';
COMMENT ON DATABASE app IS 'x';
GRANT CONNECT ON DATABASE app TO o;
COMMENT ON EXTENSION plpgsql IS 'PL/pgSQL procedural language';
`);
    expect(sql).toBe("");
    expect(facts.leftOut).toEqual([
      "the subscription sub",
      "COMMENT ON DATABASE app",
      "GRANT CONNECT ON DATABASE",
    ]);
  });

  it("is a setting that the server does not know", () => {
    const body = "SET transaction_timeout = 0;\n";
    expect(readBody(body, { serverMajor: 16 }).sql).toBe("");
    expect(readBody(body, { serverMajor: 17 }).sql).toBe(body);
  });
});
