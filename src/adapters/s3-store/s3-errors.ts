/** What an error of the SDK says, in one shape. */
export interface S3Error {
  /** `NoSuchKey`; the class of the error where the server gave no code. */
  readonly name: string;
  readonly message: string;
  /** 0 when no answer came. */
  readonly status: number;
  /** How often the SDK sent the request. */
  readonly attempts: number;
  /** `ECONNREFUSED`; empty when the connection was not the cause. */
  readonly code: string;
  /** The region that the server would like, when it says so. */
  readonly region: string | null;
}

/** Reads an error of the SDK, whatever it is. */
export function readS3Error(error: unknown): S3Error {
  if (!(error instanceof Error))
    return { name: "", message: String(error), status: 0, attempts: 1, code: "", region: null };
  const raw = error as Error & {
    code?: unknown;
    Code?: unknown;
    Region?: unknown;
    $metadata?: { httpStatusCode?: number; attempts?: number };
    $response?: { headers?: Record<string, string> };
  }; // every member is looked at before it is used
  const region = raw.$response?.headers?.["x-amz-bucket-region"] ?? raw.Region;
  return {
    name: typeof raw.Code === "string" ? raw.Code : raw.name,
    message: raw.message,
    status: raw.$metadata?.httpStatusCode ?? 0,
    attempts: raw.$metadata?.attempts ?? 1,
    code: typeof raw.code === "string" ? raw.code : "",
    region: typeof region === "string" && region !== "" ? region : null,
  };
}

/** True when the server says that the object, not the bucket, is not there. */
export function isMissing({ name, status }: S3Error): boolean {
  return (
    name === "NoSuchKey" ||
    name === "NotFound" ||
    (status === 404 && name !== "NoSuchBucket" && name !== "NoSuchUpload")
  );
}

/** True when a condition (If-Match, If-None-Match) was not met, or a racing request got in between. */
export function isRefusedCondition({ name, status }: S3Error): boolean {
  return (
    status === 412 ||
    name === "PreconditionFailed" ||
    name === "ConditionalRequestConflict" ||
    (status === 409 && name !== "OperationAborted")
  );
}

/** True when it is not known whether the request took effect: no answer came, or one that blames the server. */
export function isUnanswered({ status }: S3Error): boolean {
  return status === 0 || status >= 500;
}
