import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openRestoreTarget } from "../../../../src/adapters/postgres/restore-target/open-restore-target.ts";
import type { Connection } from "../../../../src/model/environment.ts";
import { tempFolder } from "../../../support/temp-folder.ts";
import { declared, secrets, signal } from "../declared.ts";

function nameOf(connection: Connection, env: NodeJS.ProcessEnv = {}): Promise<string> {
  return openRestoreTarget(declared(connection), { secrets, env }).liveName(signal());
}

test("the name that a file says is the name, and no secret is asked for", async () => {
  const password = { file: "/nonexistent/backup-password" };
  const more = { host: "h", port: 5432, user: "u", sslmode: "disable", sslrootcert: null } as const;
  expect(await nameOf({ kind: "parts", ...more, database: "a name", password })).toBe("a name");
});

test("the name may stand in a URL, or in a service", async () => {
  expect(await nameOf({ kind: "url", url: { env: "postgresql://u:p@h:5432/in%20url" } })).toBe("in url");
  const services = join(await tempFolder(), "services");
  await writeFile(services, "[live]\nhost=h\nuser=u\ndbname=in service\n");
  const env = { PGSERVICEFILE: services };
  expect(await nameOf({ kind: "service", service: "live" }, env)).toBe("in service");
});

test("a URL that cannot be had is told", async () => {
  const unset = { kind: "url", url: { file: "/nonexistent/url" } } as const;
  await expect(nameOf(unset)).rejects.toThrow();
});
