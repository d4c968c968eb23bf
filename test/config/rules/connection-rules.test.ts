import { describe, expect, it } from "vitest";
import { detailsOf } from "../environment-text.ts";

const detailsFor = (connection: Record<string, unknown>): readonly string[] =>
  detailsOf({ database: { connection } });

describe("the connection of a database", () => {
  it("by parts needs host, database and user", () => {
    expect(detailsFor({ host: "h" })).toEqual([
      "databases.app.connection lacks database, user; or give url or service alone",
    ]);
  });

  it.each(["url", "service"])("by %s has nothing beside it", (way) => {
    const connection = { [way]: way === "url" ? { env: "DATABASE_URL" } : "production", port: 5432 };
    expect(detailsFor(connection)).toEqual([
      `databases.app.connection.port cannot stand beside ${way}, which says it all`,
    ]);
  });

  it("is not complained about twice when a key of it is misspelt", () => {
    expect(detailsFor({ hst: "h", database: "d", user: "u" })).toEqual([
      "databases.app.connection.hst: unknown key; did you mean host?",
    ]);
  });

  it.each([
    ["h:5433", "holds a port; write it apart, as port: 5433"],
    ["postgresql://h/d", "must be a name or an address alone"],
    ["h1,h2", "must be one name, one address, or the folder of a socket"],
  ])("refuses the host %j", (host, detail) => {
    expect(detailsFor({ host, database: "d", user: "u" }).join()).toContain(detail);
  });

  it.each(["db.example.com", "10.0.0.1", "::1", "/var/run/postgresql"])("accepts the host %j", (host) => {
    expect(detailsFor({ host, database: "d", user: "u" })).toEqual([]);
  });

  it("refuses a connection string for a service", () => {
    expect(detailsFor({ service: "host=h dbname=d" }).join()).toContain("must be the name of an entry");
  });
});
