import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CHART } from './helm.ts';

const SCRIPT = path.join(CHART, 'files', 'look-at-status.mjs');
const served = { connector: { instance: 'c', silent: false }, router: { instance: 'r', silent: false } };
const group = (id: string, servedBy: object = served): object => ({
  id,
  name: `RTU-${id}`,
  rtu: { state: 'connected' },
  listener: { open: true },
  masters: [],
  servedBy,
});
const GATEWAY = { parts: ['gateway'], silent: false };
const well = { groups: [group('7'), group('8')], processes: [GATEWAY], configuration: { differ: false } };

/** Runs it against a router that answers like this, one answer after the other; the last one stays. */
async function look(
  answers: readonly (object | number)[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; text: string; requests: IncomingMessage[] }> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    const answer = answers[Math.min(requests.length, answers.length) - 1];
    response.statusCode = typeof answer === 'number' ? answer : 200;
    response.end(JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const env = {
    PATH: process.env.PATH,
    STATUS_URL: `http://127.0.0.1:${port}/status`,
    STATUS_GROUPS: '7,8',
    STATUS_SECONDS: '0',
    ...environment,
  };
  const child = spawn('node', [SCRIPT], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, text, requests };
}

describe('the look of helm test at the running system', () => {
  it('is content when every group has a connector and a router, and there is a gateway; it only reads', async () => {
    const { code, text, requests } = await look([well]);
    expect(code).toBe(0);
    expect(text).toContain('group 7 (RTU-7): RTU connected, 0 masters');
    expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /status']);
  });

  it('tells why an RTU is not connected, which is no fault', async () => {
    const away = {
      ...group('8'),
      rtu: { state: 'disconnected', lastError: 'ECONNREFUSED' },
      listener: { open: false },
    };
    const { code, text } = await look([{ ...well, groups: [group('7'), away] }]);
    expect(code).toBe(0);
    expect(text).toContain('group 8 (RTU-8): RTU disconnected (ECONNREFUSED), 0 masters');
    expect(text).toContain('1 of 2 RTUs are connected');
  });

  it.each<[string, object | number, string]>([
    [
      'a group to which no master can connect',
      { ...well, groups: [group('7'), { ...group('8'), listener: { open: false } }] },
      'group 8: the RTU is connected, and no gateway listens',
    ],
    ['a group that nobody knows', { ...well, groups: [group('7')] }, 'group 8: nobody knows it'],
    [
      'a group without a connector',
      { ...well, groups: [group('7'), group('8', { ...served, connector: null })] },
      'group 8: no connector answers',
    ],
    [
      'a router that does not answer',
      { ...well, groups: [group('7', { ...served, router: { instance: 'r', silent: true } }), group('8')] },
      'group 7: no router answers',
    ],
    ['no gateway', { ...well, processes: [] }, 'no gateway answers'],
    ['gateways that do not answer', { ...well, processes: [{ ...GATEWAY, silent: true }] }, 'no gateway answers'],
    ['different files', { ...well, configuration: { differ: true } }, 'same file'],
    ['an error', 401, 'HTTP 401'],
  ])('fails with %s', async (_what, answer, message) => {
    const { code, text } = await look([answer]);
    expect(text).toContain(message);
    expect(code).toBe(1);
  });

  it('waits until it is so', async () => {
    const { code, requests } = await look([{ ...well, processes: [] }, well], { STATUS_SECONDS: '30' });
    expect(code).toBe(0);
    expect(requests).toHaveLength(2);
  });

  it('shows the token', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'token-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(path.join(folder, 'token'), '# old ones go\nfirst-token-of-two\nsecond\n');
    const { requests } = await look([well], { STATUS_TOKEN_FILE: path.join(folder, 'token') });
    expect(requests[0]?.headers.authorization).toBe('Bearer first-token-of-two');
  });
});
