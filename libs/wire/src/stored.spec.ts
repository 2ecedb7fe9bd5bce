import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromText, received } from './golden.js';
import { encodeJson } from './json.js';
import {
  decodeKeptState,
  decodeLeaseEntry,
  decodeRouterState,
  encodeKeptState,
  encodeLeaseEntry,
  encodeRouterState,
  type RouterState,
} from './stored.js';

describe('a lease entry', () => {
  it.each([
    ['2', '{"v":2,"holder":"pod-a-1-0a0b0c0d","fence":7}', { holder: 'pod-a-1-0a0b0c0d', fence: 7 }],
    ['2, held by nobody', '{"v":2,"holder":null,"fence":4294967295}', { holder: null, fence: 0xffffffff }],
  ])('of version %s is what it was, both ways', (_version, text, entry) => {
    expect(decodeLeaseEntry(fromText(text))).toEqual(entry);
    expect(encodeLeaseEntry(entry).toString()).toBe(text);
  });

  it('of version 1, without a version, is understood', () => {
    expect(decodeLeaseEntry(fromText('{"holder":"pod-a-1","fence":7}'))).toEqual({ holder: 'pod-a-1', fence: 7 });
    expect(decodeLeaseEntry(fromText('{"holder":null,"fence":0}'))).toEqual({ holder: null, fence: 0 });
  });

  it.each([
    ['{"v":3,"holder":null,"fence":7}', 'VERSION'],
    ['{"v":1,"holder":null,"fence":7}', 'VERSION'],
    ['{"v":2,"holder":null,"fence":-1}', 'JSON'],
    ['{"v":2,"holder":null,"fence":4294967296}', 'JSON'],
    ['{"v":2,"holder":null,"fence":1.5}', 'JSON'],
    ['{"v":2,"holder":7,"fence":7}', 'JSON'],
    ['{"v":2,"fence":7}', 'JSON'],
    ['{}', 'JSON'],
    ['-1', 'JSON'],
    ['null', 'JSON'],
    ['', 'JSON'],
  ])('is not %s', (text, code) => {
    expect(decodeLeaseEntry(fromText(text))).toMatchObject({ name: 'WireError', code });
  });
});

