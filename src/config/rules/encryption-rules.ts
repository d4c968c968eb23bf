import type { Draft } from "../draft.ts";
import { type Finding, type Path, placeOf } from "../finding.ts";
import { judgeRecipient } from "../recipient.ts";

/** Recipients must be age public keys, each once, and of one kind. */
export function encryptionRules(draft: Draft): readonly Finding[] {
  return draft.keys(["databases"]).flatMap((name) => {
    const path = ["databases", name, "backup", "encryption", "age", "recipients"];
    const recipients = Array.from({ length: draft.count(path) }, (_, index) =>
      draft.part<string>([...path, index]),
    );
    return [
      ...recipients.flatMap((text, index) =>
        text === null ? [] : recipientFindings(text, [...path, index]),
      ),
      ...duplicateFindings(recipients, path),
      ...mixtureFindings(recipients, path),
    ];
  });
}

function recipientFindings(text: string, path: Path): readonly Finding[] {
  const verdict = judgeRecipient(text);
  if (verdict.state === "placeholder") {
    const detail = `${placeOf(path)} is still the placeholder; make a key pair, keep the private key where dbops does not run, and put the public key here`;
    return [{ path, at: "value", detail, fix: "age-keygen -o age.key" }];
  }
  if (verdict.state !== "refused") return [];
  // The text is not repeated: what is no public key may be a private one.
  return [{ path, at: "value", detail: `${placeOf(path)} ${verdict.why}` }];
}

function duplicateFindings(recipients: readonly (string | null)[], path: Path): readonly Finding[] {
  return recipients.flatMap((text, index) => {
    const first = recipients.indexOf(text);
    if (text === null || first === index) return [];
    const place = [...path, index];
    return [
      {
        path: place,
        at: "value",
        detail: `${placeOf(place)} is the same key as ${placeOf([...path, first])}`,
      },
    ];
  });
}

function mixtureFindings(recipients: readonly (string | null)[], path: Path): readonly Finding[] {
  const states = recipients.map((text) => (text === null ? null : judgeRecipient(text).state));
  if (!states.includes("post-quantum") || !states.includes("classic")) return [];
  const place = [...path, states.indexOf("classic")];
  const detail = `${placeOf(place)} is a classic key beside age1pq1 keys: who breaks it opens the backup, and the others protect nothing; use one kind`;
  return [{ path: place, at: "value", detail }];
}
