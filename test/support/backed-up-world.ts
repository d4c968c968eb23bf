import { rm } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { fillForStall } from "./held-lock.ts";
import { startKept } from "./kept-world.ts";
import type { Cluster } from "./postgres-cluster.ts";
import { backupsIn } from "./store-files.ts";
import { copyWorkplace, type Declaration, environmentYaml, type Workplace } from "./workplace.ts";

/** One server with the database `app`, and a workplace whose stores `primary` and `dr` hold one real, scheduled backup of it. */
export interface World {
  readonly cluster: Cluster;
  /** Stamp of the real backup. */
  readonly first: string;
  /**
   * A copy of the workplace for one test, declared anew; gone when the test has finished, and whatever dbops was started
   * in it killed. Both stores are used unless said otherwise.
   */
  fresh(declaration?: Declaration): Promise<Workplace>;
  stop(): Promise<void>;
}

/** Makes one for a whole file of tests. */
export async function startWorld(): Promise<World> {
  const { cluster, template, made, stop } = await startKept("backed-up", backUp);
  return {
    cluster,
    first: made,
    fresh: (declaration = {}) => freshCopy(template, cluster, declaration),
    stop,
  };
}

/** The stamp of the backup that it makes. */
async function backUp(cluster: Cluster, template: Workplace): Promise<string> {
  await cluster.createDatabase("app");
  await fillForStall(cluster, "app");
  await template.declare("production", environmentYaml(template, cluster, BOTH));
  for (const args of [
    ["init", "stores", "production"],
    ["plan", "production", "--out", "p.yaml"],
    ["apply", "p.yaml"],
  ]) {
    const ran = await template.dbops(args);
    if (ran.code !== 0) throw new Error(`dbops ${args.join(" ")} failed:\n${ran.stderr}`);
  }
  await rm(join(template.folder, "p.yaml"));
  const [first] = await backupsIn(template, "primary");
  if (first === undefined) throw new Error("no backup was made");
  return first;
}

const BOTH: Declaration = { stores: ["primary", "dr"] };

async function freshCopy(
  template: Workplace,
  cluster: Cluster,
  declaration: Declaration,
): Promise<Workplace> {
  const copy = await copyWorkplace(template);
  onTestFinished(() => copy.remove());
  await copy.declare(
    declaration.environment ?? "production",
    environmentYaml(copy, cluster, { ...BOTH, ...declaration }),
  );
  const start: Workplace["start"] = (args, env) => {
    const running = copy.start(args, env);
    onTestFinished(async () => {
      running.child.kill("SIGKILL"); // also a stopped one; one that has ended does not notice
      await running.ended;
    });
    return running;
  };
  return { ...copy, start };
}
