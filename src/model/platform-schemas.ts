import type { Platform } from "./environment.ts";

/**
 * Schemas that a platform puts into its customers' databases and works in itself: a restore in place neither moves nor loads them. A
 * schema that an extension makes needs no name here, since a member of an extension stays anyhow.
 *
 * supabase: what its command-line tool leaves out of a dump of the schema, read in its source (pkg/migration/dump.go) in 2026.
 * rds, cloudsql: what they have of their own is in databases of their own and in schemas of extensions; their names are kept for
 * a schema that was left behind by one.
 */
const PLATFORM_SCHEMAS: Readonly<Record<Platform, ReadonlySet<string>>> = {
  rds: new Set(["rdsadmin", "rds_tools"]),
  cloudsql: new Set(["cloudsqladmin", "google_vacuum_mgmt"]),
  supabase: new Set([
    ...["_analytics", "_realtime", "_supavisor", "auth", "cron", "dbdev", "etl", "extensions", "graphql"],
    ...["graphql_public", "net", "pgbouncer", "pgmq", "pgmq_public", "pgsodium", "pgsodium_masks", "pgtle"],
    ...["realtime", "repack", "storage", "supabase_functions", "supabase_migrations", "vault"],
  ]),
};

/** True for a schema that belongs to the platform; null: an ordinary server, which has none. */
export function isPlatformSchema(platform: Platform | null, schema: string): boolean {
  return platform !== null && PLATFORM_SCHEMAS[platform].has(schema);
}
