import type { Manifest, ObjectRole } from "../../model/manifest.ts";

/** The name of the object of a role, in the backup's folder. */
export function fileOf(manifest: Manifest, role: ObjectRole): string {
  return manifest.objects.find((one) => one.role === role)?.key ?? role;
}

/** What pg_dump wrote, before it was compressed and encrypted. */
export function archiveBytes(manifest: Manifest): number {
  return manifest.objects.find((one) => one.role === "archive")?.plaintextBytes ?? 0;
}
