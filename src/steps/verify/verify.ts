import type { VerifyStep } from "../../model/step.ts";
import type { Action, ProbeRun, StepRun } from "../handler.ts";
import { verifyBackup } from "./verify-backup.ts";
import { verifyClassic } from "./verify-classic.ts";
import { verifyDatabase } from "./verify-database.ts";
import { verifyHttp } from "./verify-http.ts";

/** Looks again at what was made: the bytes of a backup, a restored database, an application that uses it. */
export const verify: Action<VerifyStep> = {
  shape: "action",
  guard: (step) => (step.type === "backup" || step.type === "classic" ? "lease" : "restore"),

  probe(step: VerifyStep, run: ProbeRun) {
    switch (step.type) {
      case "backup":
        return verifyBackup.probe(step, run);
      case "classic":
        return verifyClassic.probe(step, run);
      case "database":
        return verifyDatabase.probe(step, run);
      case "http":
        return verifyHttp.probe(step, run);
    }
  },

  execute(step: VerifyStep, run: StepRun) {
    switch (step.type) {
      case "backup":
        return verifyBackup.execute(step, run);
      case "classic":
        return verifyClassic.execute(step, run);
      case "database":
        return verifyDatabase.execute(step, run);
      case "http":
        return verifyHttp.execute(step, run);
    }
  },
};
