import { type S3Server, startMinio } from "../test/support/s3-servers.ts";
import { processorSeconds } from "./timed-run.ts";

/** A MinIO server of its own with one empty bucket, on disk; or the endpoint in DBOPS_TEST_S3. */
export interface S3Target {
  readonly server: S3Server;
  readonly bucket: string;
  /** What the server has used until now; NaN for an endpoint that was there before. */
  processorSeconds(): number;
  /** What the runbook's `aws s3 cp` does, by curl, which loads no SDK: less work than theirs, not more. */
  uploadCommand(file: string, key: string): string;
}

export async function startS3Target(): Promise<S3Target> {
  const server = await startMinio();
  const bucket = await server.newBucket();
  const { endpoint, accessKeyId, secretAccessKey, pid } = server;
  const curl = `curl -sS --fail --aws-sigv4 aws:amz:us-east-1:s3 -u '${accessKeyId}:${secretAccessKey}'`;
  return {
    server,
    bucket,
    processorSeconds: () => (pid === null ? Number.NaN : processorSeconds(pid)),
    uploadCommand: (file, key) =>
      `${curl} -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' -T ${file} ${endpoint}/${bucket}/${key}`,
  };
}
