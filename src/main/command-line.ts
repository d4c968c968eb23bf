import { Command, InvalidArgumentError, Option } from "commander";
import type { Context } from "../commands/context.ts";
import { DBOPS_VERSION } from "../model/version.ts";
import { addPlan } from "./plan-arguments.ts";

/** Options that every command takes. */
export interface GlobalOptions {
  readonly config: string;
  readonly json: boolean;
  readonly color: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** Runs a command once its context is built; the context needs the options of the command line. */
export type Run = (
  options: GlobalOptions & { readonly markdown?: boolean },
  work: (context: Context) => Promise<number>,
) => Promise<void>;

/** The whole grammar of contract 1. Commands are loaded when they run: `dbops --help` needs none of them. */
export function buildProgram(run: Run): Command {
  const program = new Command("dbops")
    .description("Keeps PostgreSQL databases recoverable, from one reviewed YAML file per environment.")
    .version(DBOPS_VERSION)
    .option("--config <folder>", "folder of the environment files", "environments")
    .option("--json", "results and progress for programs", false)
    .option("--no-color", "no colour, also on a terminal")
    .option("--quiet", "only problems", false)
    .option("--verbose", "every reason", false)
    .addHelpText("after", HELP_AFTER)
    .showSuggestionAfterError()
    .configureOutput({ outputError: () => undefined }) // main tells it as a problem
    .exitOverride();
  addSetup(program, run);
  addPlan(program, run);
  addApply(program, run);
  addLooks(program, run);
  addAudit(program, run);
  addLock(program, run);
  return program;
}

const HELP_AFTER = `
An environment is environments/<environment>.yaml. Start with: dbops init

Exit codes: 0 done · 1 failed, or something could not be looked at · 2 changes (--detailed-exitcode)
  3 configuration or arguments invalid · 4 plan stale, edited, expired or applied · 5 locked
  6 confirmation needed · 70 a bug in dbops · 130 interrupted, resumable`;

function addSetup(program: Command, run: Run): void {
  const init = command(program, "init", "write a commented environment file to start from")
    .argument("[environment]", "its name", "development")
    .action((environment: string, _options, self: Command) =>
      run(optionsOf(self), async (context) =>
        (await import("../commands/init.ts")).initCommand(context, { environment }),
      ),
    );
  command(init, "stores", "mark the declared, existing stores as this environment's")
    .argument("<environment>")
    .action((environment: string, _options, self: Command) =>
      run(optionsOf(self), async (context) =>
        (await import("../commands/init.ts")).initStoresCommand(context, { environment }),
      ),
    );
  command(program, "validate", "every problem of all files at once, as file:line:column")
    .argument("[environments...]")
    .action((environments: string[], _options, self: Command) =>
      run(optionsOf(self), async (context) =>
        (await import("../commands/validate.ts")).validateCommand(context, { environments }),
      ),
    );
  command(program, "observe", "write what the world looks like, as a file without secrets")
    .argument("<environment>")
    .requiredOption("--out <file>", "where to write it")
    .action((environment: string, options: { out: string }, self: Command) =>
      run(optionsOf(self), async (context) =>
        (await import("../commands/observe.ts")).observeCommand(context, { environment, ...options }),
      ),
    );
}

function addApply(program: Command, run: Run): void {
  command(program, "show", "a plan for people; --json for programs, --markdown for a pull request")
    .argument("<plan>", "a plan file, or the digest of a plan that was begun")
    .option("--markdown", "for a pull request", false)
    .action((plan: string, _options, self: Command) =>
      run(optionsOf(self), async (context) =>
        (await import("../commands/show.ts")).showCommand(context, { plan }),
      ),
    );
  command(program, "apply", "carry out a plan; a begun one is resumed")
    .argument("<plan>", "a plan file, or the digest of a plan that was begun")
    .option("--dry-run", "say where every step stands, and write nothing", false)
    .option("--yes", "do not ask before destroying something", false)
    .option("--confirm <environment>", "the name of the protected environment, instead of typing it")
    .addOption(parallelism())
    .action((plan: string, options: ApplyOptions, self: Command) =>
      run(optionsOf(self), async (context) =>
        (await import("../commands/apply.ts")).applyCommand(context, {
          ...options,
          plan,
          confirm: options.confirm ?? null,
        }),
      ),
    );
  command(program, "run", "look, plan, and apply what `automatic` allows, for cron")
    .argument("<environment>")
    .addOption(parallelism())
    .action((environment: string, options: { parallelism: number }, self: Command) =>
      run(optionsOf(self), async (context) =>
        (await import("../commands/run.ts")).runCommand(context, { environment, ...options }),
      ),
    );
}

interface ApplyOptions {
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly confirm?: string;
  readonly parallelism: number;
}

function addLooks(program: Command, run: Run): void {
  const one = (
    name: string,
    description: string,
    work: (context: Context, environment: string | null) => Promise<number>,
  ) =>
    command(program, name, description)
      .argument("[environment]", "all of the folder when none is named")
      .action((environment: string | undefined, _options, self: Command) =>
        run(optionsOf(self), (context) => work(context, environment ?? null)),
      );
  one("status", "one screen: what is there, what is due, what is wrong", async (context, environment) =>
    (await import("../commands/status.ts")).statusCommand(context, { environment }),
  );
  one(
    "backups",
    "every backup in every store, with the reason why it is kept",
    async (context, environment) =>
      (await import("../commands/backups.ts")).backupsCommand(context, { environment }),
  );
  one("check", "freshness from the stores alone, exit 0 or 1", async (context, environment) =>
    (await import("../commands/status.ts")).checkCommand(context, { environment }),
  );
  one(
    "doctor",
    "tools, rights, clock, what each store honours; each finding with its fix",
    async (context, environment) =>
      (await import("../commands/doctor.ts")).doctorCommand(context, { environment }),
  );
}

function addAudit(program: Command, run: Run): void {
  const audit = program.command("audit").description("who did what, when, and whether the record is whole");
  command(audit, "show", "the newest entries of the journals")
    .argument("<environment>")
    .option("--scope <scope>", "a database, or <database>.backup")
    .option("--last <n>", "how many entries of each journal", wholeNumber, 20)
    .action((environment: string, options: { scope?: string; last: number }, self: Command) =>
      run(optionsOf(self), async (context) =>
        (await import("../commands/audit.ts")).auditShowCommand(context, {
          environment,
          scope: options.scope ?? null,
          last: options.last,
        }),
      ),
    );
  command(audit, "verify", "whether every journal is consistent, and anchored or not")
    .argument("<environment>")
    .action((environment: string, _options, self: Command) =>
      run(optionsOf(self), async (context) =>
        (await import("../commands/audit.ts")).auditVerifyCommand(context, { environment }),
      ),
    );
}

function addLock(program: Command, run: Run): void {
  const lock = program.command("lock").description("who holds which lock");
  command(lock, "show", "every lock and its holder")
    .argument("<environment>")
    .action((environment: string, _options, self: Command) =>
      run(optionsOf(self), async (context) =>
        (await import("../commands/lock.ts")).lockShowCommand(context, { environment }),
      ),
    );
  const breaking = command(lock, "break", "free a lock whose holder no longer works")
    .argument("<environment>")
    .argument("<scope>", "as `dbops lock show` prints it")
    .option("--confirm <environment>", "the environment's name, where the holder renewed it a moment ago");
  breaking.action((environment: string, scope: string, options: { confirm?: string }) =>
    run(optionsOf(breaking), async (context) =>
      (await import("../commands/lock.ts")).lockBreakCommand(context, {
        environment,
        scope,
        confirm: options.confirm ?? null,
      }),
    ),
  );
}

/** A subcommand that throws instead of exiting. */
export function command(parent: Command, name: string, description: string): Command {
  return parent.command(name).description(description).showSuggestionAfterError().exitOverride();
}

export function optionsOf(self: Command): GlobalOptions & { readonly markdown?: boolean } {
  return self.optsWithGlobals(); // commander gives what the options above declare
}

export function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError("It must be a whole number from 1 on.");
  return number;
}

function parallelism(): Option {
  return new Option("--parallelism <n>", "how many steps run side by side").argParser(wholeNumber).default(4);
}
