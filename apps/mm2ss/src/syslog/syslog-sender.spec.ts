import { createRegistry, createSilentLogger, type Logger } from '@iec104mm2ss/observability';
import { FakeClock } from '@iec104mm2ss/testing';
import { describe, expect, it } from 'vitest';
import {
  END_LIMIT_MS,
  MAX_PAUSE_MS,
  MAX_WAITING,
  MIN_PAUSE_MS,
  OPEN_LIMIT_MS,
  SETTLE_MS,
  STABLE_MS,
  SyslogSender,
  WRITE_LIMIT_MS,
} from './syslog-sender.js';
import type { SyslogWay, SyslogWayEvents } from './syslog-way.js';

/** A connection in the hands of the test. */
class FakeWay implements SyslogWay {
  readonly sent: Buffer[] = [];
  ended = false;
  destroyed: string | undefined;
  taken: (() => void) | undefined;

  constructor(readonly events: SyslogWayEvents) {}

  send(messages: readonly Buffer[], taken: () => void): void {
    this.sent.push(...messages);
    this.taken = taken;
  }

  end(): void {
    this.ended = true;
  }

  destroy(reason: string): void {
    this.destroyed = reason;
    this.events.closed(reason);
  }

  take(): void {
    const { taken } = this;
    this.taken = undefined;
    taken?.();
  }

  /** Numbers of the events that were handed to it. */
  get numbers(): number[] {
    return this.sent.map((message) => Number(/sequenceId="(\d+)"/.exec(message.toString())?.[1]));
  }
}

function bench() {
  const clock = new FakeClock();
  const ways: FakeWay[] = [];
  const told: Record<string, unknown>[] = [];
  const say = (fields: Record<string, unknown>): void => void told.push(fields);
  const logger = { ...createSilentLogger(), error: say, info: say } as unknown as Logger;
  const registry = createRegistry({ processMetrics: false });
  const sender = new SyslogSender({
    open: (events) => {
      const way = new FakeWay(events);
      ways.push(way);
      return way;
    },
    name: 'tls://siem:6514',
    origin: { hostName: 'h', processId: 1, release: '0' },
    clock,
    random: () => 0,
  });
  sender.start(logger, registry);
  let number = 0;
  const write = (count = 1): void => {
    for (let i = 0; i < count; i++) {
      const event_seq = ++number;
      sender.write(JSON.stringify({ time: 't', severity: 'notice', event_id: 'MM2SS:6.1', event_seq }));
    }
  };
  const metric = async (name: string): Promise<number> =>
    Number(new RegExp(`^${name} (.*)$`, 'm').exec(await registry.metrics())?.[1]);
  const way = (): FakeWay => ways.at(-1) as FakeWay;
  /** The receiver takes the connection, and keeps it. */
  const opened = (): void => {
    way().events.opened();
    clock.advance(SETTLE_MS);
  };
  return { clock, ways, way, opened, told, sender, write, metric };
}

const upTo = (last: number, from = 1): number[] => Array.from({ length: last - from + 1 }, (_, i) => from + i);

