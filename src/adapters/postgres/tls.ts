import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { ConnectionOptions } from "node:tls";
import type { SslMode } from "../../model/environment.ts";
import { fail } from "../../problems/dbops-error.ts";
import { shellQuoted } from "../../problems/shell-quoted.ts";
import type { Parameters } from "./target.ts";

/** TLS with libpq's meaning (PostgreSQL documentation 34.19), for both node-pg and the programs. */
export interface Tls {
  readonly mode: SslMode;
  /** Path of the CA bundle both ends trust; null: none is looked at. */
  readonly rootCert: string | null;
  readonly cert: string | null;
  readonly key: string | null;
}

/**
 * Fills in what libpq would: no TLS on a local socket, ~/.postgresql/root.crt where it exists; `verify-*` without a bundle
 * trusts the system's, which libpq knows only from 16 on. Throws CONFIG_INVALID when there is none to verify against.
 */
export async function resolveTls(
  given: { readonly mode: SslMode; readonly host: string; readonly parameters: Parameters },
  env: NodeJS.ProcessEnv,
): Promise<Tls> {
  const cert = given.parameters["sslcert"] ?? null;
  const key = given.parameters["sslkey"] ?? null;
  if (given.host.startsWith("/") || given.mode === "disable")
    return { mode: "disable", rootCert: null, cert: null, key: null };
  const verifies = given.mode === "verify-ca" || given.mode === "verify-full";
  const named = given.parameters["sslrootcert"];
  if (named !== undefined && named !== "system") {
    if (!existsSync(named) && verifies) refuseMissing(named);
    return { mode: given.mode, rootCert: named, cert, key };
  }
  const own = join(env["HOME"] || homedir(), ".postgresql", "root.crt");
  const rootCert =
    named === undefined && existsSync(own) ? own : verifies || named === "system" ? systemBundle() : null;
  return { mode: given.mode, rootCert, cert, key };
}

/** The options for node-pg: false, or what `tls.connect` takes. Throws CONFIG_INVALID for a file that cannot be read. */
export async function tlsOptions(tls: Tls, host: string): Promise<false | ConnectionOptions> {
  if (tls.mode === "disable") return false;
  const rootCert = tls.rootCert !== null && existsSync(tls.rootCert) ? tls.rootCert : null;
  // libpq: `require` with a CA bundle behaves like `verify-ca`; `prefer` never verifies
  const verifies = tls.mode.startsWith("verify-") || (tls.mode === "require" && rootCert !== null);
  return {
    host,
    rejectUnauthorized: verifies,
    ...(rootCert === null ? {} : { ca: await readPem(rootCert) }),
    ...(tls.cert === null ? {} : { cert: await readPem(tls.cert) }),
    ...(tls.key === null ? {} : { key: await readPem(tls.key) }),
    ...(tls.mode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
  };
}

const BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/cert.pem",
  "/etc/ssl/ca-bundle.pem",
];

function systemBundle(): string {
  return (
    BUNDLES.find((file) => existsSync(file)) ??
    fail("CONFIG_INVALID", "sslmode verifies, and this system has no CA bundle", {
      fix: "name one as sslrootcert in the connection",
    })
  );
}

function refuseMissing(file: string): never {
  return fail("CONFIG_INVALID", `sslrootcert ${file} does not exist`, {
    fix: "correct sslrootcert in the connection",
  });
}

async function readPem(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    return fail("CONFIG_INVALID", `${file} cannot be read`, {
      fix: `ls -l ${shellQuoted(file)}`,
      cause: error,
    });
  }
}
