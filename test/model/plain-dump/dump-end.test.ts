import { expect, it } from "vitest";
import { DumpEnd } from "../../../src/model/plain-dump/dump-end.ts";
import { TRAILER } from "./dumped.ts";

const BODY = "-- PostgreSQL database dump\nSELECT 1;\n";
const UNRESTRICT = "\\unrestrict abc123DEF\n\n";

function isWhole(text: string, size = 65_536): boolean {
  const end = new DumpEnd();
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) {
    const piece = Buffer.from(bytes.subarray(at, at + size));
    end.next(piece);
    piece.fill(0); // its memory is used again
  }
  return end.isWhole;
}

it.each([65_536, 7, 1])("takes a dump that ends with its trailer, in pieces of %i", (size) => {
  expect(isWhole(`${BODY}${TRAILER}`, size)).toBe(true);
  expect(isWhole(`${BODY}${TRAILER}${UNRESTRICT}`, size)).toBe(true);
});

it.each([
  ["without a trailer", BODY],
  ["of nothing", ""],
  ["that lost a byte of its trailer", `${BODY}${TRAILER.slice(0, -3)}`],
  ["that goes on behind its trailer", `${BODY}${TRAILER}SELECT 1;\n`],
  ["whose trailer is data", `COPY t FROM stdin;\n-- PostgreSQL database dump complete\n--\n`],
])("does not take one %s", (_, text) => {
  expect(isWhole(text)).toBe(false);
});
