import { randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { testConditions } from "../apply/store-conditions.ts";
import { renderTemplate } from "../config/init-template.ts";
import { loadEnvironment } from "../config/load-environments.ts";
import type { Environment } from "../model/environment.ts";
import { STORE_MARK } from "../model/layout.ts";
import type { MarkedStore } from "../model/report.ts";
import type { StoreMark } from "../model/store-mark.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { readMark } from "../ports/read-mark.ts";
import { DbopsError, fail, problemsOf } from "../problems/dbops-error.ts";
import { EXIT, exitCodeOf } from "../problems/exit-code.ts";
import type { Problem } from "../problems/problem.ts";
import { writeOnce } from "../steps/write-once.ts";
import type { Context } from "./context.ts";

/** `dbops init [environment]`: writes a commented environment file; never over an existing one. */
export async function initCommand(context: Context, args: { readonly environment: string }): Promise<number> {
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(args.environment))
    fail(
      "USAGE",
      `${args.environment} is no name of an environment: up to 40 small letters, digits and hyphens`,
    );
  const file = join(context.configFolder, `${args.environment}.yaml`);
  const path = resolve(context.workingFolder, file);
  await mkdir(resolve(context.workingFolder, context.configFolder), { recursive: true });
  await writeFile(path, renderTemplate(args.environment), { flag: "wx" }).catch((error: Error) =>
    fail("USAGE", `${file} was not written: ${error.message}`, { fix: `dbops validate ${args.environment}` }),
  );
  const next = [
    `dbops validate ${args.environment}`,
    `dbops init stores ${args.environment}`,
    `dbops plan ${args.environment}`,
  ];
  context.view.report({ kind: "initialised", file, next });
  return EXIT.done;
}

/** `dbops init stores E`: marks the declared stores, which must exist, as this environment's. */
export async function initStoresCommand(
  context: Context,
  args: { readonly environment: string },
): Promise<number> {
  const environment = await loadEnvironment(args.environment, context.configFolder);
  const { ports } = context.connect(environment, "read-write");
  const marked: MarkedStore[] = [];
  const problems: Problem[] = [];
  for (const { name } of environment.stores) {
    try {
      marked.push(await markStore(context, environment, { name, store: ports.store(name) }));
    } catch (error) {
      problems.push(...problemsOf(error).map((one) => aboutStore(name, one)));
    }
  }
  context.view.report({ kind: "marked", environment: environment.name, stores: marked });
  context.view.problems(problems);
  return exitCodeOf(problems);
}

function aboutStore(name: string, found: Problem): Problem {
  const subject = `store ${name}`;
  return found.detail.includes(subject) ? found : { ...found, detail: `${subject}: ${found.detail}` };
}

async function markStore(
  context: Context,
  environment: Environment,
  { name, store }: { name: string; store: ObjectStore },
): Promise<MarkedStore> {
  const question = { environment: environment.name, store: name };
  if ((await store.head(STORE_MARK, context.signal)) !== null) {
    const { mark } = await readMark(store, question, context.signal);
    return { store: name, storeId: mark.storeId, state: "already marked" };
  }
  if (name === environment.records && environment.locks === "conditional") {
    const found = await testConditions(store, context.signal);
    if (found !== null) throw new DbopsError([found]);
  }
  const mark: StoreMark = {
    storeId: randomUUID(),
    environment: environment.name,
    createdAt: context.clock.now(),
  };
  await writeOnce(store, STORE_MARK, `${JSON.stringify(mark, null, 2)}\n`, context.signal);
  return { store: name, storeId: mark.storeId, state: "marked" };
}
