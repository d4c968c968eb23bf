import { S3, type S3ClientConfig } from "@aws-sdk/client-s3";
import type { S3StoreDeclaration } from "../../model/environment.ts";
import { type Instant, instantOf } from "../../model/instant.ts";
import { DbopsError, fail } from "../../problems/dbops-error.ts";
import { failS3, NO_ANSWER } from "./s3-problems.ts";
import type { S3Credentials } from "./s3-store.ts";

/** One bucket as one store sees it: the client, how keys are written there, and how errors become Problems. */
export interface Bucket {
  readonly api: S3;
  /** A client whose sockets may be silent for as long as they like: only for a request of the pace `assembling`. */
  readonly silentApi: () => S3;
  readonly declaration: S3StoreDeclaration;
  /** The bucket's name, as every request has it. */
  readonly name: string;
  /** The store's prefix with its slash; empty for the whole bucket. */
  readonly root: string;
  /** Runs one request. Throws what `failS3` makes of its error; the signal's reason when it aborted. */
  ask<T>(doing: Doing, signal: AbortSignal, request: Request<T>, pace?: Pace): Promise<T>;
  /** Runs one request and leaves its error as the SDK has it, for callers that understand some; then `failed`. */
  tell<T>(signal: AbortSignal, request: Request<T>, pace?: Pace): Promise<T>;
  /** Throws the Problem of an error of `tell`. */
  failed(doing: Doing, error: unknown): never;
  /** The server's clock when it gave this answer. */
  clockOf(answer: object): Instant;
}

export type Doing = "read" | "write";
export type Request<T> = (options: {
  readonly abortSignal: AbortSignal;
  readonly requestTimeout?: number;
}) => Promise<T>;
/**
 * `prompt`, unless said otherwise: a question that is answered at once or not at all. `bulk`: takes as long as its bytes
 * do. `assembling`: the server may copy so many bytes in silence before it answers.
 */
export type Pace = "prompt" | "bulk" | { readonly assembling: number };

/** How long a server that accepts requests and answers none is waited for. */
export interface Patience {
  /** For the begin of the answer to one attempt of a prompt request. */
  readonly attemptMs: number;
  /** For a prompt request with all its attempts and its answer to the end. */
  readonly requestMs: number;
  /** For the next byte of any request; a full server may take a part and never answer. */
  readonly idleMs: number;
  /** For a server that assembles an object, besides the time that it takes to copy the bytes. */
  readonly assemblyMs: number;
}
const PATIENCE: Patience = { attemptMs: 20_000, requestMs: 60_000, idleMs: 60_000, assemblyMs: 600_000 };
/** The pace of a slow disk that copies all the parts of an object together: 20 MB/s. */
const ASSEMBLED_BYTES_PER_MS = 20_000;

/** Makes the client; nothing is asked of the server yet. */
export function connectS3(
  declaration: S3StoreDeclaration,
  credentials: S3Credentials | null,
  given: Partial<Patience> = {},
): Bucket {
  const patience = { ...PATIENCE, ...given };
  const clocks = new WeakMap<object, Instant>();
  const client = (idleMs: number): S3 => {
    const api = new S3(clientConfig(declaration, credentials, idleMs));
    noteClocks(api, clocks);
    if (declaration.checksums === "when_supported") leavePartsUnsigned(api);
    return api;
  };
  return bucketOf(client(patience.idleMs), () => client(NEVER), { declaration, clocks, patience });
}

/** As the SDK takes it for a socket. */
const NEVER = 0;
const SOCKETS = 16;

function clientConfig(
  declaration: S3StoreDeclaration,
  credentials: S3Credentials | null,
  idleMs: number,
): S3ClientConfig {
  const checksums = declaration.checksums === "when_supported" ? "WHEN_SUPPORTED" : "WHEN_REQUIRED";
  return {
    region: declaration.region,
    ...(declaration.endpoint === null ? {} : { endpoint: declaration.endpoint }),
    ...(credentials === null ? {} : { credentials: revealed(credentials) }),
    forcePathStyle: declaration.pathStyle,
    maxAttempts: 4,
    requestChecksumCalculation: checksums,
    responseChecksumValidation: checksums,
    requestHandler: {
      connectionTimeout: 10_000,
      socketTimeout: idleMs,
      throwOnRequestTimeout: true,
      httpAgent: { keepAlive: true, maxSockets: SOCKETS },
      httpsAgent: { keepAlive: true, maxSockets: SOCKETS },
      socketAcquisitionWarningTimeout: 3_600_000, // waiting for a socket is how the pool is meant to work
    },
  };
}

