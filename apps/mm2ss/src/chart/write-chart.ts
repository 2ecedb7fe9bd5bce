import {
  carriedText,
  chartDiff,
  notCarried,
  type ChartValues,
  chartValues,
  connectorPods,
  type YamlObject,
} from '@iec104mm2ss/chart';
import {
  commentRows,
  type Configuration,
  configurationText,
  parseConfiguration,
  readAgain,
  readConfiguration,
} from '@iec104mm2ss/config';
import { readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { formatFinding } from '../commands/check.js';
import { diffOf } from '../commands/diff.js';
import { UnavailableError, UsageError } from '../commands/errors.js';
import { writeWhole } from '../nats-auth/key-files.js';
import { EXIT_FAILED, EXIT_USAGE } from '../process/exit-codes.js';
import { isPipeOrDevice } from '../process/output-places.js';
import { filledValues, GENERATED_MARK, generatedText, merged } from './chart-values-file.js';
import { chartDiffText } from './diff-text.js';
import { checkedExtras } from './extra-values.js';
import { natsUsers } from './nats-users.js';
import { packingOf } from './packing.js';
import { releaseRemark, sizeFault, sizeRemark } from './sizes.js';
import type { Files } from '../program-files.js';
import { type ChartFile, chartFiles, staticChart } from './static-chart.js';
import { writeArchive } from './write-archive.js';
import { writeFolder } from './write-folder.js';

export interface ChartFlags {
  readonly output?: string;
  readonly valuesOnly?: boolean;
  readonly values?: readonly string[];
  readonly natsAuth?: string;
  readonly allowSkipped?: boolean;
  readonly diff?: string;
  readonly force?: boolean;
}

/** Where the command says what it has to say. */
export interface Sinks {
  readonly out: (text: string) => unknown;
  readonly err: (text: string) => unknown;
}

/** What goes into the chart. */
interface Input {
  /** From the configuration, with what `--values` says of its groups. */
  readonly generated: YamlObject;
  /** All else that `--values` says. */
  readonly rest: YamlObject;
  /** Name of the configuration file. */
  readonly from: string;
  /** As the values have it. */
  readonly digest: string;
}

/**
 * @param bare the chart without a configuration
 * @returns the exit code
 */
export async function writeChart(
  file: string,
  flags: ChartFlags,
  sinks: Sinks,
  bare: Files = staticChart(),
): Promise<number> {
  const { output, valuesOnly = false, diff, force = false } = flags;
  if (output === '') throw new UsageError('chart: -o names nothing');
  const writes = output !== undefined || valuesOnly;
  if (!writes && diff === undefined) {
    throw new UsageError('chart: -o FOLDER or -o FILE.tgz is needed (or --values-only, or --diff)');
  }
  if (output !== undefined) await refuseInputs(output, [file, diff, ...(flags.values ?? [])]);
  const octets = await readAgain(file);
  const configuration = parseConfiguration(octets);
  for (const problem of configuration.problems) sinks.err(`mm2ss: ${file}: ${formatFinding(problem)}\n`);
  if (diff === undefined && !isWritable(configuration, flags, sinks)) return EXIT_FAILED;
  const csv = textForPods(file, octets, configuration);
  const fault = sizeFault(csv);
  if (fault !== undefined) throw new UnavailableError(`chart: ${file}: ${fault}`);
  tell(sizeRemark(csv), sinks);

  const values = chartValues(configuration, csv);
  const ids = Object.keys(values.groups);
  const chart = chartFiles(bare);
  const extras = await checkedExtras(flags.values ?? [], ids, schemaOf(chart));
  const packing = packingOf(extras);
  if (diff !== undefined) {
    const before = await readConfiguration(diff);
    if (before.groups.length === 0)
      throw new UsageError(`chart: --diff ${diff}: no group loads, so nothing can be compared`);
    const difference = diffOf(before, configuration);
    const pods = chartDiff(before.groups, configuration.groups, packing);
    sinks.out(chartDiffText(difference, pods, before.groups));
    if (difference.refused.length > 0) return EXIT_USAGE;
    if (!writes) return 0;
    if (!isWritable(configuration, flags, sinks)) return EXIT_FAILED;
  }
  const users = flags.natsAuth === undefined ? {} : { natsUsers: await natsUsers(flags.natsAuth, ids, packing) };
  const { groups = {}, ...rest } = extras;
  const generated = merged({ ...asYaml(values), ...users }, { groups });
  const input: Input = { generated, rest, from: basename(file), digest: values.csvDigest };
  tell(releaseRemark(generatedText(generated, ''), connectorPods(ids, packing.groupsPerPod).size), sinks);
  if (valuesOnly) await writeValues(output, input, flags, sinks);
  else {
    await writeWholeChart(output as string, filledChart(chart, input), force);
    sinks.out(
      `${output}: chart of ${ids.length} group${ids.length === 1 ? '' : 's'}, for helm upgrade --install NAME ${output}\n`,
    );
  }
  return 0;
}

/** What is read is never written over, not with `--force` either. */
async function refuseInputs(output: string, inputs: readonly (string | undefined)[]): Promise<void> {
  const placeOf = (path: string): Promise<string | undefined> => realpath(path).catch(() => undefined);
  const place = await placeOf(output);
  for (const input of inputs) {
    if (input === undefined || place === undefined || (await placeOf(input)) !== place) continue;
    throw new UsageError(`chart: -o ${output}: that is ${input}, which is read`);
  }
}

/**
 * The text of the file, which pods read as it is read here. Rows that are not loaded are comments in it: pods that run take no file
 * that has a fault which the one before had not.
 */
function textForPods(file: string, octets: Uint8Array, { groups, problems }: Configuration): string {
  const text = configurationText(octets) ?? '';
  const skipped = new Set(problems.filter(({ severity }) => severity === 'skipped').map(({ row }) => row));
  const isSame = (carried: string): boolean =>
    JSON.stringify(parseConfiguration(carried).groups) === JSON.stringify(groups);
  // Without a header that cannot be used, what is below it would be read otherwise.
  const carried = [commentRows(text, skipped), text].map(carriedText).find(isSame);
  if (carried !== undefined) return carried;
  const which = notCarried(text).join(', ');
  throw new UsageError(`chart: ${file}: cells hold characters that no Kubernetes object can carry: ${which}`);
}

function tell(remark: string | undefined, { err }: Sinks): void {
  if (remark !== undefined) err(`mm2ss: chart: ${remark}\n`);
}

/** Whether a chart can be made of the file in spite of its problems; says why not. */
function isWritable({ groups, problems }: Configuration, flags: ChartFlags, { err }: Sinks): boolean {
  if (groups.length === 0) {
    err('mm2ss: chart: no group loads, nothing is written\n');
    return false;
  }
  const skipped = problems.some(({ severity }) => severity === 'skipped');
  if (!skipped || flags.allowSkipped === true) return true;
  err('mm2ss: chart: not all rows are loaded, nothing is written (--allow-skipped writes the chart without them)\n');
  return false;
}

/** Values are nothing but data. */
const asYaml = (values: ChartValues): YamlObject => ({ ...values }) as unknown as YamlObject;

function schemaOf(chart: readonly ChartFile[]): unknown {
  const file = chart.find(({ path }) => path === 'values.schema.json');
  return file === undefined ? {} : (JSON.parse(textOf(file)) as unknown);
}

/**
 * In the chart beside the values, which `helm upgrade --reuse-values` takes from the release before: the templates see by it that they
 * get the file of then.
 */
const DIGEST_FILE = 'files/csv-digest';

/** The files of the chart with the values in them. */
function filledChart(chart: readonly ChartFile[], { generated, rest, from, digest }: Input): ChartFile[] {
  const files = chart.map((file) => {
    if (file.path !== 'values.yaml') return file;
    return { path: file.path, octets: Buffer.from(filledValues(textOf(file), generated, rest, from)) };
  });
  return [...files, { path: DIGEST_FILE, octets: Buffer.from(`${digest}\n`) }];
}

const textOf = ({ octets }: ChartFile): string => Buffer.from(octets).toString('utf8');

async function writeValues(
  output: string | undefined,
  { generated, rest, from }: Input,
  { force = false }: ChartFlags,
  sinks: Sinks,
): Promise<void> {
  const text = generatedText({ ...rest, ...generated }, from);
  if (output === undefined) {
    sinks.out(text);
    return;
  }
  try {
    await writeValuesFile(output, text, force);
  } catch (error) {
    if (error instanceof UnavailableError) throw error;
    throw new UnavailableError(`chart: ${output} cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** What stands there is replaced when it is of this command, or with `force`; a pipe or a device is written to. */
async function writeValuesFile(output: string, text: string, force: boolean): Promise<void> {
  if (await isPipeOrDevice(output)) {
    await writeFile(output, text);
    return;
  }
  const there = await stat(output).catch(() => undefined);
  if (there?.isFile() === true && !force && !(await readFile(output, 'utf8')).startsWith(GENERATED_MARK)) {
    throw new UnavailableError(
      `chart: ${output} is there, and was not written by this command (--force writes over it)`,
    );
  }
  // Behind a link, what it leads to is replaced, and not the link.
  await writeWhole(there === undefined ? output : await realpath(output), text, READABLE);
}

function writeWholeChart(output: string, files: readonly ChartFile[], force: boolean): Promise<void> {
  return /\.(?:tgz|tar\.gz)$/.test(output) ? writeArchive(output, files, force) : writeFolder(output, files, force);
}

const READABLE = 0o644;
