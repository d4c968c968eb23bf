// A process that does one swap, for a test that kills it: `node swap-process.ts '{ "database": …, "swap": … }'`.
import { adminAccess } from "../../../../src/adapters/postgres/restore-target/admin-access.ts";
import { swapDatabases } from "../../../../src/adapters/postgres/restore-target/swap-databases.ts";
import type { Database } from "../../../../src/model/environment.ts";
import { PATIENCE } from "../../../../src/ports/patience.ts";
import type { Swap } from "../../../../src/ports/restore-target.ts";
import { secrets, signal } from "../declared.ts";

export interface SwapTask {
  readonly database: Database;
  readonly swap: Swap;
}

const task = JSON.parse(process.argv[2] ?? "") as SwapTask; // the test writes it
const access = adminAccess(task.database, { secrets, env: {} });
await swapDatabases(access, { swap: task.swap, patience: PATIENCE }, signal());
