import { PassThrough } from "node:stream";
import type { View } from "../../src/ports/view.ts";
import { openView, type ViewOptions } from "../../src/views/open-view.ts";

/** A view on streams that keep what was written, in the order of both. */
export interface Captured {
  readonly view: View;
  stdout(): string;
  stderr(): string;
  /** Both streams as a terminal would show them. */
  both(): string;
}

export const NOW_MS = Date.parse("2026-11-24T02:00:00.000Z");

export function captureView(more: Partial<ViewOptions> = {}): Captured {
  const written: { readonly to: "stdout" | "stderr"; readonly text: string }[] = [];
  const stream = (to: "stdout" | "stderr"): PassThrough => {
    const through = new PassThrough();
    through.write = (chunk: unknown) => written.push({ to, text: String(chunk) }) > 0;
    return through;
  };
  const view = openView({
    stdin: new PassThrough(),
    stdout: stream("stdout"),
    stderr: stream("stderr"),
    json: false,
    quiet: false,
    verbose: false,
    markdown: false,
    colour: { stdout: false, stderr: false },
    live: false,
    interactive: false,
    now: () => NOW_MS,
    ...more,
  });
  const textOf = (to: string): string =>
    written
      .filter((one) => one.to === to)
      .map((one) => one.text)
      .join("");
  return {
    view,
    stdout: () => textOf("stdout"),
    stderr: () => textOf("stderr"),
    both: () => written.map((one) => one.text).join(""),
  };
}
