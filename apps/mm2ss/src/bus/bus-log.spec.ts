import { type Denied, DropCounter } from '@iec104mm2ss/bus';
import { createLogger, createRegistry } from '@iec104mm2ss/observability';
import { FakeClock } from '@iec104mm2ss/testing';
import { describe, expect, it } from 'vitest';
import { BusLog } from './bus-log.js';

function setup() {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const { logger } = createLogger({ destination: { write } });
  const registry = createRegistry({ processMetrics: false });
  const clock = new FakeClock();
  const drops = new DropCounter();
  let tell: (denied: Denied) => void = () => undefined;
  const log = new BusLog({ drops, onDenied: (listener) => (tell = listener) }, clock, logger, registry);
  const deny = (subject: string): void => tell({ operation: 'publish', subject });
  return { lines, registry, clock, drops, log, deny };
}

describe('messages that the bus dropped', () => {
  it('are logged at once, and those of the next minute together', () => {
    const { lines, clock, drops } = setup();
    drops.add('iec104.v1.111.state', 'JSON', 'state: not JSON');
    expect(lines).toEqual([
      expect.objectContaining({ level: 'warn', kind: 'state', reason: 'JSON', count: 1, detail: 'state: not JSON' }),
    ]);
    for (let i = 1; i <= 500; i++) drops.add('iec104.v1.111.state', 'JSON', `number ${i}`);
    clock.advance(59_999);
    expect(lines).toHaveLength(1);
    clock.advance(1);
    expect(lines.slice(1)).toEqual([expect.objectContaining({ kind: 'state', count: 500, detail: 'number 500' })]);
  });

  it('are logged at most once a minute for each kind and reason', () => {
    const { lines, clock, drops } = setup();
    for (let second = 0; second < 600; second++) {
      drops.add('iec104.v1.111.out.5', 'LENGTH', 'x');
      drops.add('iec104.v1.111.out.5', 'FENCE', 'x');
      clock.advance(1_000);
    }
    expect(lines.filter(({ reason }) => reason === 'LENGTH')).toHaveLength(11);
    expect(lines.filter(({ reason }) => reason === 'FENCE')).toHaveLength(11);
    expect(lines.reduce((sum, { count }) => sum + (count as number), 0)).toBe(1_200);
  });

  it('are logged at once again after a quiet minute', () => {
    const { lines, clock, drops } = setup();
    drops.add('iec104.v1.111.ack', 'LENGTH', 'first');
    clock.advance(60_000);
    expect(clock.pending).toBe(0);
    drops.add('iec104.v1.111.ack', 'LENGTH', 'second');
    expect(lines.map(({ detail }) => detail)).toEqual(['first', 'second']);
  });

  it('are counted in a metric', async () => {
    const { registry, drops } = setup();
    drops.add('iec104.v1.ctl.admit', 'HANDLER', 'x');
    drops.add('iec104.v1.111.out.5', 'LENGTH', 'x');
    drops.add('iec104.v1.222.out.7', 'LENGTH', 'x');
    const text = await registry.metrics();
    expect(text).toContain('mm2ss_bus_dropped_total{kind="ctl.admit",reason="HANDLER"} 1');
    expect(text).toContain('mm2ss_bus_dropped_total{kind="out",reason="LENGTH"} 2');
  });

  it('are all in the log when the process stops, and no timer is left', () => {
    const { lines, clock, drops, log } = setup();
    for (let i = 0; i < 5; i++) drops.add('iec104.v1.111.ack', 'LENGTH', 'x');
    log.stop();
    expect(lines.map(({ count }) => count)).toEqual([1, 4]);
    drops.add('iec104.v1.111.ack', 'LENGTH', 'x');
    expect(clock.pending).toBe(0);
    expect(lines).toHaveLength(2);
  });
});

describe('what the NATS server does not permit', () => {
  it('is a security event at once, and those of the next minute together', async () => {
    const { lines, registry, clock, deny } = setup();
    for (let second = 0; second < 61; second++) {
      deny('iec104.v1.1.cmd');
      clock.advance(1_000);
    }
    expect(lines).toEqual([
      expect.objectContaining({ event: 'bus_denied', event_id: 'MM2SS:5.1', subject: 'iec104.v1.1.cmd', count: 1 }),
      expect.objectContaining({ event: 'bus_denied', operation: 'publish', reason: 'permissions', count: 59 }),
    ]);
    // What came last is told, too, though nothing comes after it.
    clock.advance(60_000);
    expect(lines.slice(2)).toEqual([expect.objectContaining({ event: 'bus_denied', count: 1 })]);
    expect(await registry.metrics()).toContain('mm2ss_bus_denied_total{operation="publish"} 61');
  });

  it('is one subject where it is inboxes, and many subjects do not fill the log', () => {
    const { lines, deny } = setup();
    for (let i = 0; i < 50; i++) deny(`_INBOX.gateway1.ask.${i}`);
    expect(lines).toHaveLength(1);
    for (let i = 0; i < 500; i++) deny(`iec104.v1.${i}.cmd`);
    expect(lines).toHaveLength(101);
  });
});
