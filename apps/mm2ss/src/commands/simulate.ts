import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { LinkParameters } from '@iec104mm2ss/iec104';
import {
  CommandSyntaxError,
  DEFAULT_POINTS,
  describeAsdu,
  formatPoints,
  MasterSimulator,
  type Outcome,
  parseCommand,
  parsePoints,
  PointListError,
  type RtuConnection,
  RtuSimulator,
} from '@iec104mm2ss/simulator';
import { EXIT_FAILED, EXIT_REFUSED, EXIT_USAGE } from '../process/exit-codes.js';

const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const DEFAULT_ENDPOINT = '127.0.0.1:2404';

/** `mm2ss simulate rtu` and `mm2ss simulate master`. */
export function registerSimulate(program: Command): void {
  const simulate = program
    .command('simulate')
    .description('a simulated RTU or master, for tests and for trying things');
  registerRtu(simulate);
  registerMaster(simulate);
  // `mm2ss simulate ... | head`: nobody reads any more.
  simulate.hook('preAction', () => void process.stdout.on('error', () => process.exit(EXIT_FAILED)));
}

// ---- simulate rtu ---------------------------------------------------------------------------------------------------

interface LinkFlags {
  k: number;
  w: number;
  t1: number;
  t2: number;
  t3: number;
}

interface RtuFlags extends LinkFlags {
  listen: Endpoint;
  ca: number;
  points?: string;
  printPoints?: true;
  rate: number;
  burst: number;
  oa: 'mirror' | 'zero';
  maxConnections?: number;
  eventBuffer: number;
  selectTimeout: number;
  commandDuration: number;
  oneInterrogation?: true;
  stats: number;
  duration?: number;
  quiet?: true;
}

function registerRtu(simulate: Command): void {
  const command = simulate
    .command('rtu')
    .description(
      'a controlled station: events, interrogations, counters, read, clock, commands with and without select',
    )
    .addOption(endpointOption('--listen <HOST:PORT>', 'address and port to listen on'))
    .option('--ca <N>', 'common address, the RTU number', integer(1, 65534), 1)
    .option('--points <FILE>', 'point list (CSV); without it a built-in list of 47 points')
    .option('--print-points', 'print the point list as CSV, and end')
    .option('--rate <N>', 'spontaneous events a second, one ASDU each', decimal(0), 0)
    .option('--burst <N>', 'events at once, each time a master starts', integer(0, 10_000_000), 0)
    .addOption(new Option('--oa <MODE>', 'originator address of answers').choices(['mirror', 'zero']).default('mirror'))
    .option('--max-connections <N>', 'masters at a time; further connections are reset', integer(1, 65535))
    .option('--event-buffer <N>', 'events kept until a master acknowledges them', integer(1, 10_000_000), 10_000)
    .option('--select-timeout <SEC>', 'how long a select holds', decimal(0), 30)
    .option('--command-duration <SEC>', 'from ACT_CON to the new value and ACT_TERM', decimal(0), 0)
    .option('--one-interrogation', 'refuse an interrogation while one runs on the same connection');
  addLinkOptions(command)
    .option('--stats <SEC>', 'print a line of rates this often; 0 = never', decimal(0), 5)
    .option('--duration <SEC>', 'end after this time; default: at Ctrl-C', decimal(0))
    .option('--quiet', 'print rates only')
    .addHelpText('after', POINTS_HELP)
    .action((flags: RtuFlags, self: Command) => runRtu(flags, self));
}

const POINTS_HELP = `
Point list: a CSV whose first line names its columns, in any order (only ioa and type are required):
  ioa          address 1..16777215
  type         single, double, step, bitstring, normalized, scaled, float, counter
  value        value at power-on: a number, or on/off
  name         for people
  group        interrogation group 1..16, counters 1..4
  command_ioa  address of the command for this point; several with ;
  command      kind of that command, when it is not the point's own type
  select       optional, required or no
  events       N keeps the point out of the spontaneous events
--print-points shows the built-in list.`;

