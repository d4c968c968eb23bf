#!/usr/bin/env node
// Old syntax on purpose: an older Node must be able to read this file to say that it is too old.
var major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  process.stderr.write(
    "error: this Node.js is too old\n" +
      "  dbops needs Node.js 24 or newer; this is " +
      process.versions.node +
      " (" +
      process.execPath +
      ")\n" +
      "hint: install Node.js 24, or put the npm package `node` (24.x) first in PATH\n",
  );
  process.exit(3);
}
// Buffers of a backup's stream make V8 mark a small heap again and again: at once costs half of what it costs in steps.
import("node:v8")
  .then((v8) => {
    v8.setFlagsFromString("--no-incremental-marking");
    return import("../dist/main.js");
  })
  .then(
    (dbops) => dbops.main(),
    (error) => {
      process.stderr.write(
        `error: dbops is not built\n  ${error.message}\nhint: npm ci   (in the folder of dbops)\n`,
      );
      process.exit(70);
    },
  );
