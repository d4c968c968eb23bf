import { homedir } from "node:os";
import { join } from "node:path";
import { bundleSources } from "./bundle.ts";
import { offerTemplate } from "./cluster-data.ts";
import { offerBundle } from "./dbops.ts";
import { offerKeeping } from "./kept-world.ts";
import { serverBinFolder } from "./postgres-cluster.ts";

const ROOT = join(import.meta.dirname, "../..");
const CACHE = process.env["DBOPS_TEST_CACHE"] ?? join(homedir(), ".cache", "dbops-test");

/** Makes once for a whole run what its files of tests would each make again; vitest calls it before the first, and what it gives after the last. */
export async function setup(): Promise<() => Promise<void>> {
  const [forget] = await Promise.all([offerKeeping(), offerTemplate(CACHE, serverBinFolder()), bundled()]);
  return forget;
}

/** Sources that cannot be bundled fail the tests that start them, and no others. */
async function bundled(): Promise<void> {
  try {
    offerBundle(await bundleSources(ROOT));
  } catch (error) {
    process.stderr.write(`the sources are not bundled: ${error instanceof Error ? error.message : error}\n`);
  }
}
