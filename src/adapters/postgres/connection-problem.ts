import { DbopsError } from "../../problems/dbops-error.ts";
import { type Problem, problem } from "../../problems/problem.ts";
import { shellQuoted } from "../../problems/shell-quoted.ts";
import { untilData, withoutData } from "./load/without-data.ts";
import type { Target } from "./target.ts";

/** What kept a session from opening, as a DbopsError; passes one on that is one already. */
export function connectionError(error: unknown, target: Target): DbopsError {
  if (error instanceof DbopsError) return error;
  if (factsOf(error).code === "" && !isLost(error)) return queryError(error, target);
  return new DbopsError([connectionProblem(factsOf(error), target)], error);
}

/** libpq's `prefer` goes on without TLS when the server has none, or its pg_hba.conf lets no TLS session in. */
export function isPlainRetry(error: unknown): boolean {
  const { code, message } = factsOf(error);
  return code === "28000" || message.includes("does not support SSL") || isTlsFailure(code, message);
}

/**
 * What made a query of an open session fail, as a DbopsError. Never DETAIL or CONTEXT, and no value that the message quotes: dbops' own
 * statements run functions of the database as well. A statement that this server does not understand is a bug in dbops, and so is
 * what neither the server nor the connection said.
 */
export function queryError(error: unknown, target: Target): DbopsError {
  if (error instanceof DbopsError) return error;
  const facts = factsOf(error);
  const { code } = facts;
  if (isLost(error)) return new DbopsError([connectionProblem(facts, target)], error);
  const detail = `${target.database} at ${target.endpoint}: ${/^[0-9A-Z]{5}$/.test(code) ? withoutData(facts.message, code) : untilData(facts.message)}${code === "" ? "" : ` (${code})`}`;
  const isServers = /^[0-9A-Z]{5}$/.test(code);
  if (!isServers || /^42(?!501)/.test(code)) return new DbopsError([problem("INTERNAL", detail)], error);
  const known = code === "42501" ? "RIGHTS_MISSING" : "DUMP_FAILED";
  return new DbopsError([problem(known, detail, { fix: queryFix(code) })], error);
}

/** True for an error that leaves no session to ask on. */
export function isLost(error: unknown): boolean {
  const { code, message } = factsOf(error);
  if (code === "") return SAID_BY_NODE_PG.test(message);
  return /^(08|57P0)/.test(code) || /^E[A-Z]+$/.test(code) || /^ERR_(STREAM|SOCKET|SSL|TLS|OSSL)/.test(code);
}

/** Of a connection, and without a code. Other plain errors are bugs. */
const SAID_BY_NODE_PG =
  /^(Connection terminated|timeout expired|Query read timeout|Client (was closed|has encountered)|received invalid response|Received unexpected|The server does not support SSL|There was an error establishing an SSL|Unknown authentication|SASL)|SCRAM|\b(SSL|TLS) (error|routines)/;

interface ErrorFacts {
  /** SQLSTATE, or Node's error code; empty when there is none. */
  readonly code: string;
  /** First line only: a server's primary message, which quotes names but no data. */
  readonly message: string;
}

/** What an error of node-pg or Node says, bounded to its first line. */
export function factsOf(error: unknown): ErrorFacts {
  // several addresses of one name were tried: the first failure stands for all
  const one = error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error;
  const code = typeof one === "object" && one !== null && "code" in one ? String(one.code ?? "") : "";
  const text = one instanceof Error ? one.message : String(one);
  return { code, message: text.split("\n")[0]?.slice(0, 500) ?? "" };
}

function connectionProblem({ code, message }: ErrorFacts, target: Target): Problem {
  const place = `${target.database} at ${target.endpoint}`;
  const who = `${target.user} on ${place}`;
  if (code === "28P01" || code === "28000" || message.startsWith("SASL") || message.includes("SCRAM"))
    return problem("DATABASE_AUTHENTICATION", `${who}: ${authentication(message, target)}`, {
      fix: `check the user, the password and pg_hba.conf:\n${psql(target)}`,
    });
  if (code === "3D000")
    return problem("DATABASE_MISSING", `there is no database ${place}`, {
      fix: `compare with the names the server has:\n${psql({ ...target, database: "postgres" })} -l`,
    });
  if (code === "42501")
    return problem("RIGHTS_MISSING", `${who}: ${message}`, {
      fix: `GRANT CONNECT ON DATABASE ${ident(target.database)} TO ${ident(target.user)};`,
    });
  return problem("DATABASE_UNREACHABLE", `${place}: ${describe(code, message)}`, {
    fix: unreachableFix(code, message, target),
  });
}

function queryFix(code: string): string {
  if (code === "55P03")
    return "find out who holds the lock:\nSELECT pid, query FROM pg_stat_activity WHERE state <> 'idle';";
  if (code === "40001") return "set hot_standby_feedback = on on the replica, or dump from the primary";
  return "look into the server's log";
}

function authentication(message: string, target: Target): string {
  return target.password === null ? `no password is given (${message})` : message;
}

function describe(code: string, message: string): string {
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "its host name is not known";
  if (code === "ECONNREFUSED") return "nothing listens there (connection refused)";
  if (code === "ENOENT") return "there is no server socket in this folder";
  if (/timeout/i.test(message) || code === "ETIMEDOUT") return "no answer in time";
  if (message.includes("does not support SSL")) return "the server has no TLS";
  if (isTlsFailure(code, message)) return `TLS: ${message} (${code})`;
  return code === "" ? message : `${message} (${code})`;
}

function unreachableFix(code: string, message: string, target: Target): string {
  if (code === "53300")
    return "wait for a free connection, or raise max_connections or the role's CONNECTION LIMIT";
  if (message.includes("does not support SSL"))
    return "switch TLS on in the server, or set sslmode to disable or prefer";
  if (isTlsFailure(code, message))
    return `set sslrootcert to the CA of the server's certificate, and host to a name in it; sslmode is ${target.tls.mode}`;
  return `pg_isready -h ${shellQuoted(target.host)} -p ${target.port}`;
}

function isTlsFailure(code: string, message: string): boolean {
  return (
    /CERT|SIGNATURE|ISSUER|^ERR_(TLS|SSL|OSSL)|^EPROTO$/.test(code) ||
    /\b(SSL|TLS) (error|routines)/.test(message)
  );
}

function psql(target: Target): string {
  return `psql -h ${shellQuoted(target.host)} -p ${target.port} -U ${shellQuoted(target.user)} ${shellQuoted(`dbname=${conninfo(target.database)}`)}`;
}

/** A value in a connection string: names with spaces, quotes or `=` stay names. */
function conninfo(value: string): string {
  return /^[\w.-]+$/.test(value) ? value : `'${value.replaceAll(/['\\]/g, "\\$&")}'`;
}

function ident(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
