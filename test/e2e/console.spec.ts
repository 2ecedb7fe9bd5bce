import type { LogAnswer, OrderAnswer, RowAnswer, RowCheck, SystemAnswer } from '@iec104mm2ss/console-api';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Tab } from '../console-tab.ts';
import { hasNats } from './nats-server.ts';
import { Part } from './part.ts';
import { freePort, until } from './ports.ts';
import { oneGroup } from './scene.ts';
import type { System } from './system.ts';

const START_MS = 60_000;

/** `mm2ss console` beside a system, with the key that is its own. */
async function startConsole(system: System) {
  const address = `127.0.0.1:${await freePort()}`;
  const bus = ['--nats', system.nats.url, '--nats-monitor', system.nats.monitorUrl];
  const key = ['--nats-nkey', String(system.users?.file('console'))];
  const args = ['console', '-i', system.file, '--console', address, ...bus, ...key];
  const part = new Part('console', args, `127.0.0.1:${await freePort()}`, system.directory);
  onTestFinished(async () => {
    await part.stop();
    const denied = part.lines.filter(({ event }) => event === 'bus_denied');
    expect(denied).toEqual([]);
  });
  await part.serving(START_MS);
  const url = `http://${address}/`;
  const ask = async <T>(path: string, method = 'GET', body?: unknown): Promise<{ status: number; answer: T }> => {
    const response = await fetch(new URL(`/api/v1${path}`, url), {
      method,
      ...(method === 'GET'
        ? {}
        : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body ?? {}) }),
    });
    return { status: response.status, answer: (await response.json()) as T };
  };
  return { part, url, ask };
}

describe.skipIf(!hasNats)('mm2ss console beside a system of separate processes', () => {
  it('shows all of it, orders, judges edits, and says who is silent', async () => {
    const { rtu, system, master } = await oneGroup({}, { logLevel: 'info' });
    const masters = [master(1, 0), master(2, 1)];
    await Promise.all(masters.map((each) => each.connect()));
    await system.started(2);
    const { url, ask } = await startConsole(system);

    const tab = await Tab.open(url, { groups: '1', logs: '1', changes: '1' });
    await until('the masters of both gateways', () => tab.row('1')?.mastersStarted === 2);
    expect(tab.row('1')).toMatchObject({ state: 'started', silent: [], unserved: [], mastersMax: 20 });

    // Lines of every process that has to do with the group.
    await until('lines that were kept', () => tab.of('log').length > 0);
    const from = new Set(tab.of('log').flatMap(({ lines }) => lines.map(({ instance }) => instance)));
    expect(from.size).toBeGreaterThanOrEqual(4);
    const { answer: log } = await ask<LogAnswer>('/groups/1/logs');
    expect(log.lines.map(({ at }) => at)).toEqual(log.lines.map(({ at }) => at).sort());

    // An RTU that is lost and comes back is seen without asking again.
    await rtu.stop();
    await until('it is lost', () => !['started', 'connected'].includes(tab.row('1')?.state ?? ''));
    await rtu.start();
    await until('it is back', () => tab.row('1')?.state === 'connected' && tab.row('1')?.listening === true);
    await Promise.all(masters.map((each) => each.connect()));
    await until('its masters are back', () => tab.row('1')?.mastersStarted === 2);
    expect(tab.of('overview')).toHaveLength(1);

    const { status, answer } = await ask<OrderAnswer>('/groups/1/restart', 'POST');
    expect({ status, ...answer }).toMatchObject({ status: 200, ok: true, closesMasters: 2 });
    await until('who did it', () => tab.of('change').some(({ changes }) => changes.length > 0));
    expect(tab.of('change').flatMap(({ changes }) => changes)).toContainEqual(
      expect.objectContaining({ fields: expect.objectContaining({ event: 'operator_verb', verb: 'restart' }) }),
    );

    // The file is another's.
    const { answer: row } = await ask<RowAnswer>('/groups/1/row');
    const change = { digest: row.digest, cells: { 'max conn': '3' } };
    const { answer: check } = await ask<RowCheck>('/groups/1/row/check', 'POST', change);
    expect(check).toMatchObject({ ok: true, effect: 'live', howTo: expect.stringContaining('helm upgrade') });
    for (const mode of ['apply', 'save']) {
      const refused = await ask(`/groups/1/row?mode=${mode}`, 'PUT', change);
      expect(refused.status).toBe(mode === 'apply' ? 409 : 403);
    }

    const { answer: view } = await ask<SystemAnswer>('/system');
    expect(view.processes.map(({ parts }) => parts.join()).sort()).toEqual(
      ['', 'connector', 'gateway', 'gateway', 'router', 'router'].sort(),
    );

    system.part('connector1.1').kill('SIGKILL');
    await until('the connector is silent', () => tab.row('1')?.silent.includes('connector') === true);
    expect(tab.row('1')).toMatchObject({ state: null, fromRtu: null, lastHeardAt: expect.any(String) });
    expect(tab.summary?.silentProcesses).toHaveLength(1);
  });
});
