import {
  clientNames,
  clockText,
  type Configuration,
  type Endpoint,
  type GroupConfig,
  type LinkConstants,
  observeText,
  peerText,
  type Problem,
  readConfiguration,
  RIGHT_CLASSES,
  type RightsLine,
  rightsMatrix,
  withoutControls,
} from '@iec104mm2ss/config';
import type { Command } from 'commander';
import { tableLines } from '../text-table.js';

export function registerCheck(program: Command): void {
  program
    .command('check')
    .description('read a configuration file and say which groups load, and why others do not')
    .argument('<file>', 'configuration file (.csv)')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExit code: 0 when at least one group loads and no row is at fault, 1 otherwise, 2 when the file cannot be read.',
    )
    .action(async (file: string, options: { readonly json?: boolean }) => {
      const configuration = await readConfiguration(file);
      process.stdout.write(options.json ? `${JSON.stringify(configuration, null, 2)}\n` : formatCheck(configuration));
      process.exitCode = isGood(configuration) ? 0 : 1;
    });
}

/** True when something loads and no row was skipped for a fault (rows left out on purpose are none). */
export function isGood(configuration: Configuration): boolean {
  return configuration.groups.length > 0 && configuration.problems.every(({ severity }) => severity !== 'skipped');
}

/** The report of `check`, for people. */
export function formatCheck(configuration: Configuration): string {
  const { groups, settings, problems } = configuration;
  const lines = [`${groups.length} group${groups.length === 1 ? '' : 's'} load:`];
  for (const group of groups) lines.push(...formatGroup(group));
  lines.push(formatForm(configuration));
  if (settings.ntpServers.length > 0) {
    lines.push(`NTP: ${settings.ntpServers.join(', ')}, every ${settings.ntpUpdateEverySec} s`);
  }
  const byKind = (severity: Problem['severity']): Problem[] =>
    problems.filter((problem) => problem.severity === severity);
  for (const [severity, title] of [
    ['skipped', 'Not loaded, at fault:'],
    ['note', 'Not loaded, on purpose:'],
    ['warning', 'Loaded, but:'],
  ] as const) {
    const found = byKind(severity);
    if (found.length > 0) lines.push('', title, ...found.map((problem) => `  ${formatProblem(problem)}`));
  }
  return `${lines.join('\n')}\n`;
}

function formatForm({ form: { encoding, delimiter, headerRow } }: Configuration): string {
  const header =
    headerRow === undefined ? "no header row: columns in the manual's order" : `header in row ${headerRow}`;
  return `Read as ${encoding}, cells separated by ${delimiter}, ${header}.`;
}

/** A line: what the file has of control characters is shown as an escape. */
export function formatProblem({ row, field, reason }: Problem): string {
  const text = withoutControls(reason);
  return field === 'row' ? `row ${row}: ${text}` : `row ${row}, ${field}: ${text}`;
}

/** A line among others: what is loaded all the same is a warning. */
export function formatFinding(problem: Problem): string {
  return problem.severity === 'skipped' ? formatProblem(problem) : `${problem.severity}: ${formatProblem(problem)}`;
}

function formatGroup(group: GroupConfig): string[] {
  const { id, name, rtuNumber, maxConnections, sameIp, hosts, filter, buffsize, rtuLink } = group;
  const filterText = filter.length === 0 ? 'any source' : filter.map(({ text }) => text).join(', ');
  return [
    `  ${id} ${name} (row ${group.row}): ${formatPorts(group)}, RTU ${rtuNumber} at ${hosts.map(formatHost).join(', ')}`,
    `    masters: at most ${maxConnections}, same IP: ${sameIp}, from ${filterText}`,
    ...formatTls(group),
    `    ${formatLink(group)}, buffsize ${buffsize}`,
    ...(formatLink(group) === formatLink(rtuLink) ? [] : [`    towards the RTU: ${formatLink(rtuLink)}`]),
    ...formatPermissions(group),
  ];
}

/** The columns `rights`, `observe` and `clock`, as far as they say something. */
function formatPermissions({ rights, masters, observe, clock }: GroupConfig): string[] {
  const observes = observe.always || observe.bus || observe.clock || observe.link !== null;
  return [
    ...formatRights(rightsMatrix(rights, masters)),
    ...(observes ? [`    observe mode: ${observeText(observe)}`] : []),
    ...(clock.kind === 'forward' ? [] : [`    the RTU's clock is ${clockText(clock)}`]),
  ];
}

/** Who may do what: a line each, the most specific one that is about a master counts. */
function formatRights(lines: readonly RightsLine[]): string[] {
  if (lines.length === 0) return [];
  const rows = [
    ['rights of', ...RIGHT_CLASSES],
    ...lines.map(({ subject, rights }) =>
      rights === null ? [subject, 'refused'] : [subject, ...RIGHT_CLASSES.map((name) => rights[name])],
    ),
  ];
  return tableLines(rows).map((line) => `    ${line}`);
}

function formatPorts({ port, plain, tlsPort }: GroupConfig): string {
  if (tlsPort === undefined) return `port ${port}`;
  return plain ? `port ${port} without TLS, ${tlsPort} with TLS` : `port ${tlsPort} with TLS only`;
}

function formatHost({ host, port, tls }: Endpoint): string {
  return `${tls === true ? 'tls://' : ''}${peerText(host, port)}`;
}

function formatTls(group: GroupConfig): string[] {
  const { tlsPort, tlsProfile, rtuNames } = group;
  const lines: string[] = [];
  const texts = (names: readonly { readonly text: string }[]): string => names.map(({ text }) => text).join(', ');
  if (tlsPort !== undefined) lines.push(`    TLS (${tlsProfile}) for masters with ${texts(clientNames(group))}`);
  if (rtuNames.length > 0) lines.push(`    TLS (${tlsProfile}) to an RTU with ${texts(rtuNames)}`);
  return lines;
}

function formatLink({ k, w, t1Ms, t2Ms, t3Ms }: LinkConstants): string {
  return `k ${k}, w ${w}, t1 ${t1Ms / 1000} s, t2 ${t2Ms / 1000} s, t3 ${t3Ms / 1000} s`;
}
