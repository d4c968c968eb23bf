// Preloaded into dbops: a disk that is slow just where a test needs it. Every deletion below `proof/`, which comes late in
// the deletion of a backup, waits until the file DBOPS_TEST_GO_ON exists.
import { existsSync } from "node:fs";
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";

const goOn = process.env["DBOPS_TEST_GO_ON"] ?? "";
const { unlink } = fs;

async function slowUnlink(path: string): Promise<void> {
  if (path.includes("/proof/")) {
    while (!existsSync(goOn)) await pause(5);
    await turn(); // a signal that came before is noticed before
  }
  return unlink(path);
}

Object.assign(fs, { unlink: slowUnlink });
syncBuiltinESMExports();
