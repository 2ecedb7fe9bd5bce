import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseConfiguration } from '@iec104mm2ss/config';
import type { Overview, RowAnswer, RowCheck, RowOutcome, Session } from '@iec104mm2ss/console-api';
import { describe, expect, it, onTestFinished } from 'vitest';
/* eslint-disable-next-line @nx/enforce-module-boundaries -- the app exports nothing */
import { userLine } from '../../apps/mm2ss/src/console/access/password-file.js';
import { Tab } from '../console-tab.js';
import { freePort, hostOf, Multiplexer, type MultiplexerOptions, startMasters, startRtu, until } from './harness.js';

/** A point and a command of simulated RTUs. */
const POINT = 1001;
const COMMAND = 5000;
const MM2SS = resolve(import.meta.dirname, '../../bin/mm2ss');
/** Of a password: the smallest that is taken. */
const COST = 2 ** 14;
const NONE = { access: { mode: 'none' } } as const;

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'mm2ss-console-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Two groups, the first with its RTU, and the console. */
async function scene(options: MultiplexerOptions = {}) {
  const rtu = await startRtu();
  const rows = [{ hosts: hostOf(rtu) }, { hosts: `127.0.0.2:${await freePort()}` }];
  const mux = await Multiplexer.start(rows, { console: NONE, ...options });
  await mux.listening('1');
  return { rtu, mux };
}

interface Asking {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

async function ask<T>(mux: Multiplexer, path: string, { method = 'GET', body, headers = {} }: Asking = {}) {
  const type: Record<string, string> = method === 'GET' ? {} : { 'Content-Type': 'application/json' };
  const response = await fetch(new URL(`/api/v1${path}`, mux.consoleUrl), {
    method,
    headers: { ...type, ...headers },
    ...(method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) }),
  });
  const text = await response.text();
  const answer = (response.headers.get('content-type')?.startsWith('application/json') ? JSON.parse(text) : text) as T;
  return { status: response.status, answer, headers: response.headers };
}

const as = (user: string, password = 'a long password'): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

/** Users of every role, in a file. */
async function users(): Promise<MultiplexerOptions> {
  const file = join(folder(), 'users');
  const lines = await Promise.all(
    (['viewer', 'operator', 'engineer'] as const).map((role) => userLine(role, role, 'a long password', COST)),
  );
  writeFileSync(file, `# who may\n${lines.join('\n')}\n`);
  return { console: { access: { mode: 'basic', proxies: [], file } } };
}

