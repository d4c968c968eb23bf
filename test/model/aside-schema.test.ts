import { describe, expect, it } from "vitest";
import {
  asideName,
  isMadeSchema,
  markerName,
  parseAsideNote,
  partName,
  renderAsideNote,
} from "../../src/model/aside-schema.ts";
import type { AsideNote } from "../../src/model/in-place.ts";

const NOTE: AsideNote = {
  state: "aside",
  environment: "production",
  database: "app",
  backup: "production_app_20250118_010000",
  plan: "a".repeat(64),
  movedAt: "2025-01-18T09:30:00.000001Z",
  privileges: { owner: "app", items: null },
  loose: ["PUBLICATION p | {}"],
  schemas: [{ name: 'an odd "name" | {"a":1}', oid: 2200 }],
  stays: [],
  made: [{ name: "public", owner: null }],
  extensions: [],
  closes: true,
  hasLargeObjects: false,
};

describe("the note of a restore in place", () => {
  it.each(["aside", "loaded", "kept", "back"] as const)("reads back as it was written: %s", (state) => {
    expect(parseAsideNote(renderAsideNote({ ...NOTE, state }))).toEqual({ ...NOTE, state });
  });

  it("tells people which schema became which", () => {
    expect(renderAsideNote({ ...NOTE, schemas: [{ name: "app", oid: 1 }], state: "kept" })).toMatch(
      /^app of production until 2025-01-18.*: app is …_1\n/,
    );
  });

  it("is none where somebody else wrote the comment, or changed it", () => {
    expect(parseAsideNote(null)).toBeNull();
    expect(parseAsideNote("ours")).toBeNull();
    expect(parseAsideNote('ours\n{"state":"aside"}')).toBeNull();
    expect(parseAsideNote(renderAsideNote(NOTE).replace('"closes":true', '"closes":1'))).toBeNull();
  });
});

describe("names of schemas", () => {
  it("are known as those that dbops gives", () => {
    const marker = markerName("seed");
    expect(marker).toMatch(/^dbops_[0-9a-f]{8}_old$/);
    const names = [marker, asideName(marker, 1), partName(marker, 12)];
    expect(names.map(isMadeSchema)).toEqual([true, true, true]);
    expect(names[2]).toMatch(/_part_12$/);
    expect(["public", "dbops_old", `${marker}_x`, "dbops_0000000g_old"].map(isMadeSchema)).toEqual(
      Array(4).fill(false),
    );
  });
});
