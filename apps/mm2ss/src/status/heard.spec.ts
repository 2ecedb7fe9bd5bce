import { expect, it } from 'vitest';
import { HeardProcesses, REMEMBERED_MS } from './heard.js';
import type { Known } from './known.js';

const known = (instance: string, startedAt = 0, host = 'pod'): Known => ({
  process: { instance, host, parts: ['router'], release: '0', startedAt, configuration: null, ntp: null },
  known: [],
});

it('waits for those that answered, and names those that do not for two minutes', () => {
  const heard = new HeardProcesses();
  const own = known('own', 0, 'other');
  heard.add(own, 0, 1_000);
  heard.add(known('a'), 0, 1_000);
  for (let round = 0; round < 2; round++) {
    expect(heard.expected(1)).toEqual(new Set(['own', 'a']));
    heard.asked([own]);
  }
  expect(heard.expected(2)).toEqual(new Set(['own']));
  expect(heard.list([own], 'own').map(({ instance, silent }) => [instance, silent])).toEqual([
    ['own', false],
    ['a', true],
  ]);
  // It was only held up.
  heard.add(known('a'), 3, 1_003);
  expect(heard.expected(4)).toEqual(new Set(['own', 'a']));
  heard.add(own, REMEMBERED_MS, 2_000);
  heard.expected(REMEMBERED_MS + 4);
  expect(heard.list([own], 'own').map(({ instance }) => instance)).toEqual(['own']);
});

it('does not miss one whose successor answers', () => {
  const heard = new HeardProcesses();
  heard.add(known('a', 500), 0, 1_000);
  const answers = [known('b', 1_500)];
  heard.add(answers[0]!, 1, 2_000);
  heard.asked(answers);
  expect(heard.list(answers, 'b').map(({ instance }) => instance)).toEqual(['b']);
  // Another one that ran at the same time is none.
  heard.add(known('c', 1_600), 2, 2_100);
  heard.asked(answers);
  expect(heard.list(answers, 'b').map(({ instance, silent }) => [instance, silent])).toEqual([
    ['b', false],
    ['c', true],
  ]);
});

it('knows the gateways of each group, and where they listen', () => {
  const gateway = (instance: string, open: boolean): Known => ({
    ...known(instance),
    known: [{ part: 'gateway', groups: [{ id: '1', listener: { open, addresses: [`${instance}:2404`] } }] }],
  });
  const heard = new HeardProcesses();
  const a = gateway('a', true);
  heard.add(a, 0, 1_000);
  heard.add(gateway('b', true), 0, 1_000);
  expect(heard.gateways([a]).get('1')).toEqual([
    expect.objectContaining({ instance: 'a', silent: false, open: true, addresses: ['a:2404'] }),
    expect.objectContaining({ instance: 'b', silent: true, open: null, addresses: ['b:2404'] }),
  ]);
  expect(heard.gateways([a]).get('2')).toBeUndefined();
});
