import { existsSync } from "node:fs";

/** Where libpq looks without a host: the folder of local sockets (Debian's, then PostgreSQL's own), else localhost. */
export function defaultHost(): string {
  return ["/var/run/postgresql", "/tmp"].find((folder) => existsSync(folder)) ?? "localhost";
}
