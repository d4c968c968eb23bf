import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SslMode } from "../../../src/model/environment.ts";
import { type Cluster, startCluster } from "../../support/postgres-cluster.ts";
import { open, reachable, signal, unreadable, whole } from "./declared.ts";

const NAME = `a b"c=d'é/?#`;
let cluster: Cluster;
let folder: string;
let certificate: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dbops-tls-"));
  certificate = join(folder, "server.crt");
  makeCertificate("localhost", certificate);
  cluster = await startCluster({
    inMemory: true,
    settings: { ssl: "on" },
    files: {
      "server.crt": await readFile(certificate, "utf8"),
      "server.key": await readFile(`${certificate}.key`, "utf8"),
      "pg_hba.conf": `local all all scram-sha-256
        hostssl all only_tls 127.0.0.1/32 scram-sha-256
        hostnossl all only_plain 127.0.0.1/32 scram-sha-256
        host all postgres 127.0.0.1/32 scram-sha-256\n`,
    },
  });
  await cluster.createDatabase(NAME);
  for (const role of ["only_tls", "only_plain"]) await cluster.createRole(role);
});

afterAll(async () => {
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

function makeCertificate(name: string, file: string): void {
  const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`];
  const args = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...subject];
  execFileSync("openssl", [...args, "-keyout", `${file}.key`, "-out", file], { stdio: "ignore" });
}

interface Way {
  readonly user?: string;
  readonly host?: string;
  readonly sslrootcert?: string;
}

function by(sslmode: SslMode, way: Way = {}) {
  const connection = cluster.connectionOf(NAME, way.user);
  const { host = connection.host, sslrootcert = null } = way;
  return open({ ...connection, host, sslmode, sslrootcert });
}

/** Both ends of dbops: node-pg by the inspection, libpq by the dump. */
async function bothConnect(postgres: ReturnType<typeof open>): Promise<void> {
  expect((await reachable(postgres)).identity.database).toBe(NAME);
  const snapshot = await postgres.openSnapshot(signal());
  const { bytes } = await whole(await snapshot.dump(signal()));
  await snapshot.close();
  expect(bytes.subarray(0, 5).toString()).toBe("PGDMP");
}

describe("sslmode means what it means to libpq, for node-pg and for pg_dump", () => {
  test("disable speaks no TLS", async () => {
    await bothConnect(by("disable", { user: "only_plain" }));
    expect((await unreadable(by("disable", { user: "only_tls" }))).code).toBe("DATABASE_AUTHENTICATION");
  });

  test("prefer speaks TLS where it can, and none where it must", async () => {
    await bothConnect(by("prefer", { user: "only_tls" }));
    await bothConnect(by("prefer", { user: "only_plain" }));
  });

  test("require speaks TLS with whatever certificate", async () => {
    await bothConnect(by("require", { user: "only_tls" }));
    expect((await unreadable(by("require", { user: "only_plain" }))).code).toBe("DATABASE_AUTHENTICATION");
  });

  test("require with a CA verifies it", async () => {
    await bothConnect(by("require", { sslrootcert: certificate }));
    const other = join(folder, "other.crt");
    makeCertificate("localhost", other);
    const problem = await unreadable(by("require", { sslrootcert: other }));
    expect([problem.code, problem.fix]).toEqual([
      "DATABASE_UNREACHABLE",
      expect.stringContaining("sslrootcert"),
    ]);
  });

  test("verify-ca looks at the CA, not at the name", async () => {
    await bothConnect(by("verify-ca", { sslrootcert: certificate }));
    expect((await unreadable(by("verify-ca"))).detail).toContain("TLS: ");
  });

  test("verify-full looks at the name too", async () => {
    await bothConnect(by("verify-full", { sslrootcert: certificate, host: "localhost" }));
    const problem = await unreadable(by("verify-full", { sslrootcert: certificate }));
    expect([problem.code, problem.detail]).toEqual([
      "DATABASE_UNREACHABLE",
      expect.stringContaining("ERR_TLS_CERT_ALTNAME_INVALID"),
    ]);
  });

  test("a CA file that does not exist is said before anything is sent", async () => {
    const problem = await unreadable(by("verify-full", { sslrootcert: "/nonexistent/ca.crt" }));
    expect([problem.code, problem.detail]).toEqual([
      "CONFIG_INVALID",
      "sslrootcert /nonexistent/ca.crt does not exist",
    ]);
  });

  test("prefer works and require fails where the server has no TLS", async () => {
    const plain = await startCluster({ inMemory: true });
    try {
      const connection = plain.connectionOf("postgres");
      expect((await reachable(open({ ...connection, sslmode: "prefer" }))).problems).toEqual([]);
      const problem = await unreadable(open({ ...connection, sslmode: "require" }));
      expect([problem.code, problem.detail]).toEqual([
        "DATABASE_UNREACHABLE",
        `postgres at 127.0.0.1:${plain.port}: the server has no TLS`,
      ]);
    } finally {
      await plain.stop();
    }
  });
});

describe("a URL", () => {
  test("is a secret that reaches the same database as its parts", async () => {
    const ends = `127.0.0.1:${cluster.port}/${encodeURIComponent(NAME)}`;
    const url = `postgresql+asyncpg://postgres:${cluster.password}@${ends}?sslmode=disable`;
    const postgres = open({ kind: "url", url: { env: url } });
    await bothConnect(postgres);
    expect((await reachable(postgres)).identity.endpoint).toBe(`127.0.0.1:${cluster.port}`);
  });

  test.each([
    ["without a scheme", "u:hush@host/db"],
    ["with a broken percent sign", "postgresql://u:hush%zz@host/db"],
    ["with several hosts", "postgresql://u:hush@a,b/db"],
    ["with an unknown parameter", "postgresql://u:hush@a/db?pgbouncer=true"],
    ["with an unknown sslmode", "postgresql://u:hush@a/db?sslmode=maybe"],
    ["with a port out of range", "postgresql://u:hush@a:70000/db"],
  ])("%s is refused without being shown", async (_name, url) => {
    const problem = await unreadable(open({ kind: "url", url: { env: url } }));
    expect(problem.code).toBe("CONFIG_INVALID");
    expect(JSON.stringify(problem)).not.toContain("hush");
  });
});

