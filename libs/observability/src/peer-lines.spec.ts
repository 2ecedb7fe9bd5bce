import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  GROUP_LINES_PER_SECOND,
  GROUP_NEWS_PER_MINUTE,
  KIND_LINES_PER_MINUTE,
  type LeftOut,
  type LineClock,
  MAX_KINDS,
  MAX_SOURCES,
  MAX_TOLD_APART,
  PeerLines,
  PROCESS_LINES_PER_SECOND,
  SOURCE_LINES_PER_SECOND,
  TELL_MS,
} from './peer-lines.js';
import type { PeerLine } from './peer-line.js';

class ManualClock implements LineClock {
  time = 0;
  private timer: { readonly at: number; readonly callback: () => void } | undefined;

  now(): number {
    return this.time;
  }

  setTimer(callback: () => void, delayMs: number): unknown {
    expect(this.timer, 'one timer at a time').toBeUndefined();
    this.timer = { at: this.time + delayMs, callback };
    return this.timer;
  }

  clearTimer(timer: unknown): void {
    if (this.timer === timer) this.timer = undefined;
  }

  advance(ms: number): void {
    const end = this.time + ms;
    while (this.timer !== undefined && this.timer.at <= end) {
      const { at, callback } = this.timer;
      this.time = at;
      callback();
    }
    this.time = end;
  }
}

function bench() {
  const clock = new ManualClock();
  const told: (LeftOut & { readonly at: number })[] = [];
  const lines = new PeerLines(clock, (leftOut) => told.push({ ...leftOut, at: clock.time }));
  const take = (line: Partial<PeerLine>): boolean =>
    lines.take({ group: '1', source: '10.0.0.1', kind: 'connected', serious: false, ...line });
  return { clock, told, lines, take };
}

const refusal = { kind: 'master refused (filter)', serious: true };

