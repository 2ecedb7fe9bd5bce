import type { Command } from 'commander';
import { type ChartFlags, writeChart } from '../chart/write-chart.js';
import { collect } from './collect.js';

const HELP = `
Puts what the file says into a copy of the chart of this release: helm install NAME FOLDER. Whatever else the chart can be told is in
FOLDER/values.yaml; say it with --values, or helm -f, and not in the folder, which is written again when the file changes.

Exit code: 0 when the chart is written, 1 when rows of the file are not loaded (--allow-skipped: write it all the same) or it
cannot be written, 2 when it was called in a wrong way, the file cannot be read, or pods that run would not take it in place of
the one of --diff.

Examples:
  mm2ss nats-auth iec104mm2ss.csv -o nats
  mm2ss chart iec104mm2ss.csv --nats-auth nats -o chart
  helm upgrade --install mm2ss chart`;

export function registerChart(program: Command): void {
  program
    .command('chart')
    .description('write the Helm chart for a configuration file')
    .argument('<file>', 'configuration file (.csv)')
    .option('-o, --output <path>', 'a folder, or FILE.tgz; with --values-only a file (default: standard output)')
    .option('--values-only', 'the values alone, for helm -f and the chart as it is')
    .option('--values <file>', 'values of yours (YAML) that go into the chart as well; may be repeated', collect)
    .option('--nats-auth <folder>', 'what mm2ss nats-auth has written: its users go into the chart, its keys do not')
    .option('--allow-skipped', 'write it though rows of the file are not loaded')
    .option('--diff <old>', 'say what an upgrade from this file (.csv) does: pods, sessions, ports, policies')
    .option('--force', 'write over a folder or file that this command has not made')
    .addHelpText('after', HELP)
    .action(async (file: string, flags: ChartFlags) => {
      process.exitCode = await writeChart(file, flags, {
        out: (text) => process.stdout.write(text),
        err: (text) => process.stderr.write(text),
      });
    });
}
