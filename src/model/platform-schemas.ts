import type { Platform } from "./environment.ts";

/**
 * Schemas that a platform puts into every database of its customers and works in itself; a restore in place neither moves nor loads
 * them. Those that an extension makes need no name here: a member of an extension stays anyhow.
 *
 * supabase: the schemas that its command-line tool leaves out of a dump (`supabase db dump`, internal schemas), as of 2026.
 * rds, cloudsql: their own objects are in databases of their own (rdsadmin, cloudsqladmin) and in schemas of extensions; the
 * names stand here for installations where the schema outlived its extension.
 */
const PLATFORM_SCHEMAS: Readonly<Record<Platform, ReadonlySet<string>>> = {
  rds: new Set(["rdsadmin", "rds_tools", "aws_commons", "aws_lambda", "aws_ml", "aws_s3", "apg_plan_mgmt"]),
  cloudsql: new Set(["cloudsqladmin", "cloudsqlsuperuser", "google_ml", "google_vacuum_mgmt"]),
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
