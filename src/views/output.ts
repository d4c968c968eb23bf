/** What the command line asks of the output. */
export interface OutputFlags {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly markdown: boolean;
  /** False with `--no-color`. */
  readonly colour: boolean;
}

/** Which of the three streams are terminals. */
export interface Terminals {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

/** How a view prints. */
export interface Output {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly markdown: boolean;
  /** For each stream by itself: `dbops plan E > file` still colours its errors on the terminal. */
  readonly colour: { readonly stdout: boolean; readonly stderr: boolean };
  /** Progress may move the cursor on stderr. */
  readonly live: boolean;
  /** Somebody can read a question on stderr and type an answer. */
  readonly interactive: boolean;
}

/** Decides how to print (contract 1): no colour off a terminal, with NO_COLOR or TERM=dumb; no prompt, no spinner in CI. */
export function decideOutput(
  env: Readonly<Record<string, string | undefined>>,
  flags: OutputFlags,
  terminals: Terminals,
): Output {
  const dumb = env["TERM"] === "dumb";
  const colour = flags.colour && !dumb && !isSet(env["NO_COLOR"]) && !flags.json;
  const ci = isSet(env["CI"]) && env["CI"] !== "false";
  return {
    json: flags.json,
    quiet: flags.quiet,
    verbose: flags.verbose && !flags.quiet,
    markdown: flags.markdown && !flags.json,
    colour: { stdout: colour && terminals.stdout && !flags.markdown, stderr: colour && terminals.stderr },
    live: terminals.stderr && !ci && !dumb && !flags.json && !flags.quiet,
    interactive: terminals.stdin && terminals.stderr && !ci && !flags.json,
  };
}

// https://no-color.org: present and not empty, whatever its value.
function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "";
}
