import { type Command, InvalidArgumentError } from 'commander';
import {
  LOAD_PROFILE_FORMS,
  type LoadProfile,
  LoadProfileError,
  parseLoadProfile,
  readText,
  RtuFleet,
  SimulatorFileError,
  type Station,
} from '@iec104mm2ss/simulator';
import { EXIT_FAILED, EXIT_USAGE } from '../../process/exit-codes.js';
import { LogFolder } from '../../simulator/log-folder.js';
import { RecentLines } from '../../simulator/recent-lines.js';
import { loadOrEnd, problemLines } from './check.js';
import { addControlOptions, CONTROL_ADDRESS, type ControlFlags, openControl } from './control.js';
import { decimal, endOf, every, ipAddress, messageOf, print, rate } from './shared.js';

interface RtusFlags extends ControlFlags {
  readonly ini: string;
  readonly data?: string;
  readonly listen: string;
  readonly compat?: true;
  readonly log: string | false;
  readonly load?: LoadProfile;
  readonly stats: number;
  readonly duration?: number;
  readonly quiet?: true;
}

const HELP = `
The files are those of the IEC104-RTU-Simulator: docs/simulator.md has their columns. mm2ss simulate check says what of them
loads. While it runs: its page, mm2ss simulate send INDEX, mm2ss simulate stop, and the HTTP API.`;

export function registerRtus(simulate: Command): void {
  const command = simulate
    .command('rtus')
    .description('any number of RTUs in one process, from the files of the IEC104-RTU-Simulator')
    .option('-i, --ini <FILE>', 'list of RTUs', 'iec104rs.csv')
    .option('--data <FOLDER>', 'folder of the IO files; default: data beside the list, else its own folder')
    .option('--listen <IP>', 'local address to listen on', ipAddress, '0.0.0.0')
    .option('--compat', 'answer as the IEC104-RTU-Simulator does, not as a real RTU')
    .option('--log <FOLDER>', 'folder of the logs, two for each RTU', 'log')
    .option('--no-log', 'write no files')
    .option(
      '--load <PROFILE>',
      `spontaneous events a second of all RTUs together: ${LOAD_PROFILE_FORMS.map((form) => `"${form}"`).join(', ')}`,
      loadProfile,
    );
  addControlOptions(command, CONTROL_ADDRESS)
    .option('--stats <SEC>', 'print a line of rates this often; 0 = never', decimal(0), 0)
    .option('--duration <SEC>', 'end after this time; default: at Ctrl-C', decimal(0))
    .option('--quiet', 'print what is wrong, and rates, only')
    .addHelpText('after', HELP)
    .action((flags: RtusFlags, self: Command) => runRtus(flags, self));
}

function loadProfile(text: string): LoadProfile {
  try {
    return parseLoadProfile(text, readText);
  } catch (error) {
    if (error instanceof LoadProfileError || error instanceof SimulatorFileError) {
      throw new InvalidArgumentError(error.message);
    }
    throw error;
  }
}

async function runRtus(flags: RtusFlags, self: Command): Promise<void> {
  const loaded = loadOrEnd(flags.ini, flags.data, self);
  for (const line of problemLines(loaded.reports, ['skipped', 'warning'])) process.stderr.write(`${line}\n`);
  if (loaded.stations.length === 0) self.error(`error: ${flags.ini}: no RTU could be loaded`, { exitCode: EXIT_USAGE });
  if (loaded.list.ntpServers.length > 0 && flags.quiet !== true) print('ntp_server: the simulator sets no clock');
  const logs = flags.log === false ? undefined : openLogs(flags.log, self);
  const recent = new RecentLines(loaded.stations.length);
  const fleet = new RtuFleet({
    host: flags.listen,
    compat: flags.compat ?? false,
    log: (station) => recent.of(station, logs?.of(station)),
  });
  for (const each of loaded.stations) {
    const station = fleet.load(each);
    if (flags.quiet !== true) tellOf(station);
  }
  const listening = await startAll(fleet);
  if (listening === 0) self.error('error: no RTU can listen', { exitCode: EXIT_FAILED });
  const control = await openControl(fleet, flags, self, recent);
  print(`${listening} RTUs listen on ${flags.listen}${flags.compat === true ? ', as the old simulator' : ''}`);
  fleet.setLoad(flags.load);
  const stats = every(flags.stats, ratesOf(fleet));
  await endOf(flags.duration);
  clearInterval(stats);
  await control?.close();
  await fleet.close();
  await logs?.close();
  const { events, sent, requests } = totals(fleet);
  print(`end: ${events} events, ${sent} ASDUs sent, ${requests} requests`);
}

/** The number of RTUs that listen; those that cannot are told of, and do not keep the others from it. */
async function startAll(fleet: RtuFleet): Promise<number> {
  let listening = 0;
  for (const { id, name, rtu } of fleet.stations) {
    try {
      await rtu.start();
      listening++;
    } catch (error) {
      process.stderr.write(`${id} ${name}: cannot listen on port ${rtu.address.port}: ${messageOf(error)}\n`);
    }
  }
  return listening;
}

function openLogs(folder: string, self: Command): LogFolder {
  try {
    return new LogFolder(folder, (path, error) => process.stderr.write(`${path}: ${error.message}\n`));
  } catch (error) {
    return self.error(`error: --log ${folder}: ${messageOf(error)}`, { exitCode: EXIT_FAILED });
  }
}

function tellOf(station: Station): void {
  const { id, name, rtu } = station;
  const say = (text: string): void => print(`${id} ${name}: ${text}`);
  rtu.on('refused', (peer, reason) => say(`${peer} refused: ${reason}`));
  rtu.on('started', ({ peer }) => say(`${peer} started data transfer`));
  rtu.on('disconnected', ({ peer }, { code, message }) => say(`${peer} disconnected: ${message} (${code})`));
  station.on('leftOut', (row, reason) => say(`IOA ${row.ioa} (row ${row.row}) left out: ${reason}`));
  station.on('indexEnded', (index, { result, sent, leftOut }) => {
    if (result !== 'offline' || sent > 0) say(`index ${index} ${result}: ${sent} sent, ${leftOut} left out`);
  });
}

function totals(fleet: RtuFleet): { events: number; sent: number; requests: number } {
  const sum = { events: 0, sent: 0, requests: 0 };
  for (const { rtu } of fleet.stations) {
    sum.events += rtu.counts.events;
    sum.sent += rtu.sent;
    sum.requests += rtu.counts.requests;
  }
  return sum;
}

function ratesOf(fleet: RtuFleet): (seconds: number) => void {
  let before = totals(fleet);
  return (seconds) => {
    const now = totals(fleet);
    const online = fleet.stations.filter(({ started }) => started).length;
    print(
      `events ${rate(now.events - before.events, seconds)}, sent ${rate(now.sent - before.sent, seconds)}, ` +
        `${online} of ${fleet.stations.length} RTUs online`,
    );
    before = now;
  };
}
