import { connect } from 'node:net';
import { interrogation, UFunction } from '@iec104mm2ss/iec104';
import { describe, expect, it } from 'vitest';
import { MasterSimulator } from '../index.js';
import { checkMaster, type ConformanceResult } from './conformance.js';
import { isU } from './check.js';
import { RawEnd } from './raw-end.js';

/** Timers that a busy machine, on which all stands still for some hundred ms, does not let run out. */
const TIMERS = { t1Ms: 2_000, t2Ms: 1_000, t3Ms: 2_000 };
const UNDER = { host: '127.0.0.1', port: 0, ca: 47, w: 8, connectMs: 5_000, ...TIMERS };

/** A master that comes again and again, interrogates, and has what is given beside. */
async function resultsOf(
  link: Partial<ConstructorParameters<typeof MasterSimulator>[0]['link']> = {},
  under: { timers?: boolean; answerMs?: number; w?: number; interrogates?: boolean } = {},
): Promise<ConformanceResult[]> {
  const { interrogates = true, ...more } = under;
  const masters: MasterSimulator[] = [];
  const checking = checkMaster({
    ...UNDER,
    answerMs: 1_000,
    timers: false,
    ...more,
    onListening: (port) => {
      // Where its timers are not checked, none may be over on a busy machine.
      const { t1Ms, t2Ms, t3Ms } = more.timers === true ? TIMERS : { t1Ms: 15_000, t2Ms: 500, t3Ms: 20_000 };
      const master = new MasterSimulator({
        host: '127.0.0.1',
        port,
        ca: 47,
        link: { t1Ms, t2Ms, t3Ms, ...link },
        reconnect: { minMs: 20, maxMs: 50 },
        requestTimeoutMs: 500,
      });
      masters.push(master);
      if (interrogates) master.on('started', () => void master.interrogate().catch(() => undefined));
      master.connect().catch(() => undefined);
    },
  });
  return checking.finally(() => Promise.all(masters.map((master) => master.close())));
}

/** A master that does the same on one connection after the other. */
function resultsOfRaw(talk: (master: RawEnd) => Promise<void>): Promise<ConformanceResult[]> {
  const onListening = (port: number): void => {
    const again = async (): Promise<void> => {
      const master = await RawEnd.connect('127.0.0.1', port, undefined);
      await talk(master);
      master.end();
      await again();
    };
    again().catch(() => undefined);
  };
  return checkMaster({ ...UNDER, answerMs: 500, timers: false, onListening });
}

const failed = (results: ConformanceResult[]): string[] =>
  results.filter(({ result }) => result === 'failed').map(({ title, reason }) => `${title}: ${reason}`);

describe('conformance of a master', () => {
  // They wait for most of their time.
  it.concurrent('is found in the simulated one, timers included', async () => {
    const results = await resultsOf({}, { timers: true, answerMs: 5_000 });
    expect(failed(results)).toEqual([]);
    expect(results.filter(({ result }) => result !== 'passed')).toEqual([]);
  });

  it.concurrent('is not checked where the master does nothing to be checked', async () => {
    const results = await resultsOf({}, { interrogates: false });
    expect(failed(results)).toEqual([]);
    expect(results.filter(({ result }) => result === 'not checked').map(({ reason }) => reason)).toEqual(
      expect.arrayContaining(['it asks for no general interrogation', 'it sends nothing by itself']),
    );
  });

  it.concurrent(
    'is checked in one that stops for a moment',
    async () => {
      const results = await resultsOfRaw(async (master) => {
        for (const [act, con] of [
          [UFunction.STARTDT_ACT, UFunction.STARTDT_CON],
          [UFunction.STOPDT_ACT, UFunction.STOPDT_CON],
          [UFunction.STARTDT_ACT, UFunction.STARTDT_CON],
        ] as const) {
          master.got.length = 0;
          master.sendU(act);
          await master.until(isU(con), 1_000);
        }
        master.sendI(interrogation(47));
        await master.untilClosed(20_000);
      });
      const numbered = results.find(({ title }) => title.startsWith('numbers what it sends'));
      expect(numbered).toMatchObject({ result: 'passed' });
    },
    30_000,
  );

  it.concurrent(
    'is checked in one that tests the link all the time',
    async () => {
      const results = await resultsOfRaw(async (master) => {
        master.sendU(UFunction.STARTDT_ACT);
        const testing = setInterval(() => master.sendU(UFunction.TESTFR_ACT), 3);
        await master.untilClosed(20_000);
        clearInterval(testing);
      });
      const inSegments = results.find(({ title }) => title.startsWith('takes several APDUs'));
      expect(inSegments).toMatchObject({ result: 'passed' });
    },
    30_000,
  );

  it.concurrent('is not in one that acknowledges late', async () => {
    const results = await resultsOf(
      { w: 12, t2Ms: 20_000, t1Ms: 30_000, t3Ms: 30_000 },
      { answerMs: 300, timers: true },
    );
    expect(failed(results).join('\n')).toContain('acknowledges at the latest after w APDUs');
    expect(failed(results).join('\n')).toContain('within t2');
    expect(failed(results).join('\n')).toContain('after t3');
  });

  it.concurrent('is in nobody who only connects', async () => {
    const results = await checkMaster({
      ...UNDER,
      answerMs: 50,
      connectMs: 500,
      timers: false,
      onListening: (port) => {
        const again = (): void => {
          const socket = connect(port, '127.0.0.1');
          socket.on('error', () => undefined).resume();
          socket.on('close', again);
        };
        again();
      },
    });
    expect(results.filter(({ result }) => result === 'passed')).toEqual([]);
    expect(failed(results)).toHaveLength(results.filter(({ result }) => result === 'failed').length);
    expect(failed(results).length).toBeGreaterThan(10);
  });

  it('rejects when nobody connects', async () => {
    const checking = checkMaster({ ...UNDER, answerMs: 50, connectMs: 100, timers: false });
    await expect(checking).rejects.toThrow('no connection within 0.1 s');
  });
});
