/** HTTP that asks for a token: real requests to a real server, and `mm2ss` as the one that asks. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { execute, folder } from './command.js';
import { hostOf, Multiplexer, startRtu, until } from './harness.js';

const TOKEN = 'f00dfeed-f00dfeed-f00dfeed';

async function start(options: { readonly health?: boolean } = {}) {
  const directory = await folder();
  const file = join(directory, 'token');
  await writeFile(file, `${TOKEN}\n`);
  const rtu = await startRtu();
  const mux = await Multiplexer.start([{ hosts: hostOf(rtu) }], { httpToken: file, ...options });
  await mux.listening('1');
  const ask = (path: string, token?: string, method = 'GET'): Promise<Response> => {
    const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) };
    const body = method === 'POST' ? { body: JSON.stringify({ group: '1', master: 'x' }) } : {};
    return fetch(new URL(path, mux.url), { method, headers, ...body });
  };
  return { directory, file, rtu, mux, ask };
}

const READ = [
  '/',
  '/metrics',
  '/status',
  '/feed',
  '/healthz',
  '/readyz',
  '/nothing',
  '/%2e%2e/status',
  '/status?scope=x',
];
const CONTROL = ['/control/restart', '/control/next-host', '/control/disconnect', '/control/nothing'];

describe('with a token file', () => {
  it('everything asks for the token, and says so; what is refused does nothing and is an event', async () => {
    const { mux, ask } = await start();
    for (const token of [undefined, 'f00dfeed-f00dfeed-f00dfee', `${TOKEN}x`]) {
      const challenge = token === undefined ? 'Bearer realm="mm2ss"' : 'Bearer realm="mm2ss", error="invalid_token"';
      for (const [path, method] of [
        ...READ.flatMap((path) => [[path, 'GET'] as const, [path, 'HEAD'] as const]),
        ...CONTROL.map((path) => [path, 'POST'] as const),
      ]) {
        const response = await ask(path, token, method);
        expect([path, response.status]).toEqual([path, 401]);
        expect(response.headers.get('www-authenticate')).toBe(challenge);
        const text = await response.text();
        expect(text).not.toMatch(/"groups"|mm2ss_/);
      }
    }
    expect(mux.findLine({ msg: 'RTU link lost' })).toBeUndefined();
    await mux.logged({ event: 'http_refused', reason: 'no_token' });
    await mux.logged({ event: 'http_refused', reason: 'wrong_token' });
    expect(
      mux.lines.filter(({ event }) => event === 'http_refused'),
      'repeats are counted',
    ).toHaveLength(2);
    expect(mux.findLine({ msg: 'liveness and readiness ask for a token' })).toBeDefined();
    expect(JSON.stringify(mux.lines)).not.toContain('f00dfeed');
  });

  it('who has it sees and may do everything', async () => {
    const { mux, ask } = await start();
    for (const path of ['/', '/metrics', '/status', '/healthz', '/readyz']) {
      expect([path, (await ask(path, TOKEN)).status]).toEqual([path, 200]);
    }
    expect(await (await ask('/metrics', TOKEN)).text()).toContain('mm2ss_rtu_up{');
    expect((await ask('/control/restart', TOKEN, 'POST')).status).toBe(200);
    await mux.logged({ msg: 'RTU link lost' });
    await mux.logged({ event: 'operator_verb', verb: 'restart' });
  });

  it('liveness and readiness are open on a port of their own, which has nothing else', async () => {
    const { mux, ask } = await start({ health: true });
    const open = (path: string, init?: RequestInit): Promise<Response> => fetch(new URL(path, mux.healthUrl), init);
    for (const path of ['/healthz', '/readyz']) {
      const response = await open(path);
      expect([path, response.status, await response.json()]).toMatchObject([path, 200, { status: 'ok' }]);
      expect([path, (await ask(path)).status]).toEqual([path, 401]);
    }
    for (const path of ['/', '/metrics', '/status', '/feed', '/control/restart', '/healthz/../metrics']) {
      expect([path, (await open(path)).status]).toEqual([path, 404]);
    }
    expect((await open('/healthz', { method: 'POST' })).status).toBe(405);
    await mux.stop();
    await expect(open('/healthz')).rejects.toThrow();
  });

  it('mm2ss asks with the token of a file', async () => {
    const { mux, directory, file } = await start();
    const http = ['--http', new URL(mux.url).host];
    const asked = async (...args: string[]): Promise<[number | string | undefined, string]> => {
      const command = await execute([...args, ...http], directory);
      return [command.outcome, command.stdout + command.stderr];
    };
    const without = await Promise.all([asked('status'), asked('restart', '1'), asked('watch')]);
    expect(without).toEqual([
      [1, expect.stringMatching(/401 .*--token FILE/)],
      [1, expect.stringContaining('--token FILE')],
      [1, expect.stringMatching(/401: .*--token FILE/)],
    ]);
    expect(await asked('status', '--token', file)).toEqual([0, expect.stringContaining('RTU-1')]);
    expect((await asked('restart', '1', '--token', file))[0]).toBe(0);
    await until('the restart', () => mux.findLine({ msg: 'RTU link lost' }) !== undefined);
  });
});

it('without a token file nothing asks for one, and there may be a port for liveness all the same', async () => {
  const mux = await Multiplexer.start([{ hosts: hostOf(await startRtu()) }], { health: true });
  for (const url of [mux.url, mux.healthUrl]) {
    expect([url, (await fetch(new URL('/healthz', url))).status]).toEqual([url, 200]);
  }
  expect((await fetch(new URL('/metrics', mux.url))).status).toBe(200);
});
