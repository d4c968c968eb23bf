import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { findProgram, isExecutable, runChild } from "./child.ts";
import type { Purpose } from "./setup.ts";

/** A Debian package and how to see that what it brings is there, wherever it came from. */
export interface Need {
  readonly package: string;
  readonly isThere: () => boolean;
}

const POSTGRES_ROOT = "/usr/lib/postgresql";
const POSTGRES_PROGRAMS = ["initdb", "postgres", "psql", "pg_dump", "pg_restore"];
const OLDEST_MAJOR = 15;
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";
const CLUSTER_FOLDER = "/etc/postgresql-common";
const CLUSTER_FILE = `${CLUSTER_FOLDER}/createcluster.conf`;
const NO_CLUSTER = "create_main_cluster = false";
const UPDATE = ["apt-get", "update", "-qq"];
const INSTALL = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"];
/** Never asks: keeps what stands in /etc, waits for another apt-get. */
const UNATTENDED = ["-o", "Dpkg::Options::=--force-confold", "-o", "DPkg::Lock::Timeout=300"];

/** Everything that apt-get has to bring for a purpose; a Go compiler only where servers are to be built. */
export function debianNeeds(purpose: Purpose, withServers: boolean): readonly Need[] {
  const programs = (name: string, ...all: string[]): Need => ({
    package: name,
    isThere: () => all.every((one) => findProgram(one) !== null),
  });
  return [
    { package: `postgresql-${OLDEST_MAJOR}`, isThere: hasPostgres },
    programs("age", "age", "age-keygen"),
    programs("zstd", "zstd"),
    ...(purpose === "test" ? [programs("openssl", "openssl")] : []),
    ...(withServers
      ? [programs("golang-go", "go"), { package: "ca-certificates", isThere: () => existsSync(CERTIFICATES) }]
      : []),
  ];
}

/** The packages whose things are not there, sorted. */
export function packagesFor(needs: readonly Need[]): readonly string[] {
  return needs
    .filter((need) => !need.isThere())
    .map((need) => need.package)
    .sort();
}

/** The commands that bring these packages, as a person would type them as root. */
export function commandsFor(packages: readonly string[]): readonly string[] {
  const server = packages.some((one) => one.startsWith("postgresql"));
  return [
    ...(server ? [`mkdir -p ${CLUSTER_FOLDER}`, `echo '${NO_CLUSTER}' >> ${CLUSTER_FILE}`] : []),
    "apt-get update",
    `DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ${packages.join(" ")}`,
  ];
}

/** Installs them when this is root on Debian; otherwise says what to have run and gives false. */
export async function installPackages(
  packages: readonly string[],
  say: (line: string) => void,
  mayInstall: boolean = process.getuid?.() === 0 && findProgram("apt-get") !== null,
): Promise<boolean> {
  if (!mayInstall) {
    say(`missing on this machine: ${packages.join(", ")}. Have this run as root, then try again:`);
    for (const command of commandsFor(packages)) say(`  ${command}`);
    return false;
  }
  if (packages.some((one) => one.startsWith("postgresql"))) forbidMainCluster(say);
  say("apt-get update");
  const update = await apt([...UPDATE, ...UNATTENDED]);
  if (update.code !== 0)
    say(`apt-get update ended with ${update.code}; going on with the lists that are there`);
  say(`apt-get install ${packages.join(" ")}`);
  const install = await apt([...INSTALL, ...UNATTENDED, ...packages]);
  if (install.code === 0) return true;
  say(`apt-get install ended with ${install.code}:`);
  for (const line of `${update.output}${install.output}`.trimEnd().split("\n")) say(`  ${line}`);
  return false;
}

/** Debian's server package starts a cluster on port 5432 unless it is told before. */
function forbidMainCluster(say: (line: string) => void): void {
  const settings = existsSync(CLUSTER_FILE) ? readFileSync(CLUSTER_FILE, "utf8") : "";
  if (/^\s*create_main_cluster\s*=?\s*'?(false|off|no)\b/im.test(settings)) return;
  say(`${NO_CLUSTER}  (into ${CLUSTER_FILE}: no server is started on port 5432)`);
  mkdirSync(CLUSTER_FOLDER, { recursive: true });
  appendFileSync(CLUSTER_FILE, `${NO_CLUSTER}\n`);
}

function hasPostgres(): boolean {
  const majors = existsSync(POSTGRES_ROOT) ? readdirSync(POSTGRES_ROOT) : [];
  return majors.some(
    (major) =>
      Number(major) >= OLDEST_MAJOR &&
      POSTGRES_PROGRAMS.every((program) => isExecutable(`${POSTGRES_ROOT}/${major}/bin/${program}`)),
  );
}

function apt(argv: readonly string[]): ReturnType<typeof runChild> {
  const env = {
    ...process.env,
    DEBIAN_FRONTEND: "noninteractive",
    UCF_FORCE_CONFFOLD: "1",
    LC_ALL: "C.UTF-8",
  };
  return runChild(argv, { env });
}
