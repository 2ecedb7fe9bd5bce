import type { Status } from '@iec104mm2ss/observability';
import { describe, expect, it } from 'vitest';
import { hasNats } from './nats-server.ts';
import { mm2ss } from './operator.ts';
import type { Part } from './part.ts';
import { until } from './ports.ts';
import { oneGroup } from './scene.ts';
import type { System } from './system.ts';

async function whole(part: Part): Promise<Status> {
  return (await (await fetch(`http://${part.http}/status`)).json()) as Status;
}

/** What each part is, and whether it is silent, as this one answers. */
async function roll(part: Part): Promise<string[]> {
  const { processes } = await whole(part);
  return processes.map(({ parts, silent }) => `${parts.join()}${silent ? ' silent' : ''}`).sort();
}

const connector = (system: System): Part => system.part('connector1.1');

describe.skipIf(!hasNats)('operators of separate processes', () => {
  it('see the whole system in the status of any of them, and who is silent', async () => {
    const { system, master } = await oneGroup();
    const masters = [master(1, 0), master(2, 1)];
    await Promise.all(masters.map((each) => each.connect()));
    await system.started(2);
    const all = ['connector', 'gateway', 'gateway', 'router', 'router'];
    for (const part of system.parts.values()) {
      const status = await whole(part);
      expect(status.processes.map(({ parts }) => parts.join()).sort()).toEqual(all);
      expect(status.processes.filter(({ silent }) => silent)).toEqual([]);
      expect(status.configuration).toEqual({ digests: [expect.stringMatching(/^[0-9a-f]{12}$/)], differ: false });
      expect(status.groups).toHaveLength(1);
      const [group] = status.groups;
      expect(group).toMatchObject({
        name: 'RTU-1',
        rtu: { state: 'started' },
        listener: { open: true },
        servedBy: { connector: { silent: false }, router: { silent: false } },
        log: { full: false },
      });
      expect(group?.listener.addresses).toHaveLength(2);
      expect(group?.masters.map(({ state }) => state)).toEqual(['started', 'started']);
    }

    // Fifty who ask at the same time are one question to the others.
    const bus = await system.bus();
    let questions = 0;
    bus.subscribe('iec104.v1.ctl.status', () => questions++);
    const [router1] = system.routers as [Part];
    await until('one question is heard', async () => {
      await whole(router1);
      return questions > 0;
    });
    questions = 0;
    const begun = performance.now();
    await Promise.all(Array.from({ length: 50 }, () => whole(router1)));
    const seconds = (performance.now() - begun) / 1_000;
    expect(questions).toBeLessThanOrEqual(1 + Math.ceil(seconds));

    // One ends as it is told to, another one without a word.
    expect(await system.part('gateway2').stop()).toBe(0);
    await until('the gateway is not missed', async () => (await roll(router1)).length === 4);
    connector(system).kill('SIGKILL');
    await connector(system).exited;
    await until('the connector is missed', async () => (await roll(router1)).includes('connector silent'));
    const { groups } = await whole(router1);
    expect(groups[0]?.servedBy?.connector).toMatchObject({ silent: true, lastHeardAt: expect.any(String) });
    const { code, text } = await mm2ss('status', '--http', router1.http);
    expect(code).toBe(0);
    expect(text).toMatch(/^group 1: no connector answers \(.* was heard \d+s ago\)$/m);
    expect(text).toMatch(/^silent: .* \(connector\), heard/m);
  });

  it('order what is to be done of any of them, or over NATS', async () => {
    const { system, master } = await oneGroup({}, { httpControl: true });
    const [first, second] = [master(1, 0), master(2, 1)];
    await Promise.all([first.connect(), second.connect()]);
    await system.started(2);
    const [router1, router2] = system.routers as [Part, Part];
    const nats = ['--nats', system.nats.url, '--nats-nkey', String(system.users?.file('console'))];

    const disconnected = await mm2ss('disconnect', '1', '127.0.0.12', '--http', router1.http);
    expect(disconnected).toMatchObject({ code: 0, text: expect.stringContaining('is disconnected') });
    await until('only the second is disconnected', () => !second.simulator.connected);
    expect(first.simulator.connected).toBe(true);
    await system.part('gateway2').logged({ verb: 'disconnect' });
    expect(await mm2ss('disconnect', '1', '127.0.0.12', ...nats)).toMatchObject({ code: 1 });
    expect(await mm2ss('disconnect', '1', '127.0.0.11', ...nats)).toMatchObject({ code: 0 });
    await until('the first one too', () => !first.simulator.connected);

    const { connects } = (await whole(router2)).groups[0]?.rtu ?? {};
    expect(await mm2ss('restart', '1', ...nats)).toMatchObject({
      code: 0,
      text: expect.stringContaining('opened anew'),
    });
    await connector(system).logged({ verb: 'restart' });
    await until('the RTU is connected anew', async () => {
      const { rtu: link } = (await whole(router2)).groups[0] ?? {};
      return link?.connects === Number(connects) + 1;
    });
    expect(await mm2ss('next-host', '1', '--http', router2.http)).toMatchObject({
      code: 1,
      text: expect.stringContaining('is the only host of this RTU'),
    });
    for (const how of [nats, ['--http', router2.http]]) {
      expect(await mm2ss('restart', '2', ...how)).toMatchObject({
        code: 1,
        text: expect.stringContaining('no process knows a group 2'),
      });
    }
    // Who may only watch cannot order.
    const watcher = ['--nats', system.nats.url, '--nats-nkey', String(system.users?.file('watcher'))];
    expect(await mm2ss('restart', '1', ...watcher)).toMatchObject({
      code: 1,
      text: expect.stringContaining('does not permit to publish: iec104.v1.ctl.restart'),
    });
    expect(await mm2ss('status', ...watcher)).toMatchObject({
      code: 1,
      text: expect.stringContaining('may not ask for the status'),
    });
    expect(await mm2ss('status', '1', ...nats)).toMatchObject({ code: 0, text: expect.stringMatching(/^1 +RTU-1 /m) });
  });
});
