import { RawMaster } from './raw-master.js';
import { type ConformanceCheck, STATION_CHECKS, type StationUnderTest } from './station-checks.js';

export interface ConformanceResult {
  readonly clause: string;
  readonly title: string;
  readonly result: 'passed' | 'failed' | 'not checked';
  /** What is wrong. */
  readonly reason: string | undefined;
  readonly seconds: number;
}

export interface ConformanceOptions extends StationUnderTest {
  readonly host: string;
  readonly port: number;
  readonly localAddress?: string | undefined;
  readonly onResult?: (result: ConformanceResult) => void;
}

/** Connecting again at once is too fast for some stations. */
const BETWEEN_MS = 50;
const CONNECT_ATTEMPTS = 40;
const CONNECT_AGAIN_MS = 250;

/** Runs all checks against a controlled station, each on a connection of its own. Rejects when it cannot be reached. */
export async function checkStation(options: ConformanceOptions): Promise<ConformanceResult[]> {
  const results: ConformanceResult[] = [];
  for (const check of STATION_CHECKS) {
    const result = await runCheck(check, options);
    results.push(result);
    options.onResult?.(result);
  }
  return results;
}

async function runCheck(check: ConformanceCheck, options: ConformanceOptions): Promise<ConformanceResult> {
  const { clause, title } = check;
  if (check.applies?.(options) === false) {
    return { clause, title, result: 'not checked', reason: undefined, seconds: 0 };
  }
  const beganAt = performance.now();
  const master = await connect(options);
  let reason: string | undefined;
  try {
    reason = await check.run(master, options);
  } catch (error) {
    reason = (error as Error).message;
  } finally {
    master.end();
  }
  const seconds = (performance.now() - beganAt) / 1000;
  await pause(BETWEEN_MS);
  return { clause, title, result: reason === undefined ? 'passed' : 'failed', reason, seconds };
}

/** A station that takes one connection needs a moment to see that the one before is gone. */
async function connect({ host, port, localAddress }: ConformanceOptions): Promise<RawMaster> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await RawMaster.connect(host, port, localAddress);
    } catch (error) {
      if (attempt === CONNECT_ATTEMPTS) throw error;
      await pause(CONNECT_AGAIN_MS);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
