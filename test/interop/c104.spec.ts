import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { describeApdu, isProcessInformation, withOriginator, type IFormat } from './apdu.ts';
import { freePort, listenerIs, Multiplexer, rtuHost } from './harness.ts';
import type { Peer } from './peer.ts';
import {
  commandKinds,
  ioa,
  passMarker,
  points,
  python,
  refusedCommand,
  returningCommand,
  rtuNumber as ca,
  startMaster,
  startRtu,
  timedCommand,
  unknownCommand,
} from './stations.ts';

const cot = {
  spontaneous: 3,
  request: 5,
  activation: 6,
  activationCon: 7,
  activationTermination: 10,
  returnRemote: 11,
  interrogated: 20,
  counters: 37,
};
/** Well below t1, t2 and c104's own time-out for commands; some hundred milliseconds is usual. */
const promptMs = 6000;
const type = { interrogation: 100, counterInterrogation: 101, read: 102, clock: 103, test: 107 };

describe.skipIf(python === undefined)('c104 (lib60870) as the RTU and as three masters', () => {
  let multiplexer: Multiplexer;
  let rtu: Peer;
  /** The first two have OA 0, as the manual expects; the third has one of its own. */
  let masters: Peer[];
  const originators = [0, 0, 9];

  beforeAll(async () => {
    const [rtuPort, port] = [await freePort(), await freePort()];
    rtu = await startRtu(rtuPort);
    multiplexer = await Multiplexer.start([
      { id: 1, port, rtuNumber: ca, hosts: `${rtuHost}:${rtuPort}`, columns: { 'same ip': 'all' } },
    ]);
    await multiplexer.explaining(async () => {
      await listenerIs('open', port);
      masters = await Promise.all(originators.map((oa, index) => startMaster(`master ${index + 1}`, port, oa)));
      await passMarker(rtu, masters); // M_EI_NA_1 is in before the first test counts
    });
  });

  afterAll(async () => {
    await Promise.all((masters ?? []).map((master) => master.stop()));
    const outcome = await multiplexer?.stop();
    await rtu?.stop();
    expect(outcome ?? 0, multiplexer?.log).toBe(0);
  });

  beforeEach(({ onTestFailed }) => {
    onTestFailed(() => console.error(multiplexer?.log));
  });

  const masterOf = (index: number): Peer => masters[index] as Peer;
  const othersThan = (asking: Peer): Peer[] => masters.filter((master) => master !== asking);
  const marks = (): Map<Peer, number> => new Map([rtu, ...masters].map((peer) => [peer, peer.mark()]));

  /** Answers to commands among what a master received, in order. */
  const repliesTo = (master: Peer, since = 0): IFormat[] =>
    master.asdus('rx', since).filter((apdu) => !isProcessInformation(apdu));

  /**
   * Let one master ask for something. The outcome must reach it, as the RTU gave it but with the master's own OA, and
   * nobody else; and it must not take until some timer of the protocol has run out.
   */
  async function ask(asking: Peer, command: string, args: Record<string, unknown>): Promise<unknown> {
    const since = marks();
    const begin = performance.now();
    const result = await asking.call(command, args);
    await passMarker(rtu, masters);
    const durationMs = performance.now() - begin;
    const own = originators[masters.indexOf(asking)] ?? 0;
    const answered = rtu.asdus('tx', since.get(rtu)).filter((apdu) => !isProcessInformation(apdu));
    expect(answered.length, 'answers of the RTU').toBeGreaterThan(0);
    expect(
      repliesTo(asking, since.get(asking)).map(({ asdu }) => asdu),
      'answers at the asking master',
    ).toEqual(answered.map(({ asdu }) => withOriginator(asdu, own)));
    for (const other of othersThan(asking)) {
      expect(repliesTo(other, since.get(other)).map(describeApdu), `answers at ${other.name}`).toEqual([]);
    }
    expect(durationMs).toBeLessThan(promptMs);
    return result;
  }

  describe('monitor direction', () => {
    it('brings every event to every master, in order, with value, quality and time tag intact', async () => {
      const start = Date.UTC(2026, 1, 28, 23, 59, 58, 900);
      const rounds = 12;
      const events = Array.from({ length: rounds }, (_, round) => {
        const time = start + round * 137;
        const odd = round % 2 === 1;
        return [
          { ioa: ioa.single, value: odd },
          { ioa: ioa.singleTimed, value: odd, time },
          { ioa: ioa.doubleTimed, value: odd ? 'INTERMEDIATE' : 'ON', time: time + 1, quality: ['Blocked'] },
          { ioa: ioa.floatTimed, value: round + 0.0625, time: time + 2, quality: ['Invalid', 'NonTopical'] },
          { ioa: ioa.scaledTimed, value: 50 - round * 100, time: time + 3, quality: ['Overflow'] },
          { ioa: ioa.normalizedTimed, value: round / 16 - 0.5, time: time + 4, quality: ['Substituted'] },
          { ioa: ioa.bits, value: 0xf0000000 + round },
        ];
      }).flat();
      const since = marks();
      await rtu.call('send', { events });
      await passMarker(rtu, masters);

      const flags: Record<string, number> = { Overflow: 1, Blocked: 16, Substituted: 32, NonTopical: 64, Invalid: 128 };
      const expected = events.map((event) => ({
        ioa: event.ioa,
        value: event.value,
        quality: ('quality' in event ? event.quality : []).reduce((sum, name) => sum + (flags[name] ?? 0), 0),
        time: 'time' in event ? event.time : null,
        cot: 'SPONTANEOUS',
      }));
      const sent = rtu.asdus('tx', since.get(rtu)).map(({ asdu }) => asdu);
      expect(sent).toHaveLength(events.length + 1);
      for (const master of masters) {
        const received = master
          .eventsOf('point', since.get(master))
          .filter((point) => point['ioa'] !== ioa.marker)
          .map(({ ioa, value, quality, time, cot }) => ({ ioa, value, quality, time, cot }));
        expect(received, master.name).toEqual(expected);
        expect(
          master.asdus('rx', since.get(master)).map(({ asdu }) => asdu),
          `octets at ${master.name}`,
        ).toEqual(sent);
      }
    });

    it('holds one connection to the RTU for all masters', async () => {
      expect(await rtu.call('connections')).toEqual({ open: 1, active: 1 });
      expect(rtu.eventsOf('connect')).toHaveLength(1);
    });
  });

  describe('interrogation', () => {
    it('answers three masters that ask at once: each its own confirmation and termination, all data in between', async () => {
      const since = marks();
      const results = await Promise.all(masters.map((master) => master.call('gi', { ca })));
      expect(results).toEqual([true, true, true]);
      await passMarker(rtu, masters);

      const interrogations = rtu.asdus('rx', since.get(rtu)).filter((apdu) => apdu.type === type.interrogation);
      expect(interrogations.length).toBeGreaterThanOrEqual(1);
      expect(interrogations.length).toBeLessThanOrEqual(masters.length);
      const data = rtu
        .asdus('tx', since.get(rtu))
        .filter((apdu) => apdu.cot === cot.interrogated)
        .map(({ asdu }) => asdu);
      const image = [...new Set(data)];
      for (const [index, master] of masters.entries()) {
        const replies = repliesTo(master, since.get(master));
        expect(replies.map(describeApdu), master.name).toEqual(
          [cot.activationCon, cot.activationTermination].map(
            (cause) => `type 100 cot ${cause} oa ${originators[index]} ca ${ca} ioa 0`,
          ),
        );
        const received = master.asdus('rx', since.get(master));
        const between = received.slice(
          received.findIndex((apdu) => apdu.type === type.interrogation && apdu.cot === cot.activationCon),
          received.findIndex((apdu) => apdu.type === type.interrogation && apdu.cot === cot.activationTermination),
        );
        expect([...new Set(between.map(({ asdu }) => asdu))], `image at ${master.name}`).toEqual(
          expect.arrayContaining(image),
        );
        expect(
          received.filter((apdu) => apdu.cot === cot.interrogated).map(({ asdu }) => asdu),
          `all answers at ${master.name}`,
        ).toEqual(data);
        const objects = master
          .eventsOf('point', since.get(master))
          .filter((point) => point['cot'] === 'INTERROGATED_BY_STATION')
          .map((point) => point['ioa']);
        const interrogated = points.filter((point) => point.type !== 'M_IT_NA_1').map((point) => point.ioa);
        expect(new Set(objects), `objects at ${master.name}`).toEqual(new Set(interrogated));
      }
    });

    it.each([0, 1, 2])('confirms and terminates to the asking master %# alone, the data go to all', async (index) => {
      const since = marks();
      expect(await ask(masterOf(index), 'gi', { ca })).toBe(true);
      const data = (peer: Peer, direction: 'rx' | 'tx'): string[] =>
        peer
          .asdus(direction, since.get(peer))
          .filter((apdu) => apdu.cot === cot.interrogated)
          .map(({ asdu }) => asdu);
      const sent = data(rtu, 'tx');
      expect(sent.length).toBeGreaterThan(0);
      for (const master of masters) {
        expect(data(master, 'rx'), master.name).toEqual(sent);
      }
    });

    it('answers an interrogation of all stations (CA 65535)', async () => {
      expect(await ask(masterOf(0), 'gi', { ca: 65535 })).toBe(true);
    });

    it('brings back the refusal of a station the RTU does not have', async () => {
      const since = marks();
      // The result is c104's opinion: see the command on an unknown object.
      await masterOf(1).call('gi', { ca: ca + 1 });
      await passMarker(rtu, masters);
      expect(repliesTo(masterOf(1), since.get(masterOf(1)))[0]).toMatchObject({
        type: type.interrogation,
        negative: true,
        ca: ca + 1,
        oa: originators[1],
      });
      for (const other of othersThan(masterOf(1))) {
        expect(repliesTo(other, since.get(other)).map(describeApdu)).toEqual([]);
      }
    });
  });

  describe('counter interrogation, read, clock, test', () => {
    it('interrogates the counters for one master, the counters go to all', async () => {
      const since = marks();
      expect(await ask(masterOf(2), 'counters', { ca })).toBe(true);
      for (const master of masters) {
        const counters = master
          .eventsOf('point', since.get(master))
          .filter((point) => point['cot'] === 'REQUESTED_BY_GENERAL_COUNTER');
        expect(
          counters.map(({ ioa, value }) => ({ ioa, value })),
          master.name,
        ).toEqual([{ ioa: ioa.counter, value: 123456 }]);
      }
    });

    it('reads one object', async () => {
      const since = marks();
      expect(await ask(masterOf(0), 'read', { ca, ioa: ioa.float, type: 'M_ME_NC_1' })).toBe(true);
      const read = rtu.asdus('rx', since.get(rtu)).find((apdu) => apdu.type === type.read);
      expect(read).toMatchObject({ cot: cot.request, ca, ioa: ioa.float });
      for (const master of masters) {
        const objects = master
          .eventsOf('point', since.get(master))
          .filter((point) => point['cot'] === 'REQUEST')
          .map(({ ioa, value }) => ({ ioa, value }));
        expect(objects, master.name).toEqual([{ ioa: ioa.float, value: 50.0625 }]);
      }
    });

    it("sets the RTU's clock", async () => {
      const since = marks();
      const before = Date.now();
      expect(await ask(masterOf(0), 'clock', { ca })).toBe(true);
      const told = rtu.eventsOf('clock', since.get(rtu)).map(({ time }) => Number(time));
      expect(told).toHaveLength(1);
      expect(Math.abs((told[0] ?? 0) - before)).toBeLessThan(5000);
      const sent = masterOf(0)
        .asdus('tx', since.get(masterOf(0)))
        .find((apdu) => apdu.type === type.clock);
      const arrived = rtu.asdus('rx', since.get(rtu)).find((apdu) => apdu.type === type.clock);
      expect(arrived?.asdu).toBe(withOriginator(sent?.asdu ?? '', arrived?.oa ?? 0));
    });

    it('passes a test command with its counter and time', async () => {
      const since = marks();
      expect(await ask(masterOf(2), 'test', { ca })).toBe(true);
      const sent = masterOf(2)
        .asdus('tx', since.get(masterOf(2)))
        .find((apdu) => apdu.type === type.test);
      const arrived = rtu.asdus('rx', since.get(rtu)).find((apdu) => apdu.type === type.test);
      expect(arrived?.asdu).toBe(withOriginator(sent?.asdu ?? '', arrived?.oa ?? 0));
    });
  });

  describe('process commands', () => {
    /** The command must arrive at the RTU once, octet for octet but for the OA, and be understood by it. */
    async function execute(asking: Peer, command: { ioa: number; type: string; value: unknown }, select: boolean) {
      const since = marks();
      expect(await ask(asking, 'command', { ca, select, ...command })).toBe(true);
      const executed = rtu.eventsOf('command', since.get(rtu)).filter((event) => event['select'] === false);
      expect(executed.map(({ ioa, type, value }) => ({ ioa, type, value }))).toEqual([
        { ioa: command.ioa, type: command.type, value: command.value },
      ]);
      const isCommand = (apdu: IFormat): boolean => apdu.ioa === command.ioa && !isProcessInformation(apdu);
      const arrived = rtu.asdus('rx', since.get(rtu)).filter(isCommand);
      const sent = asking.asdus('tx', since.get(asking)).filter(isCommand);
      expect(sent).toHaveLength(select ? 2 : 1);
      expect(arrived.map(({ asdu }) => asdu)).toEqual(
        sent.map(({ asdu }, index) => withOriginator(asdu, arrived[index]?.oa ?? 0)),
      );
      return executed[0];
    }

    it.each(commandKinds)('executes $type directly', async ({ type, value, direct }) => {
      await execute(masterOf(0), { ioa: direct, type, value }, false);
    });

    it.each(commandKinds)('selects and executes $type', async ({ type, value, selected }) => {
      await execute(masterOf(1), { ioa: selected, type, value }, true);
    });

    it('executes a command with a time tag, the tag untouched', async () => {
      const time = Date.now();
      const since = marks();
      expect(await ask(masterOf(0), 'command', { ca, time, ...timedCommand })).toBe(true);
      expect(rtu.eventsOf('command', since.get(rtu))).toMatchObject([{ ...timedCommand, time }]);
    });

    it('shows the RTU another originator for every master', async () => {
      const since = rtu.mark();
      for (const master of masters) {
        await ask(master, 'command', { ca, ioa: 1000, type: 'C_SC_NA_1', value: false });
      }
      const seen = rtu.eventsOf('command', since).map(({ oa }) => Number(oa));
      expect(seen).toHaveLength(masters.length);
      expect(new Set(seen).size).toBe(masters.length);
      expect(seen.every((oa) => oa >= 1 && oa <= 255)).toBe(true);
    });

    it('gives each of three masters that command at once its own outcome', async () => {
      const since = marks();
      const asked = [
        { ioa: 1000, type: 'C_SC_NA_1', value: true },
        { ioa: 1000, type: 'C_SC_NA_1', value: true },
        { ...refusedCommand },
      ];
      const results = await Promise.all(
        asked.map((command, index) => masterOf(index).call('command', { ca, ...command })),
      );
      expect(results).toEqual([true, true, false]);
      await passMarker(rtu, masters);
      for (const [index, master] of masters.entries()) {
        const replies = repliesTo(master, since.get(master));
        expect(new Set(replies.map((apdu) => `${apdu.ioa} oa ${apdu.oa}`)), master.name).toEqual(
          new Set([`${asked[index]?.ioa} oa ${originators[index]}`]),
        );
        expect(replies.filter((apdu) => apdu.cot === cot.activationCon)).toHaveLength(1);
      }
    });

    it('returns the negative confirmation of a command the RTU refuses', async () => {
      const since = marks();
      expect(await ask(masterOf(1), 'command', { ca, ...refusedCommand })).toBe(false);
      const [confirmation] = repliesTo(masterOf(1), since.get(masterOf(1)));
      expect(confirmation).toMatchObject({ cot: cot.activationCon, negative: true, ioa: refusedCommand.ioa });
    });

    it('returns the negative confirmation of an object the RTU does not know', async () => {
      const since = marks();
      // What c104 says of the outcome is not asserted: the RTU sends a negative confirmation and then, in a second ASDU,
      // COT 47 without P/N, which c104 as the master mostly takes for consent.
      await ask(masterOf(2), 'command', { ca, ...unknownCommand });
      const replies = repliesTo(masterOf(2), since.get(masterOf(2)));
      expect(replies[0]).toMatchObject({ negative: true, ioa: unknownCommand.ioa });
      expect(rtu.eventsOf('unexpected', since.get(rtu))).toMatchObject([{ cause: 'UNKNOWN_IOA' }]);
    });

    it('brings the return information of a command to every master', async () => {
      const since = marks();
      expect(await ask(masterOf(0), 'command', { ca, ...returningCommand })).toBe(true);
      const isReturned = (apdu: IFormat): boolean => apdu.cot === cot.returnRemote;
      // c104 returns it in its own time.
      await rtu.until('to return the information', () => rtu.asdus('tx', since.get(rtu)).some(isReturned));
      await passMarker(rtu, masters);
      const returned = rtu.asdus('tx', since.get(rtu)).filter(isReturned);
      expect(returned).toHaveLength(1);
      for (const master of masters) {
        const received = master.asdus('rx', since.get(master)).filter(isReturned);
        expect(
          received.map(({ asdu }) => asdu),
          master.name,
        ).toEqual(returned.map(({ asdu }) => asdu));
      }
    });
  });
});
