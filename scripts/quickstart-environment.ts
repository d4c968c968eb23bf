/** The environment file of the quickstart: one database, one folder as store, one recipient. */
export function environmentText(given: { port: number; recipient: string }): string {
  return `version: 1
environment: quickstart
stores:
  local: { file: { path: ./var/backups } }
identities: [{ file: ./age.key }]
databases:
  trading_signals:
    connection:
      { host: 127.0.0.1, port: ${given.port}, database: trading_signals, user: backup, password: { env: DB_PASSWORD }, sslmode: disable }
    backup:
      schedules: { daily: { cron: "0 2 * * *" } }
      stores: [local]
      compression: { zstd: 1 }
      encryption: { age: { recipients: [${given.recipient}] } }
      retention: { within: 7d }
`;
}
