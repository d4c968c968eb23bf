import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { fillForStall, stallDumps } from "../support/held-lock.ts";
import { type Cluster, startCluster } from "../support/postgres-cluster.ts";
import { descendantsOf } from "../support/processes.ts";
import { type S3Server, startMinio } from "../support/s3-servers.ts";
import { sessionUnder } from "../support/session-policy.ts";
import { until } from "../support/store-files.ts";
import { makeWorkplace, type Workplace } from "../support/workplace.ts";

const PREFIX = "backups/production";

let cluster: Cluster;
let server: S3Server;
let workplace: Workplace;
let bucket: string;
let session: Readonly<Record<string, string>>;

beforeAll(async () => {
  [cluster, server, workplace] = await Promise.all([
    startCluster({ inMemory: true }),
    startMinio(),
    makeWorkplace(),
  ]);
  await cluster.createDatabase("app");
  await fillForStall(cluster, "app");
  bucket = await server.newBucket();
  session = await sessionUnder(server, await policyOfReadme());
  await workplace.declare("production", environmentFile());
});

afterAll(async () => {
  await workplace?.remove();
  await server?.stop();
  await cluster?.stop();
});

it("marks, backs up and resumes with no more rights than the README says", async () => {
  const dbops = (...args: string[]) => workplace.dbops(args, session);
  expect(await dbops("init", "stores", "production")).toMatchObject({ code: 0 });
  expect(await dbops("plan", "production", "--out", "p.yaml")).toMatchObject({ code: 0 });
  const lock = await stallDumps(cluster, "app");
  const killed = workplace.start(["apply", "p.yaml"], session);
  await until(async () => descendantsOf(killed.child.pid ?? 0).length > 0 || undefined);
  killed.child.kill("SIGKILL");
  await killed.ended;
  await lock.release();
  expect(await dbops("apply", "p.yaml")).toMatchObject({ code: 0 });
  expect(await dbops("check", "production")).toMatchObject({ code: 0 });
  const { Contents = [] } = await server.admin.listObjectsV2({ Bucket: bucket, Prefix: `${PREFIX}/app/` });
  expect(Contents.filter((one) => one.Key?.endsWith("/manifest.json"))).toHaveLength(1);
});

/** The README's own text, with this bucket and prefix put in. */
async function policyOfReadme(): Promise<string> {
  const readme = await readFile(join(import.meta.dirname, "../../README.md"), "utf8");
  const text = /```json\n(\{ "Version"[\s\S]*?)```/.exec(readme)?.[1];
  if (text === undefined) throw new Error("the README has no policy");
  return JSON.stringify(JSON.parse(text.replaceAll("BUCKET", bucket).replaceAll("PREFIX", PREFIX)));
}

function environmentFile(): string {
  const connection = `host: ${cluster.host}, port: ${cluster.port}, database: app, user: ${cluster.superuser}, password: { file: ${cluster.passwordFile} }, sslmode: disable`;
  return `version: 1
environment: production
stores:
  primary: { s3: { bucket: ${bucket}, prefix: ${PREFIX}, endpoint: "${server.endpoint}", region: us-east-1 } }
databases:
  app:
    connection: { ${connection} }
    backup:
      schedules: { daily: { cron: "0 1 * * *" } }
      stores: [primary]
      encryption: { age: { recipients: [${workplace.recipient}] } }
      retention: { within: 30d }
`;
}
