import type { Step } from "../../../src/model/step.ts";

export interface Names {
  readonly backup: string;
  readonly etag: string;
  readonly side: string;
  readonly live: string;
  readonly old: string;
  readonly liveOid: number;
}

/** What a plan restores with, from the first step to the swap; the database is declared as `app`. */
export function restoreSteps({ backup, etag, side, live, old, liveOid }: Names): readonly Step[] {
  const pipeline = { ...base("add"), artifact: "app.restored" };
  return [
    { ...base("add"), id: "app.create", kind: "create", name: side, backup, like: LIKE },
    {
      ...pipeline,
      id: "app.download",
      kind: "download",
      needs: ["app.create"],
      from: "production",
      backup,
      store: "primary",
      expect: { etag },
    },
    { ...pipeline, id: "app.decrypt", kind: "decrypt", needs: ["app.download"] },
    {
      ...pipeline,
      id: "app.load",
      kind: "load",
      needs: ["app.decrypt"],
      into: side,
      jobs: 2,
      skip: [],
      tolerate: [],
    },
    { ...base("none"), id: "app.analyze", kind: "analyze", needs: ["app.load"], name: side },
    {
      ...base("none"),
      id: "app.check",
      kind: "verify",
      type: "database",
      needs: ["app.analyze"],
      name: side,
      without: [],
      checks: [{ name: "all signals", sql: "SELECT count(*) = 5000 FROM signals" }],
    },
    {
      ...base("change"),
      id: "app.swap",
      kind: "swap",
      type: "database",
      needs: ["app.check"],
      pointOfNoReturn: true,
      side,
      live,
      old,
      backup,
      expect: { liveOid },
      lostSlots: [],
      properties: null,
    },
  ];
}

const LIKE = {
  encoding: "UTF8",
  collate: "C.UTF-8",
  ctype: "C.UTF-8",
  localeProvider: "libc",
  icuLocale: null,
  icuRules: null,
} as const;

function base<E extends Step["effect"]>(effect: E) {
  const none: readonly string[] = [];
  return { effect, why: "a test", needs: none, after: none, database: "app" };
}
