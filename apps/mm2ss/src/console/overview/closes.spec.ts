import type { GatewayStatus, MasterStatus } from '@iec104mm2ss/observability';
import { expect, it } from 'vitest';
import { closesText } from './closes.js';

const masters = (count: number): MasterStatus[] => Array.from({ length: count }, () => ({}) as MasterStatus);
const gateways = (...silent: boolean[]): GatewayStatus[] => silent.map((each) => ({ silent: each }) as GatewayStatus);

it.each([
  [masters(0), gateways(false), 'no master is connected'],
  [masters(1), gateways(false, false), 'closes 1 master'],
  [masters(2), undefined, 'closes 2 masters'],
  [masters(1), gateways(false, true), 'closes 1 master and those of the silent gateway'],
  [masters(0), gateways(true), 'closes the masters of the silent gateway'],
])('of %# what is closed is said, and that what a silent gateway has is not known', (known, of, said) => {
  expect(closesText({ masters: known, ...(of && { gateways: of }) })).toBe(said);
});
