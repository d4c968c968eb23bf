import { describe, expect, it } from "vitest";
import { parseDumpHead } from "../../../src/model/plain-dump/dump-head.ts";
import { HEADER } from "./dumped.ts";

const SAYS = `-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 17.6

`;

describe("the head of a plain dump", () => {
  it.each([
    ["", "SET statement_timeout = 0;\n"],
    ["\\restrict KEY1\n\n", "SET lock_timeout = 0;\n"],
    ["", "-- Started on 2025-01-18 01:00:00 UTC\n\n"],
    ["", ""],
  ])("says which server it is of, and what wrote it", (before, after) => {
    expect(parseDumpHead(`${HEADER}${before}${SAYS}${after}`)).toEqual({
      serverVersion: "15.18 (Debian 15.18-0+deb12u1)",
      pgDumpVersion: "17.6",
    });
  });

  it("says nothing where it is an old one or was cut", () => {
    expect(parseDumpHead(`${HEADER}SET x = 1;\n${SAYS}`)).toEqual({
      serverVersion: null,
      pgDumpVersion: null,
    });
    expect(parseDumpHead(HEADER)).toEqual({ serverVersion: null, pgDumpVersion: null });
  });

  it("is told in a few words, whatever stands there", () => {
    const long = parseDumpHead(`${HEADER}-- Dumped by pg_dump version ${"9".repeat(5000)}\n`);
    expect(long?.pgDumpVersion).toHaveLength(100);
  });

  it.each(["", "PGDMP", "-- PostgreSQL database cluster dump\n", `SELECT 1;\n${HEADER}`, "\\! true\n"])(
    "is none of %j",
    (text) => {
      expect(parseDumpHead(text)).toBeNull();
    },
  );
});
