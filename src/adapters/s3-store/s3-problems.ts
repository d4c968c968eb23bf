import type { S3StoreDeclaration } from "../../model/environment.ts";
import { fail } from "../../problems/dbops-error.ts";
import type { ProblemCode } from "../../problems/problem.ts";
import { readS3Error, type S3Error } from "./s3-errors.ts";

/** Throws the Problem that an error of the SDK means for a store, with what to do next. */
export function failS3(store: S3StoreDeclaration, doing: "read" | "write", cause: unknown): never {
  const error = readS3Error(cause);
  const { code, what, fix } = meaningOf(store, doing, error);
  const said = error.message === "" || error.message === "UnknownError" ? "" : `: ${error.message}`;
  fail(code, `store ${store.name} (${placeOf(store)}): ${what}${said}`, { fix, cause });
}

/** `s3://bucket/prefix at endpoint`. */
export function placeOf(store: S3StoreDeclaration): string {
  const path = store.prefix === "" ? store.bucket : `${store.bucket}/${store.prefix}`;
  return `s3://${path} at ${store.endpoint ?? `AWS ${store.region}`}`;
}

/** The name of the error of a request that was given up after all its attempts. */
export const NO_ANSWER = "NoAnswer";

interface Meaning {
  readonly code: ProblemCode;
  readonly what: string;
  readonly fix: string;
}

function meaningOf(store: S3StoreDeclaration, doing: "read" | "write", error: S3Error): Meaning {
  return (
    meaningOfPlace(store, error) ??
    meaningOfRights(store, doing, error) ??
    meaningOfConnection(store, error) ?? {
      code: doing === "read" ? "STORE_UNREADABLE" : "STORE_UNWRITABLE",
      what: `the server answered ${error.status === 0 ? "nothing useful" : error.status} ${error.name}`,
      fix: `try the same by hand:\n${aws(store, `s3 ls s3://${store.bucket}/`)}`,
    }
  );
}

function meaningOfPlace(store: S3StoreDeclaration, { name, status, region }: S3Error): Meaning | null {
  if (name === "NoSuchBucket")
    return {
      code: "STORE_UNREADABLE",
      what: "the bucket does not exist",
      fix: `correct the bucket's name, or create it once:\n${aws(store, `s3 mb s3://${store.bucket}`)}`,
    };
  if (status === 301 || status === 307 || REGION.has(name))
    return {
      code: "STORE_UNREADABLE",
      what: `the bucket is not in region ${store.region}${region === null ? "" : ` but in ${region}`}`,
      fix:
        region === null
          ? `set the store's region to what this prints:\n${aws(store, `s3api get-bucket-location --bucket ${store.bucket}`)}`
          : `set the store's region in the environment file:\nregion: ${region}`,
    };
  if (status === 507 || FULL.has(name))
    return {
      code: "STORE_FULL",
      what: "the server has no space left",
      fix: "make room on the server first, or raise its quota: a plan is written down before it deletes anything. Then clear old backups away:\ndbops plan ENVIRONMENT prune",
    };
  return null;
}

function meaningOfRights(
  store: S3StoreDeclaration,
  doing: "read" | "write",
  { name, status }: S3Error,
): Meaning | null {
  if (CREDENTIALS.has(name))
    return {
      code: "STORE_UNREADABLE",
      what: `the credentials are not accepted (${name})`,
      fix: `correct the store's credentials; this shows whose they are:\n${aws(store, "sts get-caller-identity")}`,
    };
  if (status === 501 || name === "NotImplemented")
    return {
      code: "STORE_CONDITIONS",
      what: "the server does not know a header of the request (If-Match or If-None-Match)",
      fix: "use a server that honours conditional writes",
    };
  if (status === 403 || name === "AccessDenied") {
    const needed =
      doing === "read"
        ? "s3:ListBucket on the bucket and s3:GetObject on its objects"
        : "s3:PutObject, s3:AbortMultipartUpload and, for prune, s3:DeleteObject";
    return {
      code: doing === "read" ? "STORE_UNREADABLE" : "STORE_UNWRITABLE",
      what: `access is denied (${doing})`,
      fix: `grant ${needed}; this shows the bucket's policy:\n${aws(store, `s3api get-bucket-policy --bucket ${store.bucket}`)}`,
    };
  }
  return null;
}

function meaningOfConnection(store: S3StoreDeclaration, { name, code }: S3Error): Meaning | null {
  const at = store.endpoint ?? `https://s3.${store.region}.amazonaws.com`;
  if (TLS.test(code))
    return {
      code: "STORE_UNREADABLE",
      what: `its certificate is not trusted (${code})`,
      fix: `give Node the certificate of its authority:\nexport NODE_EXTRA_CA_CERTS=/path/to/ca.pem`,
    };
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return {
      code: "STORE_UNREADABLE",
      what: `its name does not resolve (${code})`,
      fix: `look at the endpoint and at DNS:\ncurl -sI ${at}`,
    };
  if (name === NO_ANSWER || name === "TimeoutError")
    return {
      code: "STORE_UNREADABLE",
      what: "it does not answer",
      fix: `see whether it answers:\ncurl -sI ${at}`,
    };
  if (code !== "")
    return {
      code: "STORE_UNREADABLE",
      what: `it cannot be reached (${code})`,
      fix: `see whether it answers:\ncurl -sI ${at}`,
    };
  return null;
}

const REGION = new Set([
  "PermanentRedirect",
  "TemporaryRedirect",
  "AuthorizationHeaderMalformed",
  "IllegalLocationConstraintException",
]);
const FULL = new Set([
  "XMinioStorageFull",
  "XMinioAdminBucketQuotaExceeded",
  "QuotaExceeded",
  "InsufficientStorage",
  "StorageFull",
  "DiskFull",
]);
const CREDENTIALS = new Set([
  "InvalidAccessKeyId",
  "SignatureDoesNotMatch",
  "InvalidToken",
  "ExpiredToken",
  "TokenRefreshRequired",
  "CredentialsProviderError",
]);
const TLS = /CERT|SELF_SIGNED|UNABLE_TO_|TLS|SSL|EPROTO/;

function aws(store: S3StoreDeclaration, rest: string): string {
  const endpoint = store.endpoint === null ? "" : ` --endpoint-url ${store.endpoint}`;
  return `aws${endpoint} --region ${store.region} ${rest}`;
}
