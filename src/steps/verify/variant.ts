import type { Action } from "../handler.ts";

/** What `verify` and `swap` do for one of its types. */
export type Variant<S> = Pick<Action<S>, "probe" | "execute">;
