import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, extname, resolve } from "node:path";
import type { Instant } from "../model/instant.ts";
import { fail } from "../problems/dbops-error.ts";
import type { Context } from "./context.ts";

/** Writes a file that the person named: whole or not at all, over an existing one; gives its name back. */
export async function writeOutput(context: Context, file: string, text: string): Promise<string> {
  const path = resolve(context.workingFolder, file);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, text);
    await rename(temporary, path);
  } catch (error) {
    fail("USAGE", `cannot write ${file}: ${messageOf(error)}`);
  }
  return file;
}

/** Writes the first file of a numbered row that does not exist yet; gives its name back. */
export async function writeNewFile(
  context: Context,
  nameOf: (number: number) => string,
  text: string,
): Promise<string> {
  for (let number = 1; ; number += 1) {
    const file = nameOf(number);
    const path = resolve(context.workingFolder, file);
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text, { flag: "wx" });
      return file;
    } catch (error) {
      if (isExisting(error)) continue;
      fail("USAGE", `cannot write ${file}: ${messageOf(error)}`, { fix: "name a file with --out FILE" });
    }
  }
}

/** `plans/<operation>-<YYYYMMDD>.yaml`; from the second on the day with `-2`, `-3`, … */
export function defaultPlanFile(operation: string, now: Instant, number: number): string {
  const day = now.slice(0, 10).replaceAll("-", "");
  return `plans/${operation}-${day}${number === 1 ? "" : `-${number}`}.yaml`;
}

/** `plans/restore-20250118.yaml` → `plans/restore-20250118-2.yaml`; the number of one that goes on from another is replaced. */
export function planFileBeside(
  { file, isNumbered }: { readonly file: string; readonly isNumbered: boolean },
  number: number,
): string {
  const ending = extname(file);
  const stem = file.slice(0, file.length - ending.length);
  return `${isNumbered ? stem.replace(/-\d{1,3}$/, "") : stem}-${number}${ending}`;
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIST";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
