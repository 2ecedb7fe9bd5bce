import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { describeApdu } from './apdu.ts';
import { freePort, listenerIs, Multiplexer, rtuHost } from './harness.ts';
import type { Peer } from './peer.ts';
import { ioa, passMarker, python, rtuNumber as ca, startMaster, startRtu } from './stations.ts';

const interrogated = 20;

/** Two groups with the same RTU number, which the manual allows; the second answers interrogations to the originator. */
describe.skipIf(python === undefined)('two groups in one process, seen by c104 (lib60870)', () => {
  let multiplexer: Multiplexer;
  const groups: { rtu: Peer; masters: Peer[] }[] = [];

  beforeAll(async () => {
    const ports: number[] = [];
    const rows = [];
    for (const [index, interrogation] of ['all', 'originator'].entries()) {
      const [rtuPort, port] = [await freePort(), await freePort()];
      groups.push({ rtu: await startRtu(rtuPort), masters: [] });
      ports.push(port);
      rows.push({
        id: 10 + index,
        port,
        rtuNumber: ca,
        hosts: `${rtuHost}:${rtuPort}`,
        columns: { interrogation },
      });
    }
    multiplexer = await Multiplexer.start(rows);
    await multiplexer.explaining(async () => {
      for (const [index, port] of ports.entries()) {
        await listenerIs('open', port);
        const names = [1, 2].map((number) => `master ${number} of group ${index + 1}`);
        groups[index]?.masters.push(...(await Promise.all(names.map((name) => startMaster(name, port)))));
      }
      await passMarkers();
    });
  });

  afterAll(async () => {
    await Promise.all(groups.flatMap(({ rtu, masters }) => [rtu, ...masters]).map((peer) => peer.stop()));
    await multiplexer?.stop();
  });

  beforeEach(({ onTestFailed }) => {
    onTestFailed(() => console.error(multiplexer?.log));
  });

  const everybody = (): Peer[] => groups.flatMap(({ rtu, masters }) => [rtu, ...masters]);
  const marks = (): Map<Peer, number> => new Map(everybody().map((peer) => [peer, peer.mark()]));
  async function passMarkers(): Promise<void> {
    for (const { rtu, masters } of groups) {
      await passMarker(rtu, masters);
    }
  }
  const answers = (master: Peer, since = 0): string[] =>
    master
      .asdus('rx', since)
      .filter((apdu) => apdu.cot === interrogated)
      .map(({ asdu }) => asdu);

  it('keeps events and commands within their group', async () => {
    const since = marks();
    const [first, second] = groups;
    await first?.rtu.call('send', { events: [{ ioa: ioa.scaled, value: 1111 }] });
    await second?.rtu.call('send', { events: [{ ioa: ioa.scaled, value: 2222 }] });
    const command = { ca, ioa: 1000, type: 'C_SC_NA_1', value: true };
    expect(await first?.masters[0]?.call('command', command)).toBe(true);
    await passMarkers();
    for (const [index, { rtu, masters }] of groups.entries()) {
      for (const master of masters) {
        const values = master.eventsOf('point', since.get(master)).filter((point) => point['ioa'] === ioa.scaled);
        expect(
          values.map(({ value }) => value),
          master.name,
        ).toEqual([index === 0 ? 1111 : 2222]);
      }
      expect(rtu.eventsOf('command', since.get(rtu))).toHaveLength(index === 0 ? 1 : 0);
    }
  });

  it("sends an interrogation's answers to all masters where the column says so", async () => {
    const since = marks();
    const { rtu, masters } = groups[0] as (typeof groups)[number];
    expect(await masters[0]?.call('gi', { ca })).toBe(true);
    await passMarkers();
    const sent = rtu.asdus('tx', since.get(rtu)).filter((apdu) => apdu.cot === interrogated);
    expect(sent.length).toBeGreaterThan(0);
    for (const master of masters) {
      expect(answers(master, since.get(master)), master.name).toEqual(sent.map(({ asdu }) => asdu));
    }
  });

  it("sends an interrogation's answers to the originator alone where the column says so", async () => {
    const since = marks();
    const { rtu, masters } = groups[1] as (typeof groups)[number];
    const [asking, other] = masters as [Peer, Peer];
    expect(await asking.call('gi', { ca })).toBe(true);
    await passMarkers();
    const sent = rtu.asdus('tx', since.get(rtu)).filter((apdu) => apdu.cot === interrogated);
    expect(sent.length).toBeGreaterThan(0);
    expect(answers(asking, since.get(asking))).toEqual(sent.map(({ asdu }) => asdu));
    // The other master has the marker and nothing else.
    expect(other.asdus('rx', since.get(other)).map(describeApdu)).toEqual([
      `type 11 cot 3 oa 0 ca ${ca} ioa ${ioa.marker}`,
    ]);
  });
});
