import { debianNeeds, installPackages, packagesFor } from "./debian-packages.ts";
import { buildServers, serversFor } from "./go-servers.ts";

/** What the machine is made ready for. */
export type Purpose = "quickstart" | "test";

/**
 * Installs what the quickstart or the tests need and this machine lacks; says each thing that it does, nothing when
 * nothing is missing. False: something is missing still, and it was said how to bring it.
 */
export async function setUp(purpose: Purpose, say: (line: string) => void = print): Promise<boolean> {
  const servers = purpose === "test" ? serversFor(process.env) : [];
  const packages = packagesFor(debianNeeds(purpose, servers.length > 0));
  if (packages.length > 0 && !(await installPackages(packages, say))) return false;
  return await buildServers(servers, say);
}

function print(line: string): void {
  process.stderr.write(`setup: ${line}\n`);
}
