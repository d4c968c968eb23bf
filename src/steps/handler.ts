import type { Readable } from "node:stream";
import type { Facts } from "../model/audit-entry.ts";
import type { Environment } from "../model/environment.ts";
import type { Plan } from "../model/plan.ts";
import type { Secret } from "../model/secret.ts";
import type { Step, StepKind } from "../model/step.ts";
import type { ArchiveLister } from "../ports/archive-lister.ts";
import type { ArchiveReader } from "../ports/archive-reader.ts";
import type { Cipher, OpeningKeys } from "../ports/cipher.ts";
import type { ClassicCipher } from "../ports/classic-cipher.ts";
import type { Clock } from "../ports/clock.ts";
import type { Http } from "../ports/http.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import type { Postgres } from "../ports/postgres.ts";
import type { RestoreTarget } from "../ports/restore-target.ts";
import type { Problem } from "../problems/problem.ts";

/** What steps act through. In a dry run every store is read-only. */
export interface Ports {
  readonly environment: Environment;
  /** Of a declared store; throws STORE_UNREADABLE for another name. */
  store(name: string): ObjectStore;
  /** Of a declared database. */
  postgres(database: string): Postgres;
  readonly cipher: Cipher;
  readonly classicCipher: ClassicCipher;
  readonly archiveLister: ArchiveLister;
  readonly archiveReader: ArchiveReader;
  readonly clock: Clock;
  /** The server of a declared database, as its admin role. */
  restoreTarget(database: string): RestoreTarget;
  readonly http: Http;
  /** Stores and keys of another environment, out of its own file; read-only. Throws what that file has of problems. */
  elsewhere(environment: string): Promise<BackupPorts>;
  /** Resolves `encryption: age: { passphrase }` of a database; throws SECRET_UNAVAILABLE. */
  passphrase(database: string): Promise<Secret>;
  /** Resolves `encryption: openssl: { passphrase }` of a database, which opens the runbook's files; throws SECRET_UNAVAILABLE. */
  classicPassphrase(database: string): Promise<Secret>;
  /** The identities of this host; none is a value, not an error. */
  openingKeys(): Promise<OpeningKeys>;
}

/** What backups are read through. */
export type BackupPorts = Pick<
  Ports,
  "environment" | "store" | "passphrase" | "classicPassphrase" | "openingKeys"
>;

/** Where a step stands, found out by reading its own target only. */
export type Standing =
  | { readonly state: "ready" }
  /** An earlier step has to run first (dry run). */
  | { readonly state: "waiting"; readonly for: string }
  | { readonly state: "done"; readonly evidence: string; readonly facts: Facts }
  | { readonly state: "blocked"; readonly problem: Problem };

export interface ProbeRun {
  readonly ports: Ports;
  /** The plan that is applied. */
  readonly plan: Plan;
  readonly signal: AbortSignal;
  /** The facts of a step of this plan, earlier attempts included; null when it noted none. */
  journaled(step: string): Facts | null;
  /** Who, besides this run, holds the backup lease of a database now, or its restore lease; null: nobody. */
  leaseHolder(database: string, lease?: "backup" | "restore"): Promise<string | null>;
}

export interface StepRun extends ProbeRun {
  /** Journals facts now; resolves when they are safe. */
  note(facts: Facts): Promise<void>;
  /** Reads the lock of the step's scope again, just before an effect; throws LOCK_LOST. A lease is not asked. */
  assertHeld(): Promise<void>;
  progress(doneBytes: number, totalBytes?: number): void;
}

export type Guard = "lock" | "lease" | "restore";

/** Every kind can say where it stands: dry run and resume are both built on this. */
interface Handler<S> {
  /**
   * `lock`: works only under the database's lock, which is read again before the effect;
   * `lease`: takes the database's backup lease against double work, and goes on when it is lost; `restore`: likewise its
   * restore lease, so that a long restore keeps nobody from backing up. A pipeline has its sink's guard.
   */
  readonly guard: Guard | ((step: S) => Guard);
  probe(step: S, run: ProbeRun): Promise<Standing>;
}

/** A step of its own; `execute` is safe to call again after a crash. */
export interface Action<S> extends Handler<S> {
  readonly shape: "action";
  execute(step: S, run: StepRun): Promise<Facts>;
}

/** The head of a pipeline: dump, download. */
export interface Source<S> extends Handler<S> {
  readonly shape: "source";
  open(step: S, run: StepRun): Promise<Artifact>;
}

/** The middle of a pipeline: encrypt, decrypt. */
export interface Transform<S> extends Handler<S> {
  readonly shape: "transform";
  pipe(step: S, input: Artifact, run: StepRun): Promise<Artifact>;
}

/** The end of a pipeline: upload, load. */
export interface Sink<S> extends Handler<S> {
  readonly shape: "sink";
  /**
   * Called before the source is opened when an earlier attempt noted facts: completes what that attempt had sealed and
   * returns its facts, or clears away what it left and returns null: then the pipeline starts anew.
   */
  recover(step: S, run: StepRun): Promise<Facts | null>;
  drain(step: S, input: Artifact, run: StepRun): Promise<Facts>;
}

/**
 * Ends only after its maker settled: exit code 0, stderr understood, last chunk sealed. Any failure destroys it.
 * `facts` resolve before the end, and never reject unhandled.
 */
export interface Part {
  readonly name: string;
  readonly body: Readable;
  readonly facts: Promise<Facts>;
}

/** One part per object; `close` releases what the source held, whatever the outcome. */
export interface Artifact {
  readonly known: Facts;
  readonly parts: readonly Part[];
  close(): Promise<void>;
}

export type HandlerOf<K extends StepKind> = StepHandler<Extract<Step, { kind: K }>>;
export type StepHandler<S> = Action<S> | Source<S> | Transform<S> | Sink<S>;
/** Complete at compile time: a kind without a handler does not build. */
export type Handlers = { readonly [K in StepKind]: HandlerOf<K> };
