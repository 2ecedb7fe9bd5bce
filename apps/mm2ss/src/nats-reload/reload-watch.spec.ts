import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@iec104mm2ss/observability';
import { until } from '@iec104mm2ss/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalNats, type NatsProcess } from './nats-process.js';
import { ReloadWatch } from './reload-watch.js';
import { readServerFiles } from './server-files.js';

const TIMES = { everyMs: 5, settleMs: 5, answerMs: 60 };
const USERS = 'authorization { users: [ { nkey: UA } ] }\n';
const TAKEN = 'NATS has taken the configuration';

let folder: string;
const file = (name: string): string => join(folder, name);
/** As a whole, as Kubernetes does. */
async function write(name: string, text: string): Promise<void> {
  await writeFile(file(`${name}.next`), text);
  await rename(file(`${name}.next`), file(name));
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mm2ss-reload-'));
  await write('server.conf', 'port: 4222 # include nothing.conf\n  include "users.conf"\n');
  await write('users.conf', USERS);
});
afterEach(() => rm(folder, { recursive: true }));

class FakeNats implements NatsProcess {
  reloads = 0;
  loads = 0;
  takes = true;
  answers = true;
  refusal: string | undefined;
  /** It has read what was changed before. */
  readUntil = 0;

  hasRead(changedAt: number): Promise<boolean> {
    return Promise.resolve(changedAt < this.readUntil);
  }

  reload(): Promise<void> {
    if (this.refusal !== undefined) return Promise.reject(new Error(this.refusal));
    this.reloads++;
    if (this.takes) this.loads++;
    return Promise.resolve();
  }
  loadedAt(): Promise<string | undefined> {
    return Promise.resolve(this.answers ? `${this.loads}` : undefined);
  }
}

interface Running {
  readonly nats: FakeNats;
  readonly said: () => { readonly level: string; readonly msg: string; readonly reason?: string }[];
}

/** Watches while `act` runs. */
async function watching(
  act: (running: Running) => Promise<void>,
  others: readonly string[] = [],
  nats = new FakeNats(),
): Promise<void> {
  const lines: string[] = [];
  const { logger } = createLogger({ destination: { write: (line: string) => void lines.push(line) } });
  const end = new AbortController();
  const watch = new ReloadWatch(() => readServerFiles(file('server.conf'), others.map(file)), nats, logger, TIMES);
  const running = watch.run(end.signal);
  try {
    await act({ nats, said: () => lines.map((line) => JSON.parse(line) as never) });
  } finally {
    end.abort();
    await running;
  }
}

const aWhile = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100));