describe("a service", () => {
  async function service(more = ""): Promise<NodeJS.ProcessEnv> {
    const file = join(folder, "pg_service.conf");
    const text = `# ours\n[other]\nhost=db.invalid\n\n[shop]\nhost=127.0.0.1\nport=${cluster.port}\ndbname=${NAME}\nuser=postgres\nsslmode=disable\n${more}\n[last]\nhost=db.invalid\n`;
    await writeFile(file, text);
    return { PATH: process.env["PATH"], HOME: folder, PGSERVICEFILE: file };
  }

  test("is read from the service file, for node-pg and for pg_dump, and is its own endpoint", async () => {
    const env = await service(`password=${cluster.password}`);
    const postgres = open({ kind: "service", service: "shop" }, env);
    await bothConnect(postgres);
    expect((await reachable(postgres)).identity.endpoint).toBe("service:shop");
  });

  test("takes its password from the password file, with its wildcards and escapes", async () => {
    const passfile = join(folder, "pass:word");
    const line = `*:${cluster.port}:${NAME.replaceAll(":", "\\:")}:postgres:${cluster.password}`;
    await writeFile(passfile, `# ours\n127.0.0.1:1:*:postgres:wrong\n${line}\n*:*:*:*:wrong\n`, {
      mode: 0o600,
    });
    const env = { ...(await service()), PGPASSFILE: passfile };
    await bothConnect(open({ kind: "service", service: "shop" }, env));
  });

  test("that no file has is refused with the files that were looked at", async () => {
    const env = await service();
    const problem = await unreadable(open({ kind: "service", service: "shpo" }, env));
    expect(problem.code).toBe("CONFIG_INVALID");
    expect(problem.detail).toContain(env["PGSERVICEFILE"]);
  });

  test("with a broken line is refused with the line's number, not its text", async () => {
    const env = await service("hush");
    const problem = await unreadable(open({ kind: "service", service: "shop" }, env));
    expect(problem.detail).toContain(":11:1");
    expect(JSON.stringify(problem)).not.toContain("hush");
  });
});
