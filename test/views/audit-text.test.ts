import { expect, it } from "vitest";
import { captureView } from "./capture.ts";

it("does not call a journal consistent that is not there", () => {
  const captured = captureView();
  captured.view.report({ kind: "audit-verified", environment: "production", scopes: [] });
  expect(captured.both()).toBe("No journal found in production.\n");
});
