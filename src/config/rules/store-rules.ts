import type { Draft } from "../draft.ts";
import { type Finding, type Path, placeOf, shown } from "../finding.ts";
import type { S3InFile } from "../store-in-file.ts";

/** What the schema cannot say about one store. */
export function storeRules(draft: Draft): readonly Finding[] {
  return draft.keys(["stores"]).flatMap((name) => {
    const path = ["stores", name, "s3"];
    return [
      ...regionFindings(draft, path),
      ...prefixFindings(draft, path),
      ...endpointFindings(draft, path),
      ...storageClassFindings(draft, path),
    ];
  });
}

/** A prefix as it is used: without slashes at its ends. */
export function trimPrefix(prefix: string): string {
  return prefix.replaceAll(/^\/+|\/+$/g, "");
}

function regionFindings(draft: Draft, path: Path): readonly Finding[] {
  const s3 = draft.part<S3InFile>(path);
  if (s3 === null || s3.region !== undefined || s3.endpoint !== undefined) return [];
  return [
    { path, at: "key", detail: `${placeOf(path)} lacks region; only with endpoint may it be left out` },
  ];
}

function prefixFindings(draft: Draft, path: Path): readonly Finding[] {
  const place = [...path, "prefix"];
  const prefix = draft.part<string>(place);
  if (prefix === null || prefix === "") return [];
  const parts = trimPrefix(prefix).split("/");
  const isPlain = parts.every(
    (part) => /^[A-Za-z0-9!_.*'()=+@,-]+$/.test(part) && part !== "." && part !== "..",
  );
  if (isPlain && parts[0] !== "_dbops") return [];
  const detail = `${placeOf(place)}: ${shown(prefix)} is not valid: names without spaces, joined by single slashes, none of them . or .., the first not _dbops`;
  return [{ path: place, at: "value", detail }];
}

function endpointFindings(draft: Draft, path: Path): readonly Finding[] {
  const place = [...path, "endpoint"];
  const endpoint = draft.part<string>(place);
  if (endpoint === null) return [];
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  if (url !== null && url.search === "" && url.hash === "" && url.username === "") return [];
  return [
    {
      path: place,
      at: "value",
      detail: `${placeOf(place)} must be an address such as https://s3.example.com:9000`,
    },
  ];
}

function storageClassFindings(draft: Draft, path: Path): readonly Finding[] {
  const place = [...path, "storageClass"];
  const storageClass = draft.part<string>(place);
  if (storageClass !== "GLACIER" && storageClass !== "DEEP_ARCHIVE") return [];
  const detail = `${placeOf(place)}: objects of the class ${storageClass} cannot be read at once, so a backup could be neither verified nor copied; GLACIER_IR can`;
  return [{ path: place, at: "value", detail }];
}
