/** What the console answers to requests that nobody should send: it says what is wrong, and goes on. */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { Tab } from '../console-tab.js';
import { Multiplexer, until } from './harness.js';

const scene = (): Promise<Multiplexer> =>
  Multiplexer.start([{ hosts: '127.0.0.2:1' }], { console: { access: { mode: 'none' } } });

it('refuses what is not understood, and says what', async () => {
  const mux = await scene();
  const wrong: readonly (readonly [string, number, string])[] = [
    ['/groups?filter=1', 400, 'filter'],
    ['/commands?last=1e9', 400, 'last'],
    ['/commands?last=10001', 400, 'last'],
    ['/commands?ioa=1&ioa=2', 400, 'twice'],
    ['/commands?group=1&foo=2', 400, 'foo'],
    ['/decode', 400, 'hex'],
    ['/decode?hex=zz', 400, 'hex'],
    ['/decode?hex=680', 400, 'hex'],
    ['/groups/9/history', 404, 'no process knows a group 9'],
    ['/groups/__proto__/history', 404, '__proto__'],
    ['/groups/9/logs', 404, '9'],
    ['/groups/%E0%A4%A', 400, 'path'],
  ];
  for (const [path, status, said] of wrong) {
    const response = await fetch(new URL(`/api/v1${path}`, mux.consoleUrl));
    expect([path, response.status]).toEqual([path, status]);
    expect(((await response.json()) as { error: string }).error).toContain(said);
  }
});

it('serves a stream without what is not understood, and says so in it', async () => {
  const mux = await scene();
  const tab = await Tab.open(mux.consoleUrl, {
    traffic: '1',
    ca: 'abc',
    groups: '__proto__',
    logs: '1',
    colour: 'red',
  });
  await until('it is live', () => tab.of('looks').some(({ live }) => live));
  expect(
    tab
      .of('looks')[0]
      ?.refused.map(({ name }) => name)
      .sort(),
  ).toEqual(['ca', 'colour', 'groups']);
  await until('the list', () => tab.row('1') !== undefined);
  await until('the log', () => tab.of('log').length > 0);
});

it.each([100_000, 3_000_000])('answers a body of %i octets, and ends its connection', async (octets) => {
  const mux = await scene();
  const { hostname, port } = new URL(mux.consoleUrl);
  const socket = connect(Number(port), hostname);
  const answered = text(socket).catch(String);
  // It is not read to its end: writing the rest of it fails.
  socket.on('error', () => undefined);
  socket.write(`POST /api/v1/groups/1/row/check HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\n`);
  socket.write(`Content-Length: ${octets}\r\n\r\n`);
  socket.write('x'.repeat(66_000));
  expect(await answered).toMatch(/^HTTP\/1.1 413 /);
});
