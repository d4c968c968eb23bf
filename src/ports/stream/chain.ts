import { type Duplex, pipeline, type Readable } from "node:stream";

/**
 * Joins a source and transforms into one stream, with back-pressure. It ends only when every one of them ended well;
 * the first failure of any of them destroys all of them and is the error that the reader sees; destroying the result
 * destroys all of them. A failure that nobody listens to is not an uncaught exception.
 */
export function chain(source: Readable, ...transforms: readonly Duplex[]): Readable {
  const last = transforms.at(-1);
  source.on("error", ignore);
  if (last === undefined) return source;
  for (const one of transforms) one.on("error", ignore);
  pipeline([source, ...transforms], ignore);
  return last;
}

/** The reader of the result gets the error from the stream itself; Node would also throw it where no listener is left. */
function ignore(): void {}
