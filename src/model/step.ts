import type { Origin } from "./backup.ts";
import type { VerifyClassicStep } from "./classic-steps.ts";
import type { BackupFormat, Compression } from "./environment.ts";
import type { Instant } from "./instant.ts";
import type {
  AnalyzeStep,
  CreateStep,
  DecryptStep,
  DownloadStep,
  DropStep,
  LoadStep,
  SanitizeStep,
  SwapStep,
  VerifyDatabaseStep,
  VerifyHttpStep,
} from "./restore-steps.ts";

/** What a step does to the world, as shown in front of it: nothing, `+`, `~` or `-`. */
export type Effect = "none" | "add" | "change" | "destroy";

export interface StepBase {
  /** Unique in the plan, readable: `trading_signals.dump`. */
  readonly id: string;
  readonly effect: Effect;
  readonly pointOfNoReturn?: true;
  /** For people; no code branches on it. */
  readonly why: string;
  /** Steps that must have succeeded. */
  readonly needs: readonly string[];
  /** Steps that must have ended, whatever the outcome. */
  readonly after: readonly string[];
  readonly database: string;
}

/** A backup that is listed, or the one that an earlier `upload` of this plan makes. */
export type BackupReference = { readonly existing: string } | { readonly made: string };

/** How a backup's bytes are sealed; a passphrase itself is resolved when the plan is applied. */
export type Sealing =
  | { readonly age: { readonly recipients: readonly string[] } }
  | "age-passphrase"
  /** As `openssl enc -AES256 -k` does; only of a plain dump. */
  | "openssl-passphrase"
  | "none";

/** Source: pg_dump in a snapshot of its own, compressed. Parts: archive, globals, detail; of a plain dump that alone. */
export interface DumpStep extends StepBase {
  readonly kind: "dump";
  readonly artifact: string;
  /** What a restore replaced, on the same server and read as its admin role; not given: the declared database itself. */
  readonly of?: { readonly name: string; readonly oid: number };
  readonly origin: Origin;
  /** The slot it covers; null for a forced one. */
  readonly slotAt: Instant | null;
  readonly label: string | null;
  readonly format: BackupFormat;
  readonly compression: Compression;
  /** The rows of every table are counted in the same snapshot; not given: of none. */
  readonly counts?: "exact";
}

/** Transform: every part becomes an age file, or one of openssl, or passes where `sealing` is none. */
export interface EncryptStep extends StepBase {
  readonly kind: "encrypt";
  readonly artifact: string;
  readonly sealing: Sealing;
}

/** Sink: the only writer of a backup; manifest.json last. `classic`: the runbook's file, its checksum last. */
export interface UploadStep extends StepBase {
  readonly kind: "upload";
  readonly artifact: string;
  readonly store: string;
  /** Not given: dbops' own folder. */
  readonly layout?: "classic";
  /** Places a hold in the same breath; null: none. */
  readonly hold: string | null;
  /** For the part size; the database's size when it was planned. */
  readonly estimatedBytes: number;
}

/** Action: all objects of a complete backup, byte-identical, into another store. */
export interface CopyStep extends StepBase {
  readonly kind: "copy";
  readonly backup: BackupReference;
  /** Not given: dbops' own folder. */
  readonly layout?: "classic";
  readonly from: string;
  readonly to: string;
}

/** Action: stored bytes against the manifest. */
export interface VerifyBackupStep extends StepBase {
  readonly kind: "verify";
  readonly type: "backup";
  readonly backup: BackupReference;
  readonly store: string;
  /** Also decrypts and lists the archive; needs an identity. */
  readonly deep: boolean;
}

/** @discriminator type */
export type VerifyStep = VerifyBackupStep | VerifyClassicStep | VerifyDatabaseStep | VerifyHttpStep;

/** Action: removes what `target` says and nothing else; refused when `expect` no longer holds. */
export interface PruneStep extends StepBase {
  readonly kind: "prune";
  readonly store: string;
  readonly target: PruneTarget;
}

export type PruneTarget =
  | {
      readonly type: "backup";
      readonly name: string;
      readonly expect: {
        /** Of manifest.json (classic: of the file). */
        readonly etag: string;
        /** Complete backups that must still be there, newest first: they make the deletion safe. */
        readonly survivors: readonly string[];
        /** Complete backups of this database that must be left in this store afterwards. */
        readonly atLeast: number;
        /** The plan deletes more than half of the backups here, which was allowed when it was made. */
        readonly allowLargePrune?: true;
      };
    }
  /** A folder without a manifest that nobody works on any more. */
  | { readonly type: "leftover"; readonly name: string; readonly expect: { readonly modifiedAt: Instant } }
  /** A multipart upload or temporary file that nobody finished. */
  | { readonly type: "upload"; readonly key: string; readonly id: string; readonly startedAt: Instant }
  /** A whole backup of a database that is in no file, asked for by name. */
  | {
      readonly type: "orphan";
      readonly name: string;
      readonly expect: { readonly etag: string; readonly allowLargePrune?: true };
    };

/** Action: keeps a backup from being pruned, or ends that. */
export interface HoldStep extends StepBase {
  readonly kind: "hold";
  readonly action: "place" | "release";
  readonly backup: BackupReference;
  /** Not given: dbops' own folder. */
  readonly layout?: "classic";
  readonly store: string;
  readonly hold: string;
  readonly reason: string | null;
}

/** @discriminator kind */
export type Step =
  | DumpStep
  | EncryptStep
  | UploadStep
  | CopyStep
  | VerifyStep
  | PruneStep
  | HoldStep
  | DownloadStep
  | DecryptStep
  | CreateStep
  | LoadStep
  | AnalyzeStep
  | SanitizeStep
  | SwapStep
  | DropStep;
export type StepKind = Step["kind"];

/** The pipeline a step belongs to; null for an action. */
export function artifactOf(step: Step): string | null {
  return "artifact" in step ? step.artifact : null;
}
