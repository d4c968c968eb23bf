import { execFileSync } from "node:child_process";
import { link, mkdir, readdir, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { openFileStore } from "../../../src/adapters/file-store/file-store.ts";
import {
  bodyOf,
  bodyOfBytes,
  keysOf,
  LIVE,
  put,
  readAll,
  stallingBody,
  unfinishedOf,
} from "../../contracts/object-store-bench.ts";
import { tempFolder } from "../../support/temp-folder.ts";

describe("files of a file store", () => {
  it("are plain files under their keys, readable by their owner and group", async () => {
    const root = await tempFolder();
    await put(openFileStore(root), "app/20260101_000000/manifest.json", "{}");
    const stats = await stat(join(root, "app/20260101_000000/manifest.json"));
    expect(stats.mode & 0o777).toBe(0o640);
    expect(stats.nlink).toBe(1);
    expect(await readdir(join(root, "app/20260101_000000"))).toEqual(["manifest.json"]);
  });

  it("are listed whoever put them there", async () => {
    const root = await tempFolder();
    await mkdir(join(root, "notes"));
    await writeFile(join(root, "notes/READ ME.txt"), "hello");
    await writeFile(join(root, "a.part"), "not a name that dbops makes");
    expect(await keysOf(openFileStore(root), "")).toEqual(["a.part", "notes/READ ME.txt"]);
  });

  it("disappear with the folders that they leave empty, never with the store's own", async () => {
    const root = await tempFolder();
    const store = openFileStore(root);
    const info = await put(store, "app/1/deep/object");
    await put(store, "app/2/object");
    await store.remove("app/1/deep/object", { etag: info.etag }, LIVE);
    expect(await readdir(join(root, "app"))).toEqual(["2"]);
    const last = await store.head("app/2/object", LIVE);
    await store.remove("app/2/object", { etag: last?.etag ?? "" }, LIVE);
    expect(await readdir(root)).toEqual([]);
  });

  it("leave no empty folder behind when their write fails", async () => {
    const root = await tempFolder();
    async function* failing(): AsyncGenerator<Buffer> {
      yield Buffer.alloc(10);
      expect((await readdir(join(root, "app/1"))).length).toBe(1);
      throw new Error("pg_dump failed");
    }
    const body = Readable.from(failing(), { objectMode: false });
    await expect(openFileStore(root).write("app/1/object", body, {}, LIVE)).rejects.toThrow("pg_dump failed");
    expect(await readdir(root)).toEqual([]);
  });

  it("change their etag when somebody writes into them", async () => {
    const root = await tempFolder();
    const store = openFileStore(root);
    const info = await put(store, "object", "as it was");
    await writeFile(join(root, "object"), "as it is!");
    expect(await store.remove("object", { etag: info.etag }, LIVE)).toBe("changed");
  });

  it("keep their etag on another disk", async () => {
    const root = await tempFolder();
    const info = await put(openFileStore(root), "object", "text");
    const other = await tempFolder();
    execFileSync("cp", ["-a", `${root}/.`, other]);
    expect((await openFileStore(other).head("object", LIVE))?.etag).toBe(info.etag);
  });
});

describe("keys of a file store", () => {
  it.each(["../outside", "a/../../outside", "/etc/passwd", "a//b", "a/./b", "", "a/", "a\0b", ".."])(
    "are refused when they do not name a file below the folder: %j",
    async (key) => {
      const root = join(await tempFolder(), "store");
      await mkdir(root);
      const store = openFileStore(root);
      const internal = { problems: [{ code: "INTERNAL" }] };
      await expect(store.write(key, bodyOf("x"), {}, LIVE)).rejects.toMatchObject(internal);
      await expect(store.head(key, LIVE)).rejects.toMatchObject(internal);
      await expect(store.read(key, null, LIVE)).rejects.toMatchObject(internal);
      await expect(store.replace(key, Buffer.from("x"), "absent", LIVE)).rejects.toMatchObject(internal);
      await expect(store.remove(key, { etag: "x" }, LIVE)).rejects.toMatchObject(internal);
      expect(await readdir(join(root, ".."))).toEqual(["store"]);
    },
  );

  it("are refused where the store keeps names for itself", async () => {
    const store = openFileStore(await tempFolder());
    for (const key of [
      "object.0123456789abcdef.part",
      "a/lock.next.3-17a",
      "a/lock.next.3-17a.0123456789abcdef",
    ])
      await expect(store.write(key, bodyOf("x"), {}, LIVE)).rejects.toThrow("keeps for itself");
  });

  it("of an unfinished write lead to no other file", async () => {
    const root = await tempFolder();
    const store = openFileStore(root);
    await put(store, "object");
    for (const id of ["object", "../object.0123456789abcdef.part", "/object.0123456789abcdef.part"])
      await expect(store.discard({ key: "object", id, startedAt: "" }, LIVE)).rejects.toThrow("not the id");
    expect(await keysOf(store, "")).toEqual(["object"]);
  });
});

describe("a listing of a file store", () => {
  it("leaves out what goes away during the walk and lists the rest", async () => {
    const root = await tempFolder();
    const store = openFileStore(root);
    const keys = Array.from({ length: 200 }, (_, n) => `app/${String(n).padStart(3, "0")}/object`);
    for (const key of keys) await put(store, key);
    const seen: string[] = [];
    for await (const info of store.list("", {}, LIVE)) {
      if (seen.length === 0)
        for (const n of ["101", "150"]) await rm(join(root, "app", n), { recursive: true });
      seen.push(info.key);
    }
    expect(seen).toEqual(keys.filter((key) => key !== keys[101] && key !== keys[150]));
  });

  it("of 10,000 files in one folder is whole and in order", async () => {
    const root = await tempFolder();
    await mkdir(join(root, "app"));
    const names = Array.from({ length: 10_000 }, (_, n) => `object-${String(n).padStart(5, "0")}`);
    for (const name of names) await writeFile(join(root, "app", name), "");
    expect(await keysOf(openFileStore(root), "app/")).toEqual(names.map((name) => `app/${name}`));
  });

  it("refuses a symbolic link, which could lead anywhere", async () => {
    const root = await tempFolder();
    await symlink("/etc", join(root, "link"));
    await expect(keysOf(openFileStore(root), "")).rejects.toMatchObject({
      problems: [{ code: "STORE_UNREADABLE" }],
    });
  });

  it("refuses a name that is not UTF-8 rather than leaving it out", async () => {
    const root = await tempFolder();
    await writeFile(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x61, 0xff])]), "x");
    await expect(keysOf(openFileStore(root), "")).rejects.toMatchObject({
      problems: [{ code: "STORE_UNREADABLE" }],
    });
  });

  it("does not take the file system's own folder for backups", async () => {
    const root = await tempFolder();
    await mkdir(join(root, "lost+found"));
    await writeFile(join(root, "lost+found/inode"), "x");
    expect(await keysOf(openFileStore(root), "")).toEqual([]);
  });
});

