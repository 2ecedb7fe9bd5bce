import { describe, expect, it } from 'vitest';

import { parseClock } from './clock-cell.js';
import { NO_OBSERVE, observeText, parseObserve } from './observe-cell.js';

describe('the column observe', () => {
  it.each([
    ['', NO_OBSERVE],
    ['n', NO_OBSERVE],
    ['Y', { ...NO_OBSERVE, always: true }],
    ['link:3/min', { ...NO_OBSERVE, link: { losses: 3, withinMs: 60_000 } }],
    ['link:3/10min+bus', { ...NO_OBSERVE, link: { losses: 3, withinMs: 600_000 }, bus: true }],
    ['Link : 2 / 30 s; CLOCK', { ...NO_OBSERVE, link: { losses: 2, withinMs: 30_000 }, clock: true }],
    ['link:3/h,release:15', { ...NO_OBSERVE, link: { losses: 3, withinMs: 3_600_000 }, releaseMs: 900_000 }],
    ['bus;release:5 min', { ...NO_OBSERVE, bus: true, releaseMs: 300_000 }],
  ])('reads %j', (text, value) => {
    expect(parseObserve(text)).toEqual({ ok: true, value });
  });

  it.each([
    ['ja', '"ja" is none of N, Y, link:3/min, bus, clock, release:15'],
    ['link:3', 'nearest valid form: link:3/min'],
    ['link', 'nearest valid form: link:3/min'],
    ['link:0/min', 'would always hold'],
    ['link:3/0min', 'would always hold'],
    ['release:15', 'has no condition; nearest valid form: link:3/min,release:15'],
    ['bus,release:0', 'would end it at once'],
    ['link:3/min,link:4/min', '"link" is given twice'],
    ['Y,bus', '"Y" is none of'],
    [';', 'has no condition'],
  ])('refuses %s', (text, reason) => {
    const parsed = parseObserve(text);
    expect(parsed.ok ? '' : parsed.reason).toContain(reason);
  });

  it('says in words when it begins and ends', () => {
    const parsed = parseObserve('link:3/min,bus,release:15');
    expect(parsed.ok && observeText(parsed.value)).toBe(
      "when the RTU's link is lost 3 times in 60 s, or the bus fails; until 15 quiet minutes have passed",
    );
  });
});

describe('the column clock', () => {
  const masters = [{ name: 'Main', sources: [], certificateNames: [] }];

  it.each([
    ['', { kind: 'forward' }],
    ['Forward', { kind: 'forward' }],
    ['local', { kind: 'local' }],
    ['refuse', { kind: 'refuse' }],
    ['Main', { kind: 'master', name: 'Main' }],
  ])('reads %j', (text, value) => {
    expect(parseClock(text, masters)).toEqual({ ok: true, value });
  });

  it('refuses who is not there, and what could be two things', () => {
    expect(parseClock('main', masters)).toMatchObject({ reason: expect.stringContaining('nearest valid form: Main') });
    const local = [{ name: 'Local', sources: [], certificateNames: [] }];
    expect(parseClock('local', local)).toMatchObject({ reason: expect.stringContaining('give it another one') });
  });
});
