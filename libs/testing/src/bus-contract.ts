import type { Bus } from '@iec104mm2ss/bus';
import { LEASE_CASES } from './bus-contract-leases.js';
import { LOG_CASES } from './bus-contract-log.js';
import { MESSAGE_CASES } from './bus-contract-messages.js';
import { type Cases, partiesOf, type Until } from './bus-contract-parties.js';
import { STORAGE_CASES } from './bus-contract-storage.js';
import { until } from './until.js';

/**
 * What every implementation of the bus has to keep (see bus.ts), as one suite for all of them. Nothing here assumes that
 * a message is delivered at once: it waits for what has to come, and for a probe behind it where nothing must come.
 */

export interface BusUnderTest {
  readonly bus: Bus;
  /** Another client of the same server, for what happens between processes; without one, `bus` is used for both. */
  readonly second?: Bus;
  /** Waits in the bus's own time, where that is not real time; rejects when the condition does not come true. */
  readonly until?: Until;
  stop(): Promise<void>;
}

/** `describe` and `it` of the test runner. */
export interface Runner {
  describe(name: string, body: () => void): void;
  it(name: string, body: () => Promise<void>): void;
}

const CASES: Record<string, Cases> = { ...MESSAGE_CASES, ...LOG_CASES, ...STORAGE_CASES, ...LEASE_CASES };

/** Leases of a holder that is lost are waited for, on a machine that is busy. */
const DEADLINE_MS = 30_000;

/** Runs the contract against what `makeBus` makes, anew for each test. */
export function describeBusContract(name: string, makeBus: () => Promise<BusUnderTest>, runner: Runner): void {
  runner.describe(`the bus contract: ${name}`, () => {
    for (const [topic, cases] of Object.entries(CASES)) {
      runner.describe(topic, () => {
        for (const [title, run] of Object.entries(cases)) {
          runner.it(title, async () => {
            const made = await makeBus();
            const inRealTime: Until = (condition, what) => until(condition, what, DEADLINE_MS);
            try {
              await run(partiesOf(made.bus, made.second ?? made.bus, made.until ?? inRealTime));
            } finally {
              await made.stop();
            }
          });
        }
      });
    }
  });
}
