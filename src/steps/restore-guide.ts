import { objectKey } from "../model/layout.ts";
import type { Manifest, ObjectRole } from "../model/manifest.ts";

/** What the guide is written from; all of it stands in the manifest, unencrypted. */
export type RestoreGuideFacts = Pick<
  Manifest,
  "environment" | "database" | "name" | "snapshotAt" | "compression" | "encryption" | "server" | "tools"
>;

/**
 * RESTORE.md: how to bring a backup back without dbops. It is stored unencrypted, so it names no secret, no host and
 * nothing of the content, the database's own name included. Same facts, same bytes.
 */
export function renderRestoreGuide(facts: RestoreGuideFacts): string {
  return [
    title(facts),
    programs(facts),
    checking(facts),
    reading(facts),
    roles(facts),
    loading(facts),
    omissions(facts),
  ].join("\n");
}

function title(facts: RestoreGuideFacts): string {
  const parts = ["a pg_dump archive (custom format)"];
  if (facts.compression !== "none") parts.push("in a zstd stream");
  if (facts.encryption === "age") parts.push("in an age file");
  if (facts.encryption === "age-passphrase") parts.push("in an age file that a passphrase opens");
  return `# How to restore ${facts.name}

Database \`${facts.database}\` of environment \`${facts.environment}\` as it was at ${facts.snapshotAt}, from PostgreSQL ${facts.server.version}.
It is ${parts.join(" ")}: ordinary programs bring it back, dbops is not needed.
All commands are for bash, run in the folder that holds the files of this backup.
`;
}

function programs(facts: RestoreGuideFacts): string {
  const lines = ["## 1. What you need", ""];
  if (facts.encryption !== "none") lines.push("- age 1.0 or later");
  if (facts.compression !== "none") lines.push("- zstd 1.4 or later");
  const major = dumpMajor(facts);
  lines.push(
    `- pg_restore, psql and createdb ${major} or later; the target server's own major is best, and the server should be ${serverMajor(facts)} or later`,
  );
  if (facts.encryption === "age") {
    lines.push(
      "- the file with an age identity (`AGE-SECRET-KEY-…`) of one of its recipients, called `KEY` below",
    );
  }
  if (facts.encryption === "age-passphrase") lines.push("- the passphrase; age asks for it each time");
  return `${lines.join("\n")}\n`;
}

function checking(facts: RestoreGuideFacts): string {
  const files = [key(facts, "archive"), key(facts, "globals"), key(facts, "detail")];
  return `## 2. Check the files

The SHA-256 of each file stands in manifest.json. Each line must begin with \`ok\`:

\`\`\`bash
for file in ${files.join(" ")}; do
  sum=$(sha256sum < "$file" | cut -d ' ' -f 1)
  if grep -q "\\"$sum\\"" manifest.json; then echo "ok $file"; else echo "DAMAGED $file"; fi
done
\`\`\`

A damaged file is not worth a try; take it from another store, or take another backup.
`;
}

function reading(facts: RestoreGuideFacts): string {
  return `## 3. Look into it

\`\`\`bash
set -o pipefail
${pipe(facts, "detail", "> detail.json")}
${pipe(facts, "archive", "| { pg_restore --list > contents.txt && cat > /dev/null; }")}
\`\`\`

pg_restore lists from the head of the archive alone; cat has the rest opened as well, to its end.

detail.json names the tables with their row counts, the encoding, locale and settings of the database, its extensions,
and what could not be dumped. Both files are content of the database: keep them as safe as the database.
`;
}

function roles(facts: RestoreGuideFacts): string {
  return `## 4. Roles first

Connect as a superuser, or as the administrator that a managed server gives you:

\`\`\`bash
export PGHOST=… PGPORT=5432 PGUSER=…
${pipe(facts, "globals", "> globals.sql")}
less globals.sql
psql -X -d postgres -f globals.sql
\`\`\`

Read globals.sql before it runs. "already exists" is no failure. Passwords are not in it: set them anew with \`\\password\`.
Where the roles must not or cannot be made, leave this out and add \`--no-owner --no-privileges\` to pg_restore below.
`;
}

function loading(facts: RestoreGuideFacts): string {
  const unpacked = pipe(facts, "archive", "> archive.dump");
  return `## 5. A new database

Never load over existing data: make a new database, look at it, then rename. Any name will do, with spaces, quotes or \`=\`
in it; it is given in PGDATABASE, because on the command line a name with \`=\` would be read as connection settings.

\`\`\`bash
export PGDATABASE='the new name'
set -o pipefail
createdb --template=template0
${pipe(facts, "archive", "| pg_restore --exit-on-error -d ''")}
psql -X -c ANALYZE
\`\`\`

It is restored only when the pipeline exits with 0. createdb takes \`--encoding\` and \`--locale\`, as detail.json names them,
where the server's defaults differ. From a pipe pg_restore runs one job; with room on a disk that may hold the plain data,
several jobs are faster. They load the data only: several that make indexes and foreign keys can end in a deadlock where
tables are partitioned.

\`\`\`
${unpacked}
pg_restore --exit-on-error --jobs=4 --section=pre-data --section=data -d '' archive.dump &&
  pg_restore --exit-on-error --section=post-data -d '' archive.dump && rm archive.dump
\`\`\`
`;
}

function omissions(facts: RestoreGuideFacts): string {
  return `## 6. What is not in it

- passwords of roles, and options of user mappings that the backup's role may not read
- other databases of the same server, its configuration (postgresql.conf, pg_hba.conf), its tablespaces' folders
- anything written after ${facts.snapshotAt}; there is no WAL
- replication slots; subscriptions come back switched off or not at all
- settings, rights and the owner of the database itself: pg_restore sets them only with \`--create\`, which also takes the
  old name; otherwise set them by hand from detail.json
- planner statistics: ANALYZE makes them
`;
}

/** The commands that turn a stored object into plain bytes, and what they go to. */
function pipe(facts: RestoreGuideFacts, role: ObjectRole, target: string): string {
  const file = key(facts, role);
  const isCompressed = facts.compression !== "none" && role !== "detail";
  if (facts.encryption === "none") return `${isCompressed ? `zstd -d -c ${file}` : `cat ${file}`} ${target}`;
  const open = facts.encryption === "age" ? `age -d -i KEY ${file}` : `age -d ${file}`;
  return `${open} ${isCompressed ? "| zstd -d " : ""}${target}`;
}

function key(facts: RestoreGuideFacts, role: ObjectRole): string {
  return objectKey(facts.name, role, facts);
}

/** pg_restore must be at least as new as the pg_dump that wrote the archive: `pg_dump (PostgreSQL) 15.18`. */
function dumpMajor(facts: RestoreGuideFacts): string {
  return /\) (\d+)/.exec(facts.tools.pgDump)?.[1] ?? serverMajor(facts);
}

function serverMajor(facts: RestoreGuideFacts): string {
  return facts.server.version.split(".")[0] ?? facts.server.version;
}
