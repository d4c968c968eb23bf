import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { rolldown } from "rolldown";

/** The programs that tests start as processes of their own. */
const PROGRAMS = ["test/support/dbops-main.ts", "test/support/dbops-hurried.ts"];
const UNUSED_MS = 45 * 60_000;
const PREFIX = ".dbops-";

/**
 * Puts the sources of dbops, with all that they import, into few files, and resolves with their folder: half of the time of a short
 * command goes into finding hundreds. Sources that have not changed are not bundled again.
 */
export async function bundleSources(root: string): Promise<string> {
  const parent = join(root, "node_modules"); // a file in a folder of it lies as deep as those of src/config, which read schemas/
  const folder = join(parent, `${PREFIX}${await stateOf(root)}`);
  await removeUnused(parent);
  const now = new Date();
  const isThere = await utimes(folder, now, now).then(
    () => true,
    () => false,
  );
  if (!isThere) await bundle(root, folder);
  return folder;
}

/** Changes with every change to what is bundled. */
async function stateOf(root: string): Promise<string> {
  const sources = await readdir(join(root, "src"), { recursive: true });
  const files = [...sources.map((name) => join("src", name)), ...PROGRAMS, "package-lock.json"].sort();
  const lines = files.map(async (file) => {
    const { mtimeMs, size } = await stat(join(root, file));
    return `${file} ${mtimeMs} ${size}`;
  });
  const text = (await Promise.all(lines)).join("\n");
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** Other runs may use theirs, or make the same one: the first that is complete stays. */
async function bundle(root: string, folder: string): Promise<void> {
  const work = await mkdtemp(`${folder}-`);
  try {
    await chmod(work, 0o755); // for tests that run it as another user
    const built = await rolldown({
      cwd: root,
      input: PROGRAMS,
      platform: "node",
      logLevel: "silent",
      external: ["pg-native"],
    });
    await built.write({
      dir: work,
      format: "esm",
      keepNames: true,
      entryFileNames: "[name].mjs",
      chunkFileNames: "[name]-[hash].mjs",
    });
    await built.close();
    await mkdir(join(work, "compiled"));
    await rename(work, folder).catch(() => undefined); // another run was faster
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function removeUnused(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(PREFIX)) continue;
    const folder = join(parent, name);
    const used = await stat(folder).catch(() => null); // another run may remove it as well
    if (used !== null && Date.now() - used.mtimeMs > UNUSED_MS)
      await rm(folder, { recursive: true, force: true });
  }
}
