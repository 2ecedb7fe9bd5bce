import { describe, expect, it } from 'vitest';
import { showLine, type WatchFilter } from './watch.js';

const ALL: WatchFilter = { types: [], ca: undefined, ioas: [] };

const EVENT = JSON.stringify({
  group: '111',
  direction: 'monitor',
  at: '2026-11-21T10:00:00.000Z',
  position: 7,
  asdu: {
    type: 'M_ME_TF_1',
    typeId: 36,
    cause: 'SPONT',
    cot: 3,
    negative: false,
    test: false,
    oa: 0,
    ca: 32,
    sq: false,
    objects: [
      { ioa: 1001, value: 12.5, iv: false, nt: true, time: { iso: '2026-11-21T09:59:59.000', iv: false } },
      { ioa: 1002, value: 13, iv: false, nt: false },
    ],
  },
});
const AUDIT = JSON.stringify({
  group: '111',
  at: '2026-11-21T10:00:00.000Z',
  session: 5,
  peer: '10.1.1.5:40000',
  name: 'A',
  certificateName: null,
  type: 'C_SC_NA_1',
  cause: 'ACT',
  ca: 32,
  ioa: 5000,
  select: true,
  objects: [],
  outcome: 'selected',
  durationMs: 3,
});

describe('showLine', () => {
  it('shows one line per object, without the flags that are off', () => {
    expect(showLine(EVENT, ALL, false)).toEqual([
      '2026-11-21T10:00:00.000Z 111 RTU M_ME_TF_1 SPONT CA 32 IOA 1001 value=12.5 nt=true time=2026-11-21T09:59:59.000',
      '2026-11-21T10:00:00.000Z 111 RTU M_ME_TF_1 SPONT CA 32 IOA 1002 value=13',
    ]);
  });

  it('shows a command with who, what and outcome', () => {
    expect(showLine(AUDIT, ALL, false)).toEqual([
      '2026-11-21T10:00:00.000Z 111 A (10.1.1.5:40000): C_SC_NA_1 ACT select CA 32: selected after 3 ms, IOA 5000',
    ]);
  });

  it.each([
    [{ types: ['M_SP_TB_1'] }, 0],
    [{ types: ['M_ME_TF_1'] }, 2],
    [{ ca: 33 }, 0],
    [{ ca: 32 }, 2],
    [{ ioas: [1002] }, 1],
    [{ ioas: [1] }, 0],
  ])('filters by %j', (filter, lines) => {
    expect(showLine(EVENT, { ...ALL, ...filter }, false)).toHaveLength(lines);
  });

  it('prints the document itself with --json, once however many objects it has', () => {
    expect(showLine(EVENT, ALL, true)).toEqual([EVENT]);
  });

  it.each([
    ['no JSON', '<html>502 Bad Gateway</html>'],
    ['an empty line', ''],
    ['JSON of something else', '[1,2]'],
    ['null', 'null'],
    ['a number', '5'],
    ['an object of something else', '{"a":1}'],
    ['an ASDU without objects', '{"asdu":{"type":"M_SP_NA_1"}}'],
    ['a document that breaks off', EVENT.slice(0, 50)],
  ])('leaves out %s', (_what, text) => {
    expect(showLine(text, ALL, false)).toBeUndefined();
    expect(showLine(text, { ...ALL, ioas: [1] }, true)).toBeUndefined();
  });

  it('says what was left out', () => {
    expect(showLine('{"leftOut":3}', ALL, false)).toEqual(['(3 left out: this reader is too slow)']);
  });
});
