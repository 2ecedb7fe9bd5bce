import { dirname, join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { requireTool } from '../../tools/require.mjs';
import { withOriginator } from './apdu.ts';
import { freePort, gatewayHost, listenerIs, Multiplexer, rtuHost } from './harness.ts';
import { Peer, type PeerEvent } from './peer.ts';
import {
  bitstringCommand,
  ioa,
  passMarker,
  points,
  python,
  refusedCommand,
  rtuNumber as ca,
  startMaster,
  startRtu,
} from './stations.ts';

const java = requireTool('java');
const library = requireTool('j60870');
const cot = { activation: 6, activationCon: 7, deactivation: 8, deactivationCon: 9, activationTermination: 10 };

/** An ASDU as j60870 decoded it. */
interface Received {
  readonly type: string;
  readonly cot: number;
  readonly negative: boolean;
  readonly oa: number;
  readonly ca: number;
  readonly objects: readonly { readonly ioa: number; readonly values: readonly unknown[] }[];
}

const missing = [python, java, library].includes(undefined);

describe.skipIf(missing)('j60870 as masters, beside one of c104, before an RTU of c104', () => {
  let multiplexer: Multiplexer;
  let rtu: Peer;
  let beside: Peer;
  let masters: Peer[];
  const originators = [0, 77];

  beforeAll(async () => {
    const [rtuPort, port] = [await freePort(), await freePort()];
    rtu = await startRtu(rtuPort);
    multiplexer = await Multiplexer.start([
      // Each master has an address of its own, so that this policy does not matter to them.
      { id: 3, port, rtuNumber: ca, hosts: `${rtuHost}:${rtuPort}`, columns: { 'same ip': 'old' } },
    ]);
    await multiplexer.explaining(async () => {
      await listenerIs('open', port);
      beside = await startMaster('c104', port);
      masters = await Promise.all(
        originators.map(async (oa, index) => {
          const source = join(import.meta.dirname, 'peers', 'J60870Master.java');
          const classpath = join(dirname(String(library)), '*');
          const master = await Peer.start(`j60870 ${index + 1}`, String(java), ['-cp', classpath, source]);
          await master.call('connect', { host: gatewayHost, port, from: `127.0.1.${index + 1}`, oa });
          await master.call('startdt');
          return master;
        }),
      );
      await passMarkers();
    });
  });

  afterAll(async () => {
    await Promise.all([...(masters ?? []), beside].map((peer) => peer?.stop()));
    await multiplexer?.stop();
    await rtu?.stop();
  });

  beforeEach(({ onTestFailed }) => {
    onTestFailed(() => console.error(multiplexer?.log));
  });

  const received = (master: Peer, since = 0): Received[] =>
    master.eventsOf('asdu', since).map((event: PeerEvent) => event as unknown as Received);
  const replies = (master: Peer, since = 0): Received[] =>
    received(master, since).filter(({ type }) => !type.startsWith('M_'));
  const marks = (): Map<Peer, number> => new Map([rtu, beside, ...masters].map((peer) => [peer, peer.mark()]));
  const pair = (): [Peer, Peer] => masters as [Peer, Peer];

  async function passMarkers(): Promise<void> {
    const value = await passMarker(rtu, [beside]);
    const isMarker = ({ objects }: Received): boolean =>
      objects.some((object) => object.ioa === ioa.marker && object.values[0] === value);
    await Promise.all(
      masters.map((master) => master.until(`to have marker ${value}`, () => received(master).some(isMarker))),
    );
  }

  /** The answers to `asking`, up to the one with the cause `last`; nobody else may have any. */
  async function ask(asking: Peer, command: string, args: Record<string, unknown>, last: number): Promise<Received[]> {
    const since = marks();
    await asking.call(command, { ca, ...args });
    await asking.until(`to have an answer with COT ${last}`, () =>
      replies(asking, since.get(asking)).some((reply) => reply.cot === last),
    );
    await passMarkers();
    for (const other of masters.filter((master) => master !== asking)) {
      expect(replies(other, since.get(other)), other.name).toEqual([]);
    }
    expect(beside.asdus('rx', since.get(beside)).filter(({ type }) => type >= 45)).toEqual([]);
    return replies(asking, since.get(asking));
  }

  it('begins with the end of initialization', () => {
    for (const master of masters) {
      expect(received(master)[0], master.name).toMatchObject({ type: 'M_EI_NA_1', cot: 4, ca });
    }
  });

  it.each([0, 1])('interrogates the station (master %#)', async (index) => {
    const asking = pair()[index] as Peer;
    const since = marks();
    const answers = await ask(asking, 'gi', {}, cot.activationTermination);
    const common = { type: 'C_IC_NA_1', negative: false, oa: originators[index], ca };
    expect(answers).toMatchObject([
      { ...common, cot: cot.activationCon },
      { ...common, cot: cot.activationTermination },
    ]);
    const expected = points.filter(({ type }) => type !== 'M_IT_NA_1').map((point) => point.ioa);
    for (const master of masters) {
      const objects = received(master, since.get(master)).filter((asdu) => asdu.cot === 20);
      const image = new Map(objects.flatMap((asdu) => asdu.objects).map((object) => [object.ioa, object.values[0]]));
      expect(new Set(image.keys()), master.name).toEqual(new Set<number>(expected));
      expect(image.get(ioa.float), master.name).toBe(50.0625);
      expect(image.get(ioa.double), master.name).toBe('ON');
    }
  });

  it('decodes the same spontaneous events with the same time tags in both masters', async () => {
    const since = marks();
    const time = Date.UTC(2026, 5, 30, 22, 58, 59, 999);
    const events = Array.from({ length: 40 }, (_, number) => [
      { ioa: ioa.floatTimed, value: number - 0.125, time: time + number },
      { ioa: ioa.singleTimed, value: number % 2 === 0, time: time + number },
      { ioa: ioa.scaled, value: 100 - number },
    ]).flat();
    await rtu.call('send', { events });
    await passMarkers();
    const expected = events.map((event) => ({
      ioa: event.ioa,
      value: event.value,
      time: 'time' in event ? event.time : undefined,
    }));
    for (const master of masters) {
      const objects = received(master, since.get(master))
        .flatMap((asdu) => asdu.objects)
        .filter((object) => object.ioa !== ioa.marker)
        .map(({ ioa, values }) => ({ ioa, value: values[0], time: values.find((value) => Number(value) > 1e12) }));
      expect(objects, master.name).toEqual(expected);
    }
  });

  it('commands directly, the outcome carries its own OA', async () => {
    const [, second] = pair();
    const since = rtu.mark();
    // c104 does not terminate a direct command.
    const answers = await ask(second, 'float', { ioa: 1005, value: 99.5 }, cot.activationCon);
    expect(answers).toMatchObject([{ type: 'C_SE_NC_1', cot: cot.activationCon, negative: false, oa: 77 }]);
    expect(rtu.eventsOf('command', since)).toMatchObject([{ ioa: 1005, value: 99.5 }]);
  });

  it('passes a bit string command bit by bit', async () => {
    const [first] = pair();
    const since = rtu.mark();
    await ask(first, 'bits', { ioa: bitstringCommand.ioa, value: bitstringCommand.value }, cot.activationCon);
    const arrived = rtu.asdus('rx', since).filter((apdu) => apdu.ioa === bitstringCommand.ioa);
    // TypeID 51, one object, activation, OA, CA 32, IOA 1006, BSI (j60870 sends its most significant octet first).
    expect(arrived.map(({ asdu }) => withOriginator(asdu, 0))).toEqual(['330106002000ee03000102f0ff']);
  });

  it('returns the refusal of the RTU', async () => {
    const [first] = pair();
    const answers = await ask(first, 'single', { ioa: refusedCommand.ioa, value: true }, cot.activationCon);
    expect(answers).toMatchObject([{ type: 'C_SC_NA_1', cot: cot.activationCon, negative: true, oa: 0 }]);
  });

  it('brings both refusals of a process reset to its sender', async () => {
    const [, second] = pair();
    // lib60870 answers what it does not do with ACT_CON, P/N = 1, and with COT 47 after that.
    const answers = await ask(second, 'reset', {}, 47);
    expect(answers).toMatchObject([
      { type: 'C_RP_NA_1', cot: cot.activationCon, negative: true, oa: 77 },
      { type: 'C_RP_NA_1', cot: 47, oa: 77 },
    ]);
  });

  it('passes a private TypeID without understanding it', async () => {
    const [first] = pair();
    const since = rtu.mark();
    await first.call('private', { ca });
    await rtu.until('to have the private ASDU', () => rtu.asdus('rx', since).some(({ type }) => type === 200));
    const arrived = rtu.asdus('rx', since).filter(({ type }) => type === 200);
    expect(arrived.map(({ asdu }) => withOriginator(asdu, 0))).toEqual(['c80106002000010000a55aff']);
  });

  it('keeps a selected object for the master that selected it', async () => {
    const [first, second] = pair();
    const object = { ioa: 1100, value: true };
    const since = rtu.mark();
    const commandsAtRtu = (): unknown[] =>
      rtu
        .asdus('rx', since)
        .filter((apdu) => apdu.ioa === object.ioa)
        .map(({ asdu }) => asdu.slice(-2));
    expect(await ask(first, 'single', { ...object, select: true }, cot.activationCon)).toMatchObject([
      { cot: cot.activationCon, negative: false },
    ]);

    // Neither another select nor an execute of somebody else gets through.
    expect(await ask(second, 'single', { ...object, select: true }, cot.activationCon)).toMatchObject([
      { cot: cot.activationCon, negative: true, oa: 77 },
    ]);
    expect(await ask(second, 'single', { ...object, select: false }, cot.activationCon)).toMatchObject([
      { cot: cot.activationCon, negative: true, oa: 77 },
    ]);
    expect(commandsAtRtu()).toEqual(['81']);

    const executed = await ask(first, 'single', { ...object, select: false }, cot.activationTermination);
    expect(executed.map((reply) => ({ cot: reply.cot, negative: reply.negative }))).toEqual([
      { cot: cot.activationCon, negative: false },
      { cot: cot.activationTermination, negative: false },
    ]);
    expect(commandsAtRtu()).toEqual(['81', '01']);

    // Now it is free.
    const next = await ask(second, 'single', { ...object, select: true }, cot.activationCon);
    expect(next).toMatchObject([{ cot: cot.activationCon, negative: false, oa: 77 }]);
    expect(commandsAtRtu()).toEqual(['81', '01', '81']);
    await ask(second, 'single', { ...object, select: false }, cot.activationTermination);
  });
});