describe("an unfinished write of a file store", () => {
  it("of a process that died is found under its key and cleared away", async () => {
    const root = await tempFolder();
    const store = openFileStore(root);
    await mkdir(join(root, "app/1"), { recursive: true });
    await writeFile(join(root, "app/1/object.0123456789abcdef.part"), "half");
    expect(await keysOf(store, "")).toEqual([]);
    expect(await store.head("app/1/object", LIVE)).toBeNull();
    const [upload, ...more] = await unfinishedOf(store, "app/1/");
    expect(upload).toMatchObject({ key: "app/1/object", id: "app/1/object.0123456789abcdef.part" });
    expect(more).toEqual([]);
    expect(await unfinishedOf(store, "app/1/object.0")).toEqual([]);
    if (upload !== undefined) await store.discard(upload, LIVE);
    expect(await readdir(root)).toEqual([]);
  });

  it("that died between the link and the end leaves a whole object, which clearing away keeps", async () => {
    const root = await tempFolder();
    const store = openFileStore(root);
    await put(store, "object", "whole");
    await link(join(root, "object"), join(root, "object.0123456789abcdef.part"));
    for (const upload of await unfinishedOf(store, "")) await store.discard(upload, LIVE);
    expect((await readAll(store, "object")).toString()).toBe("whole");
    expect(await readdir(root)).toEqual(["object"]);
  });

  it("that somebody cleared away while it ran becomes no object", async () => {
    const root = await tempFolder();
    const store = openFileStore(root);
    const { body, stalled, release } = stallingBody(10);
    const written = store.write("object", body, {}, LIVE);
    await stalled;
    for (const upload of await unfinishedOf(store, "")) await store.discard(upload, LIVE);
    release();
    await expect(written).rejects.toThrow();
    expect(await readdir(root)).toEqual([]);
  });
});

