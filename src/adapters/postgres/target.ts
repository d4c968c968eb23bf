import { userInfo } from "node:os";
import type { Connection, Database, SslMode } from "../../model/environment.ts";
import { Secret, type SecretSource } from "../../model/secret.ts";
import { fail } from "../../problems/dbops-error.ts";
import { parseConnectionUrl } from "./connection-url.ts";
import { lookUpPassword } from "./passfile.ts";
import { loadService } from "./service-file.ts";
import { defaultHost } from "./socket-folder.ts";
import { resolveTls, type Tls } from "./tls.ts";

/** Resolves what the environment file names; throws SECRET_UNAVAILABLE. */
export interface Secrets {
  resolve(source: SecretSource, signal: AbortSignal): Promise<Secret>;
}

/** Where a database is and how to get in: one description that both node-pg and PostgreSQL's programs are given. */
export interface Target {
  /** `host:port`, a socket folder, or `service:NAME`. */
  readonly endpoint: string;
  /** A name, an address, or the absolute path of a socket folder. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** null: the server is expected to ask for none. */
  readonly password: Secret | null;
  readonly tls: Tls;
  /** Command-line options for the server (`PGOPTIONS`). */
  readonly options: string | null;
  readonly channelBinding: "disable" | "prefer" | "require";
  readonly connectTimeoutMs: number;
}

/** Another role, on the server that a connection names. */
export interface OtherRole {
  readonly user: string;
  readonly database: string;
  /** null: looked up in the passfile. */
  readonly password: SecretSource | null;
}

/** Connection parameters under libpq's names. */
export type Parameters = Readonly<Record<string, string>>;

/**
 * Resolves a declared connection, secrets included. Of this process's environment only PGSERVICEFILE, PGSYSCONFDIR and
 * PGPASSFILE count: node-pg and libpq read different variables, and both must reach the same place.
 * With a role, user, database and password are its own, and the declared role's password is not resolved.
 * Throws CONFIG_INVALID or SECRET_UNAVAILABLE; no message holds a password or a URL.
 */
export async function resolveTarget(
  database: Database,
  access: { readonly secrets: Secrets; readonly env: NodeJS.ProcessEnv; readonly role?: OtherRole },
  signal: AbortSignal,
): Promise<Target> {
  const { role } = access;
  if (role === undefined) return targetOf(await givenBy(database, access, signal), access.env);
  const given = await givenBy(withoutPassword(database), access, signal);
  const { password: _, ...place } = given.parameters;
  const parameters = { ...place, user: role.user, dbname: role.database };
  const password = role.password === null ? null : await access.secrets.resolve(role.password, signal);
  return targetOf({ ...given, parameters, password }, access.env);
}

function withoutPassword(database: Database): Database {
  const { connection } = database;
  return connection.kind === "parts"
    ? { ...database, connection: { ...connection, password: null } }
    : database;
}

async function givenBy(
  database: Database,
  access: { readonly secrets: Secrets; readonly env: NodeJS.ProcessEnv },
  signal: AbortSignal,
): Promise<Given> {
  const { name, connection } = database;
  switch (connection.kind) {
    case "parts": {
      const password =
        connection.password === null ? null : await access.secrets.resolve(connection.password, signal);
      return { name, parameters: parametersOf(connection), password };
    }
    case "url": {
      const url = await access.secrets.resolve(connection.url, signal);
      return { name, parameters: parseConnectionUrl(name, url.reveal()) };
    }
    case "service": {
      const parameters = await loadService(connection.service, access.env);
      return { name, parameters, endpoint: `service:${connection.service}` };
    }
  }
}

interface Given {
  /** The database's name in the environment file, for messages. */
  readonly name: string;
  readonly parameters: Parameters;
  readonly password?: Secret | null;
  readonly endpoint?: string;
}

