import type { GroupStatus, MasterStatus, ProcessStatus } from '@iec104mm2ss/observability';
import { rtuLinkUp } from '@iec104mm2ss/wire';
import { tableLines } from '../text-table.js';
import type { SystemView } from './merged.js';

/** First columns of numbers are aligned to the right. */
interface Column<T> {
  readonly head: string;
  readonly right?: boolean;
  readonly cell: (row: T) => string;
}

const UNKNOWN = '-';

/** The groups as a table, the masters of the only one, and below what is not as it should be. */
export function statusLines(
  { processes, configuration, groups }: SystemView,
  only: string | undefined,
  nowMs: number,
): string[] {
  const shown = groups.filter(({ id }) => only === undefined || id === only);
  const masters = only === undefined ? [] : shown.flatMap((group) => group.masters);
  return [
    ...tableOf(groupColumns(nowMs), shown),
    ...(masters.length === 0 ? [] : ['', ...tableOf(masterColumns(nowMs), masters)]),
    ...section([
      ...troubled(shown, nowMs),
      ...unconnected(shown, nowMs),
      ...observing(shown, nowMs),
      ...unserved(shown, nowMs),
      ...silent(processes, nowMs),
      ...files(processes, configuration.differ),
      ...refused(processes),
    ]),
  ].map(printable);
}

const section = (lines: readonly string[]): string[] => (lines.length === 0 ? [] : ['', ...lines]);

const groupColumns = (nowMs: number): Column<GroupStatus>[] => [
  { head: 'GROUP', cell: ({ id }) => id },
  { head: 'NAME', cell: ({ name }) => name ?? UNKNOWN },
  { head: 'RTU', cell: ({ rtu }) => `${rtu.state ?? UNKNOWN}${rtu.endpoint === null ? '' : ` ${rtu.endpoint}`}` },
  { head: 'SINCE', right: true, cell: ({ rtu }) => age(rtu.since, nowMs) },
  { head: 'LISTENER', cell: ({ listener }) => (listener.open === true ? listener.addresses.join(' ') : 'closed') },
  { head: 'MASTERS', right: true, cell: ({ masters }) => `${masters.filter(isStarted).length}/${masters.length}` },
  { head: 'EVENTS/S', right: true, cell: ({ rates }) => rate(rates.fromRtuPerSecond) },
  { head: 'SENT/S', right: true, cell: ({ rates }) => rate(rates.toMastersPerSecond) },
  { head: 'COMMANDS/S', right: true, cell: ({ rates }) => rate(rates.commandsPerSecond) },
  { head: 'OWNER', cell: ({ owner }) => owner ?? UNKNOWN },
];

const masterColumns = (nowMs: number): Column<MasterStatus>[] => [
  { head: 'SESSION', right: true, cell: ({ session }) => session },
  { head: 'MASTER', cell: ({ peer }) => peer ?? UNKNOWN },
  { head: 'NAME', cell: ({ name }) => name ?? UNKNOWN },
  { head: 'STATE', cell: ({ state }) => state ?? UNKNOWN },
  { head: 'SINCE', right: true, cell: ({ since }) => age(since, nowMs) },
  { head: 'OA', right: true, cell: ({ originatorAddress }) => String(originatorAddress ?? UNKNOWN) },
  { head: 'QUEUE', right: true, cell: ({ queue }) => String(queue ?? UNKNOWN) },
  { head: 'COMMANDS', right: true, cell: ({ commands }) => String(commands ?? UNKNOWN) },
  { head: 'GATEWAY', cell: ({ gateway }) => gateway ?? UNKNOWN },
];

const isStarted = ({ state }: MasterStatus): boolean => state === 'started';

/** What groups need and cannot use: a line for each thing, with all groups that need it. */
function troubled(groups: readonly GroupStatus[], nowMs: number): string[] {
  const lines = new Map<string, string[]>();
  for (const { id, trouble } of groups) {
    for (const { what, reason, since } of trouble) {
      const line = `${what} cannot be used for ${age(since, nowMs)}: ${reason}`;
      lines.set(line, [...(lines.get(line) ?? []), id]);
    }
  }
  return Array.from(lines, ([line, ids]) => `${line} [${ids.length === 1 ? 'group' : 'groups'} ${ids.join(', ')}]`);
}

/** Why RTUs are not connected, as far as that is known. */
function unconnected(groups: readonly GroupStatus[], nowMs: number): string[] {
  return groups.flatMap(({ id, rtu: { state, since, lastError } }) =>
    state !== null && !rtuLinkUp(state) && lastError !== null
      ? [`group ${id}: RTU not connected for ${age(since, nowMs)}: ${lastError}`]
      : [],
  );
}

