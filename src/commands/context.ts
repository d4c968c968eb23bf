import type { Records } from "../apply/sessions.ts";
import type { Environment } from "../model/environment.ts";
import type { Clock } from "../ports/clock.ts";
import type { View } from "../ports/view.ts";
import type { Ports } from "../steps/handler.ts";

/** What main hands to every command. */
export interface Context {
  readonly view: View;
  readonly clock: Clock;
  /** Aborts at the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** As given with `--config`, relative to the working folder. */
  readonly configFolder: string;
  /** Absolute. */
  readonly workingFolder: string;
  /** Nothing is opened before it is first used: what cannot be reached is said where it is needed. */
  connect(environment: Environment, access: "read-only" | "read-write"): Connection;
}

export interface Connection {
  readonly ports: Ports;
  readonly records: Records;
}