function revealed({ accessKeyId, secretAccessKey }: S3Credentials) {
  return { accessKeyId: accessKeyId.reveal(), secretAccessKey: secretAccessKey.reveal() };
}

function noteClocks(api: S3, clocks: WeakMap<object, Instant>): void {
  api.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { headers } = result.response as { headers?: Record<string, string> }; // an HttpResponse of the SDK
      const ms = Date.parse(headers?.["date"] ?? "");
      if (!Number.isNaN(ms) && result.output !== undefined) clocks.set(result.output, instantOf(ms));
      return result;
    },
    { step: "deserialize", priority: "high", name: "noteServerClock" },
  );
}

/**
 * Parts carry a CRC32, and their SHA-256 is in the manifest, which is signed; a signature over their bytes too would hash each
 * of them once more here and on the server. Everything else is signed whole.
 */
function leavePartsUnsigned(api: S3): void {
  api.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const { headers } = args.request as { headers?: Record<string, string> }; // an HttpRequest of the SDK
        if (commandName === "UploadPartCommand" && headers !== undefined)
          headers["x-amz-content-sha256"] = "UNSIGNED-PAYLOAD";
        return next(args);
      },
    { step: "build", name: "leavePartsUnsigned" },
  );
}

interface Manners {
  readonly declaration: S3StoreDeclaration;
  readonly clocks: WeakMap<object, Instant>;
  readonly patience: Patience;
}

function bucketOf(api: S3, makeSilentApi: () => S3, { declaration, clocks, patience }: Manners): Bucket {
  let silentApi: S3 | null = null;
  const failed = (doing: Doing, error: unknown) => failS3(declaration, doing, error);
  const tell = telling(patience);
  return {
    api,
    silentApi: () => {
      silentApi ??= makeSilentApi();
      return silentApi;
    },
    declaration,
    name: declaration.bucket,
    root: declaration.prefix === "" ? "" : `${declaration.prefix}/`,
    tell,
    failed,
    async ask(doing, signal, request, pace) {
      try {
        return await tell(signal, request, pace);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof DbopsError) throw error;
        return failed(doing, error);
      }
    },
    clockOf: (answer) =>
      clocks.get(answer) ??
      fail("STORE_UNREADABLE", `store ${declaration.name} answers without a Date header`),
  };
}

/** A server that left a request without an answer is given one attempt for each further one, until it answers again. */
function telling(patience: Patience): Bucket["tell"] {
  let isSilent = false;
  return async (signal, request, pace = "prompt") => {
    if (pace === "bulk") return within(signal, null, request);
    if (pace !== "prompt")
      return within(signal, patience.assemblyMs + pace.assembling / ASSEMBLED_BYTES_PER_MS, request);
    const limitMs = isSilent ? Math.min(patience.attemptMs, patience.requestMs) : patience.requestMs;
    const timed: typeof request = ({ abortSignal }) =>
      request({ abortSignal, requestTimeout: patience.attemptMs });
    try {
      const answer = await within(signal, limitMs, timed);
      isSilent = false;
      return answer;
    } catch (error) {
      if (!signal.aborted) isSilent = error instanceof Error && error.name === NO_ANSWER;
      throw error;
    }
  };
}

/** Ends with the signal's reason, or with NoAnswer after `limitMs`, also while the request does not react to its signal. */
async function within<T>(signal: AbortSignal, limitMs: number | null, request: Request<T>): Promise<T> {
  signal.throwIfAborted();
  const stop = new AbortController();
  const stopped = Promise.withResolvers<never>();
  const end = (reason: unknown): void => {
    stopped.reject(reason);
    stop.abort(reason);
  };
  const abort = (): void => end(signal.reason);
  const limit = limitMs === null ? undefined : setTimeout(() => end(noAnswer(limitMs)), limitMs);
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([request({ abortSignal: stop.signal }), stopped.promise]);
  } finally {
    clearTimeout(limit);
    signal.removeEventListener("abort", abort);
  }
}

/** Not a TimeoutError: those are worth another try, and this is after all of them. */
function noAnswer(limitMs: number): Error {
  return Object.assign(new Error(`not within ${limitMs / 1000} s`), { name: NO_ANSWER });
}
