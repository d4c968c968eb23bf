import type { CompressionInFile, EncryptionInFile } from "../database-in-file.ts";
import type { Draft } from "../draft.ts";
import { type Finding, type Path, placeOf } from "../finding.ts";

/** Each format has its own compression and encryption: the name of a `.sql.gz.enc` says what was done to it. */
export function formatRules(draft: Draft): readonly Finding[] {
  return draft.keys(["databases"]).flatMap((name) => {
    const backup = ["databases", name, "backup"];
    const isSql = draft.value([...backup, "format"]) === "sql";
    const compression = [...backup, "compression"];
    const encryption = [...backup, "encryption"];
    const counts = [...backup, "counts"];
    return [
      ...compressionFindings(draft.part<CompressionInFile | "none">(compression), compression, isSql),
      ...(isSql && draft.value(counts) === "exact" ? [noPlaceFor(counts)] : []),
      ...encryptionFindings(draft.part<EncryptionInFile | "none">(encryption), encryption, isSql),
    ];
  });
}

const GZIP = "compression: { gzip: 6 }";
const OPENSSL = "encryption: { openssl: { passphrase: { env: BACKUP_ENCRYPTION_KEY } } }";

function compressionFindings(
  compression: CompressionInFile | "none" | null,
  path: Path,
  isSql: boolean,
): readonly Finding[] {
  if (compression === null) return [];
  const own = isSql ? "gzip" : "zstd";
  if (compression === "none" ? !isSql : compression[own] !== undefined) return [];
  const detail = isSql
    ? `${placeOf(path)}: the format sql is compressed by gzip, as the names of its files say: { gzip: 1 } to { gzip: 9 }`
    : `${placeOf(path)}: gzip is for the format sql; an archive is compressed by zstd: { zstd: 1 } to { zstd: 19 }, or none`;
  const fix = isSql ? `write ${GZIP}, or leave compression out` : "write compression: { zstd: 1 }";
  return [{ path, at: "value", detail, fix }];
}

function noPlaceFor(counts: Path): Finding {
  const detail = `${placeOf(counts)}: the format sql has no place for the number of rows; they are counted only of an archive`;
  return { path: counts, at: "value", detail, fix: "leave counts out, or write format: archive" };
}

function encryptionFindings(
  encryption: EncryptionInFile | "none" | null,
  path: Path,
  isSql: boolean,
): readonly Finding[] {
  if (encryption === null) return [];
  if (!isSql) return encryption === "none" || encryption.age !== undefined ? [] : [lacksAge(path)];
  if (encryption === "none") {
    const detail = `${placeOf(path)}: the format sql has no name for a backup that is not encrypted: its files end in .enc`;
    return [{ path, at: "value", detail, fix: `write ${OPENSSL}, or format: archive` }];
  }
  if (encryption.openssl === undefined) {
    const detail = `${placeOf(path)} lacks the key openssl: the format sql is sealed as openssl enc -AES256 -k does`;
    return [{ path, at: "key", detail, fix: `write ${OPENSSL}, or format: archive` }];
  }
  if (encryption.age === undefined) return [];
  const place = [...path, "age"];
  const detail = `${placeOf(place)}: the format sql is sealed by openssl alone, and what openssl opens no age key protects`;
  return [{ path: place, at: "key", detail, fix: "leave age out, or write format: archive" }];
}

function lacksAge(path: Path): Finding {
  const detail = `${placeOf(path)} lacks the key age: an archive is sealed by age; openssl only opens the .sql.gz.enc files there are`;
  const fix = "write age: { recipients: [age1…] } beside openssl, or format: sql for new .sql.gz.enc files";
  return { path, at: "key", detail, fix };
}
