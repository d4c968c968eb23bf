import { copy } from "./copy.ts";
import { dump } from "./dump.ts";
import { encrypt } from "./encrypt.ts";
import type { Handlers } from "./handler.ts";
import { hold } from "./hold.ts";
import { prune } from "./prune/prune.ts";
import { upload } from "./upload/upload.ts";
import { verify } from "./verify/verify.ts";

/** One handler per step kind, complete at compile time. */
export const handlers: Handlers = { dump, encrypt, upload, copy, verify, prune, hold };