async function runRtu(flags: RtuFlags, self: Command): Promise<void> {
  const points = flags.points === undefined ? DEFAULT_POINTS : readPoints(flags.points, self);
  if (flags.printPoints === true) {
    process.stdout.write(formatPoints(points));
    return;
  }
  const rtu = new RtuSimulator({
    ...flags.listen,
    ca: flags.ca,
    points,
    link: linkParameters(flags),
    oa: flags.oa,
    ...(flags.maxConnections !== undefined && { maxConnections: flags.maxConnections }),
    eventBuffer: flags.eventBuffer,
    selectTimeoutMs: flags.selectTimeout * 1000,
    commandDurationMs: flags.commandDuration * 1000,
    oneInterrogationAtATime: flags.oneInterrogation ?? false,
  });
  const say = flags.quiet === true ? (): void => undefined : print;
  const name = ({ id, peer }: RtuConnection): string => `#${id} ${peer}`;
  rtu.on('connected', (connection) => say(`${name(connection)} connected`));
  rtu.on('refused', (peer, reason) => say(`${peer} refused: ${reason}`));
  rtu.on('started', (connection) => {
    say(`${name(connection)} started data transfer`);
    if (flags.burst > 0) rtu.burst(flags.burst);
  });
  rtu.on('stopped', (connection) => say(`${name(connection)} stopped data transfer`));
  rtu.on('disconnected', (connection, { code, message }) =>
    say(`${name(connection)} disconnected: ${message} (${code})`),
  );
  rtu.on('request', ({ connection, asdu }, result, reason) => {
    const verdict = reason === '' ? result : `${result}: ${reason}`;
    for (const line of describeAsdu(asdu)) say(`${name(connection)} > ${line} - ${verdict}`);
  });
  rtu.on('executed', (_ioa, value, point) => say(`${point} is now ${value}`));
  try {
    await rtu.start();
  } catch (error) {
    self.error(`error: cannot listen on ${endpointText(flags.listen)}: ${messageOf(error)}`, { exitCode: EXIT_FAILED });
  }
  print(`RTU with CA ${rtu.ca} and ${points.length} points listens on ${endpointText(rtu.address)}`);
  if (flags.rate > 0) rtu.startEvents(flags.rate);
  const stats = every(flags.stats, rtuRates(rtu));
  await endOf(flags.duration);
  clearInterval(stats);
  await rtu.close();
  const { events, requests, overflow } = rtu.counts;
  print(
    `end: ${events} events, ${rtu.sent} ASDUs sent, ${requests} requests, ${overflow} events lost to a full buffer`,
  );
}

function readPoints(file: string, self: Command): ReturnType<typeof parsePoints> {
  try {
    return parsePoints(readFileSync(file, 'utf8'));
  } catch (error) {
    const lines = error instanceof PointListError ? error.message.replaceAll('\n', '\n  ') : messageOf(error);
    return self.error(`error: ${file} cannot be used:\n  ${lines}`, { exitCode: EXIT_USAGE });
  }
}

function rtuRates(rtu: RtuSimulator): (seconds: number) => void {
  let before = { events: 0, sent: 0 };
  return (seconds) => {
    const now = { events: rtu.counts.events, sent: rtu.sent };
    const masters = rtu.connections.filter(({ started }) => started).length;
    print(
      `events ${rate(now.events - before.events, seconds)}, sent ${rate(now.sent - before.sent, seconds)}, ` +
        `masters ${masters}, buffered ${rtu.buffered}, lost ${rtu.counts.overflow}`,
    );
    before = now;
  };
}

// ---- simulate master ------------------------------------------------------------------------------------------------

interface MasterFlags extends LinkFlags {
  connect: Endpoint;
  localAddress?: string;
  ca: number;
  oa: number;
  gi?: true;
  counters?: true;
  clockSync?: true;
  read?: number[];
  command?: string[];
  select?: true;
  once?: true;
  reconnect?: true;
  timeout: number;
  t0: number;
  stats: number;
  duration?: number;
  quiet?: true;
}

