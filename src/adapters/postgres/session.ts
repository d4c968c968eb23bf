import { Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { Client, type ClientConfig } from "pg";
import { connectionError, isPlainRetry } from "./connection-problem.ts";
import type { Target } from "./target.ts";
import { tlsOptions } from "./tls.ts";

/** One connection to a server. An aborted signal closes it at once; a query under way then rejects with the signal's reason. */
export interface Session {
  query<Row>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** One statement and no more (the extended protocol), its rows as lists: columns of one name stay apart. */
  rows(sql: string): Promise<{ readonly columns: number; readonly rows: readonly (readonly unknown[])[] }>;
  /** Never throws. */
  close(): Promise<void>;
}

/** Connects, with libpq's fallback for `prefer`. Throws a DbopsError that says which of address, user, database or TLS it was. */
export async function openSession(target: Target, signal: AbortSignal): Promise<Session> {
  signal.throwIfAborted();
  const ssl = await tlsOptions(target.tls, target.host);
  try {
    return await connect(target, ssl, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (target.tls.mode !== "prefer" || ssl === false || !isPlainRetry(error))
      throw connectionError(error, target);
  }
  try {
    return await connect(target, false, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw connectionError(error, target);
  }
}

async function connect(
  target: Target,
  ssl: false | ConnectionOptions,
  signal: AbortSignal,
): Promise<Session> {
  const socket = new Socket();
  const client = new Client(configOf(target, ssl, socket));
  client.on("error", () => {}); // an idle session that is lost shows at its next query
  const abort = (): void => void socket.destroy();
  signal.addEventListener("abort", abort, { once: true });
  const close = async (): Promise<void> => {
    signal.removeEventListener("abort", abort);
    await client.end().catch(() => {});
    socket.destroy();
  };
  try {
    await client.connect();
  } catch (error) {
    signal.removeEventListener("abort", abort);
    socket.destroy();
    throw error;
  }
  return { ...questionsTo(client, signal), close };
}

function questionsTo(client: Client, signal: AbortSignal): Omit<Session, "close"> {
  const aborted = (error: unknown): never => {
    signal.throwIfAborted();
    throw error;
  };
  return {
    query: async <Row>(sql: string, values: readonly unknown[] = []) => {
      const result = await client.query(sql, [...values]).catch(aborted);
      return result.rows as Row[]; // the caller's SELECT list is the only thing that knows its types
    },
    rows: async (sql) => {
      const question = { text: sql, rowMode: "array" as const, queryMode: "extended" }; // not in @types/pg
      const result = await client.query<unknown[]>(question).catch(aborted);
      return { columns: result.fields.length, rows: result.rows };
    },
  };
}

function configOf(target: Target, ssl: false | ConnectionOptions, socket: Socket): ClientConfig {
  return {
    host: target.host,
    port: target.port,
    database: target.database,
    user: target.user,
    password: target.password?.reveal() ?? (async () => ""), // a function: node-pg would ask PGPASSWORD and ~/.pgpass
    ssl,
    options: target.options ?? (process.env["PGOPTIONS"] === undefined ? undefined : " "), // node-pg reads it as well
    application_name: "dbops",
    client_encoding: "UTF8",
    enableChannelBinding: target.channelBinding !== "disable",
    connectionTimeoutMillis: target.connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
    stream: () => socket,
  } as ClientConfig; // exactOptionalPropertyTypes and the untyped `client_encoding`
}