describe('the console', () => {
  it('tells an RTU that is lost and comes back, and its masters, by deltas', async () => {
    const { rtu, mux } = await scene();
    const tab = await Tab.open(mux.consoleUrl, { groups: '1' });
    await until('the overview', () => tab.row('1')?.state === 'connected');
    await startMasters(mux.ports[0] as number, 2);
    await until('two masters', () => tab.row('1')?.mastersStarted === 2 && tab.row('1')?.state === 'started');
    await rtu.stop();
    await until('it is lost', () => !['started', 'connected'].includes(tab.row('1')?.state ?? ''));
    await until('its error', () => tab.row('1')?.lastErrorAt !== null);
    await rtu.start();
    await until('it is back', () => ['connected', 'started'].includes(tab.row('1')?.state ?? ''), 20_000);
    expect(tab.of('overview')).toHaveLength(1);
    await until('its detail', () => tab.of('group').at(-1)?.status?.rtu.linkEpoch === 2);
    // What changes is a few fields.
    const changed = tab.of('delta').flatMap((delta) => delta.changed);
    expect(Math.max(...changed.map((row) => Object.keys(row).length))).toBeLessThan(20);
  });

  it('goes on where a tab was that comes back, and begins anew where that cannot be', async () => {
    const { mux } = await scene();
    const first = await Tab.open(mux.consoleUrl);
    await until('a delta', () => first.of('delta').length > 0);
    first.close();
    const again = await Tab.open(mux.consoleUrl, { last: first.lastId ?? '' });
    await until('a delta', () => again.of('delta').length > 0);
    expect(again.of('overview')).toEqual([]);
    const header = await Tab.open(mux.consoleUrl, { last: '1.1' }, { 'Last-Event-ID': first.lastId ?? '' });
    await until('a delta', () => header.of('delta').length > 0);
    expect(header.of('overview')).toEqual([]);
    const other = await Tab.open(mux.consoleUrl, { last: '1.1' });
    await until('all of it', () => other.of('overview').length === 1);
  });

  it('shows log lines, traffic and commands as they pass', async () => {
    const { rtu, mux } = await scene();
    const [master] = await startMasters(mux.ports[0] as number, 1);
    const tab = await Tab.open(mux.consoleUrl, {
      logs: '1',
      traffic: '1',
      commands: '*',
      ioa: String(POINT),
      changes: '1',
    });
    await until('lines that were kept', () => (tab.of('log')[0]?.lines.length ?? 0) > 3);
    rtu.setValue(POINT, 1);
    await master?.command(`single ${COMMAND} on`);
    await until('a command', () => tab.of('command').length > 0);
    expect(tab.of('command')[0]).toMatchObject({ group: '1', type: 'C_SC_NA_1', ioa: COMMAND });
    const { answer: csv } = await ask<string>(mux, '/commands.csv?type=C_SC_NA_1');
    expect(csv.split('\r\n')).toHaveLength(3);
    await ask(mux, '/groups/1/restart', { method: 'POST' });
    await until('who did it', () => tab.of('change').some(({ changes }) => changes.length > 0));
    expect(tab.of('change').at(-1)?.changes.at(-1)).toMatchObject({
      group: '1',
      fields: { event: 'operator_verb', verb: 'restart', by: expect.stringContaining('operator at 127.0.0.1') },
    });
    await until('new lines', () => tab.of('log').some(({ begin }) => !begin));
    await until('the event', () => tab.of('traffic').length > 0);
    const all = tab.of('traffic').flatMap(({ items }) => items);
    expect(all.every(({ asdu }) => 'objects' in asdu && asdu.objects.some(({ ioa }) => ioa === POINT))).toBe(true);
  });

  it('says what an order closes', async () => {
    const { mux } = await scene();
    await startMasters(mux.ports[0] as number, 3);
    const detail = await ask<{ status: { masters: { session: string }[] } }>(mux, '/groups/1');
    const session = detail.answer.status.masters[0]?.session ?? '';
    const one = await ask(mux, `/groups/1/masters/${session}/disconnect`, { method: 'POST' });
    expect(one).toMatchObject({ status: 200, answer: { ok: true, closesMasters: 1 } });
    await until('it is gone', async () => (await mux.group()).masters.length === 2);
    const all = await ask(mux, '/groups/1/restart', { method: 'POST' });
    expect(all).toMatchObject({ status: 200, answer: { closesMasters: 2, message: /closes 2 masters/ } });
    expect(await ask(mux, '/groups/9/restart', { method: 'POST' })).toMatchObject({ status: 404 });
  });

  it('lets people do what their role allows, asked for by its own page only', async () => {
    const path = join(folder(), 'groups.csv');
    const { mux } = await scene({ ...(await users()), file: path });
    expect(await ask(mux, '/session')).toMatchObject({ status: 401 });
    expect(await ask(mux, '/session', { headers: as('viewer', 'wrong') })).toMatchObject({ status: 401 });
    await mux.logged({ event: 'http_refused', reason: 'wrong_password' });
    const { answer: session } = await ask<Session>(mux, '/session', { headers: as('engineer') });
    expect(session).toMatchObject({ user: 'engineer', role: 'engineer', auth: 'basic', needs: { save: 'engineer' } });

    const restart = (user: string, headers: Record<string, string> = {}) =>
      ask(mux, '/groups/1/restart', { method: 'POST', headers: { ...as(user), ...headers } });
    expect(await restart('viewer')).toMatchObject({ status: 403 });
    await mux.logged({ event: 'http_refused', reason: 'role' });
    expect(await restart('operator', { Origin: 'http://evil.example' })).toMatchObject({ status: 403 });
    expect(await restart('operator', { 'Sec-Fetch-Site': 'cross-site' })).toMatchObject({ status: 403 });
    await mux.logged({ event: 'http_refused', reason: 'other_origin' });
    expect(await restart('operator', { 'Content-Type': 'text/plain' })).toMatchObject({ status: 415 });
    expect(mux.findLine({ event: 'operator_verb' })).toBeUndefined();
    expect(await restart('operator', { Origin: new URL(mux.consoleUrl).origin })).toMatchObject({ status: 200 });
    await mux.logged({ event: 'operator_verb', verb: 'restart' });

    const { answer: row } = await ask<RowAnswer>(mux, '/groups/1/row', { headers: as('viewer') });
    const change = { digest: row.digest, cells: { 'max conn': '7' } };
    const put = (user: string, mode: string) =>
      ask(mux, `/groups/1/row?mode=${mode}`, { method: 'PUT', body: change, headers: as(user) });
    expect(await put('viewer', 'apply')).toMatchObject({ status: 403 });
    expect(await put('operator', 'save')).toMatchObject({ status: 403 });
    expect(await put('operator', 'apply')).toMatchObject({ status: 200 });
    expect(await put('engineer', 'save')).toMatchObject({ status: 200 });
  });

  it('is served with headers that let nothing of others in', async () => {
    const { mux } = await scene();
    const { headers } = await ask(mux, '/groups');
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    expect(headers.get('cache-control')).toBe('no-store');
    const { answer } = await ask<{ paths: Record<string, unknown> }>(mux, '/openapi.json');
    expect(Object.keys(answer.paths)).toContain('/api/v1/groups/{id}/row');
  });
});

