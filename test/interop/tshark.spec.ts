import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { requireTool } from '../../tools/require.mjs';
import { captureLive, captureWithTaps, mayCapture, pcapOf, type Capture, type Segment } from './capture.ts';
import { dissect, sequenceFaults, type Dissection } from './dissection.ts';
import { freePort, listenerIs, Multiplexer, rtuHost } from './harness.ts';
import type { Peer } from './peer.ts';
import {
  commandKinds,
  ioa,
  passMarker,
  python,
  refusedCommand,
  rtuNumber as ca,
  startMaster,
  startRtu,
  startTransfer,
  stopTransfer,
} from './stations.ts';

const tshark = requireTool('tshark') ?? '';
const k = 12;

describe.skipIf(tshark === '')('the dissection itself', () => {
  const [master, rtu] = [
    { host: '127.0.0.1', port: 40_000 },
    { host: rtuHost, port: 40_001 },
  ];
  const segment = (hex: string, fromRtu: boolean): Segment => ({
    from: fromRtu ? rtu : master,
    to: fromRtu ? master : rtu,
    timeMs: 1_700_000_000_000,
    octets: Buffer.from(hex, 'hex'),
  });
  const startdt = [segment('680407000000', false), segment('68040b000000', true)];
  /** M_ME_NC_1, IOA 200. */
  const measured = (control: string): Segment => segment(`6812${control}0d0103002000c800000000484200`, true);

  async function dissectionOf(segments: readonly Segment[]): Promise<Dissection> {
    const directory = await mkdtemp(join(tmpdir(), 'mm2ss-dissection-'));
    try {
      const file = join(directory, 'made.pcap');
      await writeFile(file, pcapOf(segments));
      return await dissect(tshark, file, [rtu.port]);
    } finally {
      await rm(directory, { recursive: true });
    }
  }

  it('finds nothing wrong with good APDUs', async () => {
    const { apdus, objections } = await dissectionOf([
      ...startdt,
      measured('00000000'),
      segment('680401000200', false),
      measured('02000000'),
    ]);
    expect(apdus.map(({ format, ns, nr, typeId }) => ({ format, ns, nr, typeId }))).toEqual([
      { format: 'U' },
      { format: 'U' },
      { format: 'I', ns: 0, nr: 0, typeId: 13 },
      { format: 'S', nr: 1 },
      { format: 'I', ns: 1, nr: 0, typeId: 13 },
    ]);
    expect(objections).toEqual([]);
    expect(sequenceFaults(apdus, k)).toEqual([]);
  });

  it('objects to an ASDU that is shorter than its VSQ says', async () => {
    const { objections } = await dissectionOf([...startdt, segment('6812000000000d0203002000c800000000484200', true)]);
    expect(objections).toHaveLength(1);
    expect(objections[0]).toMatch(/malformed/i);
  });

  it('objects to numbers that are out of order', async () => {
    const { apdus } = await dissectionOf([
      ...startdt,
      measured('00000000'),
      measured('04000000'),
      segment('680401000800', false),
    ]);
    expect(sequenceFaults(apdus, k)).toEqual([
      'stream 0 from 40001: N(S) 2 instead of 1',
      'stream 0 from 40000: N(R) 4, but only 3 were sent',
    ]);
    expect(sequenceFaults(apdus, 1)).toContain('stream 0 from 40001: 3 APDUs outstanding');
  });
});

const methods = [
  { method: 'dumpcap', permitted: tshark !== '' && mayCapture(tshark), start: captureLive.bind(undefined, tshark) },
  { method: 'recording relays', permitted: true, start: captureWithTaps },
];

