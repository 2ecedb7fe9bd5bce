import { join } from 'node:path';
import { type Bus, BusError } from '@iec104mm2ss/bus';
import { type Environment, type GroupSelection, readEnvironment } from '@iec104mm2ss/config';
import { AUDIT_JOURNAL, AUDIT_LIMITS } from '@iec104mm2ss/router';
import { type Runtime, sleep } from '@iec104mm2ss/runtime';
import type { Command } from 'commander';
import { type AuditFilter, parseSince } from '../audit/audit-filter.js';
import { AUDIT_FILE, openAuditFiles } from '../audit/audit-journal.js';
import { type AuditSelection, selectRecords } from '../audit/audit-selection.js';
import { auditTable } from '../audit/audit-table.js';
import { collect } from './collect.js';
import { UnavailableError, UsageError } from './errors.js';
import { parseCa, parseIoa, parseLast, parseTypes } from './filter-flags.js';
import {
  addNatsOptions,
  asEnvironmentFlags,
  groupOption,
  openNats,
  runtimeOf,
  type ProcessFlags,
} from './process-options.js';

export interface AuditFlags extends ProcessFlags {
  readonly logDir?: string;
  readonly master?: readonly string[];
  readonly type?: readonly string[];
  readonly ca?: readonly string[];
  readonly ioa?: readonly string[];
  readonly outcome?: readonly string[];
  readonly since?: string;
  readonly last: string;
  readonly json?: boolean;
}

/** What a run of the command prints, and where. */
export interface AuditOutput {
  line(text: string): void;
  /** For who watches, apart from what is listed. */
  say(text: string): void;
}

const DEFAULT_LOG_DIR = 'log';
const DEFAULT_LAST = '100';
/** How long a server is waited for. */
export const SERVER_WAIT_MS = 5_000;

const EXAMPLES = `
Without --nats the records of one process (mm2ss run) are read from ${DEFAULT_LOG_DIR}/${AUDIT_FILE}; with it those of the whole
system, from the server. Kept are the newest records only. Of a filter that is repeated one value must fit.

Examples:
  mm2ss audit --group 111 --since 2h
  mm2ss audit --master 10.1.1.5 --outcome refused --outcome unknown
  mm2ss audit --nats nats://nats:4222 --type C_SC_NA_1 --ca 32 --ioa 5000 --json`;

export function registerAudit(program: Command): void {
  const command = program
    .command('audit')
    .description('list the commands that masters gave: who, what, when, outcome, duration')
    .addOption(groupOption('-g, --group <ids>', 'only these groups'))
    .option('--master <name>', 'only this master: its name, certificate name, or address with or without port', collect)
    .option('--type <name>', 'only this type, such as C_SC_NA_1', collect)
    .option('--ca <address>', 'only this common address', collect)
    .option('--ioa <address>', 'only this information object address', collect)
    .option(
      '--outcome <text>',
      'only outcomes that begin so: confirmed, terminated, refused, expired, unknown ...',
      collect,
    )
    .option('--since <time>', 'only newer ones: 90s, 15m, 2h, 7d, or 2026-11-21T10:00')
    .option('--last <number>', 'the newest so many of them; 0: all', DEFAULT_LAST)
    .option('--json', 'print the JSON documents as they are, one a line')
    .option('--log-dir <folder>', `folder of the file of one process (default: ${DEFAULT_LOG_DIR}); not with --nats`);
  addNatsOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (flags: AuditFlags) => {
      // `mm2ss audit | head` ends when head does.
      process.stdout.on('error', () => process.exit(0));
      await audit(flags, process.env, {
        line: (text) => void process.stdout.write(`${text}\n`),
        say: (text) => void process.stderr.write(`mm2ss: audit: ${text}\n`),
      });
    });
}

/** Lists the records that the flags ask for. */
export async function audit(
  flags: AuditFlags,
  variables: Readonly<Record<string, string | undefined>>,
  output: AuditOutput,
): Promise<void> {
  const environment = readEnvironment(variables, asEnvironmentFlags(flags));
  const runtime = runtimeOf(environment);
  const filter = filterOf(flags, environment.group, runtime.clock.wallMs());
  const last = parseLast('--last', flags.last);
  if (flags.logDir !== undefined && flags.nats !== undefined) {
    throw new UsageError(
      'audit: --log-dir is the file of one process, --nats the records of a system: one of them only',
    );
  }
  const bus =
    environment.nats.length > 0 && flags.logDir === undefined
      ? await openServer(environment, runtime)
      : await openFiles(flags.logDir ?? DEFAULT_LOG_DIR, runtime);
  try {
    show(await selectRecords(bus.journal(AUDIT_JOURNAL, AUDIT_LIMITS), filter, last), flags.json ?? false, output);
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
    throw new UnavailableError(`audit: the records cannot be read from ${bus.server ?? 'the file'}: ${error.message}`);
  } finally {
    await bus.close();
  }
}

/** Who lists records wants an answer: a server that is not there is not waited for, as the parts of a system do. */
async function openServer(environment: Environment, runtime: Runtime): Promise<Bus> {
  let why = 'no answer';
  const opening = openNats(environment, runtime, (reason) => (why = reason), { listenOnly: true });
  const { clock } = runtime;
  const bus = await Promise.race([opening, sleep(clock, SERVER_WAIT_MS)]);
  if (bus !== undefined) return bus;
  // It may be there a moment later.
  void opening.then((late) => late.close()).catch(() => undefined);
  throw new UnavailableError(`audit: NATS could not be reached within ${SERVER_WAIT_MS / 1000} s (${why})`);
}

async function openFiles(directory: string, runtime: Runtime): Promise<Bus> {
  let bus: Bus | undefined;
  try {
    bus = await openAuditFiles(directory, runtime);
  } catch (error) {
    throw new UnavailableError(`audit: ${(error as Error).message}`);
  }
  if (bus !== undefined) return bus;
  throw new UnavailableError(
    `audit: there is no ${join(directory, AUDIT_FILE)}. mm2ss run writes it where its --log-dir is; ` +
      'the records of a system are read with --nats URL',
  );
}

function show({ found, unreadable }: AuditSelection, asJson: boolean, output: AuditOutput): void {
  if (unreadable > 0) output.say(`${unreadable} entries are no audit records and were left out`);
  if (found.length === 0) output.say('no record fits');
  else if (asJson) for (const { json } of found) output.line(json);
  else for (const line of auditTable(found.map(({ record }) => record))) output.line(line);
}

function filterOf(flags: AuditFlags, groups: GroupSelection | undefined, nowMs: number): AuditFilter {
  const since = flags.since === undefined ? undefined : parseSince(flags.since, nowMs);
  if (flags.since !== undefined && since === undefined) {
    throw new UsageError(`--since ${flags.since}: not a time; as in 90s, 15m, 2h, 7d, 2026-11-21 or 2026-11-21T10:00`);
  }
  return {
    groups,
    masters: flags.master ?? [],
    types: parseTypes('--type', flags.type ?? []),
    cas: (flags.ca ?? []).map((text) => parseCa('--ca', text)),
    ioas: (flags.ioa ?? []).map((text) => parseIoa('--ioa', text)),
    outcomes: flags.outcome ?? [],
    since,
  };
}
