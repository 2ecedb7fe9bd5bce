import type { Bus } from '@iec104mm2ss/bus';
import type { Composition } from '../composition.js';
import { releaseStartMemory } from './start-memory.js';

/** How long a clean shutdown may take before the process ends anyway. */
const SHUTDOWN_LIMIT_MS = 10_000;

/**
 * Connects the bus, starts the composition, waits for SIGINT or SIGTERM, stops the composition, and ends the process with code
 * 0. A signal that comes before everything has started is kept until there is something to be stopped; one that comes while the
 * bus is waited for ends the wait. A second signal ends the process at once.
 */
export async function runUntilSignal(
  connect: () => Promise<Bus>,
  start: (bus: Bus) => Promise<Composition>,
): Promise<void> {
  const signalled = firstSignal();
  const bus = await Promise.race([connect(), signalled]);
  if (typeof bus === 'string') process.exit(0);
  const composition = await start(bus);
  releaseStartMemory();
  composition.logger.info({ reason: await signalled }, 'signal received');
  setTimeout(() => process.exit(1), SHUTDOWN_LIMIT_MS).unref();
  await composition.stop();
  process.exit(0);
}

function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const received = (signal: NodeJS.Signals): void => {
      process.once('SIGINT', () => process.exit(130));
      process.once('SIGTERM', () => process.exit(143));
      resolve(signal);
    };
    let first = true;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (first) received(signal);
        first = false;
      });
    }
  });
}
