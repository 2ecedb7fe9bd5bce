import { writeFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { checkMaster, checkStation, type ConformanceResult, junitReport } from '@iec104mm2ss/simulator';
import { EXIT_FAILED, EXIT_USAGE } from '../../process/exit-codes.js';
import {
  collectCommand,
  decimal,
  type Endpoint,
  endpoint,
  endpointText,
  endSignal,
  integer,
  ipAddress,
  messageOf,
} from './shared.js';

interface ConformanceFlags {
  readonly asRtu?: true;
  readonly w: number;
  readonly wait: number;
  readonly ca: number;
  readonly localAddress?: string;
  readonly command?: string;
  readonly k: number;
  readonly t1: number;
  readonly t2: number;
  readonly t3: number;
  readonly timers?: true;
  readonly timeout: number;
  readonly junit?: string;
}

const DEFAULT_RTU: Endpoint = { host: '127.0.0.1', port: 2404 };

const HELP = `
Each check has a connection of its own. It interrogates, sets the clock, sends commands to addresses nobody has and, with --command,
that command: not for a station in operation.
With --as-rtu it is the RTU: it listens at HOST:PORT (default: 127.0.0.1:2404), and the master, which has to connect and start data
transfer again by itself after each check, is what is checked.
Exit code: 0 all that was checked passed, 1 something failed, the station cannot be reached, or a signal ended it.`;

export function registerConformance(simulate: Command): void {
  simulate
    .command('conformance')
    .description('check the behaviours of the standard, clause by clause, of any RTU, or with --as-rtu of any master')
    .argument('[host:port]', 'the station; with --as-rtu where to listen', endpoint)
    .option('--as-rtu', 'be the RTU, and check the master that connects')
    .option('--ca <N>', 'common address of the RTU', integer(1, 65534), 1)
    .option('--local-address <IP>', 'local address to connect from', ipAddress)
    .option('--command <COMMAND>', "a command that it carries out, such as 'single 5000 on'", oneCommand)
    .option('--k <N>', 'its k', integer(1, 32767), 12)
    .option('--w <N>', 'its w (--as-rtu)', integer(1, 32767), 8)
    .option('--wait <SEC>', 'how long the master may take to connect again, and to start (--as-rtu)', decimal(0.1), 60)
    .option('--t1 <SEC>', 'its t1', decimal(0.1), 15)
    .option('--t2 <SEC>', 'its t2', decimal(0.1), 10)
    .option('--t3 <SEC>', 'its t3', decimal(0.1), 20)
    .option('--timers', 'check t1, t2 and t3, which takes their time')
    .option('--timeout <SEC>', 'how long an answer may take', decimal(0.1), 5)
    .option('--junit <FILE>', 'write the results as JUnit has them')
    .addHelpText('after', HELP)
    .action((at: Endpoint | undefined, flags: ConformanceFlags, self: Command) => run(at, flags, self));
}

function oneCommand(text: string): string {
  const [command] = collectCommand(text);
  if (command === undefined) throw new InvalidArgumentError('no command');
  return command;
}

async function run(given: Endpoint | undefined, flags: ConformanceFlags, self: Command): Promise<void> {
  if (given === undefined && flags.asRtu !== true)
    self.error('error: HOST:PORT of the station is missing', { exitCode: EXIT_USAGE });
  const at = given ?? DEFAULT_RTU;
  const results: ConformanceResult[] = [];
  const stop = endSignal();
  const signalled = new Promise<never>((_, reject) =>
    stop.addEventListener('abort', () => reject(new Error(String(stop.reason)))),
  );
  let broken: string | undefined;
  try {
    const under = {
      ...at,
      ca: flags.ca,
      answerMs: flags.timeout * 1000,
      t1Ms: flags.t1 * 1000,
      t2Ms: flags.t2 * 1000,
      t3Ms: flags.t3 * 1000,
      timers: flags.timers ?? false,
      onResult: (result: ConformanceResult) => void results.push(tell(result)),
    };
    const checks =
      flags.asRtu === true
        ? checkMaster({ ...under, w: flags.w, connectMs: flags.wait * 1000, onListening: tellPort(at) })
        : checkStation({ ...under, k: flags.k, localAddress: flags.localAddress, command: flags.command });
    await Promise.race([signalled, checks]);
  } catch (error) {
    // Who reads results only must see that there would have been more.
    broken = `${endpointText(at)}: ${messageOf(error)}`;
    results.push({ clause: 'all', title: 'every check is made', result: 'failed', reason: broken, seconds: 0 });
  }
  const failures = results.filter(({ result }) => result === 'failed').length;
  process.stdout.write(`${results.filter(({ result }) => result === 'passed').length} passed, ${failures} failed\n`);
  if (failures > 0) process.exitCode = EXIT_FAILED;
  if (flags.junit !== undefined) writeReport(flags.junit, results, flags, at, self);
  // Not by itself: a check that was under way has its timers.
  if (broken !== undefined) self.error(`error: ${broken}`, { exitCode: EXIT_FAILED });
}

function writeReport(
  path: string,
  results: readonly ConformanceResult[],
  flags: ConformanceFlags,
  at: Endpoint,
  self: Command,
): void {
  const steps = results.map(({ clause, title, reason, seconds, result }) => ({
    name: `${clause}: ${title}`,
    seconds,
    failure: result === 'failed' ? reason : undefined,
    skipped: result === 'not checked',
  }));
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
  const report = junitReport([
    {
      name: `Conformance of ${flags.asRtu === true ? 'the master at ' : ''}${endpointText(at)}`,
      passed: results.every(({ result }) => result !== 'failed'),
      seconds,
      steps,
    },
  ]);
  try {
    writeFileSync(path, report);
  } catch (error) {
    self.error(`error: --junit: ${messageOf(error)}`, { exitCode: EXIT_FAILED });
  }
}

const tellPort =
  ({ host }: Endpoint) =>
  (port: number): void =>
    void process.stderr.write(`waiting for the master at ${endpointText({ host, port })}\n`);

function tell(given: ConformanceResult): ConformanceResult {
  const { clause, title, result, reason } = given;
  const more = reason === undefined ? '' : `: ${reason}`;
  process.stdout.write(`${result.padEnd(11)} ${clause.padEnd(9)} ${title}${more}\n`);
  return given;
}
