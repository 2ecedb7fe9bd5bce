import { RawEnd } from './raw-end.js';
import { MASTER_CHECKS, type MasterUnderTest } from './master-checks.js';
import { RawListener } from './raw-listener.js';
import { type Check, NotChecked } from './check.js';
import { STATION_CHECKS } from './station-checks.js';
import type { StationUnderTest } from './station-under-test.js';

export interface ConformanceResult {
  readonly clause: string;
  readonly title: string;
  readonly result: 'passed' | 'failed' | 'not checked';
  /** What is wrong, or why it was not checked. */
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

export interface MasterConformanceOptions extends MasterUnderTest {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly onListening?: (port: number) => void;
  readonly onResult?: (result: ConformanceResult) => void;
}

/** Runs all checks against a controlled station, each on a connection of its own. Rejects when it cannot be reached. */
export function checkStation(options: ConformanceOptions): Promise<ConformanceResult[]> {
  return runAll(STATION_CHECKS, options, () => connect(options));
}

/**
 * Runs all checks against a controlling station that connects, again and again, each on a connection of its own. Rejects when
 * the port cannot be had, or it does not connect.
 */
export async function checkMaster(options: MasterConformanceOptions): Promise<ConformanceResult[]> {
  const listener = await RawListener.listen(options.host, options.port);
  try {
    options.onListening?.(listener.port);
    return await runAll(MASTER_CHECKS, options, () => listener.next(options.connectMs));
  } finally {
    listener.close();
  }
}

async function runAll<Under>(
  checks: readonly Check<Under>[],
  options: Under & Pick<ConformanceOptions, 'onResult'>,
  open: () => Promise<RawEnd>,
): Promise<ConformanceResult[]> {
  const results: ConformanceResult[] = [];
  for (const check of checks) {
    const result = await runCheck(check, options, open);
    results.push(result);
    options.onResult?.(result);
  }
  return results;
}

async function runCheck<Under>(
  check: Check<Under>,
  options: Under,
  open: () => Promise<RawEnd>,
): Promise<ConformanceResult> {
  const { clause, title } = check;
  if (check.applies?.(options) === false) {
    return { clause, title, result: 'not checked', reason: undefined, seconds: 0 };
  }
  const end = await open();
  const beganAt = performance.now();
  let reason: string | undefined;
  let result: ConformanceResult['result'] | undefined;
  try {
    reason = await check.run(end, options);
  } catch (error) {
    reason = (error as Error).message;
    if (error instanceof NotChecked) result = 'not checked';
  } finally {
    end.end();
  }
  const seconds = (performance.now() - beganAt) / 1000;
  await pause(BETWEEN_MS);
  return { clause, title, result: result ?? (reason === undefined ? 'passed' : 'failed'), reason, seconds };
}

/** A station that takes one connection needs a moment to see that the one before is gone. */
async function connect({ host, port, localAddress }: ConformanceOptions): Promise<RawEnd> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await RawEnd.connect(host, port, localAddress);
    } catch (error) {
      if (attempt === CONNECT_ATTEMPTS) throw error;
      await pause(CONNECT_AGAIN_MS);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
