import { describe, expect, it } from 'vitest';
import { type FaultChanges, RtuSimulator } from '../index.js';
import { checkStation, type ConformanceResult } from './conformance.js';

async function resultsOf(faults: FaultChanges, answerMs: number, timers = false): Promise<ConformanceResult[]> {
  const rtu = new RtuSimulator({ ca: 47, faults, link: { t1Ms: 200, t2Ms: 100, t3Ms: 200 } });
  await rtu.start();
  const station = { ca: 47, k: 12, answerMs, t1Ms: 200, t2Ms: 100, t3Ms: 200, timers };
  try {
    return await checkStation({ ...rtu.address, ...station, command: 'single 5000 on' });
  } finally {
    await rtu.close();
  }
}

const failed = (results: ConformanceResult[]): string[] =>
  results.filter(({ result }) => result === 'failed').map(({ title, reason }) => `${title}: ${reason}`);

describe('conformance of a station', () => {
  it('is found in the simulated RTU, timers included', async () => {
    const results = await resultsOf({}, 1_000, true);
    expect(failed(results)).toEqual([]);
    expect(results.every(({ result }) => result === 'passed')).toBe(true);
  });

  it('is not in one that acknowledges nothing, if there is time for its timers', async () => {
    expect(failed(await resultsOf({ stallAcknowledgement: true }, 250, true))).toEqual([
      'acknowledges what it received within t2: no N(R)',
    ]);
  });

  // They wait for most of their time.
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
