import type { Draft } from "../draft.ts";
import { type Finding, type Path, placeOf } from "../finding.ts";

/** One way to reach each database: parts, or a URL, or a service; and a host that is a host. */
export function connectionRules(draft: Draft): readonly Finding[] {
  return draft.keys(["databases"]).flatMap((name) => {
    const path = ["databases", name, "connection"];
    return [...wayFindings(draft, path), ...hostFindings(draft, path), ...serviceFindings(draft, path)];
  });
}

const NEEDED = ["host", "database", "user"] as const;
const PARTS = [...NEEDED, "port", "password", "sslmode", "sslrootcert"] as const;

function wayFindings(draft: Draft, path: Path): readonly Finding[] {
  const keys = draft.keys(path);
  const alone = (["url", "service"] as const).find((key) => keys.includes(key));
  if (alone !== undefined) {
    const beside = keys.filter(
      (key) => key !== alone && [...PARTS, "service", "url"].some((one) => one === key),
    );
    return beside.map((key) => ({
      path: [...path, key],
      at: "key",
      detail: `${placeOf([...path, key])} cannot stand beside ${alone}, which says it all`,
    }));
  }
  if (typeof draft.value(path) !== "object" || keys.some((key) => !PARTS.some((one) => one === key)))
    return []; // the schema says it
  const missing = NEEDED.filter((key) => !keys.includes(key));
  if (missing.length === 0) return [];
  const detail = `${placeOf(path)} lacks ${missing.join(", ")}; or give url or service alone`;
  return [{ path, at: "key", detail }];
}

function hostFindings(draft: Draft, path: Path): readonly Finding[] {
  const place = [...path, "host"];
  const host = draft.part<string>(place);
  if (host === null || host.startsWith("/")) return [];
  const detail = hostFault(host);
  return detail === null ? [] : [{ path: place, at: "value", detail: `${placeOf(place)} ${detail}` }];
}

function hostFault(host: string): string | null {
  if (host.includes("://") || host.includes("@")) {
    return "must be a name or an address alone; a connection URL goes into url: { env: NAME }";
  }
  const port = /^([^:]+):(\d+)$/.exec(host)?.[2];
  if (port !== undefined) return `holds a port; write it apart, as port: ${port}`;
  if (/[\s/,]/.test(host)) return "must be one name, one address, or the folder of a socket";
  return null;
}

function serviceFindings(draft: Draft, path: Path): readonly Finding[] {
  const place = [...path, "service"];
  const service = draft.part<string>(place);
  if (service === null || !/[\s=\]]/.test(service)) return [];
  return [
    {
      path: place,
      at: "value",
      detail: `${placeOf(place)} must be the name of an entry in the service file`,
    },
  ];
}