function registerMaster(simulate: Command): void {
  const command = simulate
    .command('master')
    .description('a controlling station: prints what it receives, interrogates, reads, commands')
    .addOption(endpointOption('--connect <HOST:PORT>', 'where to connect to'))
    .option('--local-address <IP>', 'local address to connect from', ipAddress)
    .option('--ca <N>', 'common address of the RTU', integer(0, 65535), 1)
    .option('--oa <N>', 'originator address', integer(0, 255), 0)
    .option('--clock-sync', 'synchronize the clock after the start')
    .option('--gi', 'general interrogation after the start')
    .option('--counters', 'counter interrogation after the start')
    .option('--read <IOA>', 'read an object after the start; may be repeated', collectInteger(1, 0xffffff))
    .option('--command <COMMAND>', "KIND IOA VALUE, such as 'single 5000 on'; may be repeated", collectCommand)
    .option('--select', 'select before each command')
    .option('--once', 'end when everything asked for was answered')
    .option('--reconnect', 'connect again whenever the connection fails or breaks')
    .option('--timeout <SEC>', 'how long to wait for an answer', decimal(0), 10)
    .option('--t0 <SEC>', 'how long to wait for a connection', integer(1, 255), 30);
  addLinkOptions(command)
    .option('--stats <SEC>', 'print a line of rates this often; 0 = never', decimal(0), 0)
    .option('--duration <SEC>', 'end after this time; default: at Ctrl-C', decimal(0))
    .option('--quiet', 'do not print what is received')
    .addHelpText('after', MASTER_HELP)
    .action((flags: MasterFlags) => runMaster(flags));
}

const MASTER_HELP = `
Commands: single IOA on|off, double IOA on|off, step IOA higher|lower, normalized IOA -1..1, scaled IOA N, float IOA X,
bitstring IOA N. A TypeID name instead of the kind chooses the type: C_SC_TA_1 is the single command with time tag.
Order after the start: clock, interrogation, counters, reads, commands.

Exit code: 0 everything asked for was answered positively, 1 no connection or the connection broke (without --reconnect),
3 something was refused or not answered.`;

async function runMaster(flags: MasterFlags): Promise<void> {
  const master = new MasterSimulator({
    ...flags.connect,
    ...(flags.localAddress !== undefined && { localAddress: flags.localAddress }),
    ca: flags.ca,
    oa: flags.oa,
    link: linkParameters(flags),
    t0Ms: flags.t0 * 1000,
    requestTimeoutMs: flags.timeout * 1000,
    reconnect: flags.reconnect ?? false,
  });
  if (flags.quiet !== true) {
    master.on('asdu', ({ octets }) => {
      for (const line of describeAsdu(octets)) print(`< ${line}`);
    });
  }
  const where = endpointText(flags.connect);
  let ending = false;
  const broken = new Promise<void>((resolve) => {
    master.on('disconnected', ({ code, message }) => {
      if (ending) return;
      print(`disconnected: ${message} (${code})`);
      if (flags.reconnect !== true) resolve();
    });
  });
  master.on('connected', () => print(`connected to ${where} from ${master.localEndpoint ?? '?'}`));
  master.on('started', () => print('data transfer started'));
  master.on('connectFailed', (error) => {
    if (flags.reconnect === true) print(`no connection to ${where}: ${error.message}`);
  });

  const end = endOf(flags.duration);
  const stats = every(flags.stats, masterRates(master));
  const result = await Promise.race([
    end.then(() => 'ended' as const),
    broken.then(() => 'broken' as const),
    converse(master, flags).then(async (refused) => {
      if (flags.once !== true) await Promise.race([end, broken]);
      return refused > 0 ? ('refused' as const) : master.started ? ('ended' as const) : ('broken' as const);
    }),
  ]).catch((error: unknown) => {
    process.stderr.write(`error: no connection to ${where}: ${messageOf(error)}\n`);
    return 'broken' as const;
  });
  ending = true;
  clearInterval(stats);
  await master.close();
  end.cancel();
  const { received, sent, strays } = master.counts;
  print(`end: ${received} ASDUs received, ${sent} sent, ${strays} answers to requests of somebody else`);
  if (result === 'broken') process.exitCode = EXIT_FAILED;
  if (result === 'refused') process.exitCode = EXIT_REFUSED;
}

/** Connects and asks everything the flags want; resolves to the number of requests that did not go well. */
async function converse(master: MasterSimulator, flags: MasterFlags): Promise<number> {
  let refused = 0;
  const report = (what: string, outcome: Outcome): void => {
    if (outcome.result !== 'positive') refused++;
    print(`${what}: ${outcomeText(outcome)}`);
  };
  await master.connect();
  if (flags.clockSync === true) report('clock synchronization', await master.clockSync());
  if (flags.gi === true) report('general interrogation', await master.interrogate());
  if (flags.counters === true) report('counter interrogation', await master.counters());
  for (const ioa of flags.read ?? []) report(`read ${ioa}`, await master.read(ioa));
  for (const command of flags.command ?? []) {
    report(command, await master.command(command, { select: flags.select ?? false }));
  }
  return refused;
}

