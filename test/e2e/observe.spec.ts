import { describe, expect, it } from 'vitest';
import { hasNats } from './nats-server.ts';
import { mm2ss } from './operator.ts';
import { until } from './ports.ts';
import { oneGroup } from './scene.ts';
import { groupOf } from './system.ts';

describe.skipIf(!hasNats)('over NATS, rights and observe mode', () => {
  it('outlive a router that is killed, and a connector that is', async () => {
    const { rtu, system, master } = await oneGroup({
      masters: 'A=127.0.0.11;B=127.0.0.12',
      rights: 'A=control;B=monitor',
      observe: 'link:9/min',
    });
    const nats = ['--nats', system.nats.url, '--nats-nkey', String(system.users?.file('console'))];
    const executed: number[] = [];
    rtu.on('executed', (ioa) => executed.push(ioa));
    const [a, b, stranger] = [master(1, 0), master(2, 1), master(3, 0)];
    await Promise.all([a.connect(), b.connect()]);
    await system.started(2);
    const give = async (from: typeof a, ioa: number): Promise<string> =>
      (await from.simulator.command(`single ${ioa} on`)).result;
    await stranger.connect().catch(() => undefined);
    await until('a stranger is refused', () => !stranger.simulator.connected);
    expect(await give(a, 5000)).toBe('positive');
    expect(await give(b, 5001)).toBe('negative');

    expect(await mm2ss('observe', '1', 'on', ...nats)).toMatchObject({ code: 0 });
    expect(await give(a, 5002)).toBe('negative');
    const owner = await system.owner();
    owner.kill('SIGKILL');
    await owner.exited;
    const next = await system.owner();
    expect(next.name).not.toBe(owner.name);
    await until('the group is served again', async () => (await groupOf(next)).observe !== undefined);
    expect((await groupOf(next)).observe?.reason).toContain('asked for by');
    expect(await give(a, 5003)).toBe('negative');
    expect(await give(b, 5004)).toBe('negative');
    expect((await a.simulator.interrogate()).result).toBe('positive');
    const { text } = await mm2ss('status', '1', ...nats);
    expect(text).toMatch(/^group 1: observe mode for \d+s, only monitoring passes: asked for by/m);

    const connector = system.part('connector1.1');
    connector.kill('SIGKILL');
    await connector.exited;
    await system.startPart('connector1.1');
    await until('the RTU is connected', async () => (await system.serving()).length === 1);
    await until('the master is there', () => a.simulator.started);
    expect(await give(a, 5005)).toBe('negative');

    expect(await mm2ss('observe', '1', 'off', ...nats)).toMatchObject({ code: 0 });
    expect(await give(a, 5006)).toBe('positive');
    expect(executed).toEqual([5000, 5006]);
    expect(await mm2ss('observe', '1', 'perhaps', ...nats)).toMatchObject({ code: 2 });
    expect(await mm2ss('observe', '9', 'on', ...nats)).toMatchObject({
      code: 1,
      text: expect.stringContaining('no router serves group 9'),
    });
    const outcomes = (await system.audits()).map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome === 'refused: observe mode')).toHaveLength(3);
    expect(outcomes.filter((outcome) => outcome === 'refused: no right to control')).toHaveLength(2);
  }, 90_000);
});