describe.skipIf(tshark === '' || python === undefined).for(methods.filter(({ permitted }) => permitted))(
  'both sides of the multiplexer, captured by $method, as tshark sees them',
  ({ start }) => {
    let capture: Capture;
    let dissection: Dissection;
    let multiplexer: Multiplexer | undefined;
    const peers: Peer[] = [];
    let rtuToldOf: Peer['asdus'];

    beforeAll(async () => {
      const [rtuPort, port] = [await freePort(), await freePort()];
      const rtu = await startRtu(rtuPort);
      peers.push(rtu);
      capture = await start({ host: rtuHost, port: rtuPort }, port);
      multiplexer = await Multiplexer.start([
        { id: 5, port, rtuNumber: ca, hosts: `${capture.rtu.host}:${capture.rtu.port}`, columns: { k, w: 8 } },
      ]);
      await multiplexer.explaining(async () => {
        await listenerIs('open', port);
        const first = await startMaster('first', capture.gatewayPort);
        peers.push(first);
        const second = await startMaster('second', capture.gatewayPort, 9);
        peers.push(second);
        await everyKindOfTraffic(rtu, first, second);
        dissection = await dissect(tshark, await capture.finish(), [capture.rtuSidePort, capture.masterSidePort]);
        rtuToldOf = rtu.asdus.bind(rtu);
      });
    });

    afterAll(async () => {
      await Promise.all(peers.map((peer) => peer.stop()));
      await multiplexer?.stop();
      await capture?.remove();
    });

    async function everyKindOfTraffic(rtu: Peer, first: Peer, second: Peer): Promise<void> {
      const masters = [first, second];
      await Promise.all(masters.map((master) => master.call('gi', { ca })));
      await first.call('counters', { ca });
      await second.call('clock', { ca });
      await first.call('read', { ca, ioa: ioa.float, type: 'M_ME_NC_1' });
      for (const { type, value, direct, selected } of commandKinds) {
        await first.call('command', { ca, ioa: direct, type, value });
        await second.call('command', { ca, ioa: selected, type, value, select: true });
      }
      await second.call('command', { ca, ...refusedCommand });
      const events = Array.from({ length: 25 }, (_, number) => [
        { ioa: ioa.singleTimed, value: number % 2 === 0, time: Date.now() },
        { ioa: ioa.float, value: number },
        { ioa: ioa.doubleTimed, value: 'ON', time: Date.now() },
      ]).flat();
      await rtu.call('send', { events });
      await passMarker(rtu, masters);
      await stopTransfer(second);
      await startTransfer(second);
      await passMarker(rtu, masters);
    }

    /** The APDUs on connections to one of the two ports. */
    const side = (port: number): Dissection['apdus'] =>
      dissection.apdus.filter((apdu) => apdu.sourcePort === port || apdu.destinationPort === port);
    const sides = (): [string, Dissection['apdus']][] => [
      ["the RTU's side", side(capture.rtuSidePort)],
      ["the masters' side", side(capture.masterSidePort)],
    ];

    it('captured all of it', () => {
      for (const [name, apdus] of sides()) {
        for (const format of ['I', 'S', 'U'] as const) {
          expect(apdus.filter((apdu) => apdu.format === format).length, `${format}-format on ${name}`).toBeGreaterThan(
            0,
          );
        }
      }
      // What the RTU says it sent and received is what the capture has, so nothing was left out or misread.
      const onWire = (direction: 'sourcePort' | 'destinationPort'): unknown[] =>
        side(capture.rtuSidePort).flatMap((apdu) =>
          apdu.format === 'I' && apdu[direction] === capture.rtuSidePort ? [apdu.typeId] : [],
        );
      expect(onWire('sourcePort')).toEqual(rtuToldOf('tx').map(({ type }) => type));
      expect(onWire('destinationPort')).toEqual(rtuToldOf('rx').map(({ type }) => type));
    });

    it('has one connection to the RTU and one for each master', () => {
      const streams = sides().map(([, apdus]) => new Set(apdus.map(({ stream }) => stream)).size);
      expect(streams).toEqual([1, 2]);
    });

    it('holds no malformed packet and no error', () => {
      expect(dissection.objections).toEqual([]);
    });

    it('numbers and acknowledges as the standard says', () => {
      for (const [name, apdus] of sides()) {
        expect(sequenceFaults(apdus, k), name).toEqual([]);
      }
    });
  },
);
