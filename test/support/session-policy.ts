import { createHash, createHmac } from "node:crypto";
import type { S3Server } from "./s3-servers.ts";

/** Credentials of a MinIO session that a policy narrows, as the SDK reads them from the environment. */
export async function sessionUnder(
  server: S3Server,
  policy: string,
): Promise<Readonly<Record<string, string>>> {
  const parameters = { Action: "AssumeRole", Version: "2011-06-15", DurationSeconds: "3600", Policy: policy };
  const body = new URLSearchParams(parameters).toString();
  const answer = await fetch(`${server.endpoint}/`, { method: "POST", headers: signed(server, body), body });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`the server refuses the policy: ${text}`);
  const read = (tag: string) => new RegExp(`<${tag}>(.*?)</${tag}>`).exec(text)?.[1] ?? "";
  return {
    AWS_ACCESS_KEY_ID: read("AccessKeyId"),
    AWS_SECRET_ACCESS_KEY: read("SecretAccessKey"),
    AWS_SESSION_TOKEN: read("SessionToken"),
  };
}

/** Signature version 4 of a POST to `/` (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html). */
function signed(server: S3Server, body: string): Record<string, string> {
  const at = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const scope = `${at.slice(0, 8)}/us-east-1/sts/aws4_request`;
  const { host } = new URL(server.endpoint);
  const names = "content-type;host;x-amz-date";
  const type = "application/x-www-form-urlencoded";
  const request = `POST\n/\n\ncontent-type:${type}\nhost:${host}\nx-amz-date:${at}\n\n${names}\n${hash(body)}`;
  const text = `AWS4-HMAC-SHA256\n${at}\n${scope}\n${hash(request)}`;
  const key = scope.split("/").reduce<string | Buffer>(hmac, `AWS4${server.secretAccessKey}`);
  const signature = hmac(key, text).toString("hex");
  const authorization = `AWS4-HMAC-SHA256 Credential=${server.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  return { "content-type": type, "x-amz-date": at, authorization };
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
