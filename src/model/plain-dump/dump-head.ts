/** What the first lines of a plain dump say about it; null: they do not say it. */
export interface DumpHead {
  /** The server's own words, `15.18 (Debian 15.18-0+deb12u1)`. */
  readonly serverVersion: string | null;
  /** Likewise of the pg_dump that wrote it. */
  readonly pgDumpVersion: string | null;
}

/** How much of a dump's beginning holds its head, with room to spare. */
export const DUMP_HEAD_BYTES = 16 * 1024;

/** Reads comments up to the first statement; null: it does not begin as pg_dump begins a plain dump. */
export function parseDumpHead(text: string): DumpHead | null {
  const lines = text.split(/\r?\n/);
  const end = lines.findIndex((line) => line !== "" && !line.startsWith("--") && !RESTRICT.test(line));
  const head = end === -1 ? lines : lines.slice(0, end);
  if (!head.includes("-- PostgreSQL database dump")) return null;
  return {
    serverVersion: said(head, "-- Dumped from database version "),
    pgDumpVersion: said(head, "-- Dumped by pg_dump version "),
  };
}

const RESTRICT = /^\\restrict [A-Za-z0-9]+$/;

function said(head: readonly string[], start: string): string | null {
  const rest =
    head
      .find((line) => line.startsWith(start))
      ?.slice(start.length)
      .trim() ?? "";
  return rest === "" ? null : rest.slice(0, MOST_SHOWN);
}

/** It goes into a plan, and whoever made the file wrote it. */
const MOST_SHOWN = 100;
