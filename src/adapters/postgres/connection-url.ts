import { fail } from "../../problems/dbops-error.ts";
import type { Parameters } from "./target.ts";

// PostgreSQL documentation, 34.1.1.2 "Connection URIs"; a driver's name (`postgresql+asyncpg:`) is let through.
const SHAPE =
  /^postgres(?:ql)?(?:\+\w+)?:\/\/(?:([^:@/?]*)(?::([^@/?]*))?@)?(\[[^\]]*\]|[^:/?]*)(?::(\d*))?(?:\/([^?]*))?(?:\?(.*))?$/s;

/** Parses `postgresql://user:password@host:port/database?parameters`; throws CONFIG_INVALID without showing any of it. */
export function parseConnectionUrl(name: string, text: string): Parameters {
  const parts = SHAPE.exec(text.trim());
  if (parts === null) return refuse(name);
  const [, user, password, host, port, dbname, query] = parts;
  const parameters: Record<string, string> = {};
  const take = (key: string, value: string | undefined): void => {
    if (value !== undefined && value !== "") parameters[key] = decoded(name, value);
  };
  take("user", user);
  take("password", password);
  take("host", host?.replace(/^\[(.*)\]$/, "$1"));
  take("port", port);
  take("dbname", dbname);
  for (const pair of (query ?? "").split("&").filter((one) => one !== "")) {
    const equals = pair.indexOf("=");
    if (equals < 1) return refuse(name);
    take(pair.slice(0, equals), pair.slice(equals + 1));
  }
  return parameters;
}

function decoded(name: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return refuse(name);
  }
}

function refuse(name: string): never {
  return fail("CONFIG_INVALID", `the connection URL of ${name} cannot be parsed (it is not shown)`, {
    fix: "write it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE with special characters percent-encoded",
  });
}
