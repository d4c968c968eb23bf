import { describe, expect, test } from "vitest";
import {
  type RestoreSaid,
  readRestoreMessages,
} from "../../../../src/adapters/postgres/load/restore-messages.ts";

function read(text: string, parallel = false): RestoreSaid {
  const messages = readRestoreMessages(parallel);
  for (const byte of Buffer.from(text)) messages.add(Buffer.from([byte]));
  return messages.finish();
}

const OWNER = `pg_restore: connecting to database for restore
pg_restore: creating TABLE "public.a"
pg_restore: while PROCESSING TOC:
pg_restore: from TOC entry 214; 1259 18638 TABLE a app
pg_restore: error: could not execute query: ERROR:  role "app" does not exist
Command was: ALTER TABLE public.a OWNER TO app;

`;
const COPY = `pg_restore: processing data for table "public.b"
pg_restore: from TOC entry 3348; 0 18641 TABLE DATA b postgres
pg_restore: error: COPY failed for table "b": ERROR:  invalid input syntax for type integer: "secret"
CONTEXT:  COPY b, line 1, column x: "secret"
`;

describe("what pg_restore says of one session", () => {
  test("is failures with their entry's number and the server's message, and the count at the end", () => {
    const said = read(`${OWNER}${COPY}pg_restore: warning: errors ignored on restore: 2\n`);
    expect(said.failures).toEqual([
      { id: 214, message: 'role "app" does not exist' },
      { id: 3348, message: 'invalid input syntax for type integer: "…"' },
    ]);
    expect([said.ignored, said.fatal, said.refusedSettings]).toEqual([2, null, 0]);
  });

  test("names an entry once for two errors of it", () => {
    const second = `pg_restore: error: could not execute query: ERROR:  relation "a" does not exist\n`;
    expect(read(OWNER + second).failures.map(({ id }) => id)).toEqual([214, 214]);
  });

  test("keeps no statement, even one that looks like a message further down", () => {
    const trap = `Command was: CREATE FUNCTION f() AS '\nerror: could not execute query: ERROR:  trap\n';\n`;
    expect(read(OWNER + trap).failures).toHaveLength(1);
  });

  test("is fatal when the connection was lost, in whatever severity it came", () => {
    const end = `pg_restore: error: could not execute query: FATAL:  terminating connection due to administrator command\n`;
    expect(read(OWNER + end).fatal).toBe("FATAL: terminating connection due to administrator command");
    const german = `pg_restore: error: could not execute query: ABBRUCH:  Verbindung wird beendet\nserver closed the connection unexpectedly\n`;
    expect(read(OWNER + german).fatal).toBe("server closed the connection unexpectedly");
    const gone = `pg_restore: error: could not execute query: no connection to the server\n`;
    expect(read(OWNER + gone).fatal).toBe("could not execute query: no connection to the server");
  });

  test("is fatal when an error belongs to no entry", () => {
    const said = read(
      "pg_restore: while INITIALIZING:\npg_restore: error: could not execute query: ERROR:  out of memory\n",
    );
    expect(said.fatal).toBe("out of memory");
  });

  test("is fatal when it is not pg_restore's", () => {
    expect(read("setpriv: failed to execute\n").fatal).toBe("setpriv: failed to execute");
  });

  test("takes a setting that an older server does not know for no failure", () => {
    const set = (name: string) => `pg_restore: while INITIALIZING:
pg_restore: error: could not execute query: ERROR:  unrecognized configuration parameter "${name}"
Command was: SET ${name} = 0;
`;
    const known = read(set("transaction_timeout"));
    expect([known.failures, known.refusedSettings, known.fatal]).toEqual([[], 1, null]);
    expect(read(set("shiny")).fatal).toBe('unrecognized configuration parameter "shiny"');
  });

  test("takes a function that sets the same for a failure", () => {
    const said = read(`pg_restore: from TOC entry 5; 1255 5 FUNCTION f() app
pg_restore: error: could not execute query: ERROR:  unrecognized configuration parameter "transaction_timeout"
Command was: CREATE FUNCTION public.f() RETURNS void LANGUAGE sql SET transaction_timeout TO '0' AS '';
`);
    expect([said.failures.length, said.refusedSettings]).toEqual([1, 0]);
  });

  test("gives warnings of the server and its own, bounded", () => {
    const line = 'pg_restore: WARNING:  wal_level is insufficient\nHINT:  Set wal_level to "logical".\n';
    expect(read(line).warnings).toEqual(["WARNING:  wal_level is insufficient"]);
    const many = read(line.repeat(60)).warnings;
    expect([many.length, many.at(-1)]).toEqual([51, "and 10 more warnings"]);
  });

  test("bounds a message and a line without an end", () => {
    const said = read(OWNER.replace('role "app"', `role "${"x".repeat(3000)}"`));
    expect(said.failures[0]?.message).toHaveLength(500);
  });
});

describe("what several sessions say at once", () => {
  test("names every entry that failed, also where the beginnings of lines are torn apart", () => {
    const said = read(
      `pg_restore: pg_restore: from TOC entry 1; 2606 1 FK CONSTRAINT t1 fk1 app
pg_restore: from TOC entry 2; 2606 2 FK CONSTRAINT t2 fk2 app
pg_restore:pg_restore: error:  error: could not execute query: ERROR:  there is no unique constraint
Command was: ALTER TABLE ONLY public.t1
    ADD CONSTRAINT fk1 FOREIGN KEY (id) REFERENCES public.p(id);

could not execute query: ERROR:  there is no unique constraint
Command was: ALTER TABLE ONLY public.t2
    ADD CONSTRAINT fk2 FOREIGN KEY (id) REFERENCES public.p(id);

pg_restore: error: finished item 1 FK CONSTRAINT t1 fk1
pg_restore: warning: errors ignored on restore: 4
`,
      true,
    );
    expect(said.failures.map(({ id }) => id)).toEqual([1, 2]);
    expect([said.ignored, said.fatal]).toEqual([4, null]);
  });

  test("is fatal when an entry was named and no error came", () => {
    expect(read("pg_restore: from TOC entry 1; 2606 1 INDEX t1 i app\n", true).fatal).not.toBeNull();
  });
});
