import { fail } from "../../problems/dbops-error.ts";
import type { Parameters } from "./target.ts";

// PostgreSQL documentation, 34.1.1.2 "Connection URIs"; a driver's name (`postgresql+asyncpg:`) is let through.
// Stricter than libpq: the one `@` ends the password, and nothing after it may hold what a password can leak there.
const SHAPE =
  /^postgres(?:ql)?(?:\+\w+)?:\/\/(?:([^:@/?]*)(?::([^@/?]*))?@)?(\[[\da-f:.]+(?:%25\w+)?\]|[^:@/?#[\]]*)(?::(\d*))?(?:\/([^@/?#]*))?(?:\?([^@#]*))?$/is;
/** Names, addresses, several of them (refused later, by a better message), and socket folders. */
const HOST = /^(?:[\p{L}\p{N}_.,-]*|\[[^\]]*\]|\/[^@]*)$/u;

/**
 * Parses `postgresql://user:password@host:port/database?parameters`; throws CONFIG_INVALID without showing any of it.
 * Where a password that is not percent-encoded could be read as something else, it is refused: all else is printed.
 */
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
  take("host", host);
  take("port", port);
  take("dbname", dbname);
  for (const pair of (query ?? "").split("&").filter((one) => one !== "")) {
    const equals = pair.indexOf("=");
    if (equals < 1) return refuse(name);
    take(pair.slice(0, equals), pair.slice(equals + 1));
  }
  const found = parameters["host"];
  if (found === undefined) return parameters;
  if (!HOST.test(found)) return refuse(name);
  return { ...parameters, host: found.replace(/^\[(.*)\]$/, "$1") };
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
    fix: "write it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE, and in the password @ as %40, : as %3A, / as %2F, ? as %3F, # as %23, % as %25",
  });
}
