/** What a terminal shows after these bytes. */
export interface Screen {
  /** From the first line that was written to, without trailing blanks. */
  readonly lines: readonly string[];
  readonly cursorVisible: boolean;
}

/** A terminal as far as progress needs one: it knows few sequences and throws on every other. Lines never wrap. */
export function screenOf(bytes: string): Screen {
  const state = { lines: [""], row: 0, column: 0, cursorVisible: true };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal sequences begin with one
  for (const [token] of bytes.matchAll(/\u001b\[[?0-9;]*[A-Za-z]|[\s\S]/gu)) {
    if (token === "\n") state.row += 1;
    else if (token === "\r") state.column = 0;
    else if (token.startsWith("\u001b")) control(state, token);
    else if (/\p{Cc}/u.test(token)) throw new Error(`a raw control character: ${JSON.stringify(token)}`);
    else put(state, token);
    while (state.lines.length <= state.row) state.lines.push("");
  }
  const lines = state.lines.map((line) => line.trimEnd());
  while (lines.at(-1) === "") lines.pop();
  return { lines, cursorVisible: state.cursorVisible };
}

interface State {
  lines: string[];
  row: number;
  column: number;
  cursorVisible: boolean;
}

function put(state: State, character: string): void {
  const line = [...(state.lines[state.row] ?? "").padEnd(state.column)];
  line[state.column] = character;
  state.lines[state.row] = line.join("");
  state.column += 1;
}

function control(state: State, sequence: string): void {
  const count = Number(/\d+/.exec(sequence)?.[0] ?? 1);
  const line = state.lines[state.row] ?? "";
  if (sequence === "\u001b[?25h" || sequence === "\u001b[?25l") state.cursorVisible = sequence.endsWith("h");
  else if (sequence.startsWith("\u001b[?2026") || sequence.endsWith("m")) return;
  else if (sequence.endsWith("A")) state.row = Math.max(0, state.row - count);
  else if (sequence.endsWith("B")) state.row += count;
  else if (sequence === "\u001b[G") state.column = 0;
  else if (sequence === "\u001b[2K") state.lines[state.row] = "";
  else if (sequence === "\u001b[K") state.lines[state.row] = [...line].slice(0, state.column).join("");
  else throw new Error(`an unexpected sequence: ${JSON.stringify(sequence)}`);
}
