import { afterEach, describe, expect, it } from 'vitest';
import { registerLogMetrics } from '../log-metrics.js';
import { createLogger, type Logging, type LogLevel } from '../logger.js';
import { noPeer } from '../peer-line-hook.js';
import { createRegistry } from '../registry.js';
import { refusalEvent, SECURITY_EVENTS, securityEvent, type SecurityEventName } from './security-events.js';

type Line = Record<string, unknown>;

describe('security events', () => {
  const open: Logging[] = [];
  afterEach(() => Promise.all(open.splice(0).map((logging) => logging.close())));

  function bench({ level = 'info', forwarded = false }: { level?: LogLevel; forwarded?: boolean } = {}) {
    const lines: Line[] = [];
    const sent: Line[] = [];
    let time = 0;
    const timers: (() => void)[] = [];
    const clock = { now: () => time, setTimer: (callback: () => void) => timers.push(callback), clearTimer: () => {} };
    const logging = createLogger({
      level,
      instance: 'host-1-aa',
      peerLines: clock,
      destination: { write: (line) => void lines.push(JSON.parse(line) as Line) },
      securityOutput: forwarded ? { write: (line) => void sent.push(JSON.parse(line) as Line) } : undefined,
    });
    open.push(logging);
    const tell = (): void => {
      time += 60_000;
      for (const timer of timers.splice(0)) timer();
    };
    return { ...logging, logging, lines, sent, tell };
  }
  const refuse = (logger: Logging['logger'], port = 1): void =>
    securityEvent(
      logger,
      'session_refused_filter',
      { peer: `10.0.0.9:${port}`, reason: 'filter' },
      'master refused: x',
    );
  const numbers = (lines: Line[]): unknown[] => lines.map(({ event_seq }) => event_seq).filter(Boolean);

  it('have id, severity, number and process, beside what any line has', () => {
    const { logger, lines } = bench();
    logger.info('no event');
    refuse(logger.child({ group: '111' }));
    expect(lines).toEqual([
      expect.objectContaining({ msg: 'no event' }),
      {
        level: 'warn',
        time: expect.any(String) as string,
        group: '111',
        peer: '10.0.0.9:1',
        reason: 'filter',
        event: 'session_refused_filter',
        event_id: 'MM2SS:1.3',
        severity: 'warning',
        event_seq: 1,
        instance: 'host-1-aa',
        msg: 'master refused: x',
      },
    ]);
    expect(lines[0]).not.toHaveProperty('event_seq');
  });

  it('are numbered without a gap as they are written; repeats are told with their number and id', () => {
    const { logger, lines, tell, securityEvents } = bench();
    const group = logger.child({ group: '1' });
    for (let i = 0; i < 20; i++) {
      refuse(group, i);
      group.warn({ peer: '10.0.0.9:1' }, 'no event');
      securityEvent(logger, 'configuration_taken', {}, 'a new configuration');
    }
    tell();
    expect(numbers(lines)).toEqual(Array.from({ length: 22 }, (_, i) => i + 1));
    expect(lines.filter(({ event }) => event === 'session_refused_filter')).toHaveLength(1);
    expect(lines.at(-1)).toMatchObject({
      msg: 'log lines left out',
      event: 'events_left_out',
      event_id: 'MM2SS:6.8',
      group: '1',
      peer: '10.0.0.9',
      count: 38,
      events: { 'MM2SS:1.3': 19 },
    });
    expect(securityEvents('session_refused_filter')).toBe(20);
    expect(securityEvents('events_left_out')).toBe(1);
  });

  it('of more sources than are remembered are told with their number and id, too', () => {
    const { logger, lines, tell } = bench();
    const group = logger.child({ group: '1' });
    for (let i = 0; i < 3_000; i++) {
      const peer = `10.${i >> 8}.${i & 255}.1:9`;
      securityEvent(group, 'session_refused_filter', { peer, reason: 'filter' }, 'master refused: x');
    }
    tell();
    const written = lines.filter(({ event }) => event === 'session_refused_filter').length;
    const told = lines
      .map(({ events }) => (events as Record<string, number> | undefined)?.['MM2SS:1.3'] ?? 0)
      .reduce((sum, count) => sum + count, 0);
    expect(written + told).toBe(3_000);
  });

  it('left-out lines that are no events are told by a line that is none', () => {
    const { logger, lines, tell } = bench();
    for (let i = 0; i < 5; i++) logger.warn({ group: '1', peer: '10.0.0.1:1' }, 'odd');
    tell();
    expect(lines.at(-1)).toMatchObject({ msg: 'log lines left out', count: 4 });
    expect(lines.at(-1)).not.toHaveProperty('event_id');
  });

  it('follow the log level; when they are forwarded they are written at any, and both have the same numbers', () => {
    const quiet = bench({ level: 'error' });
    refuse(quiet.logger);
    expect(quiet.lines).toEqual([]);
    expect(quiet.securityEvents('session_refused_filter')).toBe(1);
    const { logger, lines, sent } = bench({ level: 'error', forwarded: true });
    const group = logger.child({ group: '7' });
    group.info('no event');
    refuse(group);
    securityEvent(group, 'session_started', noPeer({}), 'master connected');
    expect(numbers(lines)).toEqual([1, 2]);
    expect(sent).toEqual(lines);
    expect(sent.map(({ group: of }) => of)).toEqual(['7', '7']);
  });

  it('that are forwarded are no other lines, whatever those say', () => {
    const { logger, sent } = bench({ forwarded: true });
    logger.info({ reason: '"event_id":"MM2SS:1.1"' }, 'says "event_id":"x"');
    expect(sent).toEqual([]);
  });

  it('are a metric from the start, each by its name', async () => {
    const { logger, logging } = bench();
    const registry = createRegistry({ processMetrics: false });
    registerLogMetrics(registry, logging);
    const series = async (): Promise<string[]> =>
      (await registry.metrics()).split('\n').filter((line) => line.startsWith('mm2ss_security_events_total{'));
    const names = Object.keys(SECURITY_EVENTS);
    expect(await series()).toEqual(names.map((event) => `mm2ss_security_events_total{event="${event}"} 0`));
    for (let i = 0; i < 3; i++) refuse(logger);
    expect(await series()).toContain('mm2ss_security_events_total{event="session_refused_filter"} 3');
  });
});

describe('the catalogue', () => {
  it('has no id twice, and only ids of the form that it promises', () => {
    const ids = Object.values(SECURITY_EVENTS).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^(MM2SS:[1-9]\.[1-9]\d*|IEC62351-(3|14):\S+)$/);
  });

  it.each([
    ['filter', 'session_refused_filter'],
    ['not heard of', 'session_refused'],
    ['constructor', 'session_refused'],
  ] satisfies [string, SecurityEventName][])('the event of a refusal for %s is %s', (reason, event) => {
    expect(refusalEvent(reason)).toBe(event);
  });
});
