import { describe, expect, it } from 'vitest';
import { DEFAULT_POINTS } from './default-points.js';
import { formatPoints } from './format-points.js';
import { parsePoints, parseValue } from './parse-points.js';
import { PointListError, type PointProblem } from './point.js';

function problemsOf(text: string): readonly PointProblem[] {
  try {
    parsePoints(text);
  } catch (error) {
    if (error instanceof PointListError) return error.problems;
    throw error;
  }
  return [];
}

describe('parsePoints', () => {
  it('reads columns in any order, with comments, defaults and TypeID names', () => {
    const text = [
      '# the bay',
      'Type,IOA,command_ioa,value,name,group,select,events',
      'single,1001,6001;6002,on,Breaker,2,required,N',
      '',
      'M_ME_NC_1,2001,,12.5,,,,',
      'double,3001,7001,,,,,',
    ].join('\r\n');
    expect(parsePoints(text)).toEqual([
      {
        ioa: 1001,
        kind: 'single',
        value: 1,
        name: 'Breaker',
        group: 2,
        commandIoas: [6001, 6002],
        commandKind: 'single',
        select: 'required',
        events: false,
      },
      {
        ioa: 2001,
        kind: 'float',
        value: 12.5,
        name: 'float 2001',
        group: undefined,
        commandIoas: [],
        commandKind: undefined,
        select: 'optional',
        events: true,
      },
      {
        ioa: 3001,
        kind: 'double',
        value: 1,
        name: 'double 3001',
        group: undefined,
        commandIoas: [7001],
        commandKind: 'double',
        select: 'optional',
        events: true,
      },
    ]);
  });

  it('names row and column of everything that is wrong, at once', () => {
    const text = [
      'ioa,type,value,group,command_ioa,command,select,events',
      '0,single,,,,,,',
      '5,tripple,,,,,,',
      '6,single,2,,,,,',
      '7,single,,17,,,,',
      '8,counter,,,9000,,,',
      '9,single,,,9001,counter,,',
      '10,single,,,9002,,maybe,',
      '11,single,,,9003,,,perhaps',
      ',single,,,,,,',
      '6,double,,,x,,,',
      '12,scaled,1.5,,,,,',
      '13,single,,,,double,,',
      '14,single,,,9001;9004,,,',
      '15,single,,,9004,,,',
    ].join('\n');
    expect(problemsOf(text).map(({ row, field }) => [row, field])).toEqual([
      [2, 'ioa'],
      [3, 'type'],
      [4, 'value'],
      [5, 'group'],
      [6, 'command_ioa'],
      [7, 'command'],
      [8, 'select'],
      [9, 'events'],
      [10, 'ioa'],
      [11, 'command_ioa'],
      [12, 'value'],
      [13, 'command'],
      [15, 'command_ioa'],
    ]);
    expect(problemsOf('ioa,type\n1,single\n2,single\n1,double')).toEqual([
      { row: 4, field: 'ioa', reason: '1 is already used in row 2' },
    ]);
  });

  it('refuses unknown columns, broken quotes and empty lists', () => {
    expect(problemsOf('ioa,type,colour\n1,single,red')[0]).toMatchObject({ row: 2, field: 'colour' });
    expect(problemsOf('ioa,type\n1,"single')[0]).toMatchObject({ field: 'row' });
    expect(problemsOf('ioa,type\n')[0]).toMatchObject({ field: 'row', reason: 'no points' });
  });

  it('reads back what formatPoints wrote', () => {
    const odd = { ...DEFAULT_POINTS[0]!, name: 'a, "b"', commandKind: 'double', events: false } as const;
    for (const points of [DEFAULT_POINTS, [odd]]) expect(parsePoints(formatPoints(points))).toEqual(points);
  });

  it('the built-in list is a valid one', () => {
    expect(DEFAULT_POINTS).toHaveLength(47);
    const commands = DEFAULT_POINTS.flatMap(({ commandIoas }) => commandIoas);
    expect(new Set(DEFAULT_POINTS.map(({ ioa }) => ioa)).size).toBe(47);
    expect(new Set(commands).size).toBe(commands.length);
  });
});

describe('parseValue', () => {
  it.each([
    ['single', 'ON', 1],
    ['double', 'on', 2],
    ['double', 'intermediate', 0],
    ['normalized', '-1', -1],
    ['bitstring', '0xff', 255],
  ] as const)('%s %s is %d', (kind, text, value) => {
    expect(parseValue(kind, text)).toBe(value);
  });

  it.each([
    ['float', 'on'],
    ['single', 'intermediate'],
    ['normalized', '1'],
    ['scaled', '32768'],
    ['counter', ''],
  ] as const)('%s %s is none', (kind, text) => {
    expect(parseValue(kind, text)).toHaveProperty('reason');
  });
});
