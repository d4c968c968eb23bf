import { styleText } from "node:util";

export type Tone = "add" | "change" | "destroy" | "danger" | "good" | "bad" | "warning" | "dim" | "strong";

/** Colours a text, or gives it back as it is. */
export type Paint = (tone: Tone, text: string) => string;

const STYLES: Readonly<Record<Tone, Parameters<typeof styleText>[0]>> = {
  add: "green",
  change: "yellow",
  destroy: "red",
  danger: ["red", "bold"],
  good: "green",
  bad: "red",
  warning: "yellow",
  dim: "dim",
  strong: "bold",
};

/** Whether there is colour was decided before; the stream is not asked again. */
export function paintWith(colour: boolean): Paint {
  if (!colour) return (_tone, text) => text;
  return (tone, text) => styleText(STYLES[tone], text, NO_CHECK);
}

const NO_CHECK = { validateStream: false } as const;
