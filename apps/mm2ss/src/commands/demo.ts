import { type Command, InvalidArgumentError } from 'commander';
import { type Cast, gather } from '../demo/cast.js';
import { DemoFailure, Interrupted, Patience } from '../demo/patience.js';
import { Story } from '../demo/story.js';
import { paint, Terminal } from '../demo/terminal.js';
import { EXIT_FAILED, EXIT_SECOND_SIGNAL } from '../process/exit-codes.js';
import { judge, settle } from '../demo/verdict.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** `mm2ss demo`. */
export function registerDemo(program: Command): void {
  program
    .command('demo')
    .description('two simulated RTUs, five simulated masters and the multiplexer between them, on this computer')
    .option(
      '--seconds <N>',
      'end after this time, once the story is told (default: DEMO_SECONDS, else at Ctrl-C)',
      seconds,
    )
    .option('--keep', 'keep the folder with the configuration and the logs')
    .addHelpText(
      'after',
      '\nExit code: 0 when nothing was lost, out of order or leaked to a wrong master, 1 when something was.',
    )
    .action(async (flags: { seconds?: number; keep?: true }) => {
      const fromEnvironment = process.env['DEMO_SECONDS'];
      const length = flags.seconds ?? (fromEnvironment ? seconds(fromEnvironment) : undefined);
      process.exitCode = await demo(length === undefined ? Infinity : length * 1000, flags.keep ?? false);
    });
}

function seconds(text: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('Must be a number of seconds above 0.');
}

async function demo(lengthMs: number, keepFolder: boolean): Promise<number> {
  const endAt = performance.now() + lengthMs;
  const terminal = new Terminal();
  const patience = new Patience();
  let interruptions = 0;
  const onSignal = (signal: (typeof SIGNALS)[number]): void => {
    // A terminal that is gone says so several times.
    if (++interruptions > 1 && signal !== 'SIGHUP') process.exit(EXIT_SECOND_SIGNAL[signal]);
    patience.interrupt();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal as NodeJS.SignalsListener);
  const cast = await gather();
  let good = false;
  try {
    good = await perform(cast, terminal, patience, endAt);
  } catch (error) {
    if (!(error instanceof DemoFailure)) throw error;
    terminal.line();
    terminal.line(paint('red', `The demo failed: ${error.message}`));
  } finally {
    const keep = keepFolder || !good;
    await cast.dismiss(keep);
    if (keep) terminal.detail(`configuration and logs are in ${cast.folder}`);
    for (const signal of SIGNALS) process.removeListener(signal, onSignal as NodeJS.SignalsListener);
  }
  return good ? 0 : EXIT_FAILED;
}

async function perform(cast: Cast, terminal: Terminal, patience: Patience, endAt: number): Promise<boolean> {
  void cast.multiplexer.ended.then((how) => patience.fail(how));
  const story = new Story(cast, terminal, patience);
  try {
    await story.tell();
    await story.goOn(endAt);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    terminal.line();
    patience.resume();
  }
  await settle(cast, patience);
  return judge(cast, story.record, terminal);
}
