import type { Durability } from '@iec104mm2ss/bus';
import { createLogger, createRegistry } from '@iec104mm2ss/observability';
import { describe, expect, it } from 'vitest';
import { DurabilityWatch } from './durability-watch.js';

type Answer = Durability | undefined | Error;

function setup(answer: Answer, kind: 'nats' | 'memory' = 'nats', stored: readonly string[] = ['111']) {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const { logger } = createLogger({ destination: { write } });
  const registry = createRegistry({ processMetrics: false });
  const connection: ((connected: boolean) => void)[] = [];
  const server = {
    kind,
    server: kind === 'nats' ? 'nats-0:4222' : undefined,
    answer,
    async durability() {
      if (this.answer instanceof Error) throw this.answer;
      return this.answer;
    },
    onConnection: (listener: (connected: boolean) => void) => void connection.push(listener),
  };
  const watch = new DurabilityWatch(server, logger, registry, () => stored);
  const reconnect = async (): Promise<void> => {
    for (const listener of connection) listener(true);
    await new Promise((resolve) => setImmediate(resolve));
  };
  const metric = async (): Promise<string | undefined> =>
    (await registry.metrics()).split('\n').find((line) => line.startsWith('mm2ss_bus_sync_always'));
  return { lines, server, watch, reconnect, metric };
}

const SYNCS: Durability = { syncsAlways: true, reason: 'sync_interval is always' };
const LATER: Durability = { syncsAlways: false, reason: 'sync_interval is 2 minutes' };

describe('whether the server syncs before it confirms', () => {
  it('is not known before it was asked', async () => {
    const { watch, metric, lines } = setup(SYNCS);
    expect(watch.status()).toEqual({ syncsAlways: null, durability: null });
    expect(await metric()).toBeUndefined();
    expect(lines).toEqual([]);
  });

  it('is shown when it does', async () => {
    const { watch, metric, lines } = setup(SYNCS);
    await watch.ask();
    expect(watch.status()).toEqual({ syncsAlways: true, durability: 'sync_interval is always' });
    expect(await metric()).toBe('mm2ss_bus_sync_always 1');
    expect(lines).toMatchObject([{ level: 'info' }]);
  });

  it('is warned about when it does not, with what it means and what to do', async () => {
    const { watch, metric, lines } = setup(LATER);
    await watch.ask();
    expect(watch.status()).toEqual({ syncsAlways: false, durability: 'sync_interval is 2 minutes' });
    expect(await metric()).toBe('mm2ss_bus_sync_always 0');
    expect(lines).toMatchObject([
      { level: 'warn', server: 'nats-0:4222', reason: 'sync_interval is 2 minutes', groups: ['111'] },
    ]);
    expect(lines[0]!.msg).toMatch(/power failure.*sync_interval: always.*ack = delivered/);
  });

  it('is warned about when it cannot be asked, and is then no number', async () => {
    for (const answer of [{ syncsAlways: 'unknown', reason: 'no --nats-monitor' } as const, new Error('no answer')]) {
      const { watch, metric, lines } = setup(answer);
      await watch.ask();
      expect(watch.status()).toMatchObject({ syncsAlways: null, durability: expect.stringMatching(/^no /) });
      expect(await metric()).toBeUndefined();
      expect(lines).toMatchObject([{ level: 'warn' }]);
    }
  });

  it('is no warning when no event is acknowledged for being stored', async () => {
    const { watch, lines } = setup(LATER, 'nats', []);
    await watch.ask();
    expect(lines).toMatchObject([{ level: 'info' }]);
  });

  it('is asked again after a reconnect, and said again only when it changed', async () => {
    const { watch, server, reconnect, lines } = setup(LATER);
    await watch.ask();
    await reconnect();
    expect(lines).toHaveLength(1);
    server.answer = SYNCS;
    await reconnect();
    expect(watch.status()).toMatchObject({ syncsAlways: true });
    server.answer = LATER;
    await reconnect();
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'info', 'warn']);
  });

  it('is no question on the memory bus', async () => {
    const { watch, metric, lines } = setup(undefined, 'memory');
    await watch.ask();
    expect(watch.status()).toEqual({});
    expect(await metric()).toBeUndefined();
    expect(lines).toEqual([]);
  });
});
