import type { Composition } from '../composition.js';

/** How long a clean shutdown may take before the process ends anyway. */
const SHUTDOWN_LIMIT_MS = 10_000;

/**
 * Waits for SIGINT or SIGTERM, stops the composition, and ends the process with code 0. A second signal ends it at once.
 */
export async function runUntilSignal(composition: Composition): Promise<void> {
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  composition.logger.info({ reason: signal }, 'signal received');
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
  setTimeout(() => process.exit(1), SHUTDOWN_LIMIT_MS).unref();
  await composition.stop();
  process.exit(0);
}
