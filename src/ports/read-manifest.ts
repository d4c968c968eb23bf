import { folderOf, MANIFEST } from "../model/layout.ts";
import type { Manifest } from "../model/manifest.ts";
import { parseManifest } from "../model/parse-manifest.ts";
import { fail } from "../problems/dbops-error.ts";
import type { ObjectStore } from "./object-store.ts";
import { readText } from "./read-object.ts";

/** A backup's manifest and its very text; throws OBJECT_MISSING or MANIFEST_INVALID, also when it names another backup. */
export async function readManifest(
  store: ObjectStore,
  name: string,
  signal: AbortSignal,
): Promise<{ readonly manifest: Manifest; readonly text: string }> {
  const key = `${folderOf(name)}${MANIFEST}`;
  const text = await readText(store, key, signal);
  const manifest = parseManifest(text);
  if (manifest === null || manifest.name !== name)
    return fail("MANIFEST_INVALID", `${key} is no manifest of ${name} that this dbops understands`, {
      fix: "use another backup, or the dbops that wrote it",
    });
  return { manifest, text };
}