describe('the saved state of a router', () => {
  const STATE: RouterState = {
    confirmed: 256,
    generation: 3,
    cursors: { A: 250, B: 0 },
    addresses: [
      { oa: 1, session: 4294967295, restedMs: 0 },
      { oa: 255, session: 0, restedMs: 1500.5 },
    ],
    savedAt: 1700000000000,
    oaBehaviour: 'opaque',
  };
  const TEXT =
    '{"v":2,"confirmed":256,"generation":3,"cursors":{"A":250,"B":0},"addresses":[{"oa":1,"session":4294967295,' +
    '"restedMs":0},{"oa":255,"session":0,"restedMs":1500.5}],"savedAt":1700000000000,"oaBehaviour":"opaque"}';

  it('of version 2 is what it was, both ways', () => {
    expect(decodeRouterState(fromText(TEXT))).toEqual(STATE);
    expect(encodeRouterState(STATE).toString()).toBe(TEXT);
  });

  it('may say how the RTU answers; an older release that wrote it did not', () => {
    const habits: RouterState['habits'] = {
      terminating: [
        [45, true],
        [357, false],
      ],
      unconfirmed: [100],
      alters: [[50, 2]],
      slowestMs: 12000,
    };
    const text =
      TEXT.slice(0, -1) +
      ',"habits":{"terminating":[[45,true],[357,false]],"unconfirmed":[100],"alters":[[50,2]],"slowestMs":12000}}';
    expect(encodeRouterState({ ...STATE, habits }).toString()).toBe(text);
    expect(decodeRouterState(fromText(text))).toEqual({ ...STATE, habits });
  });

  it('may say that the group is in observe mode', () => {
    const observe: RouterState['observe'] = { since: 1_700_000_000_000, reason: 'link lost', by: 'condition' };
    const text = TEXT.slice(0, -1) + ',"observe":{"since":1700000000000,"reason":"link lost","by":"condition"}}';
    expect(encodeRouterState({ ...STATE, observe }).toString()).toBe(text);
    expect(decodeRouterState(fromText(text))).toEqual({ ...STATE, observe });
  });

  it('of one process says no more than why the group is in observe mode', () => {
    const observe: RouterState['observe'] = { since: 1_700_000_000_000, reason: 'link lost', by: 'condition' };
    const text = '{"v":2,"observe":{"since":1700000000000,"reason":"link lost","by":"condition"}}';
    expect(encodeKeptState({ observe }).toString()).toBe(text);
    expect(decodeKeptState(fromText(text))).toMatchObject({ observe });
    expect(decodeKeptState(fromText('{"v":2}'))).not.toHaveProperty('observe');
    expect(decodeKeptState(fromText('{"v":3}'))).toMatchObject({ code: 'VERSION' });
    expect(decodeKeptState(fromText('{"v":2,"observe":{}}'))).toMatchObject({ code: 'JSON' });
  });

  it('of version 1 is understood: its OAs rest once more', () => {
    const old = '{"confirmed":256,"cursors":{"A":250},"resting":[[1,1700000000000],[0,5]],"mirrorsOa":true}';
    expect(decodeRouterState(fromText(old))).toEqual({
      confirmed: 256,
      generation: 0,
      cursors: { A: 250 },
      addresses: [{ oa: 1, session: 0, restedMs: 0 }],
      savedAt: 0,
      oaBehaviour: 'mirrors',
    });
    expect(decodeRouterState(fromText('{"confirmed":0,"cursors":{},"resting":[]}'))).toMatchObject({
      addresses: [],
      oaBehaviour: 'unknown',
    });
    expect(decodeRouterState(fromText('{"confirmed":7}'))).toMatchObject({ confirmed: 7, cursors: {}, addresses: [] });
  });

  it.each([
    ['{"v":3,"confirmed":7}', 'VERSION'],
    ['{"v":"2","confirmed":7}', 'VERSION'],
    ['{"v":null,"confirmed":7}', 'VERSION'],
    ['{}', 'JSON'],
    ['-1', 'JSON'],
    ['null', 'JSON'],
    ['[]', 'JSON'],
    ['{"confirmed":0,"resting":"x"}', 'JSON'],
    ['{"confirmed":0,"resting":[[1]]}', 'JSON'],
    ['{"confirmed":0,"resting":[["1",2]]}', 'JSON'],
    ['{"confirmed":-1}', 'JSON'],
    ['{"confirmed":1.5}', 'JSON'],
    ['{"confirmed":0,"cursors":{"A":"7"}}', 'JSON'],
    ['{"confirmed":0,"cursors":[1]}', 'JSON'],
    [TEXT.replace('"oa":1,', '"oa":0,'), 'JSON'],
    [TEXT.replace('"oa":255', '"oa":256'), 'JSON'],
    [TEXT.replace('"restedMs":0', '"restedMs":-1'), 'JSON'],
    [TEXT.replace('"opaque"', '"both"'), 'JSON'],
    [TEXT.replace('"generation":3', '"generation":9007199254740992'), 'JSON'],
  ])('is not %s', (text, code) => {
    expect(decodeRouterState(fromText(text))).toMatchObject({ name: 'WireError', code });
  });

  it('with a version that is nested deep does not throw', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    expect(decodeRouterState(fromText(`{"v":${deep},"confirmed":7}`))).toMatchObject({ code: 'VERSION' });
  });

  it('takes no field of the prototype for one of its own', () => {
    const text = TEXT.replace('"A":250', '"__proto__":5');
    const state = decodeRouterState(fromText(text)) as RouterState;
    expect(Object.getPrototypeOf(state.cursors)).toBe(Object.prototype);
    expect(decodeRouterState(fromText('{"__proto__":{"confirmed":7}}'))).toMatchObject({ code: 'JSON' });
    expect(decodeRouterState(encodeJson({ confirmed: 7, cursors: { constructor: 1 } }))).toMatchObject({
      cursors: { constructor: 1 },
    });
  });

  it('gives back what was put in', () => {
    const position = fc.nat(Number.MAX_SAFE_INTEGER);
    const address = fc.record(
      { oa: fc.integer({ min: 1, max: 255 }), session: fc.nat(0xffffffff), restedMs: fc.nat(60_000) },
      { noNullPrototype: true },
    );
    const name = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => text !== '__proto__');
    const state = fc.record(
      {
        confirmed: position,
        generation: position,
        cursors: fc.dictionary(name, position, { noNullPrototype: true }),
        addresses: fc.array(address, { maxLength: 255 }),
        savedAt: fc.nat(8e15),
        oaBehaviour: fc.constantFrom('unknown' as const, 'mirrors' as const, 'opaque' as const),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(state, (value) => {
        expect(decodeRouterState(received(encodeRouterState(value)))).toEqual(value);
      }),
    );
  });
});
