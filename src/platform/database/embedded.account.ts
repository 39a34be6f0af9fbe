import { spawn } from 'node:child_process';

/** The operating-system user that the PostgreSQL processes run as. */
export interface ServerAccount {
  name: string;
  uid: number;
  gid: number;
}

/** What a finished helper process left behind. */
export interface Outcome {
  code: number;
  output: string;
}

/** Spawn options that switch to the account; none when we already run as an ordinary user. */
export function identityOf(account: ServerAccount | undefined): { uid?: number; gid?: number } {
  return account === undefined ? {} : { uid: account.uid, gid: account.gid };
}

/** The environment of every PostgreSQL process: nothing of ours (PGPORT, PGOPTIONS, LD_*) may steer it. */
export const SERVER_ENVIRONMENT: NodeJS.ProcessEnv = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
};

/** Runs a program to its end as the account; a program that cannot be started counts as code 127. */
export function run(
  file: string,
  args: readonly string[],
  account?: ServerAccount,
): Promise<Outcome> {
  return new Promise((resolve) => {
    // The root directory, because the account may be unable to enter the folder we were started in.
    const child = spawn(file, args, {
      cwd: '/',
      env: SERVER_ENVIRONMENT,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...identityOf(account),
    });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', (error) => resolve({ code: 127, output: error.message }));
    child.on('close', (code, signal) => {
      resolve({ code: code ?? 128, output: signal === null ? output : `${output}ended by ${signal}` });
    });
  });
}

/** Whether the account can enter the folder, found out by trying: modes alone miss ACLs and mounts. */
export async function canEnter(path: string, account: ServerAccount | undefined): Promise<boolean> {
  const { code } = await run('/bin/sh', ['-c', 'cd -- "$1"', 'sh', path], account);
  return code === 0;
}

/** True when we are root, whom PostgreSQL refuses to serve. */
export function runsAsRoot(): boolean {
  return process.geteuid?.() === 0;
}

async function lookUp(user: string | number): Promise<ServerAccount | undefined> {
  const answers = await Promise.all([
    run('id', ['-u', String(user)]),
    run('id', ['-g', String(user)]),
    run('id', ['-un', String(user)]),
  ]);
  if (answers.some((answer) => answer.code !== 0)) return undefined;
  const [uid, gid] = answers.map((answer) => Number(answer.output.trim()));
  if (uid === undefined || gid === undefined || uid === 0) return undefined;
  return { uid, gid, name: answers[2].output.trim() };
}

/** The account with this uid, for data that an ordinary user's engine made before. */
export async function accountOf(uid: number): Promise<ServerAccount> {
  const account = await lookUp(uid);
  if (account === undefined) {
    throw new Error(`embedded PostgreSQL: user ${uid} owns the data but does not exist here`);
  }
  return account;
}

// One line per family of tools: shadow-utils, then BusyBox.
const CREATE_POSTGRES = [
  'useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /bin/false postgres',
  'addgroup -S postgres; adduser -S -D -H -h /nonexistent -s /bin/false -G postgres postgres',
];

/** The unprivileged account that serves root: `postgres` (made if missing), else one that exists. */
export async function serverAccount(log: (line: string) => void): Promise<ServerAccount> {
  const existing = (await lookUp('postgres')) ?? (await lookUp('_postgres'));
  if (existing !== undefined) return existing;
  for (const command of CREATE_POSTGRES) {
    await run('/bin/sh', ['-c', command]);
    const created = await lookUp('postgres');
    if (created !== undefined) {
      log('created the system user postgres, because PostgreSQL refuses to run as root');
      return created;
    }
  }
  const spare = (await lookUp('nobody')) ?? (await lookUp('daemon'));
  if (spare !== undefined) return spare;
  throw new Error(
    'embedded PostgreSQL: it refuses to run as root and no other user exists; run as an ordinary user or set DATABASE_URL',
  );
}