describe('the syslog sender', () => {
  it('sends what came before the connection was open, in order, and the next ones when those were taken', async () => {
    const { way, opened, write, metric } = bench();
    write(3);
    expect(way().sent).toEqual([]);
    opened();
    write(2);
    expect(way().numbers).toEqual([1, 2, 3]);
    way().take();
    expect(way().numbers).toEqual([1, 2, 3, 4, 5]);
    expect(await metric('mm2ss_syslog_sent_total')).toBe(3);
    expect(await metric('mm2ss_syslog_waiting_events')).toBe(2);
  });

  it('connects again, later and later, and sends again what was not taken', () => {
    const { ways, way, opened, write, clock, told } = bench();
    write(2);
    for (let pauseMs = MIN_PAUSE_MS; pauseMs < 20 * MAX_PAUSE_MS; pauseMs *= 2) {
      const before = ways.length;
      way().events.closed('ECONNREFUSED');
      clock.advance(Math.min(pauseMs, MAX_PAUSE_MS) - 1);
      expect(ways).toHaveLength(before);
      clock.advance(1);
      expect(ways).toHaveLength(before + 1);
    }
    expect(told, 'once').toMatchObject([{ event: 'syslog_lost', server: 'tls://siem:6514', reason: 'ECONNREFUSED' }]);
    opened();
    expect(told[1]).toMatchObject({ event: 'syslog_restored', dropped: 0 });
    expect(way().numbers).toEqual([1, 2]);
    way().events.closed('closed by the receiver');
    clock.advance(MAX_PAUSE_MS);
    opened();
    expect(way().numbers, 'what was not taken').toEqual([1, 2]);
    way().take();
    clock.advance(STABLE_MS);
    way().events.closed('closed by the receiver');
    clock.advance(MIN_PAUSE_MS);
    opened();
    expect(way().numbers).toEqual([]);
  });

  it('a receiver that closes each connection again gets nothing, and is spoken of once', () => {
    const { way, write, clock, told } = bench();
    write(3);
    for (let attempt = 0; attempt < 50; attempt++) {
      way().events.opened();
      clock.advance(SETTLE_MS / 2);
      way().events.closed('alert certificate required');
      expect(way().sent).toEqual([]);
      clock.advance(MAX_PAUSE_MS);
    }
    expect(told).toHaveLength(1);
    way().events.opened();
    clock.advance(SETTLE_MS);
    expect(way().numbers).toEqual([1, 2, 3]);
  });

  it('one that closes it a little later is asked less and less, too', () => {
    const { ways, way, clock } = bench();
    for (let attempt = 0; attempt < 10; attempt++) {
      way().events.opened();
      clock.advance(2 * SETTLE_MS);
      way().events.closed('closed by the receiver');
      clock.advance(Math.min(MIN_PAUSE_MS * 2 ** attempt, MAX_PAUSE_MS) - 1);
      expect(ways).toHaveLength(attempt + 1);
      clock.advance(1);
    }
  });

  it('keeps the newest events while nobody takes them, counts the others and tells it once', async () => {
    const { way, opened, write, told, metric } = bench();
    write(MAX_WAITING + 500);
    expect(told).toMatchObject([{ event: 'syslog_dropped' }]);
    expect(await metric('mm2ss_syslog_dropped_total')).toBe(500);
    opened();
    while (way().taken !== undefined) way().take();
    expect(way().numbers).toEqual(upTo(MAX_WAITING + 500, 501));
    expect(await metric('mm2ss_syslog_connected')).toBe(1);
  });

  it('what is on its way counts for the bound, and comes first again', () => {
    const { way, opened, write, clock } = bench();
    opened();
    write(MAX_WAITING + 10);
    const [first] = way().numbers;
    expect(first).toBe(1);
    way().events.closed('reset');
    clock.advance(MIN_PAUSE_MS);
    opened();
    while (way().taken !== undefined) way().take();
    expect(way().numbers[0]).toBe(1);
    expect(new Set(way().numbers).size).toBe(MAX_WAITING);
  });

  it('waits neither for a receiver that does not answer nor for one that takes nothing', () => {
    const { ways, way, opened, write, clock } = bench();
    clock.advance(OPEN_LIMIT_MS);
    expect(ways[0]?.destroyed).toMatch('does not answer');
    clock.advance(MIN_PAUSE_MS);
    opened();
    clock.advance(10 * WRITE_LIMIT_MS);
    expect(way().destroyed, 'an idle connection stays').toBeUndefined();
    write();
    clock.advance(WRITE_LIMIT_MS);
    expect(ways[1]?.destroyed).toMatch('taken nothing');
  });

  it('hears nothing of connections that are given up', () => {
    const { ways, way, clock, told } = bench();
    way().events.closed('a');
    clock.advance(MIN_PAUSE_MS);
    ways[0]?.events.closed('late');
    ways[0]?.events.opened();
    expect(ways).toHaveLength(2);
    expect(told).toHaveLength(1);
  });

  it('at the end what waits is sent first; a receiver that does not take it is not waited for long', async () => {
    const first = bench();
    first.opened();
    first.write(2);
    const stopping = first.sender.stop();
    first.way().take();
    first.way().take();
    expect(await stopping).toBe(0);
    expect(first.way().ended).toBe(true);
    const second = bench();
    second.write(3);
    const giving = second.sender.stop();
    second.clock.advance(END_LIMIT_MS);
    expect(await giving).toBe(3);
    expect(second.way().destroyed).toBeDefined();
    second.clock.advance(10 * MAX_PAUSE_MS);
    expect(second.ways).toHaveLength(1);
  });
});
