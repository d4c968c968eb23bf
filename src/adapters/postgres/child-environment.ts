import type { Target } from "./target.ts";

const INHERITED = ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT"];

/**
 * The whole environment of one of PostgreSQL's programs: nothing inherited can lead it elsewhere, names and password stand
 * only here (never in arguments), and its messages are English.
 */
export function childEnvironment(target: Target, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { tls } = target;
  const inherited = INHERITED.flatMap((name) =>
    env[name] === undefined ? [] : [[name, env[name]] as const],
  );
  return {
    ...Object.fromEntries(inherited),
    LC_ALL: "C",
    PGHOST: target.host,
    PGPORT: String(target.port),
    PGDATABASE: target.database,
    PGUSER: target.user,
    PGAPPNAME: "dbops",
    PGCONNECT_TIMEOUT: String(Math.ceil(target.connectTimeoutMs / 1000)),
    PGSSLMODE: tls.mode,
    PGGSSENCMODE: "disable",
    PGCHANNELBINDING: target.channelBinding,
    ...(target.password === null ? {} : { PGPASSWORD: target.password.reveal() }),
    ...(tls.rootCert === null ? {} : { PGSSLROOTCERT: tls.rootCert }),
    ...(tls.cert === null ? {} : { PGSSLCERT: tls.cert }),
    ...(tls.key === null ? {} : { PGSSLKEY: tls.key }),
    ...(target.options === null ? {} : { PGOPTIONS: target.options }),
  };
}
