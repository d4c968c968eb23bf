import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startWorld, type World } from "../support/backed-up-world.ts";
import type { Ran } from "../support/dbops.ts";
import { ENVIRONMENT_FILE, edit } from "../support/plan-text.ts";
import { descendantsOf } from "../support/processes.ts";
import { stallMidUpload } from "../support/stalled-apply.ts";
import { filesOf, storeFolder } from "../support/store-files.ts";
import type { Workplace } from "../support/workplace.ts";

const PASSPHRASE = "correct-horse-battery-staple-4711";
const WRONG_PASSWORD = "never-the-right-password-0815";

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(async () => {
  await world?.stop();
});

describe("no secret comes out of dbops", () => {
  it("with a password and a passphrase from the environment, whatever succeeds or fails", async () => {
    const workplace = await world.fresh({
      stores: ["primary"],
      encryption: "{ age: { passphrase: { env: APP_PASSPHRASE } } }",
    });
    await passwordFrom(workplace, "{ env: APP_PASSWORD }");
    const env = { APP_PASSWORD: world.cluster.password, APP_PASSPHRASE: PASSPHRASE };
    const said = await sayings(workplace, env, [
      ["doctor"],
      ["observe", "production", "--out", "seen.json"],
      ["plan", "production", "backup", "--verbose", "--out", "p.yaml"],
      ["show", "p.yaml", "--json"],
      ["apply", "p.yaml", "--dry-run", "--verbose"],
      ["apply", "p.yaml", "--verbose"],
      ["plan", "production", "backup", "--json", "--out", "q.yaml"],
      ["apply", "q.yaml", "--json"],
      ["audit", "show", "production", "--json"],
    ]);
    expect(said.filter(({ code }) => code !== 0)).toEqual([]);
    const failed = await sayings(workplace, { ...env, APP_PASSWORD: WRONG_PASSWORD }, [
      ["plan", "production", "backup", "--verbose"],
      ["plan", "production", "backup", "--json"],
      ["run", "production", "--verbose"],
      ["doctor", "--json"],
    ]);
    expect(failed.map(({ code }) => code)).toEqual([1, 1, expect.any(Number), 1]);
    expect(await leaks(workplace, [...said, ...failed])).toEqual([]);
  });

  it("with a connection URL, good or broken", async () => {
    const workplace = await world.fresh({ stores: ["primary"] });
    await edit(workplace, ENVIRONMENT_FILE, (text) =>
      text.replace(/connection: \{.*\}$/m, "connection: { url: { env: DATABASE_URL } }"),
    );
    const { superuser, password, host, port } = world.cluster;
    const url = (secret: string, rest: string) => `postgres://${superuser}:${secret}@${host}${rest}`;
    const plan = ["plan", "production", "backup", "--verbose"];
    const said = await sayings(workplace, { DATABASE_URL: url(password, `:${port}/app?sslmode=disable`) }, [
      plan,
    ]);
    expect(said).toMatchObject([{ code: 0 }]);
    for (const rest of [
      ":no-port/app",
      `:${port}/nowhere?sslmode=disable`,
      `:1/app?sslmode=disable`,
      "/app?ssl=x",
    ])
      said.push(...(await sayings(workplace, { DATABASE_URL: url(password, rest) }, [plan])));
    said.push(
      ...(await sayings(workplace, { DATABASE_URL: url(WRONG_PASSWORD, `:${port}/app?sslmode=disable`) }, [
        plan,
      ])),
      ...(await sayings(workplace, { DATABASE_URL: password }, [plan, ["doctor", "--json"]])),
    );
    expect(said.slice(1).map(({ code }) => code)).toEqual([3, 1, 1, 3, 1, 3, 1]); // 3: it is no URL
    expect(await leaks(workplace, said)).toEqual([]);
  });

  it("in the arguments of a program, while dumps and verifications run", async () => {
    const workplace = await world.fresh({ stores: ["primary"] });
    const env = { APP_PASSWORD: world.cluster.password };
    await passwordFrom(workplace, "{ env: APP_PASSWORD }");
    await workplace.dbops(["plan", "production", "backup", "--deep", "--out", "p.yaml"], env);
    const stalled = await stallMidUpload(world, workplace, { plan: "p.yaml", env });
    const seen = new Set<string>();
    const look = () => {
      for (const { argv } of descendantsOf(stalled.running.child.pid ?? 0)) seen.add(argv.join(" "));
    };
    look();
    await stalled.lock.release();
    const ended = stalled.running.ended.then(() => true);
    while (!(await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 2, false))]))) look();
    expect(await stalled.running.ended).toMatchObject({ code: 0 });
    expect([...seen].join("\n")).toMatch(/pg_dump/);
    expect([...seen].filter((line) => secrets().some((one) => line.includes(one)))).toEqual([]);
    expect(await leaks(workplace, [await stalled.running.ended])).toEqual([]);
  });
});

async function passwordFrom(workplace: Workplace, source: string): Promise<void> {
  await edit(workplace, ENVIRONMENT_FILE, (text) =>
    text.replace(/password: \{[^}]*\}/, `password: ${source}`),
  );
}

async function sayings(
  workplace: Workplace,
  env: Readonly<Record<string, string>>,
  commands: readonly (readonly string[])[],
): Promise<Ran[]> {
  const all: Ran[] = [];
  for (const args of commands) all.push(await workplace.dbops(args, env));
  return all;
}

/** What every age identity begins with stands for the one of the workplace. */
function secrets(): readonly string[] {
  return [world.cluster.password, PASSPHRASE, WRONG_PASSWORD, "AGE-SECRET-KEY-1"];
}

/** Where any of the secrets stands in what was said, in a plan, an observation or a store. */
async function leaks(workplace: Workplace, said: readonly Ran[]): Promise<readonly string[]> {
  const files = (await filesOf(workplace, "primary")).map((file) =>
    join(storeFolder(workplace, "primary"), file),
  );
  for (const name of ["seen.json", "p.yaml", "q.yaml"]) files.push(join(workplace.folder, name));
  const texts = await Promise.all(
    files.map(async (file) => [file, await readFile(file, "latin1").catch(() => "")] as const),
  );
  const places = [
    ...texts,
    ...said.flatMap(
      (one) =>
        [
          ["stdout", one.stdout],
          ["stderr", one.stderr],
        ] as const,
    ),
  ];
  return places.flatMap(([place, text]) =>
    secrets().flatMap((secret) => (text.includes(secret) ? [`${place}: ${secret}`] : [])),
  );
}