describe("a file store whose folder is gone", () => {
  it("says so at every call, and never that nothing is there", async () => {
    const root = join(await tempFolder(), "store");
    const store = openFileStore(root);
    const gone = { problems: [{ code: "STORE_UNREADABLE", fix: expect.stringContaining("mkdir -p") }] };
    await expect(keysOf(store, "")).rejects.toMatchObject(gone);
    await expect(keysOf(store, "app/")).rejects.toMatchObject(gone);
    await expect(unfinishedOf(store, "")).rejects.toMatchObject(gone);
    await expect(store.head("app/object", LIVE)).rejects.toMatchObject(gone);
    await expect(store.read("app/object", null, LIVE)).rejects.toMatchObject(gone);
    const body = bodyOf("x");
    await expect(store.write("app/object", body, {}, LIVE)).rejects.toMatchObject(gone);
    expect(body.destroyed).toBe(true);
    await expect(store.write("object", bodyOf("x"), {}, LIVE)).rejects.toMatchObject(gone);
    await expect(store.replace("a/lock", Buffer.from("x"), "absent", LIVE)).rejects.toMatchObject(gone);
    await expect(store.replace("a/lock", Buffer.from("x"), { etag: "x" }, LIVE)).rejects.toMatchObject(gone);
    await expect(store.remove("object", { etag: "x" }, LIVE)).rejects.toMatchObject(gone);
    await expect(stat(root)).rejects.toThrow("ENOENT");
  });

  it("does not make it again when it goes away during a write", async () => {
    const root = join(await tempFolder(), "store");
    await mkdir(root);
    const { body, stalled, release } = stallingBody(10);
    const written = openFileStore(root).write("app/object", body, {}, LIVE);
    await stalled;
    await rename(root, `${root}-unplugged`);
    release();
    await expect(written).rejects.toMatchObject({ problems: [{ code: "STORE_UNREADABLE" }] });
    await expect(stat(root)).rejects.toThrow("ENOENT");
  });

  it("takes a file in its place for no store", async () => {
    const root = join(await tempFolder(), "store");
    await writeFile(root, "");
    await expect(keysOf(openFileStore(root), "")).rejects.toMatchObject({
      problems: [{ code: "STORE_UNREADABLE" }],
    });
  });
});

describe("a write to a file store that another run clears away", () => {
  it("says so, not that the store has to be made, and leaves nothing", async () => {
    const root = await tempFolder();
    const store = openFileStore(root);
    const { body, stalled, release } = stallingBody(10);
    const written = store.write("app/object", body, {}, LIVE);
    await stalled;
    for (const upload of await unfinishedOf(store, "")) await openFileStore(root).discard(upload, LIVE);
    release();
    const error: unknown = await written.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      problems: [{ code: "OBJECT_MISSING", fix: expect.stringContaining("apply the same plan again") }],
    });
    expect(JSON.stringify(error)).not.toContain("mkdir");
    expect(await readdir(root)).toEqual([]);
  });
});

describe("a file store on a full disk", () => {
  it("says STORE_FULL, leaves nothing, and works again when there is room", async () => {
    const root = await tempFolder();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", root]);
    try {
      const store = openFileStore(root);
      const written = store.write("app/object", bodyOfBytes(5_000_000), {}, LIVE);
      await expect(written).rejects.toMatchObject({
        problems: [
          {
            code: "STORE_FULL",
            fix: expect.stringMatching(/^make room.*\ndbops plan ENVIRONMENT prune\n.*df -h/s),
          },
        ],
      });
      expect(await readdir(root)).toEqual([]);
      await put(store, "app/object", "small");
      expect(await keysOf(store, "")).toEqual(["app/object"]);
    } finally {
      execFileSync("umount", [root]);
    }
  });
});
