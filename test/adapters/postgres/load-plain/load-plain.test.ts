import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { opensslCipher } from "../../../../src/adapters/openssl-cipher/openssl-cipher.ts";
import { Secret } from "../../../../src/model/secret.ts";
import { openClassic } from "../../../../src/ports/open-classic.ts";
import { bytesOf, collect, failingAfter, inPieces } from "../../../ports/stream/flow.ts";
import { contentOf } from "../../../support/database-content.ts";
import { type Cluster, startCluster } from "../../../support/postgres-cluster.ts";
import { childWith } from "../processes.ts";
import { problemOf } from "../restore-target/target-access.ts";
import { emptyDatabase, loadInto, plainDump, relationsIn } from "./plain-world.ts";

const HEADER = "--\n-- PostgreSQL database dump\n--\n\n";
const TRAILER = "\n--\n-- PostgreSQL database dump complete\n--\n\n";

const TABLES = `SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
  WHERE relkind IN ('r', 'p', 'm', 'f') AND nspname !~ '^pg_' AND nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')`;

let cluster: Cluster;
let folder = "";
let hard: Buffer;
/** Several MB of rows, so that a cut is far from both ends. */
let wide: Buffer;

beforeAll(async () => {
  cluster = await startCluster({ inMemory: true });
  folder = await mkdtemp(join(tmpdir(), "dbops-plain-"));
  await cluster.createDatabase("hard");
  await cluster.psql("hard", await readFile("test/support/hard-schema.sql", "utf8"));
  await cluster.createDatabase("wide");
  await cluster.psql(
    "wide",
    "CREATE TABLE t AS SELECT i, md5(i::text) AS text FROM generate_series(1, 100000) AS i; CREATE INDEX ON t (i)",
  );
  [hard, wide] = await Promise.all([plainDump(cluster, "hard"), plainDump(cluster, "wide")]);
});

afterAll(async () => {
  await rm(folder, { recursive: true });
  await cluster?.stop();
});

async function refused(dump: Readable | Buffer, more: Parameters<typeof loadInto>[3] = {}) {
  const name = await emptyDatabase(cluster);
  const problem = await problemOf(loadInto(cluster, name, dump, more));
  expect(await relationsIn(cluster, name)).toBe("0");
  return problem;
}

describe("a plain dump", () => {
  it.each([
    ["as this machine's pg_dump writes it", (text: string) => text],
    ["as a pg_dump before 15.14 writes it", (text: string) => text.replaceAll(/^\\(un)?restrict .*\n/gm, "")],
  ])("brings everything back, %s", async (_, edited) => {
    const name = await emptyDatabase(cluster);
    const dump = Buffer.from(edited(hard.toString("latin1")), "latin1");
    const report = await loadInto(cluster, name, inPieces(dump, [1000, 70_000]));
    expect(report).toMatchObject({ program: expect.stringMatching(/^psql \(PostgreSQL\) \d/), failures: [] });
    expect(await contentOf(cluster, name)).toEqual(await contentOf(cluster, "hard"));
    expect(String(report.tables)).toBe(await cluster.psql(name, TABLES));
  });

  it("fails at a tablespace that is missing, and not where none is asked for", async () => {
    const asked = (text: string) =>
      text.replace("SET default_tablespace = ''", "SET default_tablespace = 'fast'");
    const dump = Buffer.from(asked(wide.toString("latin1")), "latin1");
    expect(await refused(dump)).toMatchObject({
      code: "LOAD_FAILED",
      detail: expect.stringContaining("default_tablespace"),
    });
    const name = await emptyDatabase(cluster);
    await loadInto(cluster, name, dump, { ignoreTablespaces: true });
    expect(await contentOf(cluster, name)).toEqual(await contentOf(cluster, "wide"));
  });

  it("of INSERT statements brings everything back", async () => {
    const name = await emptyDatabase(cluster);
    await loadInto(cluster, name, await plainDump(cluster, "hard", ["--column-inserts"]));
    expect(await contentOf(cluster, name)).toEqual(await contentOf(cluster, "hard"));
  });

  it("comes straight out of the runbook's file", async () => {
    const [cipher, passphrase] = [opensslCipher(), new Secret("the key")];
    const file = await collect(cipher.encrypt(inPieces(gzipSync(wide)), passphrase));
    const name = await emptyDatabase(cluster);
    await loadInto(cluster, name, openClassic(inPieces(file), { cipher, passphrase }));
    expect(await contentOf(cluster, name)).toEqual(await contentOf(cluster, "wide"));
  });

  it("leaves out a subscription, and says so", async () => {
    const text = wide
      .toString("latin1")
      .replace("CREATE TABLE", "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p;\n$&");
    const name = await emptyDatabase(cluster);
    const { warnings } = await loadInto(cluster, name, Buffer.from(text, "latin1"));
    expect(warnings).toEqual(["left out: the subscription s"]);
    expect(await cluster.psql("postgres", "SELECT count(*) FROM pg_subscription")).toBe("0");
  });
});

