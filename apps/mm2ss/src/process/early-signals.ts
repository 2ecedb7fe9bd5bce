import { StartTerminal } from './hangup.js';

/** Parts that serve until they are told to end: SIGHUP does not. */
export const SERVING = ['run', 'connector', 'router', 'gateway', 'console'];
/** Commands that run until they are told to end: to end is what they were started for. */
const LASTING = [...SERVING, 'watch', 'capture', 'simulate', 'demo', 'nats-reload'];

/**
 * Lets SIGINT and SIGTERM end a command with code 0 while it is still being loaded: nothing has begun, so nothing is to be
 * stopped. So does SIGHUP, but what serves only says that there is nothing to reload yet, as long as its terminal is there.
 * Whoever listens to the signals himself is left to it.
 */
export function endOnEarlySignals(command: string | undefined): void {
  if (command === undefined || !LASTING.includes(command)) return;
  const terminal = new StartTerminal();
  // Ctrl-Break of a console on Windows, and what stands there for a signal to end.
  if (process.platform === 'win32') process.on('SIGBREAK', () => process.emit('SIGTERM'));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (process.listenerCount(signal) > 1) return;
      if (signal === 'SIGHUP' && SERVING.includes(command) && !terminal.gone) sayTooEarly();
      else process.exit(0);
    });
  }
}

/** SIGHUP came before there was anything that could be read again. */
export function sayTooEarly(): void {
  process.stderr.write('mm2ss: SIGHUP ignored: nothing has started yet\n');
}
