import { describe, expect, it } from 'vitest';
import { type FaultChanges, RtuSimulator } from '../index.js';
import { checkStation, type ConformanceResult } from './conformance.js';

async function resultsOf(faults: FaultChanges, answerMs: number, timers = false): Promise<ConformanceResult[]> {
  // None is over on a busy machine, on which all stands still for some hundred ms; less so where they are not checked.
  const link = timers ? { t1Ms: 2_000, t2Ms: 500, t3Ms: 2_000 } : { t1Ms: 15_000, t2Ms: 500, t3Ms: 20_000 };
  const rtu = new RtuSimulator({ ca: 47, faults, link });
  await rtu.start();
  const station = { ca: 47, k: 12, answerMs, ...link, timers };
  try {
    return await checkStation({ ...rtu.address, ...station, command: 'single 5000 on' });
  } finally {
    await rtu.close();
  }
}

const failed = (results: ConformanceResult[]): string[] =>
  results.filter(({ result }) => result === 'failed').map(({ title, reason }) => `${title}: ${reason}`);

describe('conformance of a station', () => {
  // They wait for most of their time.
  it.concurrent('is found in the simulated RTU, timers included', async () => {
    const results = await resultsOf({}, 5_000, true);
    expect(failed(results)).toEqual([]);
    expect(results.every(({ result }) => result === 'passed')).toBe(true);
  });

  it.concurrent('is not in one that acknowledges nothing, if there is time for its timers', async () => {
    expect(failed(await resultsOf({ stallAcknowledgement: true }, 1_000, true))).toEqual([
      'acknowledges what it received within t2: no N(R)',
    ]);
  });

  it.concurrent.each<[FaultChanges, string]>([
    [{ noActTerm: true }, 'general interrogation'],
    [{ noActCon: true }, 'general interrogation'],
    [{ interrogationCause: 37 }, 'general interrogation'],
    [{ ignoreTypes: [103] }, 'clock synchronization'],
    [{ ignoreTypes: [45] }, 'COT 46'],
    [{ refuseTypes: [45] }, 'confirms a command'],
    [{ oa: 'zero' }, 'originator address of the request: OA 0'],
    [{ echoBroadcast: true }, 'CA 65535'],
    [{ invalidTime: true }, 'valid time tags'],
  ])(
    'is not in one with %j',
    async (faults, title) => {
      expect(failed(await resultsOf(faults, 250)).join('\n')).toContain(title);
    },
    60_000,
  );
});
