import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { programFile } from "../support/dbops.ts";
import { type Cluster, startCluster } from "../support/postgres-cluster.ts";
import { environmentYaml, makeWorkplace, type Workplace } from "../support/workplace.ts";

let cluster: Cluster;
let workplace: Workplace;

beforeAll(async () => {
  cluster = await startCluster({ inMemory: true });
  await cluster.createDatabase("app");
  workplace = await makeWorkplace();
  await workplace.declare("production", environmentYaml(workplace, cluster));
  await workplace.dbops(["init", "stores", "production"]);
});

afterAll(async () => {
  await workplace?.remove();
  await cluster?.stop();
});

it("ends an apply whose reader has gone, and tells how it ended by its exit code", async () => {
  await workplace.dbops(["plan", "production", "backup", "--out", "p.yaml"]);
  const child = spawn(process.execPath, [programFile(), "apply", "p.yaml"], {
    cwd: workplace.folder,
    env: { ...process.env, CI: "true" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.destroy();
  child.stderr.destroy();
  expect(await once(child, "close")).toEqual([0, null]);
  expect(await workplace.dbops(["apply", "p.yaml"])).toMatchObject({ code: 4 });
});

it("does not call a failed command done because nobody reads its result", async () => {
  const child = spawn(process.execPath, [programFile(), "plan", "staging", "--help-me"], {
    cwd: workplace.folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.destroy();
  child.stderr.destroy();
  expect(await once(child, "close")).toEqual([3, null]);
});

it("brings all of a long output through a pipe that is read slowly", async () => {
  const keys = Array.from({ length: 4000 }, (_, number) => `unknown${number}: 1`);
  await workplace.declare("wrong", `${keys.join("\n")}\n`);
  const child = spawn(process.execPath, [programFile(), "validate", "wrong"], {
    cwd: workplace.folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const closed = once(child, "close");
  let text = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  child.stderr.pause();
  await isStill(child.pid); // it has written what it can, and has far more than a pipe holds
  child.stderr.resume();
  expect(await closed).toEqual([3, null]);
  expect(text).toContain("unknown3999");
});

/** Resolves when a process has used no processor for a while. */
async function isStill(pid = 0): Promise<void> {
  for (let before = "", now = "-"; now !== before; ) {
    before = now;
    await pause(400);
    const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).split(" ");
    now = `${fields[13]} ${fields[14]}`; // utime and stime of proc(5)
  }
}
