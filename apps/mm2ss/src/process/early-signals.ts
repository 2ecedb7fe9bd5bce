/** Commands that run until they are told to end: to end is what they were started for. */
const LASTING = ['run', 'connector', 'router', 'gateway', 'watch', 'simulate', 'demo'];

/**
 * Lets SIGINT and SIGTERM end a command with code 0 while it is still being loaded: nothing has begun, so nothing is to be
 * stopped. Whoever listens to the signals himself is left to it.
 */
export function endOnEarlySignals(command: string | undefined): void {
  if (command === undefined || !LASTING.includes(command)) return;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(0);
    });
  }
}
