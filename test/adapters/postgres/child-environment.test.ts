import { expect, test } from "vitest";
import { childEnvironment } from "../../../src/adapters/postgres/child-environment.ts";
import { Secret } from "../../../src/model/secret.ts";

test("everything a program needs stands in its environment, and of dbops' own only what it needs to run", () => {
  const target = {
    endpoint: "db:5433",
    host: "db",
    port: 5433,
    database: "a=b",
    user: "backup",
    password: new Secret("hush"),
    tls: { mode: "verify-full", rootCert: "/ca.crt", cert: "/me.crt", key: "/me.key" },
    options: "-c geqo=off",
    channelBinding: "require",
    connectTimeoutMs: 2500,
  } as const;
  const inherited = {
    PATH: "/bin",
    HOME: "/root",
    LANG: "de_DE.UTF-8",
    PGHOST: "elsewhere",
    AWS_SECRET: "x",
  };
  expect(childEnvironment(target, inherited)).toEqual({
    PATH: "/bin",
    HOME: "/root",
    LC_ALL: "C",
    PGHOST: "db",
    PGPORT: "5433",
    PGDATABASE: "a=b",
    PGUSER: "backup",
    PGPASSWORD: "hush",
    PGAPPNAME: "dbops",
    PGCONNECT_TIMEOUT: "3",
    PGSSLMODE: "verify-full",
    PGSSLROOTCERT: "/ca.crt",
    PGSSLCERT: "/me.crt",
    PGSSLKEY: "/me.key",
    PGGSSENCMODE: "disable",
    PGCHANNELBINDING: "require",
    PGOPTIONS: "-c geqo=off",
  });
});
