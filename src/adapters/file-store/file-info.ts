import type { BigIntStats } from "node:fs";
import { stat } from "node:fs/promises";
import { type Instant, instantOf } from "../../model/instant.ts";
import type { ObjectInfo } from "../../ports/object-store.ts";
import { orAbsent } from "./file-problems.ts";

/** What one stat tells about the file behind a key. */
export interface FileInfo {
  readonly bytes: number;
  readonly etag: string;
  readonly mtimeNs: bigint;
}

/** Looks at one path; null when there is no file there. */
export async function statFile(path: string): Promise<FileInfo | null> {
  const stats = await orAbsent(stat(path, { bigint: true }));
  return stats?.isFile() ? fileInfoOf(stats) : null;
}

/**
 * The etag is size and time of change in nanoseconds: one stat, the same after the folder moved to another disk, and no
 * inode number, which network file systems make up. `replace` sees to it that no two contents of one key share a time;
 * every other key is written once.
 */
export function fileInfoOf(stats: BigIntStats): FileInfo {
  const etag = `${stats.size.toString(16)}-${stats.mtimeNs.toString(16)}`;
  return { bytes: Number(stats.size), etag, mtimeNs: stats.mtimeNs };
}

/** The port's form. A file that was written just now tells the folder's clock by its own date. */
export function objectInfoOf(key: string, file: FileInfo, readAt?: Instant): ObjectInfo {
  const modifiedAt = instantOf(Number(file.mtimeNs / 1_000_000n));
  return { key, bytes: file.bytes, etag: file.etag, modifiedAt, readAt: readAt ?? modifiedAt };
}
