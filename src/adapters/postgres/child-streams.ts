import type { ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";

/** How a child ended. */
export interface ChildEnd {
  readonly code: number | null;
  readonly killedBy: NodeJS.Signals | null;
  /** It did not start. */
  readonly error: Error | null;
}

/** How a child ended, after its streams have; never rejects. */
export function endOf(child: ChildProcess): Promise<ChildEnd> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ code: null, killedBy: null, error }));
    child.once("close", (code, killedBy) => resolve({ code, killedBy, error: null }));
  });
}

/** Resolves when a child's input takes more, or never will. */
export function roomIn(input: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      input.off("drain", done);
      input.off("close", done);
      resolve();
    };
    input.once("drain", done);
    input.once("close", done);
  });
}

export async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}