describe("nothing is committed", () => {
  it("of a dump that is cut inside its data, where psql -1 would commit", async () => {
    const problem = await refused(wide.subarray(0, wide.length / 2));
    expect(problem).toMatchObject({
      code: "OBJECT_DAMAGED",
      detail: expect.stringMatching(/truncated: after \d+ bytes it ends inside the data of public\.t$/),
    });
  });

  it("of a dump that is cut between its statements", async () => {
    const text = wide.toString("latin1");
    const cut = Buffer.from(text.slice(0, text.lastIndexOf("--\n-- PostgreSQL")), "latin1");
    expect((await refused(cut)).detail).toMatch(/truncated/);
  });

  it("when the stream fails, at its end or in the middle: its own error is told", async () => {
    const failure = new Error("the store went away");
    for (const bytes of [wide, wide.subarray(0, 1_000_000)]) {
      const name = await emptyDatabase(cluster);
      await expect(loadInto(cluster, name, failingAfter(bytes, failure))).rejects.toBe(failure);
      expect(await relationsIn(cluster, name)).toBe("0");
    }
  });

  it("of a file whose gzip is damaged behind the trailer", async () => {
    const [cipher, passphrase] = [opensslCipher(), new Secret("the key")];
    const zipped = gzipSync(wide);
    zipped.writeUInt8(zipped.readUInt8(zipped.length - 6) ^ 1, zipped.length - 6); // its checksum
    const file = await collect(cipher.encrypt(inPieces(zipped), passphrase));
    const problem = await refused(openClassic(inPieces(file), { cipher, passphrase }));
    expect(problem.code).toBe("OBJECT_DAMAGED");
  });

  it("when a statement fails: the server's first line without values, and no more", async () => {
    const text = wide.toString("latin1").replace("\n1\t", "\nhush@example.com\t");
    const problem = await refused(Buffer.from(text, "latin1"));
    expect(problem).toMatchObject({
      code: "LOAD_FAILED",
      detail: expect.stringContaining('invalid input syntax for type integer: "…" (SQLSTATE 22P02)'),
      fix: expect.stringContaining("restore another backup"),
      final: true,
    });
    expect(JSON.stringify(problem)).not.toContain("hush");
  });

  it("when only COMMIT fails", async () => {
    const body = `CREATE TABLE a (i int UNIQUE DEFERRABLE INITIALLY DEFERRED);
COPY a (i) FROM stdin;
1
1
\\.
`;
    const problem = await refused(Buffer.from(`${HEADER}${body}${TRAILER}`));
    expect(problem).toMatchObject({ code: "LOAD_FAILED", detail: expect.stringContaining("23505") });
  });

  it("when a role is missing: it is named", async () => {
    const body = "CREATE TABLE a (i int);\nALTER TABLE a OWNER TO nobody_here;\n";
    const problem = await refused(Buffer.from(`${HEADER}${body}${TRAILER}`));
    expect(problem).toMatchObject({
      detail: expect.stringContaining('role "nobody_here" does not exist (SQLSTATE 42704)'),
      fix: expect.stringContaining("create the role"),
      final: false,
    });
  });

  it("when the connection is cut in the middle", async () => {
    const stalled = stallingIn(wide, async () => {
      await cluster.psql(
        "postgres",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'side%' AND application_name = 'dbops'",
      );
    });
    const problem = await refused(stalled);
    expect(problem).toMatchObject({
      code: "LOAD_FAILED",
      detail: expect.stringMatching(/terminat|connection/),
    });
  });

  it("when psql is killed in the middle", async () => {
    const stalled = stallingIn(wide, async () =>
      process.kill(childWith("--set=ON_ERROR_STOP=1").pid, "SIGKILL"),
    );
    const problem = await refused(stalled);
    expect(problem).toMatchObject({ code: "LOAD_FAILED" });
  });

  it("when it is interrupted, and psql is gone", async () => {
    const abort = new AbortController();
    const name = await emptyDatabase(cluster);
    const stalled = stallingIn(wide, async () => abort.abort(new Error("interrupted")));
    await expect(loadInto(cluster, name, stalled, { signal: abort.signal })).rejects.toThrow("interrupted");
    expect(() => childWith("--set=ON_ERROR_STOP=1")).toThrow("0 children");
    expect(await relationsIn(cluster, name)).toBe("0");
  });
});

