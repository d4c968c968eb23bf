import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "./postgres-cluster.ts";

/** A person with a terminal, the files of a backup and ordinary programs: no dbops. */
export interface ByHand {
  /** The folder that holds the files of the backup. */
  readonly folder: string;
  readonly cluster: Cluster;
  /** The file with an age identity. */
  readonly keyFile?: string;
  /** Typed whenever age asks. */
  readonly passphrase?: string;
}

/**
 * Does what RESTORE.md says, command for command: checks, looks, makes the roles, loads into a new database with this
 * name. Rejects with the output when a block of commands does not exit with 0.
 */
export async function restoreByGuide(hand: ByHand, newName: string): Promise<void> {
  for (const heading of ["2.", "3.", "4.", "5."]) {
    const output = await type(hand, await guideCommands(hand, heading, newName));
    if (output.includes("DAMAGED")) throw new Error(`RESTORE.md ${heading}:\n${output}`);
  }
}

/** The commands of one section of RESTORE.md, with the places filled in that it leaves to the reader. */
export async function guideCommands(
  { folder, cluster, keyFile }: ByHand,
  heading: string,
  newName: string,
): Promise<string> {
  const guide = await readFile(join(folder, "RESTORE.md"), "utf8");
  const section = guide.slice(guide.indexOf(`\n## ${heading}`));
  const block = /```bash\n(.*?)```/s.exec(section)?.[1];
  if (block === undefined) throw new Error(`RESTORE.md has no commands below ${heading}`);
  const access = `export PGHOST=${cluster.host} PGPORT=${cluster.port} PGUSER=${cluster.superuser}`;
  return block
    .replace("export PGHOST=… PGPORT=5432 PGUSER=…", access)
    .replace(/^less /m, "cat ")
    .replaceAll("-i KEY ", `-i '${keyFile}' `)
    .replace("'the new name'", `'${newName.replaceAll("'", "'\\''")}'`);
}

/** The faster way that the last section offers to who has a disk for the plain data: several jobs. */
export async function restoreWithJobs(hand: ByHand, newName: string): Promise<void> {
  const guide = await readFile(join(hand.folder, "RESTORE.md"), "utf8");
  const faster = /```\n([^`]*--jobs=[^`]*)```/
    .exec(guide)?.[1]
    ?.replaceAll("-i KEY ", `-i '${hand.keyFile}' `);
  if (faster === undefined) throw new Error("RESTORE.md has no commands with several jobs");
  const start = (await guideCommands(hand, "5.", newName)).split("createdb")[0];
  await type(hand, `${start}createdb --template=template0\n${faster}`);
}

/** Runs commands in bash, on a terminal where a passphrase is to be typed; rejects with all that was shown. */
export async function type(hand: ByHand, commands: string): Promise<string> {
  const { folder, cluster, passphrase } = hand;
  const env = {
    PATH: `${cluster.binFolder}:${process.env["PATH"]}`,
    LC_ALL: "C.UTF-8",
    TERM: "dumb",
    PGHOST: cluster.host,
    PGPORT: String(cluster.port),
    PGUSER: cluster.superuser,
    PGPASSWORD: cluster.password,
  };
  const options = { cwd: folder, env: { ...env, COMMANDS: commands }, stdio: "pipe" as const };
  const child =
    passphrase === undefined
      ? spawn("bash", ["--norc", "-c", commands], options)
      : spawn("script", ["-qec", 'exec bash --norc -c "$COMMANDS"', "/dev/null"], options);
  if (passphrase === undefined) child.stdin.end(); // nobody answers: a question is a failure
  let output = "";
  let answered = 0;
  const answer = (text: string): void => {
    output += text;
    const asked = output.split("Enter passphrase").length - 1;
    for (; answered < asked; answered += 1) child.stdin.write(`${passphrase}\n`);
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", answer);
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`exit code ${code}:\n${commands}\n${output}`);
  return output;
}
