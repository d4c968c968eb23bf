import { RECIPIENT_PLACEHOLDER } from "./recipient.ts";

/**
 * A commented environment file to start from. It is valid but for one thing, which only a person can fill in:
 * the public key that backups are encrypted to. `schema` is the way from the file to environment.schema.json.
 */
export function renderTemplate(environment: string, schema = "../schemas/environment.schema.json"): string {
  return TEMPLATE.replaceAll("ENVIRONMENT", environment).replaceAll("SCHEMA", schema);
}

const TEMPLATE = `# yaml-language-server: $schema=SCHEMA
#
# What must be true of ENVIRONMENT. After each change:
#   dbops validate ENVIRONMENT
#   dbops plan ENVIRONMENT
version: 1
environment: ENVIRONMENT

# true: plans that delete or overwrite something ask for the environment's name.
protected: false

# What \`dbops run ENVIRONMENT\` (for cron) may do without a person; add prune when you trust the plans.
automatic: [backup, copy]

# Where backups are kept. A relative path starts from the folder above this file's folder.
# Create the folder, then mark it once as belonging to ENVIRONMENT: dbops init stores ENVIRONMENT
stores:
  local: { file: { path: ./var/backups/ENVIRONMENT } }
  # A bucket, with the credentials that the AWS tools use too. With two stores, also say: records: local
  # remote: { s3: { bucket: my-backups, prefix: backups/ENVIRONMENT, region: us-east-1 } }

# The private keys, only on hosts that restore. A host that makes backups needs none.
# identities: [{ file: ~/.config/dbops/age.key }]

databases:
  # The name that the database has in the stores.
  app:
    connection:
      host: localhost
      port: 5432
      database: app
      user: backup
      # A secret is named, never written here: { env: NAME }, { file: PATH } or { command: [PROGRAM, ARGUMENT] }
      password: { env: DB_PASSWORD }
      # verify-full once the server has a certificate
      sslmode: prefer
    # The role that restores, and makes and renames databases; its password is asked for only then.
    # admin: { user: postgres, password: { env: ADMIN_PASSWORD } }
    backup:
      # minute hour day month weekday, in UTC unless a timezone is given
      schedules:
        daily: { cron: "0 2 * * *" }
      # The first is written by the dump, the others get copies.
      stores: [local]
      # Count the rows of every table beside the dump, so that a restore can tell that each of them came back. Reads every table twice.
      # counts: exact
      encryption:
        age:
          recipients:
            # Make a key pair with
            #   age-keygen -o age.key
            # and put the public key that it prints here. Without the private key no backup can be opened: keep it
            # safe, in two places, and not on the host that makes the backups. Several recipients can each open them.
            - ${RECIPIENT_PLACEHOLDER}
      # Everything of the last 2 days, then one per day for 7 days, and one per week for 4 weeks.
      retention: { within: 2d, daily: 7, weekly: 4, atLeast: 3 }
    # How a backup comes back: dbops plan ENVIRONMENT restore --at latest
    # restore:
    #   # How long the replaced database is kept, closed, beside the restored one.
    #   grace: 7d
    #   # Run in the restored database before anyone can connect, such as to take out addresses of real people.
    #   sanitize: [sql/sanitize.sql]
    #   # Each must be true before the restored database takes the name.
    #   checks: { users: SELECT count(*) > 0 FROM users }
    #   # Must answer with 2xx afterwards.
    #   health: [https://app.example.com/health]
`;
