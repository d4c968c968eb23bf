import type { Report } from "../model/report.ts";
import { printable } from "./printable.ts";
import { countText } from "./quantities.ts";
import { tableText } from "./table.ts";
import type { Text } from "./text.ts";

type SetupReport = Extract<Report, { kind: "initialised" | "marked" | "validated" | "observed" }>;

/** What was written or found valid before the first backup. */
export function setupText(report: SetupReport): Text {
  switch (report.kind) {
    case "initialised":
      return {
        body: [`Wrote ${printable(report.file)}.`],
        problems: [],
        end: report.next.length === 0 ? [] : ["Next:", ...report.next.map((line) => `  ${printable(line)}`)],
      };
    case "marked":
      return {
        body: tableText(
          ["STORE", "STATE", "ID"],
          report.stores.map((one) => [printable(one.store), one.state, printable(one.storeId)]),
        ),
        problems: [],
        end: [`${countText(report.stores.length, "store")} of ${printable(report.environment)} ready.`],
      };
    case "validated":
      return {
        body: report.files.map((file) => `valid  ${printable(file)}`),
        problems: [],
        end: [`${countText(report.files.length, "file")} valid.`],
      };
    case "observed":
      return {
        body: [],
        problems: [],
        end: [`Observed ${printable(report.environment)}, written to ${printable(report.file)}.`],
      };
  }
}
