import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fillForStall, stallDumps } from "../support/held-lock.ts";
import { type Cluster, startCluster } from "../support/postgres-cluster.ts";
import { descendantsOf } from "../support/processes.ts";
import { type S3Server, startMinio } from "../support/s3-servers.ts";
import { until } from "../support/store-files.ts";
import { makeWorkplace, type Workplace } from "../support/workplace.ts";

let cluster: Cluster;
let server: S3Server;
let workplace: Workplace;
let bucket: string;

beforeAll(async () => {
  [cluster, server] = await Promise.all([startCluster({ inMemory: true }), startMinio()]);
  await cluster.createDatabase("app");
  await fillForStall(cluster, "app");
});

afterAll(async () => {
  await server?.stop();
  await cluster?.stop();
});

beforeEach(async () => {
  workplace = await makeWorkplace();
  bucket = await server.newBucket();
  await writeFile(join(workplace.folder, "access"), server.accessKeyId);
  await writeFile(join(workplace.folder, "secret"), server.secretAccessKey);
  await declare(bucket);
  return () => workplace.remove();
});

describe("a bucket with a copy in a folder", () => {
  beforeEach(async () => {
    expect(await workplace.dbops(["init", "stores", "production"])).toMatchObject({ code: 0 });
    await workplace.dbops(["plan", "production", "--deep", "--out", "p.yaml"]);
  });

  it("goes through the main job, and then has nothing to do", async () => {
    expect(await workplace.dbops(["apply", "p.yaml", "--dry-run"])).toMatchObject({ code: 0 });
    expect(await keysOf("app/")).toEqual([]);
    expect(await workplace.dbops(["apply", "p.yaml"])).toMatchObject({ code: 0 });
    const again = await workplace.dbops(["plan", "production", "--detailed-exitcode"]);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining("No changes.") });
    expect(await workplace.dbops(["check", "production"])).toMatchObject({ code: 0 });
    expect(await workplace.dbops(["audit", "verify", "production"])).toMatchObject({ code: 0 });
  });

  it("is resumed after a kill in mid upload, and keeps nothing of the first attempt", async () => {
    const lock = await stallDumps(cluster, "app");
    const running = workplace.start(["apply", "p.yaml"]);
    await until(async () => (await keysOf("_dbops/journal/app.backup/")).length >= 3 || undefined);
    await until(async () => descendantsOf(running.child.pid ?? 0).length > 0 || undefined);
    running.child.kill("SIGKILL");
    await running.ended;
    await lock.release();
    expect(await workplace.dbops(["apply", "p.yaml"])).toMatchObject({ code: 0 });
    const manifests = (await keysOf("app/")).filter((key) => key.endsWith("/manifest.json"));
    expect(manifests).toHaveLength(1);
    const folder = manifests[0]?.slice(0, -"manifest.json".length) ?? "";
    expect((await keysOf("app/")).filter((key) => !key.startsWith(folder))).toEqual([]);
    expect(await uploads()).toEqual([]);
  });

  it("leaves no object and no upload behind an interrupt", async () => {
    const lock = await stallDumps(cluster, "app");
    const running = workplace.start(["apply", "p.yaml"]);
    await until(async () => descendantsOf(running.child.pid ?? 0).length > 0 || undefined);
    running.child.kill("SIGINT");
    const ended = await running.ended;
    await lock.release();
    expect(ended).toMatchObject({ code: 130 });
    expect(ended.stderr).not.toMatch(/^error: (?!the run was interrupted)/m);
    expect(await keysOf("app/")).toEqual([]);
    expect(await uploads()).toEqual([]);
  });
});

describe("what is wrong with a bucket", () => {
  it("is that it does not exist", async () => {
    await declare("no-such-bucket-of-dbops");
    await expectRefusal("STORE_UNREADABLE", /no-such-bucket-of-dbops/);
  });

  it("is that the key is wrong", async () => {
    await writeFile(join(workplace.folder, "secret"), "not-the-secret");
    await expectRefusal("STORE_UNREADABLE", /store primary/);
  });

  it("is that nothing listens there", async () => {
    await declare(bucket, "http://127.0.0.1:9");
    await expectRefusal("STORE_UNREADABLE", /127\.0\.0\.1:9/);
  });
});

/** `plan` says so with a fix and exit 1, plans no backup into it and writes nothing. */
async function expectRefusal(code: string, detail: RegExp): Promise<void> {
  const ran = await workplace.dbops(["--json", "plan", "production"]);
  expect(ran.code).toBe(1);
  expect(ran.stdout + ran.stderr).not.toContain("not-the-secret");
  const { planned } = JSON.parse(ran.stdout);
  expect(planned.plan.steps).toEqual([]);
  const found = planned.problems.find((one: { code: string; detail: string }) => detail.test(one.detail));
  expect(found).toMatchObject({ code, fix: expect.stringMatching(/./) });
}

async function keysOf(prefix: string): Promise<readonly string[]> {
  const listed = await server.admin.listObjectsV2({ Bucket: bucket, Prefix: `backups/production/${prefix}` });
  return (listed.Contents ?? []).map((one) => one.Key?.slice("backups/production/".length) ?? "");
}

async function uploads(): Promise<readonly string[]> {
  const listed = await server.admin.listMultipartUploads({ Bucket: bucket });
  return (listed.Uploads ?? []).map((one) => one.Key ?? "");
}

function declare(name: string, endpoint = server.endpoint): Promise<void> {
  const credentials = "{ accessKeyId: { file: ./access }, secretAccessKey: { file: ./secret } }";
  const s3 = `bucket: ${name}, prefix: backups/production, endpoint: "${endpoint}", region: us-east-1, credentials: ${credentials}`;
  const connection = `host: ${cluster.host}, port: ${cluster.port}, database: app, user: ${cluster.superuser}, password: { file: ${cluster.passwordFile} }, sslmode: disable`;
  return workplace.declare(
    "production",
    `version: 1
environment: production
records: primary
stores:
  primary: { s3: { ${s3} } }
  dr: { file: { path: ./stores/dr } }
identities: [{ file: ./age.key }]
databases:
  app:
    connection: { ${connection} }
    backup:
      schedules: { yearly: { cron: "0 0 1 1 *" } }
      stores: [primary, dr]
      encryption: { age: { recipients: [${workplace.recipient}] } }
      retention: { within: 30d }
`,
  );
}