describe('mm2ss nats-reload', () => {
  it('hands the configuration on at the beginning, and whenever a file of it changes', () =>
    watching(
      async ({ nats, said }) => {
        await until(() => nats.reloads === 2, 'the server is told');
        await aWhile();
        expect(nats.reloads).toBe(2);
        await write('users.conf', `${USERS}# another\n`);
        await until(() => nats.reloads === 3, 'the server is told');
        await write('server.conf', 'port: 4223\ninclude users.conf\n');
        await until(() => nats.reloads === 4, 'the server is told');
        await write('ca.crt', 'new');
        await until(() => nats.reloads === 5 && said().length === 4, 'the server is told');
        expect(said().map(({ msg }) => msg)).toEqual([TAKEN, TAKEN, TAKEN, TAKEN]);
      },
      ['ca.crt'],
    ));

  it('hands it on twice for an account that is new, and once for what is new in others', () =>
    watching(async ({ nats, said }) => {
      const accounts = (...names: string[]): string =>
        `accounts {\n${names.map((name) => `  "iec104-${name}" {\n    users: [ { nkey: UA } ]\n  }\n`).join('')}}\n`;
      await until(() => nats.reloads === 2, 'the server is told');
      await write('users.conf', accounts('a'));
      await until(() => nats.reloads === 4, 'the server is told');
      await write('users.conf', accounts('a').replace('UA', 'UB'));
      await until(() => nats.reloads === 5, 'the server is told');
      await write('users.conf', accounts('a', 'b'));
      await until(() => nats.reloads === 7, 'the server is told');
      await write('users.conf', accounts('b'));
      await until(() => said().length === 5, 'the server is told');
      expect(nats.reloads).toBe(8);
    }));

  it('leaves a server alone that has read the files as they are, and does not open it either', async () => {
    const nats = new FakeNats();
    nats.readUntil = Infinity;
    await watching(
      async ({ said }) => {
        await until(() => said().length === 1, 'it is said');
        expect(said()[0]).toMatchObject({ level: 'info', msg: 'NATS has the configuration already' });
        await aWhile();
        expect(nats.reloads).toBe(0);
        await write('users.conf', '# nothing\n');
        await until(() => said().length === 2, 'it is said');
        expect(said()[1]).toMatchObject({ reason: expect.stringContaining('it asks nobody any more') });
        await write('users.conf', `${USERS}# another\n`);
        await until(() => nats.reloads === 1 && said().length === 3, 'the server is told');
      },
      [],
      nats,
    );
  });

  it('says when the server keeps the old one, once, and goes on', () =>
    watching(async ({ nats, said }) => {
      await until(() => nats.reloads === 2, 'the server is told');
      nats.takes = false;
      await write('users.conf', `${USERS}broken {\n`);
      await until(() => said().length === 2, 'it is said');
      await aWhile();
      expect(nats.reloads, 'once was enough').toBe(3);
      expect(said()[1]).toMatchObject({ level: 'error', msg: expect.stringContaining('has not taken') });
      nats.takes = true;
      await write('users.conf', USERS);
      await until(() => said().length === 3, 'it is said');
      expect(said()[2]).toMatchObject({ level: 'info', msg: TAKEN });
    }));

  it('says when the server does not say whether it took it', () =>
    watching(async ({ nats, said }) => {
      nats.answers = false;
      await until(() => said().length === 1, 'it is said');
      expect(said()[0]).toMatchObject({ level: 'warn', msg: expect.stringContaining('does not say') });
    }));

  it.each<[string, () => Promise<void>, string]>([
    ['an included file that is not there', () => rm(file('users.conf')), 'users.conf cannot be read (ENOENT)'],
    [
      'files without users, where there were some',
      () => write('users.conf', '# authorization {}\n'),
      'it asks nobody any more',
    ],
    ['an empty file', () => write('server.conf', ' \n'), 'server.conf is empty'],
    ['files that include each other', () => write('users.conf', 'include users.conf\n'), 'includes too many files'],
  ])('keeps %s from the server, and says so once', async (_what, change, reason) => {
    await watching(async ({ nats, said }) => {
      await until(() => nats.reloads === 2, 'the server is told');
      await change();
      await until(() => said().length === 2, 'it is said');
      await aWhile();
      expect(said()).toHaveLength(2);
      expect(said()[1]).toMatchObject({ level: 'error', reason: expect.stringContaining(reason) });
      expect(nats.reloads).toBe(2);
      await write('server.conf', 'include users.conf\n');
      await write('users.conf', USERS);
      await until(() => nats.reloads === 3, 'the server is told');
    });
  });

  it('tells a server that has not started yet as soon as it has', () =>
    watching(async ({ nats, said }) => {
      nats.refusal = 'not yet';
      await until(() => said().length === 1, 'it is said');
      await aWhile();
      expect(said()).toMatchObject([{ level: 'warn', reason: 'not yet' }]);
      nats.refusal = undefined;
      await until(() => said().length === 2, 'it is said');
      expect(said()[1]).toMatchObject({ msg: TAKEN });
    }));
});

describe('the process of the server', () => {
  const server = (): LocalNats => new LocalNats(file('pid'), new URL('http://127.0.0.1:1'));

  it.each<[string, string | undefined, string]>([
    ['no file', undefined, 'the server has not started yet'],
    ['a file without a number', 'x', 'holds no process id'],
    ['everybody', '-1', 'holds no process id'],
    ['its own group of processes', '0', 'holds no process id'],
    ['another process', `${process.pid}`, 'not nats-server'],
    ['nobody', '999999999', 'there is no such process'],
  ])('is not signalled: %s', async (_what, pid, reason) => {
    if (pid !== undefined) await write('pid', pid);
    await expect(server().reload()).rejects.toThrow(reason);
  });

  it('does not answer: nothing is known', async () => {
    expect(await server().loadedAt()).toBeUndefined();
  });
});
