import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import {
  DEFAULT_POINTS,
  describeAsdu,
  formatPoints,
  MOST_EVENTS,
  parsePoints,
  PointListError,
  type RtuConnection,
  RtuFleet,
  type RtuSimulator,
} from '@iec104mm2ss/simulator';
import { EXIT_FAILED, EXIT_USAGE } from '../../process/exit-codes.js';
import { RecentLines } from '../../simulator/recent-lines.js';
import { addControlOptions, type ControlFlags, openControl } from './control.js';
import {
  addLinkOptions,
  decimal,
  type Endpoint,
  endOf,
  endpointOption,
  endpointText,
  every,
  integer,
  type LinkFlags,
  linkParameters,
  messageOf,
  print,
  rate,
} from './shared.js';

interface RtuFlags extends LinkFlags, ControlFlags {
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

export function registerRtu(simulate: Command): void {
  const command = simulate
    .command('rtu')
    .description(
      'a controlled station: events, interrogations, counters, read, clock, commands with and without select',
    )
    .addOption(endpointOption('--listen <HOST:PORT>', 'address and port to listen on'))
    .option('--ca <N>', 'common address, the RTU number', integer(1, 65534), 1)
    .option('--points <FILE>', 'point list (CSV); without it a built-in list of 47 points')
    .option('--print-points', 'print the point list as CSV, and end')
    .option('--rate <N>', 'spontaneous events a second, one ASDU each', decimal(0, MOST_EVENTS), 0)
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
    .option('--quiet', 'print rates only');
  addControlOptions(command, 'off')
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
  const options = {
    ...flags.listen,
    points,
    link: linkParameters(flags),
    oa: flags.oa,
    ...(flags.maxConnections !== undefined && { maxConnections: flags.maxConnections }),
    eventBuffer: flags.eventBuffer,
    selectTimeoutMs: flags.selectTimeout * 1000,
    commandDurationMs: flags.commandDuration * 1000,
    oneInterrogationAtATime: flags.oneInterrogation ?? false,
  };
  const recent = new RecentLines(1);
  const fleet = new RtuFleet({ log: (station) => recent.of(station) });
  const { rtu } = fleet.add({ id: '1', name: 'RTU', rtuNumber: flags.ca }, options);
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
  const control = await openControl(fleet, flags, self, recent);
  print(`RTU with CA ${rtu.ca} and ${points.length} points listens on ${endpointText(rtu.address)}`);
  if (flags.rate > 0) rtu.startEvents(flags.rate);
  const stats = every(flags.stats, rtuRates(rtu));
  await endOf(flags.duration);
  clearInterval(stats);
  await control?.close();
  await fleet.close();
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
