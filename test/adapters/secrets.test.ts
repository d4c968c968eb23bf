import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { resolveSecret } from "../../src/adapters/secrets.ts";
import type { SecretSource } from "../../src/model/secret.ts";
import { DbopsError } from "../../src/problems/dbops-error.ts";

const VARIABLE = "DBOPS_TEST_SECRET";
const SECRET = "correct horse";
let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "dbops-secrets-"));
});

afterEach(async () => {
  delete process.env[VARIABLE];
  await rm(folder, { recursive: true });
});

describe("a secret in an environment variable", () => {
  it("is its value", async () => {
    process.env[VARIABLE] = SECRET;
    expect(await reveal({ env: VARIABLE })).toBe(SECRET);
  });

  it("is missing when the variable is not set, and the fix sets it", async () => {
    const { problems } = await refusal({ env: VARIABLE });
    expect(problems[0]).toMatchObject({
      code: "SECRET_UNAVAILABLE",
      detail: "the environment variable DBOPS_TEST_SECRET is not set",
      fix: "export DBOPS_TEST_SECRET=…",
    });
  });

  it("is missing when the variable is empty", async () => {
    process.env[VARIABLE] = "";
    expect((await refusal({ env: VARIABLE })).problems[0]?.detail).toContain("is empty");
  });
});

describe("a secret in a file", () => {
  it("is the text without the newline at its end", async () => {
    await writeFile(join(folder, "key"), "line 1\nline 2 \r\n");
    expect(await reveal({ file: join(folder, "key") })).toBe("line 1\nline 2 ");
  });

  it("is missing when there is no file", async () => {
    const error = await refusal({ file: join(folder, "none") });
    expect(error.problems[0]?.detail).toBe(`the file ${folder}/none does not exist`);
  });

  it("is looked for by a command that takes the path for one word", async () => {
    const error = await refusal({ file: join(folder, "my key") });
    expect(error.problems[0]?.fix).toBe(`ls -l '${folder}/my key'`);
  });

  it("is missing when the file holds only a newline", async () => {
    await writeFile(join(folder, "key"), "\n");
    expect((await refusal({ file: join(folder, "key") })).problems[0]?.detail).toContain("is empty");
  });
});

describe("a secret that a command prints", () => {
  it("is what it prints, without the newline at its end", async () => {
    expect(await reveal({ command: ["printf", "%s\n", SECRET] })).toBe(SECRET);
  });

  it("comes from the program itself: no shell changes its arguments", async () => {
    expect(await reveal({ command: ["printf", "%s", "$HOME; echo x"] })).toBe("$HOME; echo x");
  });

  it("is refused when the command fails, whatever it printed", async () => {
    const error = await refusal({ command: ["sh", "-c", `echo ${SECRET}; echo ${SECRET} >&2; exit 3`] });
    expect(error.problems[0]?.detail).toBe("the command sh failed with exit code 3");
    expect(inspect(error, { depth: null })).not.toContain(SECRET);
  });

  it("is missing when the program is", async () => {
    const error = await refusal({ command: [join(folder, "vault"), "read"] });
    expect(error.problems[0]?.detail).toContain("was not found");
  });

  it("is missing when the command prints nothing", async () => {
    expect((await refusal({ command: ["true"] })).problems[0]?.detail).toContain("printed nothing");
  });

  it("is given up with all that the command started when it takes too long", async () => {
    const error = await refusal({ command: ["sh", "-c", "sleep 600 | cat"] }, 100);
    expect(error.problems[0]?.detail).toBe("the command sh gave no answer in 0.1 s");
  });

  it("is given up with the signal's reason when the signal aborts", async () => {
    const reason = new Error("stop");
    const signal = AbortSignal.any([AbortSignal.timeout(50)]);
    await expect(resolveSecret({ command: ["sleep", "600"] }, signal)).rejects.toThrow(/timeout/i);
    await expect(resolveSecret({ command: ["true"] }, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

async function reveal(source: SecretSource): Promise<string> {
  return (await resolveSecret(source, new AbortController().signal)).reveal();
}

async function refusal(source: SecretSource, timeoutMs?: number): Promise<DbopsError> {
  const thrown: unknown = await resolveSecret(source, new AbortController().signal, timeoutMs).then(
    () => null,
    (error: unknown) => error,
  );
  if (thrown instanceof DbopsError) return thrown;
  throw new Error("the secret was not refused", { cause: thrown });
}
