import { chartValues } from '@iec104mm2ss/chart';
import { configurationText, parseConfiguration, readAgain } from '@iec104mm2ss/config';
import { basename } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { formatProblem } from '../commands/check.js';
import { UsageError } from '../commands/errors.js';
import { EXIT_FAILED } from '../process/exit-codes.js';
import { filledValues, generatedText, merged, type YamlObject } from './chart-values-file.js';
import { checkedExtras } from './extra-values.js';
import { groupsPerPod, neededUsers } from './packing.js';
import { natsUsers } from './nats-users.js';
import { chartFiles, staticChartFolder } from './static-chart.js';
import { writeFolder } from './write-folder.js';

export interface ChartFlags {
  readonly output?: string;
  readonly valuesOnly?: boolean;
  readonly values?: readonly string[];
  readonly natsAuth?: string;
  readonly allowSkipped?: boolean;
  readonly force?: boolean;
}

/** Where the command says what it has to say. */
export interface Sinks {
  out(text: string): void;
  err(text: string): void;
}

/** @returns the exit code */
export async function writeChart(file: string, flags: ChartFlags, { out, err }: Sinks): Promise<number> {
  const { output, valuesOnly = false, allowSkipped = false, force = false } = flags;
  if (output === undefined && !valuesOnly) throw new UsageError('chart: -o FOLDER or -o FILE.tgz is needed');
  const octets = await readAgain(file);
  const configuration = parseConfiguration(octets);
  const { groups, problems } = configuration;
  for (const problem of problems) err(`mm2ss: ${file}: ${formatProblem(problem)}\n`);
  const skipped = problems.filter(({ severity }) => severity === 'skipped').length;
  if (groups.length === 0) {
    err(`mm2ss: chart: no group loads\n`);
    return EXIT_FAILED;
  }
  if (skipped > 0 && !allowSkipped) {
    const rows = skipped === 1 ? 'a row is' : 'rows are';
    err(`mm2ss: chart: ${rows} not loaded, nothing is written; --allow-skipped writes the chart without\n`);
    return EXIT_FAILED;
  }
  const values = chartValues(configuration, configurationText(octets) ?? '');
  const extras = await checkedExtras(flags.values ?? [], Object.keys(values.groups));
  const users =
    flags.natsAuth === undefined
      ? {}
      : { natsUsers: await natsUsers(flags.natsAuth, neededUsers(Object.keys(values.groups), groupsPerPod(extras))) };
  const { groups: groupExtras, ...rest } = extras;
  const generated = merged(
    { ...users, ...values } as unknown as YamlObject,
    groupExtras === undefined ? {} : { groups: groupExtras },
  );
  const from = basename(file);
  if (valuesOnly) {
    const text = generatedText(merged(rest, generated), from);
    if (output === undefined) out(text);
    else await writeFile(output, text);
    return 0;
  }
  const files = (await chartFiles(staticChartFolder())).map(({ path, octets }) =>
    path === 'values.yaml'
      ? { path, octets: Buffer.from(filledValues(Buffer.from(octets).toString('utf8'), generated, rest, from)) }
      : { path, octets },
  );
  await writeFolder(output as string, files, force);
  return 0;
}
