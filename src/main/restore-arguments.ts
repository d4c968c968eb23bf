import { type Command, InvalidArgumentError, Option } from "commander";
import type { RestoreRequest } from "../model/plan.ts";
import { fail } from "../problems/dbops-error.ts";
import { wholeNumber } from "./command-line.ts";

/** Of `plan E restore`, as commander gives them. */
export interface RestoreOptions {
  readonly database?: string;
  readonly at?: string;
  readonly file?: string;
  readonly from?: string;
  readonly store?: string;
  readonly into?: string;
  readonly inPlace: boolean;
  readonly safety?: "before";
  readonly schema?: "keep";
  readonly acceptSlotLoss: boolean;
  readonly tolerate?: readonly string[];
  /** false: `--no-tablespaces` is given. */
  readonly tablespaces: boolean;
  readonly jobs?: number;
}

export function addRestoreOptions(planning: Command): void {
  planning
    .option("--database <database>", "restore: which one, where the file has several")
    .option("--at <moment>", "restore: latest, the time of a backup, or the newest at or before a moment")
    .option("--file <name>", "restore: the backup of this name")
    .option("--from <environment>", "restore: a backup of another environment")
    .option("--into <name>", "restore: under this name, beside what is there")
    .option("--in-place", "restore: into the live database, beside its schemas, which are renamed", false)
    .addOption(
      new Option("--safety <when>", "restore: back up what is there first").choices(["before"] as const),
    )
    .addOption(
      new Option("--schema <what>", "restore: although its revision is another one").choices([
        "keep",
      ] as const),
    )
    .option("--accept-slot-loss", "restore: the replaced database's logical slots go with it", false)
    .option("--tolerate <entry...>", "restore: entries of the archive that may fail")
    .option("--no-tablespaces", "restore: everything into the database's own tablespace")
    .addOption(
      new Option("--jobs <n>", "restore: sessions for indexes and constraints").argParser(jobsNumber),
    );
}

/** The request; USAGE where it does not say which backup, or says it twice. */
export function restoreRequestOf(
  environment: string,
  subject: string | null,
  options: RestoreOptions,
): RestoreRequest {
  const { database = null, at, file, from = null, store = null, into = null } = options;
  const plan = `dbops plan ${environment} restore`;
  if (subject !== null) usage(`restore takes no ${subject}`, `${plan} --database ${subject} --at latest`);
  if (options.inPlace && into !== null)
    usage(`--in-place and --into ${into}: one of them`, `${plan} --in-place --at latest`);
  if (at !== undefined && file !== undefined) usage(`--at ${at} and --file ${file}: one of them`, plan);
  if (at === undefined && file === undefined)
    usage("a restore says which backup: the newest only when asked for", `${plan} --at latest`);
  if (into === "") usage("--into needs a name", `${plan} --into NAME --at latest`);
  return {
    operation: "restore",
    database,
    point: file === undefined ? { at: at ?? "" } : { file },
    from: from === environment ? null : from,
    store,
    into,
    inPlace: options.inPlace,
    safetyBefore: options.safety === "before",
    keepSchema: options.schema === "keep",
    acceptSlotLoss: options.acceptSlotLoss,
    tolerate: [...new Set(options.tolerate ?? [])].sort(),
    noTablespaces: !options.tablespaces,
    jobs: options.jobs ?? null,
  };
}

/** As the file's `restore.jobs`: each is a session of the server and a process here. */
const MOST_JOBS = 32;

function jobsNumber(text: string): number {
  const jobs = wholeNumber(text);
  if (jobs > MOST_JOBS) throw new InvalidArgumentError(`It must be a whole number from 1 to ${MOST_JOBS}.`);
  return jobs;
}

function usage(detail: string, fix: string): never {
  fail("USAGE", detail, { fix });
}
