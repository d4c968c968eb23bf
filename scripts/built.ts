import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { runChild } from "./child.ts";

/** Compiles src into dist unless dist is newer: bin/dbops.js must run what stands in src. False: it does not compile. */
export async function buildWhenStale(root: string): Promise<boolean> {
  const main = join(root, "dist", "main.js");
  if (existsSync(main) && newestIn(join(root, "src")) < statSync(main).mtimeMs) return true;
  process.stderr.write("setup: tsc -p tsconfig.build.json\n");
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const ended = await runChild(
    [process.execPath, compiler, "-p", join(root, "tsconfig.build.json"), "--noEmitOnError"],
    {
      cwd: root,
      show: true,
    },
  );
  return ended.code === 0;
}

function newestIn(folder: string): number {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return Math.max(...names.map((name) => statSync(join(folder, name)).mtimeMs));
}
