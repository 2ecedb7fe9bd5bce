/** `mm2ss run` with its console, three simulated RTUs and a master at each; users of every role. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Overview, OverviewRow, Role } from '@iec104mm2ss/console-api';
import type { MasterSimulator } from '@iec104mm2ss/simulator';
import { freePort } from '../free-port.ts';
import {
  type Afterwards,
  csvOf,
  MM2SS,
  Program,
  type Rtus,
  RTU_HOST,
  startMaster,
  startRtus,
  temporaryFolder,
  until,
} from './programs.ts';

/** 16 characters at most, as the manual has it. */
export const HOSTILE_NAME = '<img onerror=x()';
const PASSWORD = 'correct horse battery';

export interface Scene {
  readonly url: string;
  readonly directory: string;
  /** `host:port` of metrics, status and the feeds. */
  readonly http: string;
  readonly rtus: Rtus;
  readonly program: () => Program;
  /** Starts the program anew, on the same ports, once it has ended. */
  readonly startAgain: () => Promise<void>;
  readonly masters: readonly MasterSimulator[];
  readonly credentials: (role: Role) => { username: string; password: string };
  /** What the server knows, by its API. */
  readonly row: (id: string) => Promise<OverviewRow>;
  readonly post: (path: string, role?: Role) => Promise<Response>;
  readonly file: () => Promise<string>;
  /** The line of a user in the file of users, by default with the password that all have. */
  readonly userLine: (name: string, role: Role, password?: string) => Promise<string>;
  /** Ends with the exit code of `mm2ss check` and what it said. */
  readonly check: () => Promise<{ code: number; output: string }>;
}

export async function startScene(afterwards: Afterwards): Promise<Scene> {
  const directory = await temporaryFolder(afterwards);
  const rtus = await startRtus(3, directory, afterwards);
  const ports = [await freePort(), await freePort(), await freePort()];
  const names = ['North', HOSTILE_NAME, 'Harbour'];
  const file = join(directory, 'groups.csv');
  const groups = rtus.ports.map((port, index) => ({
    'sys name': names[index] ?? '',
    'port no': ports[index] ?? 0,
    'rtu no': 101 + index,
    // The second one has another host, at which nobody answers.
    hosts: `${RTU_HOST}:${port}${index === 1 ? `;${RTU_HOST}:1` : ''}`,
    masters: index === 2 ? 'Main=127.0.0.11;Backup=127.0.0.99' : 'Main=127.0.0.11',
  }));
  await writeFile(file, csvOf(groups));
  const roles: readonly Role[] = ['viewer', 'operator', 'engineer'];
  const userLine = async (name: string, role: Role, password = PASSWORD): Promise<string> =>
    (await run(['console-password', name, role], directory, password)).output;
  const users = await Promise.all(roles.map((role) => userLine(role, role)));
  await writeFile(join(directory, 'users'), users.join(''), { mode: 0o600 });

  const address = `127.0.0.1:${await freePort()}`;
  const http = `127.0.0.1:${await freePort()}`;
  const access = ['--console-auth', 'basic', '--console-users', 'users'];
  const url = `http://${address}`;
  const args = ['run', '-i', 'groups.csv', '--http', http, '--console', address, '--simulator', rtus.url, ...access];
  let program = new Program(args, directory, afterwards);
  const answers = (): Promise<void> => program.answers(`${url}/api/v1/session`);
  await answers();
  const masters = ports.map((port, index) => startMaster(port, '127.0.0.11', 101 + index, afterwards));

  const credentials = (role: Role) => ({ username: role, password: PASSWORD });
  const authorization = (role: Role): string => `Basic ${Buffer.from(`${role}:${PASSWORD}`).toString('base64')}`;
  const row = async (id: string): Promise<OverviewRow> => {
    const answer = await fetch(`${url}/api/v1/groups`, { headers: { authorization: authorization('viewer') } });
    const found = ((await answer.json()) as Overview).rows.find((each) => each.id === id);
    if (found === undefined) throw new Error(`no group ${id}`);
    return found;
  };
  for (const id of ['1', '2', '3'])
    await until(`group ${id} has its master`, async () => (await row(id)).mastersStarted === 1);
  return {
    url,
    directory,
    http,
    rtus,
    program: () => program,
    startAgain: () => {
      program = new Program(args, directory, afterwards);
      return answers();
    },
    masters,
    credentials,
    row,
    post: (path, role = 'operator') =>
      fetch(`${url}/api/v1${path}`, {
        method: 'POST',
        headers: { authorization: authorization(role), origin: url, 'content-type': 'application/json' },
        body: '{}',
      }),
    file: () => readFile(file, 'utf8'),
    userLine,
    check: () => run(['check', 'groups.csv'], directory),
  };
}

async function run(args: readonly string[], directory: string, input = ''): Promise<{ code: number; output: string }> {
  const child = spawn(MM2SS, args, { cwd: directory, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(input === '' ? '' : `${input}\n`);
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  if (input !== '' && code !== 0) throw new Error(`mm2ss ${args.join(' ')}: ${errors}`);
  return { code: Number(code), output: output || errors };
}
