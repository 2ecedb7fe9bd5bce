import { describe, expect, it } from 'vitest';
import { decodeAsdu } from '@iec104mm2ss/iec104';
import { BackOff } from './back-off.js';
import { CommandSyntaxError, encodeCommand, parseCommand } from './command-request.js';

describe('parseCommand', () => {
  it('reads kind, address and value', () => {
    expect(parseCommand('single 5000 on')).toEqual({ kind: 'single', ioa: 5000, value: 1 });
    expect(parseCommand('  step 5200  higher ')).toEqual({ kind: 'step', ioa: 5200, value: 2 });
    expect(parseCommand('C_SE_TC_1 1 -0.5', 42)).toEqual({ kind: 'float', ioa: 1, value: -0.5, timeMs: 42 });
  });

  it.each([
    '',
    'single',
    'single 5000',
    'single 0 on',
    'single x on',
    'counter 1 1',
    'step 1 3',
    'single 1 2',
    'single 1 on on',
  ])('refuses %j', (text) => {
    expect(() => parseCommand(text)).toThrow(CommandSyntaxError);
  });
});

it('encodes select, qualifier, test and time tag', () => {
  const timeMs = Date.UTC(2026, 10, 5);
  const request = { kind: 'single', ioa: 5000, value: 1, qualifier: 2, timeMs, test: true } as const;
  expect(decodeAsdu(encodeCommand(request, { ca: 47, oa: 3, select: true }))).toMatchObject({
    type: 'C_SC_TA_1',
    cot: 6,
    test: true,
    ca: 47,
    oa: 3,
    objects: [{ ioa: 5000, value: true, qu: 2, select: true, time: { year: 26, month: 11, day: 5 } }],
  });
});

it('backs off exponentially, with jitter, up to its maximum', () => {
  const backOff = new BackOff({ minMs: 100, maxMs: 1000, random: () => 0 });
  expect(Array.from({ length: 6 }, () => backOff.next())).toEqual([100, 200, 400, 800, 1000, 1000]);
  backOff.reset();
  expect(backOff.next()).toBe(100);
  expect(new BackOff({ minMs: 100, random: () => 1 }).next()).toBeCloseTo(70);
});
