import { expect, test } from "vitest";
import { readMessages } from "../../../src/adapters/postgres/program-messages.ts";

function read(...chunks: string[]) {
  const messages = readMessages("pg_dump");
  for (const chunk of chunks) messages.add(Buffer.from(chunk));
  return messages.finish();
}

test("nothing said is fine", () => {
  expect(read()).toEqual({ error: null, warnings: [] });
});

test("a warning with detail and hint is one warning, as PostgreSQL 15 and later write it", () => {
  const said = read(
    "pg_dump: warning: there are circular foreign-key constraints on this table:\npg_dump: detail: ring\n",
    "pg_dump: hint: You might not be able to restore the dump without using --disable-triggers.\n",
  );
  expect(said).toEqual({
    error: null,
    warnings: ["pg_dump: warning: there are circular foreign-key constraints on this table:"],
  });
});

test("a warning goes on without a level, as up to PostgreSQL 14", () => {
  const said = read(
    "pg_dump: warning: there are circular constraints:\npg_dump:   ring\npg_dump: Consider it.\n",
  );
  expect(said.error).toBeNull();
});

test("a server's warning with its detail is a warning", () => {
  const said = read(
    'WARNING:  database "x" has a collation version mismatch\nDETAIL:  It was 2.35.\nHINT:  Rebuild.\n',
  );
  expect(said).toEqual({
    error: null,
    warnings: ['WARNING:  database "x" has a collation version mismatch'],
  });
});

test("an error keeps its first line and the server's, without the statement", () => {
  const said = read(
    'pg_dump: error: Dumping the contents of table "t" failed: PQgetResult() failed.\n',
    "pg_dump: detail: Error message from server: ERROR:  could not read block 7\nDETAIL:  Alice\n",
    "pg_dump: detail: Command was: COPY public.t (name) TO stdout;\n",
  );
  expect(said.error).toBe(
    'pg_dump: error: Dumping the contents of table "t" failed: PQgetResult() failed. ERROR:  could not read block 7',
  );
});

test.each([
  ["a detail that explains nothing", "pg_dump: detail: alone\n"],
  ["a line without a level", "pg_dump: what now\n"],
  ["another program's line", "setpriv: failed to execute pg_dump\n"],
  ["a line that ends without a newline", "Killed"],
  ["a server's error", "ERROR:  no\n"],
])("%s is an error", (_name, text) => {
  expect(read(text).error).toBe(text.trim());
});

test("lines and characters may be cut anywhere", () => {
  const bytes = Buffer.from("pg_dump: warning: Größe\npg_dump: error: Maß\n");
  const messages = readMessages("pg_dump");
  for (const byte of bytes) messages.add(Buffer.from([byte]));
  expect(messages.finish()).toEqual({
    error: "pg_dump: error: Maß",
    warnings: ["pg_dump: warning: Größe"],
  });
});

test("memory stays bounded: fifty warnings and the count of the others, the begin of an endless line", () => {
  const many = read("pg_dump: warning: again\n".repeat(70));
  expect([many.warnings.length, many.warnings.at(-1)]).toEqual([51, "and 20 more warnings"]);
  const messages = readMessages("pg_dump");
  for (let i = 0; i < 100; i++) messages.add(Buffer.alloc(64 * 1024, "x"));
  expect(messages.finish().error).toBe("x".repeat(500));
});
