import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { type Environment, type GroupSelection, readEnvironment } from '@iec104mm2ss/config';
import type { AuditRecord, DecodedMessage, UndecodableAsdu } from '@iec104mm2ss/router';
import { LogRing, NO_GROUP } from '@iec104mm2ss/observability';
import type { Command } from 'commander';
import { feedSubjects } from '../http/feed.controller.js';
import { httpWay } from './ask-http.js';
import { collect } from './collect.js';
import { UnavailableError, UsageError } from './errors.js';
import { logLineText } from '../lines/line-text.js';
import { watchLines } from '../lines/line-watch.js';
import { readRecord } from '../audit/audit-filter.js';
import { parseCa, parseIoa, parseTypes } from './filter-flags.js';
import {
  addNatsOptions,
  addAskingOptions,
  asEnvironmentFlags,
  DEFAULT_HTTP,
  groupOption,
  deniedText,
  openNats,
  runtimeOf,
  type ProcessFlags,
} from './process-options.js';

interface WatchFlags extends ProcessFlags {
  readonly type?: readonly string[];
  readonly ca?: string;
  readonly ioa?: readonly string[];
  readonly json?: boolean;
  readonly log?: boolean;
}

/** What is to be shown. */
export interface WatchFilter {
  readonly groups?: Pick<GroupSelection, 'matches'> | undefined;
  readonly types: readonly string[];
  readonly ca: number | undefined;
  readonly ioas: readonly number[];
}

const EXCERPT_CHARACTERS = 80;

/** What an answer without a feed means. */
const REASONS: Readonly<Record<number, string>> = {
  401: ': it asks for a token (--token FILE, or MM2SS_HTTP_TOKEN)',
  503: ': it has as many readers as it takes',
};

type FeedLine = DecodedMessage | AuditRecord | { readonly leftOut: number };

export function registerWatch(program: Command): void {
  const command = program
    .command('watch')
    .description('show what passes, decoded, and every command with its outcome, until Ctrl-C')
    .option('--http <host:port>', `the process to watch (default: ${DEFAULT_HTTP}, or MM2SS_HTTP); not with --nats`)
    .addOption(groupOption('-g, --group <ids>', 'only these groups'))
    .option('--type <name>', 'only this type, such as M_SP_TB_1; may be repeated', collect)
    .option('--ca <address>', 'only this common address')
    .option('--ioa <address>', 'only this information object address; may be repeated', collect)
    .option('--log', 'log lines of one group, or without --group those of none: what is kept, then what comes')
    .option('--json', 'print the JSON documents as they are');
  addNatsOptions(addAskingOptions(command)).action((flags: WatchFlags) => watch(flags));
}

async function watch(flags: WatchFlags): Promise<void> {
  const environment = readEnvironment(process.env, asEnvironmentFlags(flags));
  const filter: WatchFilter = {
    groups: environment.group,
    types: parseTypes('--type', flags.type ?? []),
    ca: flags.ca === undefined ? undefined : parseCa('--ca', flags.ca),
    ioas: (flags.ioa ?? []).map((text) => parseIoa('--ioa', text)),
  };
  const say = (message: string): boolean => process.stderr.write(`mm2ss: watch: ${message}\n`);
  const isLog = flags.log === true;
  if (isLog) refuseFilters(flags, environment);
  const show = (text: string): void => {
    const lines = isLog ? showLogLine(text, flags.json ?? false) : showLine(text, filter, flags.json ?? false);
    if (lines === undefined) say(`left out, it is not of this program: ${excerpt(text)}`);
    else for (const line of lines) process.stdout.write(`${line}\n`);
  };
  // `mm2ss watch | head` ends when head does.
  process.stdout.on('error', () => process.exit(0));
  if (environment.nats.length > 0) await watchBus(environment, isLog, show);
  else await watchHttp(environment, isLog, show);
}

/** @throws UsageError for what has nothing to do with log lines */
function refuseFilters({ type, ca, ioa }: WatchFlags, { group }: Environment): void {
  if (type !== undefined || ca !== undefined || ioa !== undefined)
    throw new UsageError('watch: --type, --ca and --ioa are for what passes, not for --log');
  if (group !== undefined && group.single === undefined)
    throw new UsageError('watch: --log is of one group (--group ID), or without --group of none');
}

/** Undefined when it is no log line. */
function showLogLine(text: string, asJson: boolean): string[] | undefined {
  const line = logLineText(text);
  return line === undefined ? leftOutLine(text) : [asJson ? text : line];
}

/** What `/feed` says to a reader that is too slow. */
function leftOutLine(text: string): string[] | undefined {
  const count = /^\{"leftOut":(\d+)\}$/.exec(text)?.[1];
  return count === undefined ? undefined : [`(${count} left out: this reader is too slow)`];
}

async function watchBus(environment: Environment, isLog: boolean, show: (text: string) => void): Promise<void> {
  const say = (message: string): boolean => process.stderr.write(`mm2ss: watch: ${message}\n`);
  const ended = untilSignal();
  const runtime = runtimeOf(environment);
  const connecting = openNats(environment, runtime, (reason) => say(`waiting for NATS: ${reason}`), {
    listenOnly: true,
  });
  const bus = await Promise.race([connecting, ended]);
  // The signal came before the server: it is still being waited for.
  if (bus === undefined) process.exit(0);
  bus.onConnection((connected) => say(connected ? 'connected again' : `connection to ${bus.server} lost`));
  bus.onTrouble(say);
  bus.onDenied((denied) => say(deniedText(denied)));
  let stop: (() => void) | undefined;
  if (isLog) {
    const sources = { bus, ring: new LogRing(), ...runtime };
    stop = watchLines(sources, environment.group?.single ?? NO_GROUP, (lines) => {
      for (const line of lines) show(JSON.stringify(line));
    });
  } else {
    for (const subject of feedSubjects(environment.group?.single)) {
      bus.subscribe(subject, ({ data }) => {
        if (data.length > 0) show(Buffer.from(data).toString('utf8'));
      });
    }
  }
  say(`watching ${bus.server}`);
  await ended;
  // It asks again and again, and would keep the process.
  stop?.();
  await bus.close();
}

