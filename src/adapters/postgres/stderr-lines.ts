/** Cuts what a program writes to its stderr into lines, wherever its chunks and characters are cut. */
export interface StderrLines {
  add(chunk: Buffer): void;
  /** Gives what is left as a last line; call after the stream ended. */
  finish(): void;
}

/** Bounded memory: of a line that does not end only the begin is kept, `maxLength` characters of it. */
export function stderrLines(maxLength: number, take: (line: string) => void): StderrLines {
  const decoder = new TextDecoder();
  let rest = "";
  const split = (text: string): void => {
    const lines = (rest + text).split("\n");
    rest = (lines.pop() ?? "").slice(0, maxLength);
    for (const line of lines) take(line);
  };
  return {
    add: (chunk) => split(decoder.decode(chunk, { stream: true })),
    finish: () => split(`${decoder.decode()}\n`),
  };
}
