import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ageCipher } from "../../src/adapters/age-cipher/age-cipher.ts";
import { sha256 } from "../../src/model/canonical.ts";
import { compress } from "../../src/ports/stream/zstd.ts";
import { type RestoreGuideFacts, renderRestoreGuide } from "../../src/steps/restore-guide.ts";
import { collect, through } from "../ports/stream/flow.ts";
import { type Cluster, startCluster } from "../support/postgres-cluster.ts";

const NAME = "production_trading_20261124_010000";
const NEW_NAME = `it's "new" with a=b`;
const FACTS: RestoreGuideFacts = {
  environment: "production",
  database: "trading",
  name: NAME,
  snapshotAt: "2026-11-24T00:59:59.123456Z",
  compression: { zstd: 1 },
  encryption: "age",
  server: { version: "15.18" },
  tools: { dbops: "0.1.0", pgDump: "pg_dump (PostgreSQL) 15.18" },
};

describe("RESTORE.md", () => {
  it("names the programs with the versions that this backup needs", () => {
    const guide = renderRestoreGuide({
      ...FACTS,
      tools: { dbops: "0.1.0", pgDump: "pg_dump (PostgreSQL) 17.2 (Debian 17.2-1)" },
    });
    expect(guide).toContain("- age 1.0 or later");
    expect(guide).toContain("- zstd 1.4 or later");
    expect(guide).toContain("- pg_restore, psql and createdb 17 or later");
    expect(guide).toContain("the server should be 15 or later");
  });

  it("asks for no program that this backup does not need", () => {
    const guide = renderRestoreGuide({ ...FACTS, compression: "none", encryption: "none" });
    expect(guide).not.toMatch(/\bage\b|zstd/);
    expect(guide).toContain(`cat ${NAME}.dump | pg_restore --exit-on-error`);
  });

  it("has age ask for the passphrase", () => {
    const guide = renderRestoreGuide({ ...FACTS, encryption: "age-passphrase" });
    expect(guide).toContain(`age -d ${NAME}.dump.zst.age | zstd -d | pg_restore --exit-on-error`);
    expect(guide).not.toContain("KEY");
  });

  it("is the same text for the same facts", () => {
    expect(renderRestoreGuide({ ...FACTS })).toBe(renderRestoreGuide(FACTS));
  });
});

describe("the commands of RESTORE.md", () => {
  let cluster: Cluster;
  let folder = "";

  beforeAll(async () => {
    cluster = await startCluster({ inMemory: true });
    folder = await mkdtemp(join(tmpdir(), "dbops-guide-"));
    await cluster.createDatabase("trading");
    await cluster.psql(
      "trading",
      "CREATE ROLE app; CREATE TABLE signal AS SELECT generate_series(1, 1000) AS id;",
    );
    await cluster.psql("trading", "ALTER TABLE signal OWNER TO app;");
    await layBackup(cluster, folder);
  });

  afterAll(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true });
  });

  function command(heading: string): string {
    const guide = renderRestoreGuide(FACTS);
    const block = guide.slice(guide.indexOf(`## ${heading}`)).match(/```bash\n(.*?)```/s)?.[1];
    return (block ?? "exit 9")
      .replace("less globals.sql", "cat globals.sql > /dev/null")
      .replace("export PGHOST=… PGPORT=5432 PGUSER=…\n", "")
      .replace("'the new name'", `'${NEW_NAME.replaceAll("'", "'\\''")}'`);
  }

  it("find the files whole", async () => {
    const { code, output } = await bash(command("2."), cluster, folder);
    expect({ code, damaged: output.includes("DAMAGED") }).toEqual({ code: 0, damaged: false });
    expect(output.match(/^ok /gm)).toHaveLength(3);
  });

  it("find a damaged file", async () => {
    const file = join(folder, `${NAME}.globals.sql.zst.age`);
    const whole = await readFile(file);
    await writeFile(file, whole.subarray(1));
    const { output } = await bash(command("2."), cluster, folder);
    await writeFile(file, whole);
    expect(output).toContain(`DAMAGED ${NAME}.globals.sql.zst.age`);
  });

  it("show what is in it", async () => {
    expect((await bash(command("3."), cluster, folder)).code).toBe(0);
    expect(await readFile(join(folder, "contents.txt"), "utf8")).toContain("TABLE DATA public signal app");
    expect(JSON.parse(await readFile(join(folder, "detail.json"), "utf8"))).toEqual({ formatVersion: 1 });
  });

  it("bring back the roles and the data, under a name with spaces, quotes and =", async () => {
    await cluster.psql("postgres", "DROP DATABASE trading;");
    await cluster.psql("postgres", "DROP ROLE app;");
    expect(await bash(command("4."), cluster, folder)).toMatchObject({ code: 0 });
    expect(await bash(command("5."), cluster, folder)).toMatchObject({ code: 0 });
    const sql = "SELECT count(*), sum(id), min(tableowner) FROM signal, pg_tables WHERE tablename = 'signal'";
    expect(await cluster.psql(NEW_NAME, sql)).toBe("1000|500500|app");
  });

  it("fail when the archive is cut off", async () => {
    await cluster.psql("postgres", `DROP DATABASE IF EXISTS "${NEW_NAME.replaceAll('"', '""')}";`);
    const file = join(folder, `${NAME}.dump.zst.age`);
    const whole = await readFile(file);
    await writeFile(file, whole.subarray(0, -1));
    const { code } = await bash(command("5.").replace("psql -X -c ANALYZE\n", ""), cluster, folder);
    await writeFile(file, whole);
    expect(code).not.toBe(0);
  });
});

/** What `dbops apply` would leave, made from the parts that it is made of. */
async function layBackup(cluster: Cluster, folder: string): Promise<void> {
  const identity = await generateIdentity();
  await writeFile(join(folder, "KEY"), `${identity}\n`, { mode: 0o600 });
  const recipients = [await identityToRecipient(identity)];
  const url = `postgresql://${cluster.superuser}:${cluster.password}@127.0.0.1:${cluster.port}`;
  const archive = await through("pg_dump", ["-Fc", "-Z0", `${url}/trading`], Buffer.alloc(0));
  const globals = await through(
    "pg_dumpall",
    ["--roles-only", "--no-role-passwords", "-d", url],
    Buffer.alloc(0),
  );
  const plain = { archive, globals, detail: Buffer.from('{"formatVersion":1}\n') };
  const files: [string, Readable][] = [
    [`${NAME}.dump.zst.age`, compress(Readable.from([plain.archive]), 1)],
    [`${NAME}.globals.sql.zst.age`, compress(Readable.from([plain.globals]), 1)],
    [`${NAME}.detail.json.age`, Readable.from([plain.detail])],
  ];
  const objects: unknown[] = [];
  for (const [key, body] of files) {
    const bytes = await collect(ageCipher().encrypt(body, { recipients }));
    await writeFile(join(folder, key), bytes);
    objects.push({ key, sha256: sha256(bytes) });
  }
  await writeFile(join(folder, "manifest.json"), JSON.stringify({ objects }, null, 2));
}

function bash(
  script: string,
  cluster: Cluster,
  cwd: string,
): Promise<{ code: number | null; output: string }> {
  const env = {
    ...process.env,
    LC_ALL: "C",
    PGHOST: cluster.host,
    PGPORT: String(cluster.port),
    PGUSER: cluster.superuser,
    PGPASSWORD: cluster.password,
  };
  const child = spawn("bash", ["-c", script], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece) => (output += piece));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}
