import type { SmallFigures } from "./many-backups.ts";
import type { Result } from "./rounds.ts";

export interface Figures {
  readonly machine: readonly string[];
  readonly data: string;
  readonly results: readonly Result[];
  readonly small: SmallFigures;
}

/** What the issue asks for, to be met in one run on one machine. */
export interface Goal {
  readonly says: string;
  readonly value: string;
  readonly isMet: boolean;
}

/** The figures as the README shows them. */
export function renderFigures(figures: Figures): string {
  const { results, small } = figures;
  const floor = floorOf(results);
  const rows = results.map((one) => {
    const store = one.group === "floor" ? "" : one.group === "s3" ? "MinIO" : "file";
    const peak = one.isDbops ? `${one.peakMiB.toFixed(0)} MiB` : "";
    const server = one.group === "s3" ? `${one.serverSeconds.toFixed(1)} s` : "";
    const spread = `${Math.min(...one.seconds).toFixed(1)}–${Math.max(...one.seconds).toFixed(1)}`;
    const ratio = (one.medianSeconds / floor).toFixed(2);
    return `| ${one.name} | ${store} | ${one.medianSeconds.toFixed(1)} s | ${spread} | ${ratio} × | ${peak} | ${server} |`;
  });
  return [
    ...figures.machine,
    figures.data,
    "",
    "| what | to | median | range | × floor | dbops' peak memory | processor time of the S3 server |",
    "|---|---|---|---|---|---|---|",
    ...rows,
    "",
    `\`dbops plan --observed\` over ${small.backups.toLocaleString("en")} backups: ${small.planSeconds.toFixed(2)} s; \`dbops --help\`: ${(small.helpSeconds * 1000).toFixed(0)} ms (whole processes).`,
  ].join("\n");
}

/** Compares them with the goals. */
export function goalsOf({ results, small }: Figures): readonly Goal[] {
  const floor = floorOf(results);
  const ofGroup = (group: "file" | "s3"): readonly Goal[] => {
    const mine = results.find((one) => one.isDbops && one.group === group)?.medianSeconds ?? Number.NaN;
    const runbook = results.find((one) => !one.isDbops && one.group === group)?.medianSeconds ?? Number.NaN;
    return [
      goal(`zstd 1 to the ${group} store, × floor, at most`, mine / floor, 1.4),
      goal(`as fast as the runbook to the ${group} store, at least ×`, runbook / mine, 3, "least"),
    ];
  };
  return [
    ...ofGroup("file"),
    ...ofGroup("s3"),
    goal(
      "peak memory in MB, at most",
      Math.max(...results.map((one) => (one.isDbops ? one.peakMiB : 0))) * 1.048576,
      300,
    ),
    goal(`plan over ${small.backups} backups in seconds, at most`, small.planSeconds, 2),
    goal("--help in seconds, at most", small.helpSeconds, 0.25),
  ];
}

function floorOf(results: readonly Result[]): number {
  return results.find((one) => one.group === "floor")?.medianSeconds ?? Number.NaN;
}

function goal(says: string, value: number, bound: number, side: "most" | "least" = "most"): Goal {
  const isMet = side === "most" ? value <= bound : value >= bound;
  return { says: `${says} ${bound}`, value: value.toFixed(2), isMet };
}