/** Changes nothing about where the connection goes or how safe it is. */
const IGNORED = new Set([
  ...["application_name", "fallback_application_name", "client_encoding", "keepalives", "keepalives_idle"],
  ...["keepalives_interval", "keepalives_count", "tcp_user_timeout", "sslcompression", "sslsni"],
]);
const UNDERSTOOD = new Set([
  ...["host", "port", "dbname", "user", "password", "passfile", "sslmode", "ssl", "sslrootcert", "sslcert"],
  ...["sslkey", "options", "connect_timeout", "channel_binding", "gssencmode", "target_session_attrs"],
]);
/** Understood as far as these values go. */
const ONLY: Parameters = { gssencmode: "disable prefer", target_session_attrs: "any" };
const SSL_MODES: readonly SslMode[] = ["disable", "prefer", "require", "verify-ca", "verify-full"];
const CHANNEL_BINDINGS = ["disable", "prefer", "require"] as const;

function parametersOf(connection: Extract<Connection, { kind: "parts" }>): Parameters {
  return {
    host: connection.host,
    port: String(connection.port),
    dbname: connection.database,
    user: connection.user,
    sslmode: connection.sslmode,
    ...(connection.sslrootcert === null ? {} : { sslrootcert: connection.sslrootcert }),
  };
}

async function targetOf(given: Given, env: NodeJS.ProcessEnv): Promise<Target> {
  const { parameters } = given;
  const refuse = (detail: string): never =>
    fail("CONFIG_INVALID", `connection of ${given.name}: ${detail}`, { fix: "correct the connection" });
  refuseUnknown(parameters, refuse);
  const host = parameters["host"] || defaultHost();
  if (host.includes(",")) refuse("several hosts; a dump needs one server from begin to end");
  const port = Number(parameters["port"] || 5432);
  if (!Number.isInteger(port) || port < 1 || port > 65535) refuse("the port is no number from 1 to 65535");
  const user = parameters["user"] || userInfo().username;
  const database = parameters["dbname"] || user;
  const address = { host, port, database, user };
  const found = parameters["password"] || (await lookUpPassword(address, parameters["passfile"], env));
  return {
    endpoint: given.endpoint ?? (host.startsWith("/") ? host : `${host}:${port}`),
    ...address,
    password: given.password ?? (found ? new Secret(found) : null),
    tls: await resolveTls({ mode: sslModeOf(parameters, refuse), host, parameters }, env),
    options: parameters["options"] || null,
    channelBinding: channelBindingOf(parameters, refuse),
    connectTimeoutMs: (Number(parameters["connect_timeout"]) || 15) * 1000,
  };
}

function refuseUnknown(parameters: Parameters, refuse: (detail: string) => never): void {
  const names = Object.keys(parameters).sort();
  const unknown = names.find((name) => !UNDERSTOOD.has(name) && !IGNORED.has(name));
  if (unknown !== undefined) refuse(`dbops does not understand the parameter ${unknown}`);
  for (const [name, values] of Object.entries(ONLY)) {
    const value = parameters[name];
    if (value !== undefined && !values.split(" ").includes(value))
      refuse(`dbops understands ${name} only as ${values.replaceAll(" ", " or ")}`);
  }
}

function sslModeOf(parameters: Parameters, refuse: (detail: string) => never): SslMode {
  const given = parameters["sslmode"] || parameters["ssl"] || "prefer";
  if (given === "true") return "require"; // JDBC's spelling, which libpq takes too
  if (given === "allow") return "prefer";
  return (
    SSL_MODES.find((mode) => mode === given) ?? refuse(`no such sslmode; one of ${SSL_MODES.join(", ")}`)
  );
}

function channelBindingOf(
  parameters: Parameters,
  refuse: (detail: string) => never,
): Target["channelBinding"] {
  const given = parameters["channel_binding"] || "prefer";
  return CHANNEL_BINDINGS.find((one) => one === given) ?? refuse("no such channel_binding");
}
