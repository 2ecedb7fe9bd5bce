import { afterEach, describe, expect, it } from 'vitest';
import { CHANGES, LogRing, NO_GROUP, RING_LINES } from './log-ring.js';
import { createLogger, type Logging } from './logger.js';
import { securityEvent } from './security/security-events.js';

describe('LogRing', () => {
  const open: Logging[] = [];
  afterEach(() => Promise.all(open.splice(0).map((logging) => logging.close())));

  function bench() {
    const ring = new LogRing();
    const logging = createLogger({ ring, destination: { write: () => undefined } });
    open.push(logging);
    return { ring, logger: logging.logger };
  }
  const messages = (ring: LogRing, group: string, after = 0): unknown[] =>
    ring.after(group, after).map(({ line }) => (JSON.parse(line) as { msg: string }).msg);

  it('keeps the lines of each group by itself, and those of none', () => {
    const { ring, logger } = bench();
    logger.info('none');
    logger.child({ group: '1' }).info('one');
    logger.info({ group: '2', reason: '"group":"1"' }, 'two');
    expect(messages(ring, '1')).toEqual(['one']);
    expect(messages(ring, '2')).toEqual(['two']);
    expect(messages(ring, NO_GROUP)).toEqual(['none']);
    expect(messages(ring, '3')).toEqual([]);
  });

  it('tells of changes, and has those of an earlier process before its own', () => {
    const { ring, logger } = bench();
    const told: string[] = [];
    ring.onChange = ({ line }) => told.push(line);
    const change = (verb: string): void => securityEvent(logger, 'operator_verb', { group: '1', by: 'me', verb }, verb);
    logger.info({ group: '1' }, 'none');
    change('restart');
    expect(told.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['restart']);
    const later = new LogRing();
    later.restore(CHANGES, told);
    expect(messages(later, CHANGES)).toEqual(['restart']);
    later.add(told[0] as string);
    expect(later.after(CHANGES, 1)).toHaveLength(1);
  });

  it('keeps the newest lines, and gives those behind a number', () => {
    const { ring, logger } = bench();
    for (let i = 0; i < 3 * RING_LINES + 7; i++) logger.info({ group: '1' }, `line ${i}`);
    const kept = ring.after('1', 0);
    expect(kept).toHaveLength(RING_LINES);
    expect(messages(ring, '1').at(0)).toBe(`line ${2 * RING_LINES + 7}`);
    expect(messages(ring, '1').at(-1)).toBe(`line ${3 * RING_LINES + 6}`);
    expect(messages(ring, '1', kept.at(-3)?.seq)).toEqual([`line ${3 * RING_LINES + 5}`, `line ${3 * RING_LINES + 6}`]);
    expect(ring.after('1', kept.at(-1)?.seq ?? 0)).toEqual([]);
  });

  it('keeps what operators did apart, too', () => {
    const { ring, logger } = bench();
    securityEvent(logger, 'operator_verb', { group: '1', by: 'me', verb: 'restart' }, 'restarted');
    logger.info({ group: '1', reason: '"event":"operator_verb"' }, 'talk');
    expect(messages(ring, CHANGES)).toEqual(['restarted']);
    expect(messages(ring, '1')).toEqual(['restarted', 'talk']);
  });

  it('says of a line that is too long only what it was about', () => {
    const { ring, logger } = bench();
    logger.warn({ group: '1', octets: 'ab'.repeat(10_000) }, 'long');
    const [line] = ring.after('1', 0);
    expect(JSON.parse(line?.line ?? '')).toMatchObject({ level: 'warn', group: '1', msg: 'long' });
    expect(line?.line.length).toBeLessThan(500);
  });

  it('gives up the lines of groups that are no more', () => {
    const { ring, logger } = bench();
    for (const group of ['1', '2']) logger.info({ group }, group);
    logger.info('none');
    ring.setGroups(['2']);
    expect(['1', '2', NO_GROUP].map((group) => ring.after(group, 0).length)).toEqual([0, 1, 1]);
  });
});
