import { createInterface } from "node:readline/promises";
import type { Readable, Writable } from "node:stream";
import { printableLines } from "./printable.ts";

/**
 * Asks one question and returns the answer without its line end; null when the person ends the input (Ctrl-D, Ctrl-C)
 * or the signal aborts. Whoever asks decides what that means; the terminal is given back either way.
 */
export async function askOn(
  streams: { readonly stdin: Readable; readonly stderr: Writable },
  question: string,
  signal: AbortSignal,
): Promise<string | null> {
  const lines = createInterface({
    input: streams.stdin,
    output: streams.stderr,
    terminal: true,
    historySize: 0,
  });
  const ended = Promise.withResolvers<null>();
  let answered = false;
  lines.once("close", () => ended.resolve(null));
  lines.once("SIGINT", () => lines.close());
  try {
    const answer = await Promise.race([
      lines.question(`${printableLines(question.trimEnd()).join("\n")} `, { signal }).then((text) => {
        answered = true;
        return text;
      }),
      ended.promise,
    ]);
    return answer;
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  } finally {
    lines.close();
    if (!answered) streams.stderr.write("\n"); // what is printed next starts on a line of its own
  }
}
