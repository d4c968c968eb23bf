import type { DatabaseStatus, EnvironmentStatus, Report } from "../model/report.ts";
import type { Paint, Tone } from "./paint.ts";
import { printable } from "./printable.ts";
import { ageText, bytesText, countText, timeText } from "./quantities.ts";
import { tableText } from "./table.ts";
import type { Text } from "./text.ts";

const HEADINGS = ["DATABASE", "STORE", "NEWEST", "AGE", "BACKUPS", "SIZE", "STATE"] as const;

/** One screen: for each database and store the newest backup and its age, then what comes next. */
export function statusText(report: Extract<Report, { kind: "status" }>, paint: Paint): Text {
  const problems = report.environments.flatMap((one) => one.problems);
  return {
    body: [
      ...report.environments.flatMap((one, index) => [
        ...(index === 0 ? [] : [""]),
        ...environmentLines(one, paint),
      ]),
      ...(problems.length === 0 ? [] : [""]),
    ],
    problems,
    end: [],
  };
}

/** Freshness alone: one line per database, worst news last. */
export function checkedText(report: Extract<Report, { kind: "checked" }>, paint: Paint): Text {
  const all = report.environments.flatMap((environment) =>
    environment.databases.map((database) => ({ environment, database })),
  );
  const line = ({ environment, database }: (typeof all)[number]): string => {
    const name = `${printable(environment.environment)} ${printable(database.database)}`;
    const state = stateOf(database);
    return `${paint(TONES[state], state.padEnd(7))}  ${name}: ${newestText(database)}`;
  };
  const problems = report.environments.flatMap((one) => one.problems);
  const byState = (["fresh", "unknown", "overdue"] as const).map((state) =>
    all.filter(({ database }) => stateOf(database) === state),
  );
  const [fresh = [], unknown = [], overdue = []] = byState;
  return {
    body: [...byState.flat().map(line), ...(problems.length === 0 ? [] : [""])],
    problems,
    end: [
      ...(problems.length === 0 ? [] : [""]),
      fresh.length === all.length
        ? `All fresh: ${countText(all.length, "database")}.`
        : `${countText(all.length, "database")}: ${fresh.length} fresh, ${unknown.length} unknown, ${overdue.length} overdue.`,
    ],
  };
}

type State = "fresh" | "unknown" | "overdue";

const TONES: Readonly<Record<State, Tone>> = { fresh: "good", unknown: "warning", overdue: "bad" };

/** Where no store could be looked at, nothing is known, whatever else was concluded. */
function stateOf(database: DatabaseStatus): State {
  if (database.stores.every((store) => !store.readable)) return "unknown";
  return database.fresh ? "fresh" : "overdue";
}

function environmentLines(status: EnvironmentStatus, paint: Paint): readonly string[] {
  const rows = status.databases.flatMap(rowsOf);
  const [headings = "", ...lines] = tableText(HEADINGS, rows, ["AGE", "BACKUPS", "SIZE"]);
  return [
    `${paint("strong", printable(status.environment))}${status.protected ? " (protected)" : ""}`,
    ...(rows.length === 0
      ? ["  no databases"]
      : [`  ${paint("dim", headings)}`, ...lines.map((line) => `  ${line}`)]),
    ...status.databases.flatMap((database) => scheduleLines(database, paint)),
  ];
}

function rowsOf(database: DatabaseStatus): readonly (readonly string[])[] {
  return database.stores.map((store, index) => [
    index === 0 ? printable(database.database) : "",
    printable(store.store),
    store.readable ? (store.newestAt === null ? "none" : timeText(store.newestAt)) : "unknown",
    store.ageMs === null ? "" : ageText(store.ageMs),
    store.readable ? String(store.complete) : "",
    store.readable ? bytesText(store.bytes) : "",
    store.readable ? "" : "unreadable",
  ]);
}

function scheduleLines(database: DatabaseStatus, paint: Paint): readonly string[] {
  const name = printable(database.database);
  if (database.dueAt === null && database.nextAt === null) return [`  ${name}: no schedule`];
  const state = stateOf(database);
  const due =
    state !== "overdue" || database.dueAt === null
      ? []
      : [`the backup due ${timeText(database.dueAt)} is missing`];
  const next = database.nextAt === null ? [] : [`next due ${timeText(database.nextAt)}`];
  return [`  ${name}: ${[paint(TONES[state], state), ...due, ...next].join(", ")}`];
}

function newestText(database: DatabaseStatus): string {
  const ages = database.stores.flatMap((store) => store.ageMs ?? []);
  const unreadable = database.stores
    .filter((store) => !store.readable)
    .map((store) => printable(store.store));
  const newest = ages.length === 0 ? "no backup seen" : `newest backup is ${ageText(Math.min(...ages))} old`;
  const due =
    stateOf(database) !== "overdue" || database.dueAt === null
      ? ""
      : `, one was due ${timeText(database.dueAt)}`;
  return `${newest}${due}${unreadable.length === 0 ? "" : `, ${unreadable.join(", ")} unreadable`}`;
}
