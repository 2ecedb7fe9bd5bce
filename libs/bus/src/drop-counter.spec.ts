import { expect, it } from 'vitest';
import { DropCounter } from './drop-counter.js';

it('drops are counted by kind of subject and reason, whatever group and session', () => {
  const counter = new DropCounter();
  const told: string[] = [];
  counter.onDrop(({ kind, reason, count }, detail) => told.push(`${kind} ${reason} ${count} ${detail}`));
  counter.add('iec104.v1.1.out.7', 'KIND', 'a');
  counter.add('iec104.v1.2.out', 'KIND', 'b');
  counter.add('iec104.v1.2.cmd.result', 'SHORT', 'c');
  counter.add('iec104.v1.ctl.presence.router.router.12', 'JSON', 'd');
  expect(told).toEqual(['out KIND 1 a', 'out KIND 2 b', 'cmd.result SHORT 1 c', 'ctl.presence JSON 1 d']);
  expect(counter.all()).toEqual([
    { kind: 'out', reason: 'KIND', count: 2 },
    { kind: 'cmd.result', reason: 'SHORT', count: 1 },
    { kind: 'ctl.presence', reason: 'JSON', count: 1 },
  ]);
});