describe('a row that is edited at the console', () => {
  const comment = '# kept as it is, "quotes" and all\n';

  async function edited() {
    const path = join(folder(), 'groups.csv');
    const setting = await users();
    const { rtu, mux } = await scene({ ...setting, file: path });
    writeFileSync(path, comment + readFileSync(path, 'utf8'));
    await until('the comment is read', async () => (await mux.group()).id === '1');
    const headers = as('engineer');
    const row = async (id = '1') => (await ask<RowAnswer>(mux, `/groups/${id}/row`, { headers })).answer;
    const check = async (cells: Record<string, string>, id = '1') => {
      const body = { digest: (await row(id)).digest, cells };
      return (await ask<RowCheck>(mux, `/groups/${id}/row/check`, { method: 'POST', body, headers })).answer;
    };
    const put = async (mode: 'apply' | 'save', cells: Record<string, string>, digest?: string) => {
      const body = { digest: digest ?? (await row()).digest, cells };
      return ask<RowOutcome>(mux, `/groups/1/row?mode=${mode}`, { method: 'PUT', body, headers });
    };
    const overview = async () => (await ask<Overview>(mux, '/groups', { headers })).answer.rows;
    return { rtu, mux, path, row, check, put, overview };
  }

  it('is judged before: what is wrong, and what it costs', async () => {
    const { mux, check } = await edited();
    await startMasters(mux.ports[0] as number, 2);
    expect(await check({ 'max conn': 'many' })).toMatchObject({
      ok: false,
      problems: [{ column: 'max conn', severity: 'skipped' }],
    });
    expect(await check({ 'port no': String(mux.ports[1]) })).toMatchObject({ ok: false });
    expect(await check({ 'sys name': 'New' })).toMatchObject({ ok: true, effect: 'live', closesMasters: 0 });
    expect(await check({ filter: '127.0.0.11' })).toMatchObject({ effect: 'filter', closesMasters: 1 });
    expect(await check({ t0: '7' })).toMatchObject({
      effect: 'link',
      closesMasters: 2,
      consequence: 'closes the link to the RTU; closes 2 masters',
      changes: [{ column: 't0', before: '', after: '7', effect: 'link' }],
    });
    expect((await mux.group()).masters).toHaveLength(2);
  });

  it('is in force until the restart, and not in the file', async () => {
    const { mux, path, put, row, overview } = await edited();
    const before = readFileSync(path, 'utf8');
    expect(await put('apply', { 'sys name': 'Applied' })).toMatchObject({ status: 200, answer: { backup: null } });
    expect((await mux.group()).name).toBe('Applied');
    expect(readFileSync(path, 'utf8')).toBe(before);
    expect((await row()).applied).toEqual({ 'sys name': 'Applied' });
    expect((await overview()).map(({ edited: is }) => is)).toEqual([true, false]);
    // Looking at the file again and again changes nothing; to be told to read it does.
    mux.moveClock(10_000);
    await until('another change on top', async () => (await put('apply', { 'max conn': '9' })).status === 200);
    expect((await mux.group()).name).toBe('Applied');
    await mux.reload();
    expect((await mux.group()).name).toBe('RTU-1');
    expect((await overview()).map(({ edited: is }) => is)).toEqual([false, false]);
  });

  it('is saved with every other octet as it was, and mm2ss check sees it', async () => {
    const { mux, path, put, row } = await edited();
    const before = readFileSync(path, 'utf8');
    const { status, answer } = await put('save', { 'sys name': 'Saved', 'max conn': '9' });
    expect(status).toBe(200);
    expect((await mux.group()).name).toBe('Saved');
    const after = readFileSync(path, 'utf8');
    expect(after.startsWith(comment)).toBe(true);
    const lines = after.split('\n');
    const old = before.split('\n');
    expect(lines.filter((line, index) => line !== old[index])).toHaveLength(1);
    expect(readFileSync(answer.backup ?? '', 'utf8')).toBe(before);
    expect(parseConfiguration(after).groups[0]).toMatchObject({ name: 'Saved', maxConnections: 9 });
    expect(readdirSync(join(path, '..')).filter((name) => name.endsWith('.new'))).toEqual([]);
    expect((await row()).applied).toEqual({});
    await mux.logged({ event: 'configuration_edited', mode: 'save', columns: 'sys name, max conn' });
    expect(execFileSync(MM2SS, ['check', path], { encoding: 'utf8' })).toContain('1 Saved (row 4)');
  });

  it('is refused where somebody else has changed the file meanwhile', async () => {
    const { path, put, row } = await edited();
    const { digest } = await row();
    writeFileSync(path, readFileSync(path, 'utf8').replace('RTU-2', 'Else'));
    expect(await put('save', { 'sys name': 'Saved' }, digest)).toMatchObject({ status: 409 });
    expect(readFileSync(path, 'utf8')).not.toContain('Saved');
  });
});
