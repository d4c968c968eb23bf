import { Transform, type TransformCallback, type TransformOptions } from "node:stream";

/**
 * Passes every byte through, and fails with what `explain` makes of the error that reaches it. Not by the option `destroy`: what that
 * makes of an error is emitted, but `errored` keeps the first one, and who reads it there is told another thing.
 */
export class Explaining extends Transform {
  readonly #explain: (error: Error) => Error;

  constructor(options: Pick<TransformOptions, "flush"> & { readonly explain: (error: Error) => Error }) {
    super({ ...(options.flush === undefined ? {} : { flush: options.flush }) });
    this.#explain = options.explain;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    done(null, chunk);
  }

  override destroy(error?: Error): this {
    return super.destroy(error === undefined ? undefined : this.#explain(error));
  }
}
