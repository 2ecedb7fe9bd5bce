import type { Bus } from '@iec104mm2ss/bus';
import type { Composition } from '../composition.js';
import { sayTooEarly } from './early-signals.js';
import { EXIT_FAILED, EXIT_SECOND_SIGNAL } from './exit-codes.js';
import { StartTerminal } from './hangup.js';
import { releaseStartMemory } from './start-memory.js';

/** How long a clean shutdown may take, beside what it is told to take, before the process ends anyway. */
const SHUTDOWN_LIMIT_MS = 10_000;

type EndSignal = keyof typeof EXIT_SECOND_SIGNAL | 'SIGHUP';

/**
 * Connects the bus, starts the composition, waits for SIGINT or SIGTERM, stops the composition, and ends the process with code
 * 0. A signal that comes before everything has started is kept until there is something to be stopped; one that comes while the
 * bus is waited for ends the wait. A second signal ends the process at once. SIGHUP makes the composition read its
 * configuration again; when the terminal that the process was started on is gone it ends it like the others.
 *
 * @param drainMs what the end takes because it is told to
 */
export async function runUntilSignal(
  connect: () => Promise<Bus>,
  start: (bus: Bus) => Promise<Composition>,
  drainMs = 0,
): Promise<void> {
  const signals = new Signals(new StartTerminal());
  const bus = await Promise.race([connect(), signals.end]);
  if (typeof bus === 'string') process.exit(0);
  const composition = await start(bus);
  const { logger } = composition;
  releaseStartMemory();
  signals.onHangup(() => {
    logger.info({ reason: 'SIGHUP' }, 'signal received');
    void composition.onHangup();
  });
  logger.info({ reason: await signals.end }, 'signal received');
  setTimeout(() => process.exit(EXIT_FAILED), SHUTDOWN_LIMIT_MS + drainMs).unref();
  await composition.stop();
  process.exit(0);
}

/** What the signals to this process ask for. */
class Signals {
  /** Resolves at the first signal that asks for the end. */
  readonly end: Promise<EndSignal>;
  private ending = false;
  private hangup = sayTooEarly;
  private resolve: (signal: EndSignal) => void = () => undefined;

  constructor(terminal: StartTerminal) {
    this.end = new Promise((resolve) => (this.resolve = resolve));
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => this.received(signal));
    process.on('SIGHUP', () => {
      if (terminal.gone) this.received('SIGHUP');
      else if (!this.ending) this.hangup();
    });
  }

  /** Hears of SIGHUP from now on. */
  onHangup(listener: () => void): void {
    this.hangup = listener;
  }

  private received(signal: EndSignal): void {
    // A terminal that is gone says so several times.
    if (this.ending && signal !== 'SIGHUP') process.exit(EXIT_SECOND_SIGNAL[signal]);
    this.ending = true;
    this.resolve(signal);
  }
}