function outcomeText({ result, step, cause, terminated, confirmedAfterMs, durationMs }: Outcome): string {
  if (result === 'timeout') return `no answer to the ${step} within ${(durationMs / 1000).toFixed(1)} s`;
  if (result === 'closed') return 'the connection broke';
  const confirmed = confirmedAfterMs === undefined ? '' : ` after ${confirmedAfterMs.toFixed(1)} ms`;
  if (result === 'negative') return `REFUSED at ${step}, COT ${cause}${confirmed}`;
  return `positive${confirmed}${terminated ? `, terminated after ${durationMs.toFixed(1)} ms` : ''}`;
}

function masterRates(master: MasterSimulator): (seconds: number) => void {
  let before = 0;
  return (seconds) => {
    const { received, strays } = master.counts;
    print(`received ${rate(received - before, seconds)}, ${received} in all, strays ${strays}`);
    before = received;
  };
}

// ---- shared ---------------------------------------------------------------------------------------------------------

interface Endpoint {
  host: string;
  port: number;
}

function addLinkOptions(command: Command): Command {
  return command
    .option('--k <N>', 'unacknowledged APDUs sent at most', integer(1, 32767), 12)
    .option('--w <N>', 'acknowledge after this many APDUs', integer(1, 32767), 8)
    .option('--t1 <SEC>', 'wait for an acknowledgement', integer(1, 255), 15)
    .option('--t2 <SEC>', 'acknowledge at the latest after', integer(1, 255), 10)
    .option('--t3 <SEC>', 'test an idle connection after', integer(1, 255), 20);
}

function linkParameters({ k, w, t1, t2, t3 }: LinkFlags): LinkParameters {
  return { k, w, t1Ms: t1 * 1000, t2Ms: t2 * 1000, t3Ms: t3 * 1000 };
}

function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Must be an integer ${min}..${max}.`);
  };
}

function collectInteger(min: number, max: number): (text: string, before?: number[]) => number[] {
  const read = integer(min, max);
  return (text, before = []) => [...before, read(text)];
}

function decimal(min: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? NaN : Number(text);
    if (Number.isFinite(value) && value >= min) return value;
    throw new InvalidArgumentError(`Must be a number, ${min} or more.`);
  };
}

function collectCommand(text: string, before: string[] = []): string[] {
  try {
    parseCommand(text);
  } catch (error) {
    if (error instanceof CommandSyntaxError) throw new InvalidArgumentError(error.message);
    throw error;
  }
  return [...before, text];
}

function ipAddress(text: string): string {
  if (isIP(text) !== 0) return text;
  throw new InvalidArgumentError('Must be an IP address of this computer.');
}

function endpointOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser(endpoint).default(endpoint(DEFAULT_ENDPOINT), DEFAULT_ENDPOINT);
}

/** `host:port`, `[ipv6]:port`. */
function endpoint(text: string): Endpoint {
  const [, bracketed, plain, portText] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(portText);
  if (host !== undefined && port >= 0 && port <= 65535) return { host, port };
  throw new InvalidArgumentError('Must be HOST:PORT, for example 127.0.0.1:2404 or [::1]:2404.');
}

function endpointText({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function print(line: string): void {
  process.stdout.write(`${new Date().toISOString().slice(11, 23)} ${line}\n`);
}

function rate(count: number, seconds: number): string {
  return `${(count / seconds).toFixed(count / seconds < 10 ? 1 : 0)}/s`;
}

function every(seconds: number, report: (seconds: number) => void): NodeJS.Timeout | undefined {
  return seconds > 0 ? setInterval(() => report(seconds), seconds * 1000) : undefined;
}

/** Resolves at Ctrl-C, SIGTERM, SIGHUP or after `seconds`; `cancel` stops waiting. */
function endOf(seconds: number | undefined): Promise<void> & { cancel: () => void } {
  let cancel = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    const timer = seconds === undefined ? undefined : setTimeout(() => cancel(), seconds * 1000);
    cancel = () => {
      clearTimeout(timer);
      for (const signal of END_SIGNALS) process.removeListener(signal, cancel);
      resolve();
    };
    for (const signal of END_SIGNALS) process.on(signal, cancel);
  });
  return Object.assign(promise, { cancel: () => cancel() });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
