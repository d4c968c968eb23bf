import type { CreateStep, LoadStep, SwapDatabaseStep, SwapSchemasStep } from "../model/restore-steps.ts";
import type { Step } from "../model/step.ts";
import type { PlanItem } from "./plan-items.ts";
import { printable } from "./printable.ts";
import { countText } from "./quantities.ts";

/** How many entries of an archive are told one by one; the plan file has them all. */
const ENTRIES_SHOWN = 30;

/** What a reviewer of a restore looks for beneath its item: what does not come along, what is accepted, what is compared. */
export function restoreTexts(item: PlanItem): readonly string[] {
  return item.steps.flatMap(textsOf).map(printable);
}

function textsOf(step: Step): readonly string[] {
  switch (step.kind) {
    case "create":
      return [localeText(step)];
    case "load":
      return [
        step.why,
        ...cut(step.skip.map(({ entry, why }) => `leaves out ${entry}: ${why}`)),
        ...cut(toleratedTexts(step)),
      ];
    case "sanitize":
      return step.files.map(({ path, sha256 }) => `${path}, sha256 ${sha256.slice(0, 12)}`);
    case "verify":
      return step.type === "database" ? step.checks.map(({ name, sql }) => `${name}: ${sql}`) : [];
    case "swap":
      return step.type === "database" ? swapTexts(step) : schemaTexts(step);
    default:
      return [];
  }
}

function toleratedTexts({ tolerate, acceptedBefore = [] }: LoadStep): readonly string[] {
  const before = new Map(acceptedBefore.map((one) => [one.entry, one.plan]));
  return tolerate.map((entry) => {
    const plan = before.get(entry);
    return plan === undefined
      ? `goes on if this fails: ${entry}`
      : `goes on if this fails, as accepted for plan ${plan.slice(0, 12)}: ${entry}`;
  });
}

function localeText({ like }: CreateStep): string {
  const { encoding, collate, ctype, localeProvider, icuLocale } = like;
  const names = [...new Set([collate, ctype])].join(" and ");
  return `${encoding}, ${names}, ${localeProvider}${icuLocale === null ? "" : ` ${icuLocale}`}`;
}

function swapTexts({ live, expect, lostSlots, properties }: SwapDatabaseStep): readonly string[] {
  const settings = properties?.settings.flatMap((one) => one.settings).length ?? 0;
  return [
    expect.liveOid === null
      ? `refused if something is called ${live} by then`
      : `refused if ${live} is not the database with oid ${expect.liveOid} by then`,
    ...(properties === null
      ? ["owner, privileges, settings, connection limit and comment are carried over"]
      : [
          `owner ${properties.owner}`,
          ...(properties.accessPrivileges === null
            ? []
            : [`privileges ${properties.accessPrivileges.join(" ")}`]),
          ...(settings === 0 ? [] : [countText(settings, "setting")]),
        ]),
    ...lostSlots.map((slot) => `loses the replication slot ${slot}`),
  ];
}

/** What an auditor of the plan wants to see beneath the first of the three steps: what moves, what stays. */
function schemaTexts({ live, expect, marker, moves, lostSlots }: SwapSchemasStep): readonly string[] {
  if (moves === null) return [];
  const names = (some: readonly { readonly name: string }[]) => some.map(({ name }) => name).join(", ");
  return [
    `refused if ${live} is not the database with oid ${expect.liveOid}, or has other schemas by then`,
    ...cut(moves.schemas.map(({ name }, index) => `${name} becomes ${marker}_${index + 1}`)),
    ...(moves.stays.length === 0 ? [] : [`stays as it is: ${names(moves.stays)}`]),
    ...(moves.made.length === 0 ? [] : [`made anew: ${names(moves.made)}`]),
    ...moves.extensions.map(({ name, schema }) => `the extension ${name} goes along into the new ${schema}`),
    moves.closes
      ? "closed to everybody but superusers and the admin role until it is over"
      : "cannot be closed: whoever connects finds what is loaded so far",
    ...lostSlots.map((slot) => `what is loaded goes to the subscribers of the replication slot ${slot}`),
  ];
}

function cut(texts: readonly string[]): readonly string[] {
  const more = texts.length - ENTRIES_SHOWN;
  return more > 0 ? [...texts.slice(0, ENTRIES_SHOWN), `and ${more} more, which the plan file names`] : texts;
}
