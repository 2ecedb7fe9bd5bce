import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { freePort, knock, listenerIs, Multiplexer, rtuHost } from './harness.ts';
import type { Peer } from './peer.ts';
import {
  connected,
  connectMaster,
  lastState,
  passMarker,
  python,
  rtuNumber as ca,
  startMaster,
  startRtu,
  startTransfer,
  stopTransfer,
} from './stations.ts';

const endOfInitialization = 70;
/** RTUs are called again with a back-off; this is how long it may take at worst. */
const reconnection = 60_000;

describe.skipIf(python === undefined)('the links as c104 (lib60870) sees them', () => {
  let multiplexer: Multiplexer;
  let rtuPort: number;
  let port: number;
  let peers: Peer[];

  beforeEach(async ({ onTestFailed }) => {
    peers = [];
    [rtuPort, port] = [await freePort(), await freePort()];
    multiplexer = await Multiplexer.start([{ id: 7, port, rtuNumber: ca, hosts: `${rtuHost}:${rtuPort}` }]);
    onTestFailed(() => console.error(multiplexer.log));
  });

  afterEach(async () => {
    await Promise.all(peers.map((peer) => peer.stop()));
    await multiplexer.stop();
  });

  async function kept(starting: Promise<Peer>): Promise<Peer> {
    const peer = await starting;
    peers.push(peer);
    return peer;
  }

  const initializations = (master: Peer, since = 0): unknown[] =>
    master
      .asdus('rx', since)
      .filter((apdu) => apdu.type === endOfInitialization)
      .map(({ cot, ca, ioa }) => ({ cot, ca, ioa }));

  it('opens the listener for masters only while the RTU is connected', async () => {
    expect(await knock(port)).toBe('refused');
    const rtu = await kept(startRtu(rtuPort));
    await listenerIs('open', port, reconnection);
    await rtu.until('to have the connection', () => rtu.eventsOf('connect').length > 0);
    await rtu.kill();
    await listenerIs('refused', port);
  });

  it('starts and stops the RTU with the first and the last master, and hands out one M_EI_NA_1 each', async () => {
    const rtu = await kept(startRtu(rtuPort));
    await listenerIs('open', port, reconnection);
    const first = await kept(connectMaster('first', port));
    expect(rtu.uFrames('rx')).not.toContain('STARTDT act');

    await startTransfer(first);
    await rtu.until('to be started', () => rtu.uFrames('rx').includes('STARTDT act'));
    const second = await kept(startMaster('second', port));
    await passMarker(rtu, [first, second]);
    const started = (since = 0): number => rtu.uFrames('rx', since).filter((name) => name === 'STARTDT act').length;
    const stopped = (since = 0): number => rtu.uFrames('rx', since).filter((name) => name === 'STOPDT act').length;
    expect([started(), stopped()]).toEqual([1, 0]);

    // The RTU's own end of initialization is not forwarded.
    await rtu.call('initialized');
    await rtu.until('to have sent M_EI_NA_1', () => rtu.asdus('tx').some(({ type }) => type === endOfInitialization));
    await passMarker(rtu, [first, second]);
    for (const master of [first, second]) {
      expect(initializations(master), master.name).toEqual([{ cot: 4, ca, ioa: 0 }]);
      // Nothing comes before it.
      expect(master.asdus('rx')[0]).toMatchObject({ type: endOfInitialization });
    }

    await stopTransfer(first);
    await passMarker(rtu, [second]);
    expect([started(), stopped()]).toEqual([1, 0]);
    await stopTransfer(second);
    await rtu.until('to be stopped', () => stopped() === 1);

    const since = rtu.mark();
    await startTransfer(second);
    await rtu.until('to be started again', () => started(since) === 1);
    await passMarker(rtu, [second]);
    expect([started(since), stopped(since)]).toEqual([1, 0]);
  });

  it('drops the masters when the RTU is lost, refuses them while it is away, and serves them again after', async () => {
    const rtu = await kept(startRtu(rtuPort));
    await listenerIs('open', port, reconnection);
    const masters = await Promise.all(['first', 'second', 'third'].map((name) => kept(startMaster(name, port))));
    await passMarker(rtu, masters);

    const lost = new Map(masters.map((master) => [master, master.mark()]));
    await rtu.kill();
    await Promise.all(
      masters.map((master) =>
        master.until('to be disconnected', () => String(lastState(master, lost.get(master))).startsWith('CLOSED')),
      ),
    );
    await listenerIs('refused', port);

    const back = new Map(masters.map((master) => [master, master.mark()]));
    const again = await kept(startRtu(rtuPort));
    await listenerIs('open', port, reconnection);
    // c104 comes back by itself, as any master does.
    await Promise.all(masters.map((master) => connected(master, back.get(master))));
    await Promise.all(masters.map((master) => startTransfer(master)));
    await passMarker(again, masters);
    for (const master of masters) {
      expect(initializations(master, back.get(master)), master.name).toEqual([{ cot: 4, ca, ioa: 0 }]);
      expect(await master.call('gi', { ca }), master.name).toBe(true);
    }
    expect(await again.call('connections')).toEqual({ open: 1, active: 1 });
  });
});