function untilSignal(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve(undefined));
  });
}

async function watchHttp(environment: Environment, isLog: boolean, show: (text: string) => void): Promise<void> {
  const group = environment.group?.single;
  const way = httpWay(environment, 'watch: --http off leaves nothing to watch; --nats URL watches the bus');
  const query = group === undefined ? '' : `?group=${encodeURIComponent(group)}`;
  const path = isLog ? '/feed/log' : '/feed';
  const ending = new AbortController();
  void untilSignal().then(() => ending.abort());
  let answer: IncomingMessage;
  try {
    answer = await way.ask(`${path}${query}`, { signal: ending.signal });
  } catch (error) {
    if (ending.signal.aborted) return;
    throw new UnavailableError(`watch: ${way.origin} does not answer (${way.explain(error)})`);
  }
  const { statusCode = 0 } = answer;
  if (statusCode !== 200) {
    answer.destroy();
    throw new UnavailableError(`watch: ${way.origin}${path} answers ${statusCode}${REASONS[statusCode] ?? ''}`);
  }
  await new Promise<void>((resolve, reject) => {
    // What our own end of the connection breaks off is no failure.
    const failed = (error: Error): void => {
      if (ending.signal.aborted) resolve();
      else reject(new UnavailableError(`watch: ${way.origin} ended the feed (${error.message})`));
    };
    createInterface({ input: answer }).on('error', failed).on('line', show).on('close', resolve);
  });
}

/** What of a text is shown to say which it was: whatever sent it, it does not take over the terminal. */
function excerpt(text: string): string {
  return JSON.stringify(text.length > EXCERPT_CHARACTERS ? `${text.slice(0, EXCERPT_CHARACTERS)}...` : text);
}

/**
 * The lines for one document of the feed: one per object that passes the filter. Undefined when it is none: a proxy, another
 * server, or another program on the bus has something to say.
 */
export function showLine(text: string, filter: WatchFilter, asJson: boolean): string[] | undefined {
  try {
    const line = feedLine(JSON.parse(text), text);
    return line === undefined ? undefined : linesOf(line, text, filter, asJson);
  } catch {
    return undefined;
  }
}

function feedLine(value: unknown, text: string): FeedLine | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  if ('leftOut' in value || 'asdu' in value) return value as FeedLine;
  return readRecord(text);
}

function linesOf(line: FeedLine, text: string, filter: WatchFilter, asJson: boolean): string[] {
  if ('leftOut' in line) return [`(${line.leftOut} left out: this reader is too slow)`];
  if (filter.groups?.matches(line.group) === false) return [];
  const { type, ca, objects } = 'asdu' in line ? feedParts(line) : auditParts(line);
  if (filter.types.length > 0 && !filter.types.includes(type)) return [];
  if (filter.ca !== undefined && filter.ca !== ca) return [];
  const shown = objects.filter(
    ({ ioa }) => filter.ioas.length === 0 || (ioa !== undefined && filter.ioas.includes(ioa)),
  );
  if (shown.length === 0 && (filter.ioas.length > 0 || objects.length > 0)) return [];
  if (asJson) return [text];
  const head = 'asdu' in line ? feedHead(line) : auditHead(line);
  return shown.length === 0 ? [head] : shown.map((object) => `${head} ${describeObject(object)}`);
}

interface ObjectFields {
  readonly ioa?: number;
  readonly [field: string]: unknown;
}

function feedParts({ asdu }: DecodedMessage): { type: string; ca: number | undefined; objects: ObjectFields[] } {
  if (isUndecodable(asdu)) return { type: asdu.type, ca: undefined, objects: [] };
  return { type: asdu.type, ca: asdu.ca, objects: asdu.objects };
}

function isUndecodable(asdu: DecodedMessage['asdu']): asdu is UndecodableAsdu {
  return 'undecodable' in asdu;
}

function auditParts({ type, ca, ioa }: AuditRecord): { type: string; ca: number; objects: ObjectFields[] } {
  return { type, ca, objects: ioa === null ? [] : [{ ioa }] };
}

function feedHead({ at, group, direction, session, asdu }: DecodedMessage): string {
  const from = direction === 'monitor' ? 'RTU' : `session ${session}`;
  if (isUndecodable(asdu)) return `${at} ${group} ${from} ${asdu.type} ${asdu.undecodable} (${asdu.error})`;
  const flags = `${asdu.negative ? ' P/N=1' : ''}${asdu.test ? ' T=1' : ''}`;
  return `${at} ${group} ${from} ${asdu.type} ${asdu.cause}${flags} CA ${asdu.ca}`;
}

function auditHead({ at, group, peer, name, type, cause, ca, select, outcome, durationMs }: AuditRecord): string {
  const who = name === null ? peer : `${name} (${peer})`;
  return `${at} ${group} ${who}: ${type} ${cause}${select ? ' select' : ''} CA ${ca}: ${outcome} after ${durationMs} ms,`;
}

function describeObject({ ioa, ...fields }: ObjectFields): string {
  const values = Object.entries(fields)
    .filter(([, value]) => value !== false)
    .map(([key, value]) => `${key}=${describeValue(value)}`);
  return [`IOA ${ioa}`, ...values].join(' ');
}

function describeValue(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const { iso } = value as { iso?: unknown };
  return typeof iso === 'string' ? iso : JSON.stringify(value);
}
