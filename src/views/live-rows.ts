import type { Writable } from "node:stream";
import type { ListrTask, ListrTaskWrapper, DefaultRenderer as Renderer } from "listr2";
import type { Paint, Tone } from "./paint.ts";

/** One row of a live display. After `end` it stays as it is. */
export interface Row {
  show(title: string): void;
  /** A line beneath the row; the newest few stay. */
  note(text: string): void;
  end(how: "done" | "failed" | "skipped" | "hidden", title: string): void;
}

const NOTES = 5;

/**
 * Shows rows with listr2: its tasks do nothing but wait for their row's end. `drawn` resolves when every row has ended and the
 * terminal is as it was found. Rows without a title are not drawn. listr2 is loaded on first use; what a row is told before is kept.
 * It neither handles signals nor ends the process (its `cancel` would; nobody calls it).
 */
export function showRows(
  count: number,
  out: Writable,
  paint: Paint,
): { readonly rows: readonly Row[]; readonly last: Row; readonly drawn: Promise<void> } {
  const last = new TaskRow();
  const rows = Array.from({ length: count - 1 }, () => new TaskRow());
  return { rows, last, drawn: draw([...rows, last], out, paint) };
}

type Wrapper = ListrTaskWrapper<object, typeof Renderer, typeof Renderer>;

class TaskRow implements Row {
  readonly #ended = Promise.withResolvers<void>();
  #over = false;
  #skipped = false;
  #title: string | null = null;
  #notes: string[] = [];
  #task: Wrapper | null = null;

  constructor() {
    this.#ended.promise.catch(() => undefined); // listr2 may not have asked for it yet
  }

  show(title: string): void {
    if (this.#over || title === this.#title) return;
    this.#title = title;
    if (this.#task !== null) this.#task.title = title;
  }

  note(text: string): void {
    if (this.#task !== null) this.#task.output = text;
    else this.#notes.push(text);
  }

  end(how: "done" | "failed" | "skipped" | "hidden", title: string): void {
    if (this.#over) return;
    if (how === "skipped") {
      this.#skipped = true;
      this.#task?.skip(); // first, or it is drawn as running
    }
    if (how !== "hidden") this.show(title);
    this.#over = true;
    if (how === "failed") this.#ended.reject(new Error(title));
    else this.#ended.resolve();
  }

  /** The title so far. */
  head(): { readonly title?: string } {
    return this.#title === null ? {} : { title: this.#title };
  }

  /** What listr2 runs. */
  async run(task: Wrapper): Promise<void> {
    this.#task = task;
    if (this.#skipped) task.skip();
    if (this.#title !== null) task.title = this.#title;
    for (const note of this.#notes) task.output = note;
    return this.#ended.promise;
  }
}

async function draw(rows: readonly TaskRow[], out: Writable, paint: Paint): Promise<void> {
  const { DefaultRenderer, Listr, ListrLogger, ProcessOutput } = await import("listr2");
  // listr2 asks stdout whether it is a terminal, but stderr is where this is drawn.
  class StderrRenderer extends DefaultRenderer {
    static override nonTTY = true;
  }
  const stream = out as NodeJS.WriteStream; // the view is live only where stderr is a terminal
  const tasks: ListrTask<object, typeof DefaultRenderer, typeof DefaultRenderer>[] = rows.map((row) => ({
    ...row.head(), // listr2 puts notes beneath a task only when it has a title from the start
    task: (_context, task) => row.run(task),
    rendererOptions: { outputBar: NOTES, persistentOutput: true },
  }));
  const list = new Listr<object, typeof DefaultRenderer, typeof DefaultRenderer>(tasks, {
    concurrent: true,
    exitOnError: false,
    registerSignalListeners: false,
    renderer: StderrRenderer,
    fallbackRenderer: StderrRenderer,
    rendererOptions: {
      logger: new ListrLogger({ processOutput: new ProcessOutput(stream, stream) }),
      formatOutput: "wrap",
      showErrorMessage: false,
      color: colours(paint),
    },
  });
  await list.run({});
}

/** Every colour that listr2 would choose by itself, by our own decision. */
function colours(paint: Paint): Record<string, (text?: string) => string> {
  const tone = (name: Tone) => (text?: string) => paint(name, text ?? "");
  return {
    SKIPPED_WITH_COLLAPSE: tone("warning"),
    SKIPPED_WITHOUT_COLLAPSE: tone("warning"),
    PENDING: tone("warning"),
    COMPLETED: tone("good"),
    COMPLETED_WITH_FAILED_SUBTASKS: tone("warning"),
    COMPLETED_WITH_SISTER_TASKS_FAILED: tone("bad"),
    RETRY: tone("warning"),
    ROLLING_BACK: tone("bad"),
    ROLLED_BACK: tone("bad"),
    FAILED: tone("bad"),
    FAILED_WITH_SUBTASKS: tone("bad"),
    WAITING: tone("dim"),
    PAUSED: tone("warning"),
    CANCELLED: tone("bad"),
  };
}