describe('PeerLines', () => {
  it('the first line of a kind is written whatever else its source has caused', () => {
    const { take } = bench();
    for (let line = 0; line < 200; line++) take({ kind: `kind ${line % 5}` });
    expect(take({ kind: 'kind 1' })).toBe(false);
    expect(take(refusal)).toBe(true);
    expect(take(refusal)).toBe(false);
  });

  it('of a refused peer that tries every second there is one line, then one a minute that says how many were left out', () => {
    const { clock, told, take } = bench();
    let written = 0;
    for (let second = 0; second < 300; second++) {
      if (take(refusal)) written++;
      clock.advance(1_000);
    }
    expect(written).toBe(1);
    expect(told.map(({ source, count }) => [source, count])).toEqual(
      [60, 60, 60, 60].map((count) => ['10.0.0.1', count]),
    );
    expect(told[0]).toMatchObject({ group: '1', kinds: { 'master refused (filter)': 60 }, periodMs: TELL_MS });
    clock.advance(TELL_MS);
    expect(told.reduce((sum, { count }) => sum + count, 0)).toBe(299);
    expect(take(refusal), 'a while later it is news again').toBe(true);
  });

  it('few lines are all written, many only until there are fewer again; the end of a flood is told', () => {
    const { clock, told, take } = bench();
    for (let i = 0; i < 100; i++) {
      expect(take({})).toBe(true);
      clock.advance(60_001 / KIND_LINES_PER_MINUTE);
    }
    let written = 0;
    for (let i = 0; i < 1_000; i++, clock.advance(10)) if (take({})) written++;
    expect(written).toBeLessThan(KIND_LINES_PER_MINUTE);
    expect(told).toEqual([]);
    clock.advance(TELL_MS);
    expect(told).toMatchObject([{ count: 1_000 - written, kinds: { connected: 1_000 - written } }]);
    expect(take({})).toBe(true);
  });

  it('each kind of a source has its first line at once; kinds without end do not take memory without end', () => {
    const { clock, told, take } = bench();
    for (let i = 0; i < 200; i++, clock.advance(100)) take({ kind: `kind ${i}`, serious: true });
    clock.advance(TELL_MS);
    const kinds = new Set(told.flatMap(({ kinds }) => Object.keys(kinds)));
    expect(kinds.size).toBeLessThanOrEqual(MAX_KINDS + 1);
    expect(told.reduce((sum, { count }) => sum + count, 0)).toBe(200 - MAX_KINDS - 1);
  });

  it.each([
    ['one address', () => '10.0.0.9'],
    ['many addresses', (i: number) => `10.9.${i >> 8}.${i & 255}`],
  ])('a flood from %s takes no line from another group, nor from a master that is served', (_, source) => {
    const { clock, take } = bench();
    expect(take({ source: 'healthy' })).toBe(true);
    for (let i = 0; i < 20_000; i++) {
      take({ ...refusal, source: source(i) });
      if (i % 100 === 0) clock.advance(10);
    }
    expect(take({ source: 'healthy', kind: 'started' })).toBe(true);
    expect(take({ source: 'another', kind: 'connected' })).toBe(true);
    expect(take({ source: '', kind: 'listening' })).toBe(true);
    expect(take({ ...refusal, group: '2' })).toBe(true);
    expect(take({ group: '2' })).toBe(true);
  });

  it('many addresses together have a bound, and what is left out of them is told in few lines', () => {
    const { clock, told, lines, take } = bench();
    let written = 0;
    for (let i = 0; i < 10_000; i++)
      for (let again = 0; again < 2; again++) if (take({ ...refusal, source: `${i}` })) written++;
    expect(written).toBe(GROUP_NEWS_PER_MINUTE);
    expect(lines.size).toBe(GROUP_NEWS_PER_MINUTE);
    clock.advance(TELL_MS);
    expect(told).toHaveLength(MAX_TOLD_APART + 1);
    expect(told.at(-1)).toMatchObject({ source: undefined });
    expect(told.reduce((sum, { count }) => sum + count, 0)).toBe(20_000 - written);
  });

  it('all groups together have a bound, but each has a line a second', () => {
    const { take } = bench();
    const written = new Map<string, number>();
    for (let source = 0; source < 50; source++) {
      for (let i = 0; i < 300; i++) {
        const group = `${i}`;
        if (take({ group, source: `${source}` })) written.set(group, (written.get(group) ?? 0) + 1);
      }
    }
    expect(written.size).toBe(300);
    expect([...written.values()].reduce((sum, count) => sum + count, 0)).toBe(PROCESS_LINES_PER_SECOND);
    for (let group = 1_000; group < 1_100; group++) expect(take({ group: `${group}` })).toBe(true);
    expect(take({ group: '1000', source: 'one more' })).toBe(false);
  });

  it('forgets sources, but nothing that it has not told', () => {
    const { clock, told, lines, take } = bench();
    take(refusal);
    take(refusal);
    for (let i = 0; i < 3 * MAX_SOURCES; i++) take({ group: `${i % 50}`, source: `s${i}` });
    expect(lines.size).toBe(MAX_SOURCES);
    clock.advance(TELL_MS);
    expect(told).toContainEqual(
      expect.objectContaining({ group: '1', kinds: expect.objectContaining({ [refusal.kind]: 1 }) }),
    );
    expect(told.reduce((sum, { count }) => sum + count, 0)).toBe(lines.leftOut);
  });

  it('tells what is left when it is asked to, and nothing twice', () => {
    const { clock, told, lines, take } = bench();
    take(refusal);
    take(refusal);
    lines.tellAll();
    expect(told).toHaveLength(1);
    lines.tellAll();
    clock.advance(2 * TELL_MS);
    expect(told).toHaveLength(1);
  });

  it('for whatever comes from whom and when: bounded per source and group, and each line is written, or told within a minute', () => {
    const step = fc.record({
      group: fc.constantFrom('', '1', '2'),
      source: fc.oneof(
        fc.constantFrom('', 'a', 'b'),
        fc.nat({ max: 400 }).map((n) => `s${n}`),
      ),
      kind: fc.constantFrom('connected', 'started', 'refused', 'command'),
      serious: fc.boolean(),
      times: fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 100 })),
      afterMs: fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 2_000 }), fc.nat({ max: 100_000 })),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const { clock, told, lines, take } = bench();
        const written = new Map<string, number[]>();
        const pending: number[] = [];
        let offered = 0;
        let total = 0;
        for (const { times, afterMs, ...line } of steps) {
          clock.advance(afterMs);
          for (let i = 0; i < times; i++) {
            offered++;
            if (take(line)) {
              total++;
              for (const key of [`${line.group} ${line.source}`, `group ${line.group}`]) {
                const known = written.get(key);
                if (known === undefined) written.set(key, [clock.time]);
                else known.push(clock.time);
              }
            } else pending.push(clock.time);
          }
        }
        clock.advance(TELL_MS);
        for (const { group, source, at } of told) {
          if (source !== undefined) (written.get(`${group} ${source}`) ?? []).push(at);
        }
        for (const [key, times] of written) {
          const limit = key.startsWith('group ')
            ? 2 * (GROUP_LINES_PER_SECOND + GROUP_NEWS_PER_MINUTE) + SOURCE_LINES_PER_SECOND
            : SOURCE_LINES_PER_SECOND + MAX_KINDS;
          times.sort((a, b) => a - b);
          for (let i = limit; i < times.length; i++) {
            expect(times[i]! - times[i - limit]!, key).toBeGreaterThanOrEqual(1_000);
          }
        }
        // Each tally covers what was left out since the one before, of which none is older than a minute.
        expect(total + lines.leftOut).toBe(offered);
        expect(pending).toHaveLength(lines.leftOut);
        expect(told.reduce((sum, { count }) => sum + count, 0)).toBe(lines.leftOut);
        for (const { periodMs } of told) expect(periodMs).toBeLessThanOrEqual(TELL_MS);
        for (const { count, kinds } of told) {
          expect(Object.values(kinds).reduce((sum, each) => sum + each, 0)).toBe(count);
        }
      }),
    );
  });
});
