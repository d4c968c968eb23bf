import { loadEnvironment } from "../config/load-environments.ts";
import type { Database, Environment } from "../model/environment.ts";
import type { Observation } from "../model/observation.ts";
import type { RestoreRequest } from "../model/plan.ts";
import type { Planned } from "../model/planned.ts";
import type { BackupSource } from "../observe/backup-source.ts";
import { observe } from "../observe/observe.ts";
import { observeRestore } from "../observe/observe-restore.ts";
import { renderPlan } from "../plan/plan-file.ts";
import { type Chosen, chooseBackup } from "../plan/restore/choose-backup.ts";
import { isAtOrBefore } from "../plan/restore/moment.ts";
import { planRestore } from "../plan/restore/plan-restore.ts";
import { fail } from "../problems/dbops-error.ts";
import { EXIT, exitCodeOf } from "../problems/exit-code.ts";
import type { BackupPorts, Ports } from "../steps/handler.ts";
import { observeAcceptedBefore } from "./accepted-before.ts";
import type { Context } from "./context.ts";
import { defaultPlanFile, writeNewFile, writeOutput } from "./output-file.ts";

export interface PlanRestoreArguments {
  readonly environment: string;
  readonly request: RestoreRequest;
  readonly out: string | null;
  readonly detailedExitcode: boolean;
  readonly expiresMs: number | null;
}

/**
 * `dbops plan E restore`: chooses a backup, looks into it and at the server, decides, shows; writes nothing but the plan
 * file, and that only where there is something to apply.
 */
export async function planRestoreCommand(context: Context, args: PlanRestoreArguments): Promise<number> {
  const environment = await loadEnvironment(args.environment, context.configFolder);
  const connection = context.connect(environment, "read-only");
  const { ports } = connection;
  const source = args.request.from === null ? ports : await ports.elsewhere(args.request.from);
  const now = context.clock.now();
  const listed = await observe(
    source.environment,
    { databases: "none" },
    { ...ports, ...source },
    context.signal,
  );
  const chosen = chooseBackup(source.environment, args.request, { observation: listed, now });
  const database = databaseIn(environment, chosen);
  const target = ports.restoreTarget(database.name);
  const observation = await observeOwn(context, args.request, { ports, database, source, listed });
  const looked = await observeRestore(
    {
      sources: sourcesOf(chosen, { ports, source }),
      fits: (takenAt) => chosen.moment === null || isAtOrBefore(takenAt, chosen.moment),
      environment,
      database,
      target,
      live: args.request.into ?? (await target.liveName(context.signal)),
      inPlace: args.request.inPlace,
      clock: context.clock,
    },
    context.signal,
  );
  const accepted = await observeAcceptedBefore(connection, looked, { environment, signal: context.signal });
  const restore = { ...looked, accepted };
  const from = args.request.from === null ? null : source.environment;
  const world = { observation, restore, chosen, from, now, expiresMs: args.expiresMs };
  return report(context, args, { environment, planned: planRestore(environment, args.request, world) });
}

function databaseIn(environment: Environment, { database, environment: from }: Chosen): Database {
  const found = environment.databases.find((one) => one.name === database);
  const names = environment.databases.map((one) => one.name).join(", ");
  return (
    found ??
    fail("USAGE", `${environment.file} has no database "${database}", as ${from} has; it has ${names}`)
  );
}

interface Own {
  readonly ports: Ports;
  readonly database: Database;
  /** Whose backup it is, and what its stores list. */
  readonly source: BackupPorts;
  readonly listed: Observation;
}

/** The environment that is restored to; its database is asked only where it is backed up first. */
async function observeOwn(
  context: Context,
  request: RestoreRequest,
  { ports, database, source, listed }: Own,
): Promise<Observation> {
  const { safetyBefore } = request;
  if (!safetyBefore && source.environment.name === ports.environment.name) return listed;
  const databases = safetyBefore ? [database.name] : "none";
  return observe(ports.environment, { databases }, ports, context.signal);
}

function sourcesOf(
  { candidates }: Chosen,
  { ports, source }: { readonly ports: Ports; readonly source: BackupPorts },
): readonly [BackupSource, ...BackupSource[]] {
  const { cipher, classicCipher, archiveReader } = ports;
  const { environment, passphrase, classicPassphrase, openingKeys } = source;
  const sourceOf = ({ store, backup }: Chosen["candidates"][number]): BackupSource => ({
    environment,
    store: source.store(store),
    storeName: store,
    backup: backup.name,
    layout: backup.layout,
    cipher,
    classicCipher,
    archiveReader,
    passphrase,
    classicPassphrase,
    openingKeys,
  });
  const [first, ...others] = candidates;
  return [sourceOf(first), ...others.map(sourceOf)];
}

async function report(
  context: Context,
  args: PlanRestoreArguments,
  { environment, planned }: { readonly environment: Environment; readonly planned: Planned },
): Promise<number> {
  const { plan, problems } = planned;
  const file = plan.steps.length === 0 ? null : await writePlan(context, args, planned);
  context.view.report({ kind: "planned", planned, file, environmentFile: environment.file });
  const failed = exitCodeOf(problems);
  if (failed !== EXIT.done) return failed;
  return args.detailedExitcode && plan.steps.length > 0 ? EXIT.changes : EXIT.done;
}

function writePlan(context: Context, { out }: PlanRestoreArguments, { plan }: Planned): Promise<string> {
  const text = renderPlan(plan);
  if (out !== null) return writeOutput(context, out, text);
  return writeNewFile(context, (number) => defaultPlanFile("restore", plan.createdAt, number), text);
}
