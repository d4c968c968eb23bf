import { sha256 } from "../model/canonical.ts";
import type { Environment } from "../model/environment.ts";
import type { Manifest } from "../model/manifest.ts";
import type { DecryptStep, DownloadStep } from "../model/restore-steps.ts";
import type { OpeningKeys } from "../ports/cipher.ts";
import { keysFor } from "../ports/open-object.ts";
import { chain } from "../ports/stream/chain.ts";
import { Explaining } from "../ports/stream/explaining.ts";
import { intact } from "../ports/stream/intact.ts";
import { decompress } from "../ports/stream/zstd.ts";
import { DbopsError, fail } from "../problems/dbops-error.ts";
import { type Problem, problem } from "../problems/problem.ts";
import type { Artifact, BackupPorts, Part, ProbeRun, Standing, StepRun, Transform } from "./handler.ts";
import { objectOf, openSource, portsOf, readDetail } from "./restore/backup-source.ts";
import { assertOpens, openFile } from "./restore/open-file.ts";
import { fromRestoreKnown, toRestoreKnown } from "./restore/restore-known.ts";

/** Opens every part of a backup: out of its age file and its zstd stream; none ends unless it is what pg_dump wrote. */
export const decrypt: Transform<DecryptStep> = {
  shape: "transform",
  guard: "restore",

  /** Opens the smallest object: whether this host has a key that fits is known before hours of loading. */
  async probe(step: DecryptStep, run: ProbeRun): Promise<Standing> {
    const source = await openSource(downloadOf(step, run), run);
    if (source.layout === "classic") {
      await assertOpens(source, run);
      return { state: "ready" };
    }
    try {
      await readDetail(source, run);
      return { state: "ready" };
    } catch (error) {
      throw explained(error, source.manifest, source.ports.environment);
    }
  },

  async pipe(step: DecryptStep, input: Artifact, run: StepRun): Promise<Artifact> {
    const known = toRestoreKnown(input.known);
    if (known.isPlain) fail("PLAN_INVALID", `${step.id} opens what is open already`);
    const ports = await portsOf(known.from, run);
    if (known.layout === "classic") return openFile(input, { known, ports }, run);
    const { manifest } = known;
    const keys = await keysFor(manifest, ports, whereToAdd(ports.environment)).catch((error: unknown) => {
      throw explained(error, manifest, ports.environment);
    });
    return {
      known: fromRestoreKnown({ ...known, isPlain: true }),
      parts: input.parts.map((part) => openPart(part, { keys, manifest, ports }, run)),
      close: () => input.close(),
    };
  },
};

function downloadOf(step: DecryptStep, run: ProbeRun): DownloadStep {
  const found = run.plan.steps.find((one) => one.kind === "download" && one.artifact === step.artifact);
  return found?.kind === "download" ? found : fail("PLAN_INVALID", `${step.id} has nothing to open`);
}

interface Opening {
  readonly keys: OpeningKeys;
  readonly manifest: Manifest;
  readonly ports: BackupPorts;
}

function openPart(part: Part, { keys, manifest, ports }: Opening, run: StepRun): Part {
  const object = objectOf(manifest, part.name === "archive" ? "archive" : "detail");
  const opened = manifest.encryption === "none" ? part.body : run.ports.cipher.decrypt(part.body, keys);
  const isCompressed = manifest.compression !== "none" && object.role !== "detail";
  const plain = intact(
    { bytes: object.plaintextBytes, sha256: object.plaintextSha256 },
    { damaged: () => notWhatWasDumped(object.key, manifest) },
  );
  const told = new Explaining({
    explain: (error) => explained(named(error, object.key), manifest, ports.environment),
  });
  const body = chain(isCompressed ? decompress(opened) : opened, plain.through, told);
  const facts = plain.measure.then((measure) => ({ ...measure }));
  facts.catch(() => undefined); // the body carries the same failure
  return { name: part.name, body, facts };
}

function notWhatWasDumped(key: string, manifest: Manifest): DbopsError {
  const detail = `the content of ${key} in ${manifest.name} is not what was dumped`;
  return new DbopsError([problem("OBJECT_DAMAGED", detail, { fix: "restore another backup", final: true })]);
}

/** A cipher and a decompressor speak of "it". */
function named(error: Error, key: string): Error {
  if (!(error instanceof DbopsError)) return error;
  const name = (one: Problem): Problem =>
    one.detail.includes(key) ? one : { ...one, detail: `${key}: ${one.detail}` };
  return new DbopsError(error.problems.map(name), error);
}

function whereToAdd(environment: Environment): string {
  return `add identities: [{ file: … }] to ${environment.file}`;
}

/** Which keys could open it: by their fingerprints in the manifest, and by name where the file still has them. */
function explained<E>(error: E, manifest: Manifest, environment: Environment): E | DbopsError {
  if (!(error instanceof DbopsError) || !error.is("IDENTITY_MISSING") || manifest.recipients.length === 0)
    return error;
  const known = new Map(
    environment.databases
      .map((one) => one.backup.encryption)
      .flatMap((one) => (one.kind === "age-recipients" ? one.recipients : []))
      .map((recipient) => [`sha256:${sha256(recipient)}`, recipient]),
  );
  const names = manifest.recipients.map((print) => {
    const recipient = known.get(print);
    return recipient === undefined ? print : `${print} (${recipient})`;
  });
  const openers = `it opens with the private key of any of ${names.join(", ")}`;
  const detailed = (one: Problem): Problem => ({ ...one, detail: `${one.detail}; ${openers}` });
  return new DbopsError(error.problems.map(detailed), error);
}