/** Groups in observe mode. */
function observing(groups: readonly GroupStatus[], nowMs: number): string[] {
  return groups.flatMap(({ id, observe }) =>
    observe === undefined || observe === null
      ? []
      : [`group ${id}: observe mode for ${age(observe.since, nowMs)}, only monitoring passes: ${observe.reason}`],
  );
}

/** Groups that have no connector or router that answers. */
function unserved(groups: readonly GroupStatus[], nowMs: number): string[] {
  return groups.flatMap(({ id, servedBy }) =>
    (['connector', 'router'] as const).flatMap((part) => {
      const by = servedBy?.[part];
      if (servedBy === undefined || (by !== null && by?.silent !== true)) return [];
      const last =
        by === null || by === undefined
          ? 'none was heard'
          : `${by.instance} was heard ${age(by.lastHeardAt, nowMs)} ago`;
      return [`group ${id}: no ${part} answers (${last})`];
    }),
  );
}

/** Those who do not answer. The first of all is the one that was asked. */
function silent(processes: readonly ProcessStatus[], nowMs: number): string[] {
  const [own, ...others] = processes;
  const quiet = others.filter((process) => process.silent);
  const cutOff =
    own !== undefined && quiet.length > 0 && quiet.length === others.length
      ? [`nobody else answers: ${own.instance} may be cut off from the bus`]
      : [];
  const lines = quiet.map(
    ({ instance, parts, lastHeardAt }) =>
      `silent: ${instance} (${parts.join(', ')}), heard ${age(lastHeardAt, nowMs)} ago`,
  );
  return [...cutOff, ...lines];
}

/** Who works with which file, when they are not all the same: those with the file that most have are only counted. */
function files(processes: readonly ProcessStatus[], differ: boolean): string[] {
  if (!differ) return [];
  const byDigest = new Map<string, ProcessStatus[]>();
  for (const process of processes) {
    const { digest } = process.configuration ?? { digest: 'none' };
    if (!process.silent) byDigest.set(digest, [...(byDigest.get(digest) ?? []), process]);
  }
  const [most, ...odd] = [...byDigest].sort(([, a], [, b]) => b.length - a.length);
  const lines = odd.flatMap(([digest, those]) =>
    those.map(({ instance, parts, configuration }) => {
      const file = configuration === null ? 'no file' : `${configuration.file} ${digest} of ${configuration.loadedAt}`;
      return `another file: ${instance} (${parts.join(', ')}) works with ${file}`;
    }),
  );
  return [`the files differ: ${most?.[1].length ?? 0} processes work with ${most?.[0] ?? 'none'}`, ...lines];
}

/** Who does not take the file as it is now, a line for each reason. */
function refused(processes: readonly ProcessStatus[]): string[] {
  const byReason = new Map<string, string[]>();
  for (const { instance, parts, silent, configuration } of processes) {
    if (silent || configuration === null || configuration.refused === null) continue;
    const reason = `${configuration.file} is not taken, nothing changes: ${configuration.refused}`;
    byReason.set(reason, [...(byReason.get(reason) ?? []), `${instance} (${parts.join(', ')})`]);
  }
  return Array.from(byReason, ([reason, instances]) => `${reason} [${instances.join('; ')}]`);
}

function tableOf<T>(columns: readonly Column<T>[], rows: readonly T[]): string[] {
  const cells = [columns.map(({ head }) => head), ...rows.map((row) => columns.map(({ cell }) => cell(row)))];
  return tableLines(cells, (column) => columns[column]?.right === true);
}

function rate(perSecond: number | null): string {
  return perSecond === null ? UNKNOWN : perSecond < 10 ? perSecond.toFixed(1) : perSecond.toFixed(0);
}

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;

/** How long ago, in its two largest units: `3d4h`, `12m5s`. */
function age(since: string | null, nowMs: number): string {
  if (since === null) return UNKNOWN;
  const seconds = Math.max(0, Math.floor((nowMs - Date.parse(since)) / 1_000));
  const index = UNITS.findIndex(([, length]) => seconds >= length);
  const [unit, length] = UNITS[index] ?? ['s', 1];
  const next = UNITS[index + 1];
  const rest = next === undefined ? 0 : Math.floor((seconds % length) / next[1]);
  return `${Math.floor(seconds / length)}${unit}${next === undefined || rest === 0 ? '' : `${rest}${next[0]}`}`;
}

/** Names come from outside: no control characters on the terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?');
}
