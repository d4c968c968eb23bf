import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { processorSeconds, timedRun } from "./timed-run.ts";

/** A MinIO server on 127.0.0.1 with one empty bucket. */
export interface Minio {
  readonly endpoint: string;
  readonly bucket: string;
  readonly user: string;
  readonly password: string;
  processorSeconds(): number;
  /** What the runbook's `aws s3 cp` does, by curl: no SDK is loaded. */
  uploadCommand(file: string, key: string): string;
  stop(): Promise<void>;
}

const BUCKET = "bench";

/** Starts it in a folder; throws with the command that builds it. */
export async function startMinio(folder: string): Promise<Minio> {
  const program = join(
    process.env["DBOPS_TEST_CACHE"] ?? join(homedir(), ".cache", "dbops-test"),
    "bin",
    "minio",
  );
  if (!existsSync(program)) throw new Error(`no ${program}\nnpm test   (builds it)`);
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const password = randomBytes(12).toString("hex");
  await mkdir(folder);
  const args = ["server", folder, "--quiet", "--address", `127.0.0.1:${port}`];
  const console = ["--console-address", `127.0.0.1:${await freePort()}`];
  const server = spawn(program, [...args, ...console], {
    env: { PATH: process.env["PATH"], HOME: folder, MINIO_ROOT_USER: "bench", MINIO_ROOT_PASSWORD: password },
    stdio: "ignore",
  });
  const pid = server.pid ?? 0;
  const curl = `curl -sS --fail --aws-sigv4 aws:amz:us-east-1:s3 -u bench:${password} -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD'`;
  await untilReady(`${endpoint}/minio/health/ready`);
  await timedRun({ argv: ["sh", "-c", `${curl} -X PUT ${endpoint}/${BUCKET}`] });
  return {
    endpoint,
    bucket: BUCKET,
    user: "bench",
    password,
    processorSeconds: () => processorSeconds(pid),
    uploadCommand: (file, key) => `${curl} -T ${file} ${endpoint}/${BUCKET}/${key}`,
    async stop() {
      if (server.exitCode !== null) return;
      server.kill("SIGTERM");
      await once(server, "exit");
    },
  };
}

/** A port that nothing listens on at this moment. */
async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("no free port on 127.0.0.1");
  return address.port;
}

async function untilReady(url: string): Promise<void> {
  for (let waited = 0; waited < 30_000; waited += 100) {
    const isReady = await fetch(url).then(
      (answer) => answer.ok,
      () => false,
    );
    if (isReady) return;
    await pause(100);
  }
  throw new Error(`MinIO did not come up at ${url}`);
}