/** Gives half, waits until psql has begun, does something, gives the rest. */
function stallingIn(bytes: Buffer, does: () => Promise<unknown>): Readable {
  return Readable.from(
    (async function* () {
      yield bytes.subarray(0, bytes.length / 2);
      while ((await copying()) === "0") await new Promise((resolve) => setTimeout(resolve, 20));
      await does();
      yield bytes.subarray(bytes.length / 2);
      yield Buffer.alloc(0);
    })(),
    { objectMode: false },
  );
}

function copying(): Promise<string> {
  return cluster.psql("postgres", "SELECT count(*) FROM pg_stat_progress_copy WHERE datname LIKE 'side%'");
}

describe("no program runs", () => {
  it.each([
    (file: string) => `\\! touch ${file}`,
    (file: string) => `\\copy t from program 'touch ${file}'`,
    (file: string) => `\\set x \`touch ${file}\``,
    (file: string) => `CREATE TABLE a (i int) \\g | touch ${file}`,
    (file: string) => `COPY t FROM PROGRAM 'touch ${file}';`,
    (file: string) => `-- Name: x\r\\! touch ${file}`,
    (file: string) => `COPY t (a) FROM stdin;\n\\.\n\\! touch ${file}`,
  ])("%#", async (line) => {
    const file = join(folder, "ran");
    const body = `CREATE TABLE t (a text);\n${line(file)}\n`;
    const problem = await refused(Buffer.from(`${HEADER}${body}${TRAILER}`));
    expect(problem.code).toBe("LOAD_FAILED");
    expect(existsSync(file)).toBe(false);
  });

  it("and data that look like a command stay data", async () => {
    const name = await emptyDatabase(cluster);
    const body = `CREATE TABLE t (a text);\nCOPY t (a) FROM stdin;\n\\\\! touch ${join(folder, "ran")}\n\\.\n`;
    await loadInto(cluster, name, Buffer.from(`${HEADER}${body}${TRAILER}`));
    expect(await cluster.psql(name, "SELECT count(*) FROM t WHERE a LIKE '\\\\! touch%'")).toBe("1");
    expect(existsSync(join(folder, "ran"))).toBe(false);
  });
});

it("is never loaded over what is there, and no secret is an argument", async () => {
  const name = await emptyDatabase(cluster);
  let argv = "";
  await loadInto(
    cluster,
    name,
    stallingIn(wide, async () => {
      argv = childWith("--set=ON_ERROR_STOP=1").argv.join(" ");
    }),
  );
  expect(argv).toContain("psql");
  expect(argv).not.toContain(cluster.password);
  const problem = await problemOf(loadInto(cluster, name, wide));
  expect(problem).toMatchObject({ code: "TARGET_CHANGED", detail: expect.stringContaining("not empty") });
});

it("reads nothing that is no plain dump", async () => {
  expect((await refused(bytesOf(100_000))).code).toBe("OBJECT_DAMAGED");
  expect((await refused(Buffer.alloc(0))).code).toBe("OBJECT_DAMAGED");
});
