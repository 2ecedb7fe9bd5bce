import { expect, test } from 'vitest';

import { matchesAny, parseSourceRange, parseSourceRanges, type IpRange } from './source-range.js';

function range(text: string): IpRange {
  const parsed = parseSourceRange(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.value;
}

test.each([
  ['10.1.1.5', '10.1.1.5', true],
  ['10.1.1.5', '10.1.1.6', false],
  ['10.1.1.5', '::ffff:10.1.1.5', true],
  ['10.1.1.5', '::ffff:a01:105', true],
  ['10.1.1.0/24', '10.1.1.255', true],
  ['10.1.1.0/24', '10.1.2.0', false],
  ['10.1.1.0/24', '::ffff:10.1.1.9', true],
  ['10.1.1.5/24', '10.1.1.200', true],
  ['10.1.1.0/255.255.255.0', '10.1.1.7', true],
  ['10.1.1.0/255.255.255.0', '10.1.2.7', false],
  ['10.1.1.0/29', '10.1.1.7', true],
  ['10.1.1.0/29', '10.1.1.8', false],
  ['0.0.0.0/0', '203.0.113.7', true],
  ['0.0.0.0/0', '2001:db8::1', false],
  ['10.1.1.5/32', '10.1.1.5', true],
  ['::ffff:10.1.1.0/120', '10.1.1.7', true],
  ['::ffff:10.1.1.0/120', '10.1.2.7', false],
  ['::ffff:10.1.1.5', '10.1.1.5', true],
  ['2001:db8::/32', '2001:db8:1::7', true],
  ['2001:db8::/32', '2001:db9::7', false],
  ['2001:db8::5', '2001:0db8:0:0:0:0:0:5', true],
  ['fe80::/10', 'fe80::1%eth0', true],
  ['::/0', '10.1.1.5', false],
  ['10.1.1.5', '', false],
  ['10.1.1.5', 'not an address', false],
  ['10.1.1.5', '10.1.1.5:2404', false],
  ['10.1.1.5', '10.1.257', false],
])('%s contains %s: %s', (text, address, expected) => {
  expect(range(text).contains(address)).toBe(expected);
  expect(range(text).text).toBe(text);
});

test.each([
  '10.1.1',
  '10.1.1.5:2404',
  '10.1.1.256',
  '010.1.1.5',
  '10.1.1.0/33',
  '10.1.1.0/',
  '10.1.1.0/-1',
  '10.1.1.0/24/8',
  '10.1.1.0/255.0.255.0',
  '2001:db8::/129',
  '2001:db8::/255.255.0.0',
  '::ffff:10.1.1.0/24',
  'fe80::1%eth0',
  'scada.example',
  '*',
])('%s is refused', (text) => {
  expect(parseSourceRange(text)).toMatchObject({ ok: false, reason: expect.stringContaining(text) as string });
});

test('what a refusal proposes is not refused', () => {
  const proposed = [
    '10.1.1.5:2404',
    '010.1.1.5',
    'fe80::1%eth0',
    'fe80::1%eth0:2404',
    '10.1.*',
    '10.1.1.5,10.1.1.6',
  ].map((text) => {
    const parsed = parseSourceRange(text);
    return parsed.ok ? undefined : /nearest valid form: (.*)$/.exec(parsed.reason)?.[1];
  });
  expect(proposed).toEqual(['10.1.1.5', '10.1.1.5', 'fe80::1', 'fe80::1', '10.1.0.0/16', '10.1.1.5;10.1.1.6']);
  for (const text of proposed) expect(parseSourceRanges(text ?? '')).toMatchObject({ ok: true });
});

test('a filter is a list, an empty one lets everyone in, and separators alone are not an empty one', () => {
  expect(parseSourceRanges('192.168.1.0/24; 10.1.1.0/29;')).toMatchObject({ value: [{}, {}] });
  expect(parseSourceRanges('')).toEqual({ ok: true, value: [] });
  expect(parseSourceRanges(' ; ')).toMatchObject({ ok: false });
  expect(parseSourceRanges('10.1.1.5;bad')).toMatchObject({ ok: false });
});

test.each([
  ['10.1.1.5', '10.1.1.5/32'],
  ['10.1.1.5/24', '10.1.1.0/24'],
  ['10.1.1.0/255.255.254.0', '10.1.0.0/23'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['::ffff:10.1.1.5', '10.1.1.5/32'],
  ['::ffff:10.1.1.5/120', '10.1.1.0/24'],
  ['2001:DB8:0:0::5', '2001:db8::5/128'],
  ['2001:db8::5/33', '2001:db8::/33'],
  ['::/0', '::/0'],
])('%s as a network is %s', (text, cidr) => {
  expect(range(text).cidr).toBe(cidr);
});

test('matchesAny', () => {
  const ranges = [range('10.1.1.5'), range('2001:db8::/32')];
  expect(matchesAny(ranges, '2001:db8::9')).toBe(true);
  expect(matchesAny(ranges, '10.1.1.6')).toBe(false);
  expect(matchesAny([], '10.1.1.6')).toBe(false);
});

test.each([
  ['10.1.1.5', '10.1.1.5', true],
  ['10.1.1.0/24', '10.1.1.5', true],
  ['10.1.0.0/16', '10.1.1.0/24', true],
  ['10.1.1.0/25', '10.1.1.128/25', false],
  ['10.1.1.0/25', '10.1.1.200/24', true],
  ['0.0.0.0/0', '::/0', false],
  ['::ffff:10.1.1.5', '10.1.1.0/24', true],
])('%s overlaps %s: %s, both ways', (a, b, expected) => {
  expect(range(a).overlaps(range(b))).toBe(expected);
  expect(range(b).overlaps(range(a))).toBe(expected);
});
