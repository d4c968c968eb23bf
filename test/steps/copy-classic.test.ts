import { beforeEach, expect, it } from "vitest";
import type { CopyStep } from "../../src/model/step.ts";
import { copy } from "../../src/steps/copy.ts";
import { type MemoryStore, memoryStore } from "../support/memory-store.ts";
import { BYTES, CHECKSUM, FILE, LINE, NAME, outcome, runOn } from "./classic-world.ts";

const STEP: CopyStep = {
  id: "app.copy.dr",
  kind: "copy",
  effect: "add",
  why: "a test",
  needs: [],
  after: [],
  database: "app",
  backup: { existing: NAME },
  layout: "classic",
  from: "primary",
  to: "dr",
};
const ORIGIN = `${NAME}.origin.scheduled`;
const HOLD = `${NAME}.hold.incident-42.json`;

let primary: MemoryStore;
let dr: MemoryStore;

beforeEach(() => {
  [primary, dr] = [memoryStore(), memoryStore()];
  primary.put(FILE, BYTES);
  primary.put(CHECKSUM, LINE);
});

const copied = () => outcome(copy.execute(STEP, runOn({ primary, dr }, STEP)));
const standing = () => copy.probe(STEP, runOn({ primary, dr }, STEP));

it("brings the file, its origin, its holds and its checksum, byte for byte", async () => {
  primary.put(ORIGIN, "what dbops noted");
  primary.put(HOLD, "{}");
  expect(await standing()).toEqual({ state: "ready" });
  expect(await copied()).toBe("done");
  expect([FILE, CHECKSUM, HOLD, ORIGIN].map((key) => dr.text(key))).toEqual([
    BYTES,
    LINE,
    "{}",
    "what dbops noted",
  ]);
  expect(await standing()).toMatchObject({ state: "done" });
});

it("leaves the hold of a restore where it reads", async () => {
  primary.put(`${NAME}.hold.restore-0a0a0a0a.json`, "{}");
  primary.put(`${NAME}.hold.restore-drill.json`, "{}");
  expect(await copied()).toBe("done");
  expect(dr.keys()).toEqual([`${NAME}.hold.restore-drill.json`, FILE, CHECKSUM]);
});

it("keeps the checksum as the scripts wrote it, with the path that the file had", async () => {
  const theirs = LINE.replace(FILE, `/tmp/backups/${FILE}`);
  primary.put(CHECKSUM, theirs);
  expect(await copied()).toBe("done");
  expect(dr.text(CHECKSUM)).toBe(theirs);
});

it("brings nothing of a file that is not what its checksum says", async () => {
  primary.put(FILE, BYTES.replace("openssl", "another"));
  expect(await copied()).toMatch(/^OBJECT_DAMAGED .*primary is not what its checksum says/);
  expect(dr.keys()).toEqual([]);
});

it("goes on behind a file that an earlier attempt brought", async () => {
  dr.put(FILE, BYTES);
  expect(await standing()).toEqual({ state: "ready" });
  expect(await copied()).toBe("done");
  expect(dr.text(CHECKSUM)).toBe(LINE);
});

it("is not done by a checksum whose file is gone, and brings the file again", async () => {
  expect(await copied()).toBe("done");
  dr.drop(FILE);
  expect(await standing()).toEqual({ state: "ready" });
  expect(await copied()).toBe("done");
  expect(dr.text(FILE)).toBe(BYTES);
});

it("is in the way of a file of another size beside the same checksum", async () => {
  dr.put(CHECKSUM, LINE);
  dr.put(FILE, `${BYTES} and more`);
  expect(await standing()).toMatchObject({ state: "blocked", problem: { code: "OBJECT_EXISTS" } });
});

it("makes no backup of another file of that name, also of the same size", async () => {
  dr.put(FILE, BYTES.replace("openssl", "another"));
  expect(await copied()).toMatch(/^OBJECT_EXISTS .*is another one than in primary/);
  expect(dr.keys()).toEqual([FILE]);
});

it("is blocked by another backup of that name", async () => {
  dr.put(FILE, BYTES);
  dr.put(CHECKSUM, LINE.replace(/^./, "x"));
  expect(await standing()).toMatchObject({ state: "blocked", problem: { code: "OBJECT_EXISTS" } });
});

it.each([FILE, CHECKSUM])("says what is missing where it is to be copied from: %s", async (key) => {
  primary.drop(key);
  expect(await copied()).toContain(`OBJECT_MISSING ${key}`);
  expect(dr.keys()).toEqual([]);
});

it("refuses a checksum that is none", async () => {
  primary.put(CHECKSUM, "");
  expect(await copied()).toMatch(/^OBJECT_DAMAGED .*holds no SHA-256/);
});
