/** c104 as RTU and as masters: how they are started, and the process image the tests talk about. */
import { join } from 'node:path';

import { requireTool } from '../../tools/require.mjs';
import type { IFormat } from './apdu.ts';
import { eventually, gatewayHost, rtuHost } from './harness.ts';
import { Peer } from './peer.ts';

/** The Python that has c104; undefined where it cannot be had (an error under CI). */
export const python = requireTool('c104');

export const rtuNumber = 32;

/** Object addresses of the RTU's points in monitor direction. */
export const ioa = {
  marker: 90,
  single: 100,
  double: 101,
  step: 102,
  bits: 103,
  normalized: 104,
  scaled: 105,
  float: 106,
  counter: 300,
  singleTimed: 400,
  doubleTimed: 401,
  normalizedTimed: 404,
  scaledTimed: 405,
  floatTimed: 406,
} as const;

export const points = [
  { ioa: ioa.marker, type: 'M_ME_NB_1', value: 0 },
  { ioa: ioa.single, type: 'M_SP_NA_1', value: true },
  { ioa: ioa.double, type: 'M_DP_NA_1', value: 'ON' },
  { ioa: ioa.step, type: 'M_ST_NA_1', value: -7 },
  { ioa: ioa.bits, type: 'M_BO_NA_1', value: 0xcafe0042 },
  { ioa: ioa.normalized, type: 'M_ME_NA_1', value: -0.25 },
  { ioa: ioa.scaled, type: 'M_ME_NB_1', value: -1234 },
  { ioa: ioa.float, type: 'M_ME_NC_1', value: 50.0625 },
  { ioa: ioa.counter, type: 'M_IT_NA_1', value: 123456 },
  { ioa: ioa.singleTimed, type: 'M_SP_TB_1', value: false },
  { ioa: ioa.doubleTimed, type: 'M_DP_TB_1', value: 'OFF' },
  { ioa: ioa.normalizedTimed, type: 'M_ME_TD_1', value: 0.5 },
  { ioa: ioa.scaledTimed, type: 'M_ME_TE_1', value: 77 },
  { ioa: ioa.floatTimed, type: 'M_ME_TF_1', value: -0.5 },
] as const;

/** Every kind of process command: the type, a value and what the RTU then reads. */
export const commandKinds = [
  { type: 'C_SC_NA_1', value: true, direct: 1000, selected: 1100 },
  { type: 'C_DC_NA_1', value: 'ON', direct: 1001, selected: 1101 },
  { type: 'C_RC_NA_1', value: 'HIGHER', direct: 1002, selected: 1102 },
  { type: 'C_SE_NA_1', value: -0.5, direct: 1003, selected: 1103 },
  { type: 'C_SE_NB_1', value: -321, direct: 1004, selected: 1104 },
  { type: 'C_SE_NC_1', value: 12.375, direct: 1005, selected: 1105 },
] as const;

/** Only j60870 can send it: c104 2.2.1 makes every bit string command all zeroes. */
export const bitstringCommand = { ioa: 1006, type: 'C_BO_NA_1', value: 0x0102f0ff } as const;
export const timedCommand = { ioa: 1007, type: 'C_SC_TA_1', value: true } as const;
/** The RTU refuses it. */
export const refusedCommand = { ioa: 1900, type: 'C_SC_NA_1', value: true } as const;
/** The RTU has no such object. */
export const unknownCommand = { ioa: 4711, type: 'C_DC_NA_1', value: 'OFF' } as const;
/** The RTU returns the new state of `ioa.single` with COT 11. */
export const returningCommand = { ioa: 1800, type: 'C_SC_NA_1', value: true } as const;

const commands = [
  ...commandKinds.flatMap(({ type, direct, selected }) => [
    { ioa: direct, type },
    { ioa: selected, type, mode: 'SELECT_AND_EXECUTE' },
  ]),
  { ioa: bitstringCommand.ioa, type: bitstringCommand.type },
  { ioa: timedCommand.ioa, type: timedCommand.type },
  { ioa: refusedCommand.ioa, type: refusedCommand.type, answer: 'FAILURE' },
  { ioa: returningCommand.ioa, type: returningCommand.type, returns: ioa.single },
];

function peerScript(name: string): string {
  return join(import.meta.dirname, 'peers', name);
}

/** An RTU that takes one connection, as many real ones do, so that a second one would show. */
export async function startRtu(port: number, options: Record<string, unknown> = {}): Promise<Peer> {
  const rtu = await Peer.start('RTU', String(python), [peerScript('c104_rtu.py')]);
  await rtu.call('listen', { host: rtuHost, port, ca: rtuNumber, points, commands, max_connections: 1, ...options });
  return rtu;
}

/** A master that is connected, but has not sent STARTDT. */
export async function connectMaster(name: string, port: number, oa = 0): Promise<Peer> {
  const master = await Peer.start(name, String(python), [peerScript('c104_master.py')]);
  await master.call('connect', { host: gatewayHost, port, oa });
  await connected(master);
  return master;
}

export async function startMaster(name: string, port: number, oa = 0): Promise<Peer> {
  const master = await connectMaster(name, port, oa);
  await startTransfer(master);
  return master;
}

export async function connected(master: Peer, since = 0): Promise<void> {
  await master.until('to be connected', () => lastState(master, since) === 'OPEN_MUTED');
}

/** STARTDT; resolves when it is confirmed. */
export async function startTransfer(master: Peer): Promise<void> {
  const since = master.mark();
  await master.call('startdt');
  await master.until('to be started', () => master.uFrames('rx', since).includes('STARTDT con'));
}

/** STOPDT; resolves when it is confirmed. */
export async function stopTransfer(master: Peer): Promise<void> {
  const since = master.mark();
  await master.call('stopdt');
  await master.until('to be stopped', () => master.uFrames('rx', since).includes('STOPDT con'));
}

/** The connection state c104 told of last. */
export function lastState(master: Peer, since = 0): unknown {
  return master.eventsOf('state', since).at(-1)?.['state'];
}

let markers = 0;

/**
 * Send an event of its own kind from the RTU and wait until every master has it. Whatever the RTU sent before is with
 * the masters then, because order is kept: this is how a test knows that something did not come.
 *
 * c104 tells of points and of APDUs from different threads, so a peer has the marker only when it told both.
 * Resolves with the value of the marker.
 */
export async function passMarker(rtu: Peer, masters: readonly Peer[]): Promise<number> {
  const value = ++markers;
  // c104 drops what it is to send while nobody has started it.
  await eventually('the RTU to be started', async () => {
    const { active } = (await rtu.call('connections')) as { active: number };
    return active > 0;
  });
  const since = new Map([rtu, ...masters].map((peer) => [peer, peer.mark()]));
  const isMarker = (apdu: IFormat): boolean => apdu.ioa === ioa.marker && valueOfMarker(apdu) === value;
  const sent = rtu.until(`to tell of marker ${value}`, () => rtu.asdus('tx', since.get(rtu)).some(isMarker));
  const received = masters.map((master) =>
    master.until(
      `to have marker ${value}`,
      () =>
        master.asdus('rx', since.get(master)).some(isMarker) &&
        master
          .eventsOf('point', since.get(master))
          .some((point) => point['ioa'] === ioa.marker && point['value'] === value),
    ),
  );
  await Promise.all([rtu.call('send', { events: [{ ioa: ioa.marker, value }] }), sent, ...received]);
  return value;
}

/** SVA follows the header's six octets and the address's three. */
function valueOfMarker({ asdu }: IFormat): number {
  return Buffer.from(asdu, 'hex').readInt16LE(9);
}
