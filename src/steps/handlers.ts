import { analyze } from "./analyze.ts";
import { copy } from "./copy.ts";
import { create } from "./create.ts";
import { decrypt } from "./decrypt.ts";
import { download } from "./download.ts";
import { drop } from "./drop/drop.ts";
import { dump } from "./dump.ts";
import { encrypt } from "./encrypt.ts";
import type { Handlers } from "./handler.ts";
import { hold } from "./hold.ts";
import { load } from "./load/load.ts";
import { prune } from "./prune/prune.ts";
import { sanitize } from "./sanitize.ts";
import { swap } from "./swap/swap.ts";
import { upload } from "./upload/upload.ts";
import { verify } from "./verify/verify.ts";

/** One handler per step kind, complete at compile time. */
export const handlers: Handlers = {
  dump,
  encrypt,
  upload,
  copy,
  verify,
  prune,
  hold,
  download,
  decrypt,
  create,
  load,
  analyze,
  sanitize,
  swap,
  drop,
};
