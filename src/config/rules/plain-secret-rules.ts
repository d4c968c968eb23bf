import type { Finding, Path } from "../finding.ts";
import { placeOf } from "../finding.ts";
import { plainSecretIn } from "../plain-secret.ts";

/** Finds secrets that stand in the file itself, by their form, wherever they are. The messages do not repeat them. */
export function plainSecretRules(root: unknown, path: Path = []): readonly Finding[] {
  if (typeof root === "string") return secretFinding(root, path);
  if (typeof root !== "object" || root === null) return [];
  if (Array.isArray(root))
    return root.flatMap((item: unknown, index) => plainSecretRules(item, [...path, index]));
  return Object.entries(root).flatMap(([key, value]) => [
    ...secretFinding(key, [...path, key]),
    ...plainSecretRules(value, [...path, key]),
  ]);
}

function secretFinding(text: string, path: Path): readonly Finding[] {
  const what = plainSecretIn(text);
  if (what === null || (what === "a password" && path.includes("checks"))) return []; // there it is a column
  const isRecipient = path.includes("recipients");
  const rule = isRecipient ? "recipients are public keys" : "a secret never stands in this file";
  const fix = isRecipient && what === "an age private key" ? "age-keygen -y KEY_FILE" : undefined;
  const detail = `${placeOf(path)} holds ${what}; ${rule}, and one that others could read must be replaced`;
  return [{ path, at: "value", detail, ...(fix === undefined ? {} : { fix }) }];
}
