import { Readable, Transform } from "node:stream";
import type { Facts } from "../model/audit-entry.ts";
import type { ArchiveCompression } from "../model/manifest.ts";
import { PlainDump } from "../model/plain-dump/plain-dump.ts";
import type { ProgramOutput } from "../ports/postgres.ts";
import { chain } from "../ports/stream/chain.ts";
import { gzip } from "../ports/stream/gzip.ts";
import { meter } from "../ports/stream/meter.ts";
import { compress } from "../ports/stream/zstd.ts";
import { DbopsError } from "../problems/dbops-error.ts";
import { problem } from "../problems/problem.ts";
import { fromPartFacts } from "./backup-facts.ts";
import type { Part } from "./handler.ts";

/** What pg_dump or pg_dumpall writes; its facts are of the plain bytes. */
export function programPart(
  name: string,
  output: ProgramOutput,
  options: { compression: ArchiveCompression; onProgress: (bytes: number) => void },
): Part {
  const plain = meter(options.onProgress);
  const measured = chain(output.body, plain.through);
  const body =
    options.compression === "none"
      ? measured
      : compress(measured, options.compression.zstd, (chunk) => output.recycle(chunk));
  const facts = Promise.all([plain.measure, output.settled]).then(([measure, report]) =>
    fromPartFacts({
      plaintextBytes: measure.bytes,
      plaintextSha256: measure.sha256,
      program: report.version,
    }),
  );
  facts.catch(() => undefined); // the body carries the same failure
  return { name, body, facts };
}

/** detail.json: what the snapshot tells, and the warnings of the programs, for whose ends it waits. The first failure of any is its own. */
export function detailPart(detail: Promise<Facts>, programs: readonly ProgramOutput[]): Part {
  const plain = meter();
  const body = chain(Readable.from(renderDetail(detail, programs), { objectMode: false }), plain.through);
  const facts = plain.measure.then((measure) =>
    fromPartFacts({ plaintextBytes: measure.bytes, plaintextSha256: measure.sha256, program: null }),
  );
  facts.catch(() => undefined);
  detail.catch(() => undefined); // the body fails with it, also where nobody has asked for a byte yet
  return { name: "detail", body, facts };
}

async function* renderDetail(
  detail: Promise<Facts>,
  programs: readonly ProgramOutput[],
): AsyncGenerator<Buffer> {
  const settled = Promise.all(programs.map((program) => program.settled));
  const [content, reports] = await Promise.all([detail, settled]);
  const warnings = reports.flatMap((report) => report.warnings);
  yield Buffer.from(`${JSON.stringify({ formatVersion: 1, ...content, warnings }, null, 2)}\n`);
}

/**
 * pg_dump's plain SQL in a gzip file; it ends only when the trailer has passed, which alone proves a plain dump whole, and fails at the
 * first thing that a restore would refuse to run.
 */
export function sqlPart(
  output: ProgramOutput,
  options: { readonly level: number; readonly onProgress: (bytes: number) => void },
): Part {
  const plain = meter(options.onProgress);
  const measured = chain(output.body, plain.through, restorable());
  const body = gzip(measured, options.level, (chunk) => output.recycle(chunk));
  const facts = Promise.all([plain.measure, output.settled]).then(([measure, report]) => ({
    ...fromPartFacts({
      plaintextBytes: measure.bytes,
      plaintextSha256: measure.sha256,
      program: report.version,
    }),
    ...(report.warnings.length === 0 ? {} : { warnings: report.warnings }),
  }));
  facts.catch(() => undefined); // the body carries the same failure
  return { name: "sql", body, facts };
}

function restorable(): Transform {
  const dump = new PlainDump({ serverMajor: Number.POSITIVE_INFINITY, onForbidden: "refuse" });
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        dump.next(Buffer.from(chunk)); // copied: whoever owns the chunk may write over it
        done(null, chunk);
      } catch (error) {
        done(notRestorable(error));
      }
    },
    flush(done) {
      try {
        dump.end();
        done(null);
      } catch (error) {
        done(error instanceof DbopsError && error.is("OBJECT_DAMAGED") ? cutShort() : notRestorable(error));
      }
    },
  });
}

function notRestorable(error: unknown): Error {
  if (!(error instanceof DbopsError)) return error instanceof Error ? error : new Error(String(error));
  const detail = `pg_dump: ${error.problems[0]?.detail}: what no restore reads is not stored`;
  const fix = "change what the message names in the database, or back it up with format: archive";
  return new DbopsError([problem("DUMP_FAILED", detail, { fix, final: true })], error);
}

function cutShort(): DbopsError {
  const detail = "pg_dump: exit code 0, but its output does not end with the line that ends every plain dump";
  return new DbopsError([problem("DUMP_FAILED", detail, { fix: "apply again" })]);
}
