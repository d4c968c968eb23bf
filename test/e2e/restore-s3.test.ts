import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  declaration,
  type Place,
  quoted,
  type RestorableWorld,
  restoredIn,
  startRestorableWorld,
} from "../support/restorable-world.ts";
import { type S3Server, startMinio } from "../support/s3-servers.ts";
import { mustSucceed } from "../support/taken-backup.ts";

let world: RestorableWorld;
let server: S3Server;

beforeAll(async () => {
  [world, server] = await Promise.all([startRestorableWorld(), startMinio()]);
});

afterAll(async () => {
  await server?.stop();
  await world?.stop();
});

/** A place whose only store is a bucket, marked. */
async function placeInBucket(): Promise<Place> {
  const place = await world.fresh(declaration(world.cluster));
  const file = join(place.folder, "environments", "production.yaml");
  const declared = JSON.parse(await readFile(file, "utf8")); // as declareApp wrote it
  await writeFile(join(place.folder, "access"), server.accessKeyId);
  await writeFile(join(place.folder, "secret"), server.secretAccessKey);
  declared.stores.primary = {
    s3: {
      bucket: await server.newBucket(),
      prefix: "backups/production",
      region: "us-east-1",
      endpoint: server.endpoint,
      credentials: { accessKeyId: { file: "./access" }, secretAccessKey: { file: "./secret" } },
    },
  };
  await writeFile(file, JSON.stringify(declared));
  mustSucceed(await place.dbops(["init", "stores", "production"]));
  return place;
}

it("a backup in a bucket comes back equal, also to a server that has lost the database", async () => {
  const place = await placeInBucket();
  mustSucceed(await place.dbops(["plan", "production", "backup", "--out", "b.yaml"]));
  mustSucceed(await place.dbops(["apply", "b.yaml"]));
  await world.cluster.psql("postgres", `DROP DATABASE ${quoted(place.live)}`);
  mustSucceed(await place.dbops(["plan", "production", "restore", "--at", "latest", "--out", "r.yaml"]));
  mustSucceed(await place.dbops(["apply", "r.yaml", "--dry-run"]));
  mustSucceed(await place.dbops(["apply", "r.yaml", "--yes"]));
  expect(await restoredIn(world.cluster, place.live)).toEqual(world.original);
  expect(await place.dbops(["audit", "verify", "production"])).toMatchObject({ code: 0 });
});
