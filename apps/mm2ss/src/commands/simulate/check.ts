import { statSync } from 'node:fs';
import type { Command } from 'commander';
import { type FileReport, type LoadedStations, loadStations, SimulatorFileError } from '@iec104mm2ss/simulator';
import { EXIT_FAILED, EXIT_USAGE } from '../../process/exit-codes.js';
import { formatProblem } from '../check.js';

interface CheckFlags {
  readonly data?: string;
  readonly json?: true;
}

const HELP = `
Exit code: 0 when an RTU loads and no row of any file is at fault, 1 otherwise, 2 when FILE cannot be read.`;

export function registerCheck(simulate: Command): void {
  simulate
    .command('check')
    .description('read iec104rs.csv and the IO files it names: what loads, and row and field of what does not')
    .argument('[file]', 'list of RTUs', 'iec104rs.csv')
    .option('--data <FOLDER>', 'folder of the IO files; default: data beside FILE, else its own folder')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', HELP)
    .action((file: string, flags: CheckFlags, self: Command) => {
      const loaded = loadOrEnd(file, flags.data, self);
      process.stdout.write(flags.json === true ? `${JSON.stringify(jsonOf(loaded), null, 2)}\n` : checkText(loaded));
      const isGood = loaded.stations.length > 0 && faultsOf(loaded.reports) === 0;
      process.exitCode = isGood ? 0 : EXIT_FAILED;
    });
}

/** Reads the files, or ends the process saying why it cannot. */
export function loadOrEnd(file: string, data: string | undefined, self: Command): LoadedStations {
  try {
    if (data !== undefined && !statSync(data, { throwIfNoEntry: false })?.isDirectory()) {
      throw new SimulatorFileError(data, 'is no folder');
    }
    return loadStations(file, data);
  } catch (error) {
    if (error instanceof SimulatorFileError) return self.error(`error: ${error.message}`, { exitCode: EXIT_USAGE });
    throw error;
  }
}

/** What is wrong with the files, for people: a heading for each file that has something. */
export function problemLines(reports: readonly FileReport[], severities: readonly string[]): string[] {
  return reports.flatMap(({ path, problems }) => {
    const wanted = problems.filter(({ severity }) => severities.includes(severity));
    return wanted.length === 0 ? [] : [`${path}:`, ...wanted.map((problem) => `  ${formatProblem(problem)}`)];
  });
}

function faultsOf(reports: readonly FileReport[]): number {
  return reports.flatMap(({ problems }) => problems.filter(({ severity }) => severity === 'skipped')).length;
}

function checkText(loaded: LoadedStations): string {
  const { stations, list, reports } = loaded;
  const lines = [`${stations.length} RTU${stations.length === 1 ? '' : 's'} load:`];
  for (const { station, io } of stations) {
    const { id, name, rtuNumber, port, hosts, k, idleSeconds, ioFile } = station;
    const from = hosts.length === 0 ? 'everybody' : hosts.map(({ text }) => text).join(';');
    lines.push(
      `  ${id} ${name}: RTU number ${rtuNumber}, port ${port}, from ${from}, k ${k}, idle ${idleSeconds} s`,
      `    ${ioFile}: ${io.signals.length} signals, ${io.commands.length} commands, ${indexes(io.signals)}`,
    );
  }
  if (list.ntpServers.length > 0) {
    lines.push(`NTP: ${list.ntpServers.join(', ')}, every ${list.ntpUpdateSeconds} s (the simulator sets no clock)`);
  }
  for (const [severity, title] of [
    ['skipped', 'Not loaded, at fault:'],
    ['note', 'Not loaded, on purpose:'],
    ['warning', 'Loaded, but:'],
  ] as const) {
    const found = problemLines(reports, [severity]);
    if (found.length > 0) lines.push('', title, ...found.map((line) => `  ${line}`));
  }
  return `${lines.join('\n')}\n`;
}

function indexes(signals: readonly { readonly index: number }[]): string {
  const count = new Set(signals.map(({ index }) => index)).size;
  return `${count} ${count === 1 ? 'index' : 'indexes'}`;
}

function jsonOf({ stations, list, reports }: LoadedStations): unknown {
  return {
    stations: stations.map(({ station, io }) => ({
      ...station,
      hosts: station.hosts.map(({ text }) => text),
      signals: io.signals.length,
      commands: io.commands.length,
    })),
    ntpServers: list.ntpServers,
    ntpUpdateSeconds: list.ntpUpdateSeconds,
    files: reports,
  };
}
